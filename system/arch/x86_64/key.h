/* SPDX-License-Identifier: MIT */
/*
 * The second wall: the layer's memory has a protection key that is closed while program code runs.
 *
 * With the key a thread block is laid out so that the host's signal frames fall where they may:
 *
 *	| struct thread | kernel stack, growing down | host signal stack | struct open_frame |
 *
 * Kernel stack and host signal stack together are the alternate stack that the host knows. A signal
 * in the program takes its top, which has no key: the host writes the frame with the program's
 * rights (before Linux 6.12). A signal in the layer finds the stack pointer on the alternate stack
 * already and puts its frame below it on the kernel stack, out of reach. What has no key is open
 * only in the thread's own address space, and other threads of the program can write it: it holds
 * nothing but the program's own registers, and is believed like them.
 */
#ifndef ARCH_KEY_H
#define ARCH_KEY_H

#include "boundary/layout.h"
#include "core/thread.h"

/*
 * What the last instructions on the way out still need when the key is closed; offsets.h knows it.
 */
struct open_frame {
	u64 rip, cs, rflags, rsp, ss;	/* as IRET takes them */
	u64 rax, rdx, rcx;
	u32 pkru;			/* the program's own */
	/* the host looks at it when the thread dies in its program */
	struct death_watch death_watch;
};

/* Whether the wall stands; constant after key_init(). */
extern u8 key_in_use;

/* Before any other host process or thread is made: sets the wall up where it can be. */
void key_init(void);
/*
 * What the layer knows of the address space it runs in, on a page that each has for itself. A block
 * whose pages were opened stays with its address space for further threads there, until the last of
 * them is gone: opening and closing pages are host calls of several microseconds.
 */
struct space {
	u64 id;				/* never used again; entry_key.S compares it */
	struct thread *free_blocks;	/* as free_threads, see process/thread.c */
	u32 threads;			/* that run here or are about to; atomic */
	u32 opened;			/* pages were opened here, or are being; atomic */
};

#define SPACE ((struct space *)SPACE_PAGE)

/* For the functions of arch.h. */
void key_thread_start(struct thread *thread);
void key_thread_join(struct thread *thread);
void key_thread_unjoin(struct thread *thread);
/*
 * The host looks at the selector no more: it is soon that of another thread, while this one still
 * has its last host call to make.
 */
void key_thread_exit(void);

#endif
