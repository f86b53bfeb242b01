/* SPDX-License-Identifier: MIT */
/* Between the files of ptrace(2). */
#ifndef PROCESS_PTRACE_PRIVATE_H
#define PROCESS_PTRACE_PRIVATE_H

#include "process/ptrace.h"

/* PTRACE_TRACEME; PTRACE_ATTACH and PTRACE_SEIZE of the thread tid. Results as the call's. */
long ptrace_trace_me(void);
long ptrace_attach(u32 tid, bool seize, u32 options);
/* A tracee that stopped, or listens, goes on. signal_lock held. */
void ptrace_resume_locked(struct tracee *tracee, u32 data, enum tracee_mode mode);

#endif
