/* SPDX-License-Identifier: MIT */
/*
 * The notes of a core dump: what debuggers want to know besides memory, in the shapes of Linux's
 * fs/binfmt_elf.c. No locks but those for a look at the process.
 */
#include <linux/elf.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/user_regs.h"
#include "boundary/layout.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/core_dump.h"
#include "process/process.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"
#include "vfs/path.h"

#define NS_PER_SECOND	1000000000ull
#define FPREGS_SIZE	512u
#define SW_OFFSET	464

struct core_time {
	s64 seconds, microseconds;
};

/* struct elf_prstatus */
struct core_status {
	s32 signo, code, error;
	s16 signal;
	u64 pending, blocked;
	s32 pid, ppid, pgid, sid;
	struct core_time user, system, children_user, children_system;
	struct user_regs_struct regs;
	s32 fpu_valid;
};

/* struct elf_prpsinfo */
struct core_process {
	char state, state_name, zombie, nice;
	u64 flags;
	u32 uid, gid;
	s32 pid, ppid, pgid, sid;
	char name[16], arguments[80];
};

_Static_assert(sizeof(struct core_status) == 336, "part of Linux's ABI");
_Static_assert(sizeof(struct core_process) == 136, "part of Linux's ABI");

struct notes {
	char *data;
	size_t size, capacity;
	bool failed;
};

static void append(struct notes *notes, const void *data, size_t size)
{
	size_t capacity = MAX(notes->capacity, PAGE_SIZE);
	char *grown;

	while (capacity < notes->size + size)
		capacity *= 2;
	if (capacity != notes->capacity && !notes->failed) {
		grown = heap_alloc(capacity);
		notes->failed = !grown;
		if (grown && notes->size)
			memcpy(grown, notes->data, notes->size);
		if (grown) {
			heap_free(notes->data);
			notes->data = grown;
			notes->capacity = capacity;
		}
	}
	if (notes->failed)
		return;
	memcpy(notes->data + notes->size, data, size);
	notes->size += size;
}

static void align(struct notes *notes)
{
	static const char zeros[4];

	append(notes, zeros, -notes->size % 4);
}

static void note_add(struct notes *notes, const char *name, u32 type, const void *data, size_t size)
{
	Elf64_Nhdr header = {
		.n_namesz = strlen(name) + 1, .n_descsz = size, .n_type = type,
	};

	append(notes, &header, sizeof(header));
	append(notes, name, header.n_namesz);
	align(notes);
	append(notes, data, size);
	align(notes);
}

/* ---- Threads ---- */

static struct core_time core_time(u64 ns)
{
	return (struct core_time){ (s64)(ns / NS_PER_SECOND),
				   (s64)(ns % NS_PER_SECOND / 1000) };
}

static void status_add(struct notes *notes, const struct core_thread *thread,
		       const signal_info *info)
{
	const struct process *process = process_current();
	struct core_status status;

	memset(&status, 0, sizeof(status));
	status.signo = status.signal = info->si_signo;
	status.pending = thread->pending;
	status.blocked = thread->blocked;
	status.pid = (s32)thread->tid;
	status.ppid = (s32)process->parent_pid;
	status.pgid = (s32)process->pgid;
	status.sid = (s32)process->sid;
	status.children_user = core_time(process->children_times.user_ns);
	status.children_system = core_time(process->children_times.system_ns);
	memcpy(&status.regs, &thread->regs, sizeof(thread->regs));
	status.regs.fs_base = thread->fs_base;
	status.fpu_valid = 1;
	note_add(notes, "CORE", NT_PRSTATUS, &status, sizeof(status));
}

static void fpu_add(struct notes *notes, const struct core_thread *thread)
{
	u64 mask = fpu_mask();

	note_add(notes, "CORE", NT_PRFPREG, thread->fpu, FPREGS_SIZE);
	memcpy((char *)thread->fpu + SW_OFFSET, &mask, sizeof(mask));
	note_add(notes, "LINUX", NT_X86_XSTATE, thread->fpu, fpu_area_size());
}

/* ---- The process ---- */

static void process_add(struct notes *notes)
{
	const struct process *process = process_current();
	const struct mm *mm = process->mm;
	struct core_process core;
	size_t size = MIN(mm->arg_end - mm->arg_start, sizeof(core.arguments) - 1);

	memset(&core, 0, sizeof(core));
	core.state_name = 'R';
	core.nice = (char)process->nice;
	core.uid = process->credentials->uid;
	core.gid = process->credentials->gid;
	core.pid = (s32)process->pid;
	core.ppid = (s32)process->parent_pid;
	core.pgid = (s32)process->pgid;
	core.sid = (s32)process->sid;
	strlcpy(core.name, thread_current()->name, sizeof(core.name));
	if (copy_from_user(core.arguments, mm->arg_start, size))
		memset(core.arguments, 0, sizeof(core.arguments));
	for (size_t i = 0; i < size; i++)
		if (!core.arguments[i])
			core.arguments[i] = ' ';
	note_add(notes, "CORE", NT_PRPSINFO, &core, sizeof(core));
}

/* The name of an area's file as the process sees it, with its NUL. */
static void file_name_append(struct notes *names, const struct area *area, const struct path *root,
			     char *buffer)
{
	struct path path = { area->file->mount, area->file->dentry };

	if (!path.dentry || path_of(&path, root, buffer, PATH_MAX) < 0)
		buffer[0] = '\0';
	append(names, buffer, strlen(buffer) + 1);
}

/* NT_FILE: a count, the unit of offsets, a row for each mapping, and their names. */
static void files_add(struct notes *notes, const struct core_notes *core)
{
	struct notes names = { 0 }, rows = { 0 };
	u64 head[2] = { 0, PAGE_SIZE };
	char *buffer = heap_alloc(PATH_MAX);
	struct path root;

	if (!buffer) {
		notes->failed = true;
		return;
	}
	fs_context_root(process_current()->fs, &root);
	for (u32 i = 0; i < core->area_count; i++)
		head[0] += core->areas[i].file != NULL;
	append(&rows, head, sizeof(head));
	for (u32 i = 0; i < core->area_count; i++) {
		const struct area *area = &core->areas[i];
		const u64 row[] = { area->start, area->end, area->offset / PAGE_SIZE };

		if (!area->file)
			continue;
		append(&rows, row, sizeof(row));
		file_name_append(&names, area, &root, buffer);
	}
	path_put(&root);
	if (names.size)
		append(&rows, names.data, names.size);
	notes->failed |= rows.failed || names.failed;
	if (!notes->failed)
		note_add(notes, "CORE", NT_FILE, rows.data, rows.size);
	heap_free(names.data);
	heap_free(rows.data);
	heap_free(buffer);
}

char *core_notes_make(const struct core_notes *core, size_t *size)
{
	const struct mm *mm = process_current()->mm;
	const struct core_thread *thread = core->threads;
	struct notes notes = { 0 };

	status_add(&notes, thread, core->info);
	process_add(&notes);
	note_add(&notes, "CORE", NT_SIGINFO, core->info, sizeof(*core->info));
	note_add(&notes, "CORE", NT_AUXV, mm->auxv, mm->auxv_words * sizeof(mm->auxv[0]));
	files_add(&notes, core);
	fpu_add(&notes, thread);
	for (thread = thread->next; thread; thread = thread->next) {
		status_add(&notes, thread, core->info);
		fpu_add(&notes, thread);
	}
	if (notes.failed) {
		heap_free(notes.data);
		return NULL;
	}
	*size = notes.size;
	return notes.data;
}
