/* SPDX-License-Identifier: MIT */
/* Children that are traced, for the tests of ptrace(2). */
#ifndef TESTS_LINUX_TRACED_H
#define TESTS_LINUX_TRACED_H

#include "tests/linux/test.h"

#include <elf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#define EVENT_OF(status) ((unsigned int)(status) >> 16)

/*
 * Forks; the child asks to be traced, stops itself, runs body and exits 0. The parent sees the
 * stop.
 */
#define TRACED(child, ...) do { \
	int traced_status_; \
	(child) = fork(); \
	OK(child); \
	if (!(child)) { \
		OK(ptrace(PTRACE_TRACEME, 0, 0, 0)); \
		raise(SIGSTOP); \
		__VA_ARGS__; \
		_exit(0); \
	} \
	EQUAL(waitpid((child), &traced_status_, 0), (child)); \
	EQUAL(traced_status_, SIGSTOP << 8 | 0x7f); \
} while (0)

/* The next report about a tracee, by its id. */
static inline int report_of(pid_t pid)
{
	int status;

	EQUAL(waitpid(pid, &status, __WALL), pid);
	return status;
}

#define STOPS(pid, signal) EQUAL(report_of(pid), (signal) << 8 | 0x7f)
#define STOPS_EVENT(pid, event) EQUAL(report_of(pid), (event) << 16 | SIGTRAP << 8 | 0x7f)
#define ENDS(pid, code) EQUAL(report_of(pid), (code) << 8)

#define GO_ON(request, pid, signal) OK(ptrace((request), (pid), 0L, (long)(signal)))

static inline struct user_regs_struct registers_of(pid_t pid)
{
	struct user_regs_struct regs;

	OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	return regs;
}

#endif
