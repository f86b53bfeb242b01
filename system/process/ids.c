/* SPDX-License-Identifier: MIT */
/* The calls that tell a thread who it is: a few loads each, no locks. */
#include "process/process.h"
#include "syscalls.h"

long sys_getpid(void) { return process_current()->pid; }
long sys_gettid(void) { return thread_current()->tid; }
long sys_getppid(void) { return READ_ONCE(process_current()->parent_pid); }

long sys_set_tid_address(uptr address)
{
	struct thread *thread = thread_current();

	thread->clear_tid = address;
	return thread->tid;
}
