/* SPDX-License-Identifier: MIT */
/* What the two ways in of host signals share (trap.c, key.c). */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "core/types.h"

struct regs;
struct sigcontext_64;
struct siginfo;
struct thread;

/* Runs on the kernel stack above a filled frame, and returns to the way out. */
typedef void (*kernel_function)(struct regs *regs);

/*
 * What a host signal in the program means. Fills thread->regs and returns what to run, or NULL: go
 * on in the program with the registers in host (which it may have changed). Takes no locks.
 */
kernel_function signal_in_program(int number, const struct siginfo *info,
				  struct sigcontext_64 *host, struct thread *thread);

void regs_from_host(struct regs *regs, const struct sigcontext_64 *host);

/* Serves the call in regs: a trap, or a stub's call while work or flags are set. */
void syscall_slow(struct regs *regs);

/* To be called for each kick, before the thread's work is looked at. */
void kick_arrived(struct thread *thread);

extern u64 xsave_restore_mask;

/* Free thread blocks of the domain; gate.S knows them too. */
extern struct thread *free_threads;

/*
 * Puts a block on a list and ends the host thread; threads, if not NULL, counts those of the
 * address space: the last hands the whole list on to free_threads. See gate.S.
 */
__noreturn void thread_block_free_and_exit(struct thread *thread, struct thread **list,
					   u32 *threads);

#endif
