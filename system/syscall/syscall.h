/* SPDX-License-Identifier: MIT */
/* The table of system calls, generated from syscalls.tbl (see syscall/generate). */
#ifndef SYSCALL_SYSCALL_H
#define SYSCALL_SYSCALL_H

#include "core/types.h"
#include "syscalls.h"

/*
 * All six argument registers are passed to every handler; each takes those it knows. The result
 * goes to rax, or is one of the restart codes of core/types.h.
 */
typedef long (*syscall_handler)(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

/* Numbers from SYSCALL_COUNT on are the caller's to refuse, by sys_missing(). */
extern const syscall_handler syscall_table[SYSCALL_COUNT];

/* -ENOSYS for the call in progress (thread->syscall_number), named once per domain in the log. */
long sys_missing(void);

#endif
