/* SPDX-License-Identifier: MIT */
/*
 * Core dumps: a process that a signal ends leaves its memory and registers in a file `core` of its
 * working directory, as far as RLIMIT_CORE allows.
 */
#ifndef PROCESS_CORE_DUMP_H
#define PROCESS_CORE_DUMP_H

#include "arch/x86_64/regs.h"
#include "process/process.h"
#include "signal/signal.h"

struct area;

/* What of the memory is dumped: bits of process->core_filter, as core(5) has them. */
#define CORE_ANON_PRIVATE	1u
#define CORE_ANON_SHARED	2u
#define CORE_MAPPED_PRIVATE	4u
#define CORE_MAPPED_SHARED	8u
#define CORE_ELF_HEADERS	16u
#define CORE_FILTER_ALL		511u	/* the rest: huge pages and DAX, which there are not */
#define CORE_FILTER_DEFAULT	(CORE_ANON_PRIVATE | CORE_ANON_SHARED | CORE_ELF_HEADERS | 32u)

/*
 * The signal in info is about to end the calling thread's process: true where it left a core dump.
 * Called on the way out, without locks.
 */
bool core_dump(const signal_info *info);
/*
 * Another thread of the process makes a core dump: gives it the registers and sleeps until that is
 * done. signal_lock of the process is held, and given up.
 */
void core_dump_join(void);
static inline bool core_dump_wants_locked(const struct thread *thread)
{
	return thread->process->dumper && thread->process->dumper != thread;
}

/* ---- Between the files of it ---- */

/* A thread, as the core dump shows it. */
struct core_thread {
	struct core_thread *next;
	struct thread *thread;
	u32 tid;
	bool ready;		/* the rest is filled in */
	u64 pending, blocked;
	u64 fs_base;
	struct regs regs;
	void *fpu;		/* XSAVE area, whole pages */
};

/* What is in the notes of a core dump; the first thread is the one that made it. */
struct core_notes {
	const signal_info *info;
	const struct core_thread *threads;
	const struct area *areas;	/* with references on their files */
	u32 area_count;
};

/* The notes as bytes, in the heap; NULL: out of memory. (core_notes.c) */
char *core_notes_make(const struct core_notes *notes, size_t *size);

#endif
