/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc/PID about its address space. The list of areas is copied under mm->lock; memory
 * itself can be read only where it is the caller's own.
 */
#include <linux/mman.h>

#include "core/heap.h"
#include "core/string.h"
#include "fs/proc.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"
#include "vfs/path.h"

#define ARGUMENTS_MAX (128u << 10)

/* Calls print with the address space that the caller may look into. */
static int with_mm(struct proc_text *text, const struct proc_key *key,
		   int (*print)(struct proc_text *text, struct mm *mm))
{
	struct process *process = process_find(key->pid);
	struct mm *mm;
	int error;

	if (!process)
		return -ESRCH;
	error = proc_may_inspect(process);
	mm = error ? NULL : proc_mm_get(process);
	process_put(process);
	if (!mm)
		return error;
	error = print(text, mm);
	mm_put(mm);
	return error;
}

/* Strings that lie in the program's memory. Only the caller's own address space can be read. */
static int memory_print(struct proc_text *text, u64 start, u64 end)
{
	u64 size = MIN(end - start, ARGUMENTS_MAX);
	char *copy;
	int error;

	if (start >= end)
		return 0;
	copy = heap_alloc(size);
	if (!copy)
		return -ENOMEM;
	error = copy_from_user(copy, start, size);
	if (!error)
		proc_append(text, copy, size);
	heap_free(copy);
	return error;
}

static int cmdline_show_mm(struct proc_text *text, struct mm *mm)
{
	if (mm == process_current()->mm)
		return memory_print(text, mm->arg_start, mm->arg_end);
	if (mm->command_line)
		proc_append(text, mm->command_line->text, mm->command_line->size);
	return 0;
}

/* Anybody may read it. */
int proc_cmdline_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);
	struct mm *mm;
	int error = 0;

	if (!process)
		return -ESRCH;
	mm = proc_mm_get(process);
	process_put(process);
	if (mm) {
		error = cmdline_show_mm(text, mm);
		mm_put(mm);
	}
	return error;
}

static int environ_show_mm(struct proc_text *text, struct mm *mm)
{
	return mm == process_current()->mm ? memory_print(text, mm->env_start, mm->env_end)
					   : -EACCES;
}

int proc_environ_show(struct proc_text *text, const struct proc_key *key)
{
	return with_mm(text, key, environ_show_mm);
}

static int auxv_show_mm(struct proc_text *text, struct mm *mm)
{
	proc_append(text, mm->auxv, mm->auxv_words * sizeof(mm->auxv[0]));
	return 0;
}

int proc_auxv_show(struct proc_text *text, const struct proc_key *key)
{
	return with_mm(text, key, auxv_show_mm);
}

void proc_memory_read(struct mm *mm, struct proc_memory *memory)
{
	*memory = (struct proc_memory){ 0 };
	lock_acquire(&mm->lock);
	memory->mapped_kb = mm->mapped_bytes >> 10;
	memory->locked_kb = mm->locked_bytes >> 10;
	for (u32 i = 0; i < mm->area_count; i++) {
		const struct area *area = &mm->areas[i];
		u64 kb = (area->end - area->start) >> 10;

		if (area->flags & AREA_STACK)
			memory->stack_kb += kb;
		else if (area->protection & PROT_EXEC && area->start < mm->end_code &&
			 mm->start_code < area->end)
			memory->text_kb += kb;
		else if (area->protection & PROT_EXEC)
			memory->library_kb += kb;
		else if (area->protection & PROT_WRITE && !(area->flags & AREA_SHARED))
			memory->data_kb += kb;
	}
	lock_release(&mm->lock);
}

static const char *area_name(const struct area *area)
{
	if (area->flags & AREA_STACK)
		return "[stack]";
	if (area->flags & AREA_HEAP)
		return "[heap]";
	if (area->flags & AREA_VDSO)
		return area->protection & PROT_EXEC ? "[vdso]" : "[vvar]";
	return "";
}

/* buffer has PATH_MAX bytes. */
static const char *area_path(const struct area *area, const struct path *root, char *buffer)
{
	struct path path = { area->file->mount, area->file->dentry };

	if (!path.dentry || path_of(&path, root, buffer, PATH_MAX) < 0)
		return "";
	return buffer;
}

static void area_print(struct proc_text *text, const struct area *area, const struct path *root,
		       char *buffer)
{
	struct attributes attributes = { 0 };
	const char *name = area_name(area);
	char line[96];
	int length;

	if (area->file) {
		inode_attributes(area->file->inode, &attributes);
		name = area_path(area, root, buffer);
	}
	length = format(
		line, sizeof(line), "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ",
		(unsigned long long)area->start, (unsigned long long)area->end,
		area->protection & PROT_READ ? 'r' : '-', area->protection & PROT_WRITE ? 'w' : '-',
		area->protection & PROT_EXEC ? 'x' : '-', area->flags & AREA_SHARED ? 's' : 'p',
		(unsigned long long)(area->file ? area->offset : 0), DEVICE_MAJOR(attributes.dev),
		DEVICE_MINOR(attributes.dev), (unsigned long long)attributes.ino);
	proc_print(text, "%s%*s%s\n", line, *name && length < 73 ? 73 - length : 0, "", name);
}

/* Copies the list, with references, so that names are printed without the lock. */
static struct area *areas_copy(struct mm *mm, u32 *count)
{
	struct area *copy;

	lock_acquire(&mm->lock);
	*count = mm->area_count;
	copy = heap_alloc(MAX(*count, 1u) * sizeof(*copy));
	for (u32 i = 0; copy && i < *count; i++) {
		copy[i] = mm->areas[i];
		if (copy[i].file)
			file_get(copy[i].file);
	}
	lock_release(&mm->lock);
	return copy;
}

static int maps_show_mm(struct proc_text *text, struct mm *mm)
{
	char *buffer = heap_alloc(PATH_MAX);
	struct area *areas;
	struct path root;
	u32 count;

	areas = buffer ? areas_copy(mm, &count) : NULL;
	if (!areas) {
		heap_free(buffer);
		return -ENOMEM;
	}
	fs_context_root(process_current()->fs, &root);
	for (u32 i = 0; i < count; i++) {
		area_print(text, &areas[i], &root, buffer);
		if (areas[i].file)
			file_put(areas[i].file);
	}
	path_put(&root);
	heap_free(areas);
	heap_free(buffer);
	return 0;
}

int proc_maps_show(struct proc_text *text, const struct proc_key *key)
{
	return with_mm(text, key, maps_show_mm);
}
