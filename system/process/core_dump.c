/* SPDX-License-Identifier: MIT */
/*
 * Making a core dump. All other threads of the process come into the layer and leave their
 * registers in the heap first; then the thread that got the signal writes the file: header, notes,
 * and what the memory holds besides what is in files. It runs in the address space itself, so
 * memory is copied by pieces; pages of zeros become holes.
 *
 * Locks: process->dumper and the list of threads under signal_lock; the file is written without
 * any.
 */
#include "process/core_dump.h"

#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/patch.h"
#include "boundary/layout.h"
#include "core/heap.h"
#include "core/string.h"
#include "core/wait.h"
#include "memory/iter.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "vfs/file.h"
#include "vfs/names.h"
#include "vfs/path.h"

#define PIECE_SIZE	(16 * PAGE_SIZE)
#define XSAVE_HEADER	512
#define CORE_NAME	"core"

struct core {
	struct file *file;
	u64 limit, written;		/* RLIMIT_CORE; where the file's next byte goes */
	struct core_notes notes;
	struct core_thread *threads;	/* the calling one, then the others */
	struct core_thread *others;	/* until they are in that list */
	struct area *areas;
	u64 *sizes;			/* how much of each area is in the dump */
	char *piece, *file_piece;	/* PIECE_SIZE each */
};

/* ---- Threads ---- */

static size_t fpu_pages(void)
{
	return ROUND_UP(fpu_area_size(), PAGE_SIZE) / PAGE_SIZE;
}

static struct core_thread *core_thread_create(void)
{
	struct core_thread *core = heap_alloc_zero(sizeof(*core));

	if (!core)
		return NULL;
	core->fpu = pages_alloc_zero(fpu_pages());
	if (core->fpu)
		return core;
	heap_free(core);
	return NULL;
}

static void core_threads_free(struct core_thread *core)
{
	while (core) {
		struct core_thread *next = core->next;

		pages_free(core->fpu, fpu_pages());
		heap_free(core);
		core = next;
	}
}

/* By the thread itself. */
static void core_thread_fill(struct core_thread *core)
{
	struct thread *thread = thread_current();

	regs_leave_stub(thread->regs);
	core->thread = thread;
	core->tid = thread->tid;
	core->regs = *thread->regs;
	core->pending = thread->pending;
	core->blocked = thread->signal_mask;
	core->fs_base = fs_base_get();
	/* The area is the layer's own: it can't fault. */
	(void)user_xsave_raw(core->fpu, fpu_mask());
}

/* Waits for the end, which the dumper decides. A tracer does not hold it up. */
void core_dump_join(void)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct core_thread *core;

	lock_release(&process->signal_lock);
	core = core_thread_create();
	if (core)
		core_thread_fill(core);
	lock_acquire(&process->signal_lock);
	if (core && process->dumper) {
		core->next = process->dumped_threads;
		process->dumped_threads = core;
		core = NULL;
	}
	process->dumped_count++;
	wait_queue_wake_all(&process->thread_wait, 0);
	lock_release(&process->signal_lock);
	core_threads_free(core);
	wait_event_uninterruptible(&process->thread_wait, READ_ONCE(process->exiting));
}

static bool threads_are_stopped(struct process *process)
{
	struct thread *thread;
	u32 stand_ins = 0;
	bool stopped;

	lock_acquire(&process->signal_lock);
	list_for_each(thread, &process->threads, process_node)
		stand_ins += thread->player != NULL;
	stopped = process->dumped_count + stand_ins + 1 >= process->thread_count ||
		  process->exiting;
	lock_release(&process->signal_lock);
	return stopped;
}

/* False where the process ends already, or another thread dumps it. */
static bool threads_stop(struct process *process)
{
	struct thread *thread;
	bool begun;

	lock_acquire(&process->signal_lock);
	begun = !process->exiting && !process->dumper && !process->exec_thread;
	if (begun) {
		process->dumper = thread_current();
		list_for_each(thread, &process->threads, process_node)
			if (thread != thread_current())
				thread_kick(thread);
		ptrace_wake_locked(process);
	}
	lock_release(&process->signal_lock);
	if (begun)
		wait_event_uninterruptible(&process->thread_wait, threads_are_stopped(process));
	return begun;
}

/* From here on no thread leaves anything. */
static struct core_thread *dumped_threads_take(struct process *process)
{
	struct core_thread *threads;

	lock_acquire(&process->signal_lock);
	threads = process->dumped_threads;
	process->dumped_threads = NULL;
	process->dumper = NULL;
	lock_release(&process->signal_lock);
	return threads;
}

/* ---- The file ---- */

static bool file_is_right(struct file *file)
{
	struct attributes attributes = { 0 };

	inode_attributes(file->inode, &attributes);
	return S_ISREG(attributes.mode) && attributes.nlink == 1 &&
	       attributes.uid == process_current()->credentials->fsuid;
}

static struct file *core_open(void)
{
	struct process *process = process_current();
	struct walker walker = { .fs = process->fs, .credentials = process->credentials };
	const u32 flags = O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_LARGEFILE;
	struct file *file;

	/*
	 * What has the name is neither followed nor written; that there is nothing is the usual
	 * case.
	 */
	(void)path_remove(&walker, NULL, CORE_NAME, false);
	if (path_open(&walker, NULL, CORE_NAME, flags, 0600, 0, &file))
		return NULL;
	if (file_is_right(file) && file->operations->truncate && file->operations->write)
		return file;
	file_put(file);
	return NULL;
}

/* False where the limit, or the disk, is at its end. */
static bool core_write(struct core *core, const void *data, size_t size)
{
	struct iter iter;
	ssize_t done;

	if (core->written + size > core->limit)
		return false;
	iter_init_kernel(&iter, (void *)data, size);
	while (iter.left) {
		done = core->file->operations->write(core->file, &iter, &core->written);
		if (done <= 0)
			return false;
	}
	return true;
}

static bool is_zero(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i += sizeof(u64))
		if (*(const u64 *)(data + i))
			return false;
	return true;
}

/* ---- Memory ---- */

static bool begins_as_elf(const struct area *area)
{
	char magic[SELFMAG];

	return !area->offset && !copy_from_user(magic, area->start, sizeof(magic)) &&
	       !memcmp(magic, ELFMAG, sizeof(magic));
}

/* Was it written, before it became read-only? The dynamic linker does that. */
static bool area_is_changed(struct core *core, const struct area *area)
{
	u64 size = area->end - area->start;

	for (u64 at = 0; at < size; at += PIECE_SIZE) {
		size_t piece = MIN(size - at, PIECE_SIZE);
		ssize_t got = file_read_kernel(area->file, core->file_piece, piece,
					       area->offset + at);

		if (got <= 0)
			return false;
		if (copy_from_user_partial(core->piece, area->start + at, (size_t)got) ||
		    memcmp(core->piece, core->file_piece, (size_t)got))
			return true;
	}
	return false;
}

/* Private memory of a file that may have become the process's own. */
static bool area_is_own(struct core *core, const struct area *area)
{
	return (area->protection & PROT_WRITE) ||
	       (!(area->protection & PROT_EXEC) && area_is_changed(core, area));
}

/* A shared file that has no name is memory as any other. */
static u32 shared_filter(const struct area *area)
{
	return area->file && READ_ONCE(area->file->inode->nlink) ? CORE_MAPPED_SHARED
								  : CORE_ANON_SHARED;
}

/* What a file still has is left out as a rule, but for the page that tells which file it is. */
static u64 area_dump_size(struct core *core, const struct area *area)
{
	u32 filter = READ_ONCE(process_current()->core_filter);
	u64 size = area->end - area->start;

	if (!(area->protection & PROT_READ) || (area->flags & AREA_STUBS))
		return 0;
	if (area->flags & AREA_VDSO)
		return size;
	if (area->flags & AREA_SHARED)
		return filter & shared_filter(area) ? size : 0;
	if (!area->file)
		return filter & CORE_ANON_PRIVATE ? size : 0;
	if ((filter & CORE_MAPPED_PRIVATE) ||
	    ((filter & CORE_ANON_PRIVATE) && area_is_own(core, area)))
		return size;
	return (filter & CORE_ELF_HEADERS) && begins_as_elf(area) ? PAGE_SIZE : 0;
}

static bool area_write(struct core *core, const struct area *area, u64 size)
{
	for (u64 at = 0; at < size; at += PIECE_SIZE) {
		size_t piece = MIN(size - at, PIECE_SIZE);
		size_t missing = copy_from_user_partial(core->piece, area->start + at, piece);

		memset(core->piece + piece - missing, 0, missing);
		if (READ_ONCE(process_current()->pending) & SIGNAL_BIT(SIGKILL))
			return false;
		if (is_zero(core->piece, piece))
			core->written += piece;
		else if (!core_write(core, core->piece, piece))
			return false;
	}
	return true;
}

static struct area *areas_copy(struct mm *mm, u32 *count)
{
	struct area *areas;

	lock_acquire(&mm->lock);
	areas = heap_alloc(MAX(mm->area_count, 1u) * sizeof(*areas));
	*count = areas ? mm->area_count : 0;
	for (u32 i = 0; i < *count; i++) {
		areas[i] = mm->areas[i];
		if (areas[i].file)
			file_get(areas[i].file);
	}
	lock_release(&mm->lock);
	return areas;
}

/* ---- Headers ---- */

static bool headers_write(struct core *core, size_t notes_size)
{
	const u32 count = core->notes.area_count;
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(header), .e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = (u16)(count + 1),
	};
	u64 offset = sizeof(header) + (count + 1) * sizeof(Elf64_Phdr);
	Elf64_Phdr note = {
		.p_type = PT_NOTE, .p_offset = offset, .p_filesz = notes_size, .p_align = 4,
	};
	bool written = core_write(core, &header, sizeof(header)) &&
		       core_write(core, &note, sizeof(note));

	offset = ROUND_UP(offset + notes_size, PAGE_SIZE);
	for (u32 i = 0; i < count && written; i++) {
		const struct area *area = &core->notes.areas[i];
		Elf64_Phdr load = {
			.p_type = PT_LOAD, .p_offset = offset, .p_vaddr = area->start,
			.p_filesz = core->sizes[i], .p_memsz = area->end - area->start,
			.p_align = PAGE_SIZE,
		};

		/* PF_* are in another order than PROT_*. */
		load.p_flags = (area->protection & PROT_READ ? PF_R : 0) |
			       (area->protection & PROT_WRITE ? PF_W : 0) |
			       (area->protection & PROT_EXEC ? PF_X : 0);
		offset += load.p_filesz;
		written = core_write(core, &load, sizeof(load));
	}
	return written;
}

static void core_write_all(struct core *core)
{
	size_t notes_size;
	char *notes = core_notes_make(&core->notes, &notes_size);
	bool written;

	if (!notes)
		return;
	written = headers_write(core, notes_size) && core_write(core, notes, notes_size);
	heap_free(notes);
	core->written = ROUND_UP(core->written, PAGE_SIZE);
	for (u32 i = 0; i < core->notes.area_count && written; i++)
		written = area_write(core, &core->areas[i], core->sizes[i]);
	/* Holes at the end count too. */
	if (written && core->written <= core->limit)
		core->file->operations->truncate(core->file, core->written);
}

/* ---- All of it ---- */

static bool core_prepare(struct core *core, const signal_info *info)
{
	struct process *process = process_current();

	core->piece = heap_alloc(PIECE_SIZE);
	core->file_piece = heap_alloc(PIECE_SIZE);
	core->threads = core_thread_create();
	core->areas = areas_copy(process->mm, &core->notes.area_count);
	core->sizes = heap_alloc(MAX(core->notes.area_count, 1u) * sizeof(core->sizes[0]));
	if (!core->piece || !core->file_piece || !core->sizes || !core->threads ||
	    !core->areas || core->notes.area_count >= PN_XNUM - 1)
		return false;
	core_thread_fill(core->threads);
	core->notes.info = info;
	core->notes.areas = core->areas;
	core->threads->next = core->others;
	core->others = NULL;
	core->notes.threads = core->threads;
	for (u32 i = 0; i < core->notes.area_count; i++)
		core->sizes[i] = area_dump_size(core, &core->areas[i]);
	core->file = core_open();
	return core->file;
}

static void core_release(struct core *core)
{
	for (u32 i = 0; i < core->notes.area_count; i++)
		if (core->areas[i].file)
			file_put(core->areas[i].file);
	heap_free(core->areas);
	heap_free(core->sizes);
	heap_free(core->piece);
	heap_free(core->file_piece);
	core_threads_free(core->threads);
	core_threads_free(core->others);
	if (core->file)
		file_put(core->file);
}

bool core_dump(const signal_info *info)
{
	struct process *process = process_current();
	struct core core = { .limit = process->limits[RLIMIT_CORE].rlim_cur };
	bool dumped;

	if (core.limit < PAGE_SIZE || !process->dumpable || !process->mm || !process->fs)
		return false;
	if (!threads_stop(process))
		return false;
	core.others = dumped_threads_take(process);
	sites_restore(process->mm);
	dumped = !READ_ONCE(process->exiting) && core_prepare(&core, info);
	if (dumped)
		core_write_all(&core);
	core_release(&core);
	return dumped;
}
