/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc/PID about its address space. The list of areas is copied under mm->lock; memory
 * itself is read by its own threads (memory/remote.h).
 */
#include <linux/mman.h>

#include "boundary/layout.h"
#include "core/heap.h"
#include "core/string.h"
#include "fs/proc_memory.h"
#include "memory/mm.h"
#include "memory/remote.h"
#include "process/ptrace.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"
#include "vfs/path.h"

#define STRINGS_MAX (6ul << 20)	/* as exec has it */

/* The host process that has its memory: all its threads are in it. signal_lock held. */
static u32 host_of_locked(struct process *process)
{
	struct thread *thread;
	u32 host_tgid = 0;

	list_for_each(thread, &process->threads, process_node)
		host_tgid = thread->host_tgid;
	return host_tgid;
}

/* at: with references where it is 0. */
static int mm_look(struct looked_at *at, bool for_all)
{
	int error;

	*at = (struct looked_at){ .process = at->process };
	lock_acquire(&at->process->signal_lock);
	error = for_all || ptrace_may_access_locked(at->process, PTRACE_FS_IDS) ? 0 : -EACCES;
	at->mm = error ? NULL : at->process->mm;
	if (at->mm)
		refcount_get(&at->mm->references);
	at->host_tgid = host_of_locked(at->process);
	lock_release(&at->process->signal_lock);
	return error;
}

/*
 * The host process that was found may be gone by the time that it is looked for, because exec gave
 * the process another one, first with new memory and then with its thread: then that is looked at.
 * True where it is not the same any more.
 */
static bool is_elsewhere(const struct looked_at *at, u64 id)
{
	struct process *process = at->process;
	bool elsewhere;

	lock_acquire(&process->signal_lock);
	elsewhere = !process->mm || process->mm->id != id ||
		    host_of_locked(process) != at->host_tgid;
	lock_release(&process->signal_lock);
	return elsewhere;
}

int proc_with_mm(struct proc_text *text, const struct proc_key *key, bool for_all,
		 int (*print)(struct proc_text *text, const struct looked_at *at))
{
	struct looked_at at = { .process = process_find(key->pid) };
	u64 id = 0;
	int error;

	if (!at.process)
		return -ESRCH;
	do {
		error = mm_look(&at, for_all);
		if (!at.mm)
			break;
		id = at.mm->id;
		error = print(text, &at);
		mm_put(at.mm);
	} while (error == -ESRCH && is_elsewhere(&at, id));
	process_put(at.process);
	return error;
}

/* ---- What lies in the memory ---- */

/* size bytes from start on, as far as they are there, in the heap. NULL: -ENOMEM, or -EINTR. */
static char *memory_read(const struct looked_at *at, u64 start, size_t *size, int *error)
{
	char *copy = heap_alloc(MAX(*size, 1ul));
	ssize_t got = copy ? memory_copy(at->process, at->mm->id, start, copy, *size, 0) : -ENOMEM;

	if (got < 0) {
		heap_free(copy);
		*error = (int)got;
		return NULL;
	}
	*size = (size_t)got;
	return copy;
}

static int memory_print(struct proc_text *text, const struct looked_at *at, u64 start, u64 end)
{
	size_t size = start < end ? MIN(end - start, STRINGS_MAX) : 0;
	int error = 0;
	char *copy = memory_read(at, start, &size, &error);

	if (!copy)
		return error;
	proc_append(text, copy, size);
	heap_free(copy);
	return 0;
}

/* A program that wrote over its arguments has one string there, which may go on behind them. */
static int title_print(struct proc_text *text, const struct looked_at *at)
{
	const struct mm *mm = at->mm;
	u64 end = mm->env_start == mm->arg_end ? mm->env_end : mm->arg_end;
	size_t size = MIN(end - mm->arg_start, PAGE_SIZE), length;
	int error = 0;
	char *copy = memory_read(at, mm->arg_start, &size, &error);

	if (!copy)
		return error;
	for (length = 0; length < size && copy[length]; length++)
		;
	proc_append(text, copy, MIN(length + 1, size));
	heap_free(copy);
	return 0;
}

static int cmdline_show_mm(struct proc_text *text, const struct looked_at *at)
{
	const struct mm *mm = at->mm;
	ssize_t got;
	char last;

	if (mm->arg_start >= mm->arg_end)
		return 0;
	got = memory_copy(at->process, mm->id, mm->arg_end - 1, &last, 1, 0);
	if (got < 0)
		return (int)got;
	return got && last ? title_print(text, at)
			   : memory_print(text, at, mm->arg_start, mm->arg_end);
}

/* Anybody may read it. */
int proc_cmdline_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_mm(text, key, true, cmdline_show_mm);
}

static int environ_show_mm(struct proc_text *text, const struct looked_at *at)
{
	return memory_print(text, at, at->mm->env_start, at->mm->env_end);
}

int proc_environ_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_mm(text, key, false, environ_show_mm);
}

/* ---- What is known of it ---- */

static int auxv_show_mm(struct proc_text *text, const struct looked_at *at)
{
	proc_append(text, at->mm->auxv, at->mm->auxv_words * sizeof(at->mm->auxv[0]));
	return 0;
}

int proc_auxv_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_mm(text, key, false, auxv_show_mm);
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

const char *proc_area_path(const struct area *area, const struct path *root, char *buffer)
{
	struct path path = { area->file->mount, area->file->dentry };

	if (!path.dentry || path_of(&path, root, buffer, PATH_MAX) < 0)
		return "";
	return buffer;
}

void proc_area_print(struct proc_text *text, const struct area *area, const struct path *root,
		     char *buffer)
{
	struct attributes attributes = { 0 };
	const char *name = area_name(area);
	char line[96];
	int length;

	if (area->file) {
		inode_attributes(area->file->inode, &attributes);
		name = proc_area_path(area, root, buffer);
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

int proc_areas_print(struct proc_text *text, struct mm *mm, proc_area_visit *print, void *data)
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
		print(text, &areas[i], &root, buffer, data);
		if (areas[i].file)
			file_put(areas[i].file);
	}
	path_put(&root);
	heap_free(areas);
	heap_free(buffer);
	return 0;
}

static void maps_print(struct proc_text *text, const struct area *area, const struct path *root,
		       char *buffer, void *data)
{
	(void)data;
	proc_area_print(text, area, root, buffer);
}

static int maps_show_mm(struct proc_text *text, const struct looked_at *at)
{
	return proc_areas_print(text, at->mm, maps_print, NULL);
}

int proc_maps_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_mm(text, key, false, maps_show_mm);
}
