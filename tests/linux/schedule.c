/* SPDX-License-Identifier: MIT */
/*
 * What a program says about its place among others: scheduling attributes, I/O priorities, memory
 * policies, personality; and kcmp.
 */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/kcmp.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#define NO_SUCH_ID 99999

struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
	uint64_t more;
};

static long get(int pid, void *to, unsigned int size, unsigned int flags)
{
	return syscall(SYS_sched_getattr, pid, to, size, flags);
}

static long set(int pid, void *from, unsigned int flags)
{
	return syscall(SYS_sched_setattr, pid, from, flags);
}

TEST(sched_getattr_tells)
{
	struct attributes got = { 0 };

	OK(get(0, &got, sizeof(got), 0));
	EQUAL(got.size, 56);
	EQUAL(got.policy, SCHED_OTHER);
	EQUAL(got.nice, 0);
	EQUAL(got.priority, 0);
	OK(get(getpid(), &got, 48, 0));
	EQUAL(got.size, 48);
	FAILS(get(0, &got, 47, 0), EINVAL);
	FAILS(get(0, &got, 4097, 0), EINVAL);
	FAILS(get(0, &got, 48, 1), EINVAL);
	FAILS(get(-1, &got, 48, 0), EINVAL);
	FAILS(get(NO_SUCH_ID, &got, 48, 0), ESRCH);
	FAILS(get(0, NULL, 48, 0), EINVAL);
	FAILS(get(0, (void *)8, 48, 0), EFAULT);
}

TEST(sched_setattr_changes_the_nice_value)
{
	struct attributes wanted = { .size = 48, .nice = 5 }, got;

	OK(set(0, &wanted, 0));
	EQUAL(getpriority(PRIO_PROCESS, 0), 5);
	OK(get(0, &got, 48, 0));
	EQUAL(got.nice, 5);
	wanted.nice = 100;
	wanted.size = 0;
	OK(set(getpid(), &wanted, 0));
	EQUAL(getpriority(PRIO_PROCESS, 0), 19);
}

TEST(sched_setattr_refuses)
{
	struct attributes wanted = { .size = 48, .policy = SCHED_FIFO };

	FAILS(set(0, &wanted, 0), EINVAL);
	wanted.policy = 77;
	FAILS(set(0, &wanted, 0), EINVAL);
	wanted.policy = SCHED_OTHER;
	wanted.priority = 1;
	FAILS(set(0, &wanted, 0), EINVAL);
	wanted.priority = 0;
	FAILS(set(0, &wanted, 1), EINVAL);
	FAILS(set(-1, &wanted, 0), EINVAL);
	FAILS(set(NO_SUCH_ID, &wanted, 0), ESRCH);
	FAILS(set(0, NULL, 0), EINVAL);
	FAILS(set(0, (void *)8, 0), EFAULT);
	wanted.flags = 0x8000;
	FAILS(set(0, &wanted, 0), EINVAL);
	wanted.flags = 0;
	wanted.size = 10;
	FAILS(set(0, &wanted, 0), E2BIG);
	CHECK(wanted.size >= 56);
	wanted.size = 5000;
	FAILS(set(0, &wanted, 0), E2BIG);
	wanted.size = sizeof(wanted);
	OK(set(0, &wanted, 0));
	wanted.more = 1;
	FAILS(set(0, &wanted, 0), E2BIG);
}

TEST(sched_rr_get_interval_answers)
{
	struct timespec slice = { -1, -1 };

	OK(sched_rr_get_interval(0, &slice));
	EQUAL(slice.tv_sec, 0);
	CHECK(slice.tv_nsec >= 0 && slice.tv_nsec < 1000000000);
	FAILS(sched_rr_get_interval(-1, &slice), EINVAL);
	FAILS(sched_rr_get_interval(NO_SUCH_ID, &slice), ESRCH);
	FAILS(sched_rr_get_interval(0, (void *)8), EFAULT);
}

/* Pid 1 has no thread of its own in a domain. */
TEST(schedule_of_pid_1)
{
	struct sched_param parameter = { 0 };
	struct timespec slice;
	cpu_set_t processors;
	struct attributes got;

	EQUAL(sched_getscheduler(1), SCHED_OTHER);
	OK(sched_getparam(1, &parameter));
	EQUAL(parameter.sched_priority, 0);
	OK(sched_rr_get_interval(1, &slice));
	OK(sched_getaffinity(1, sizeof(processors), &processors));
	CHECK(CPU_COUNT(&processors) > 0);
	OK(get(1, &got, sizeof(got), 0));
	EQUAL(got.policy, SCHED_OTHER);
	if (geteuid() == 0)
		OK(setuid(7777));
	FAILS(sched_setscheduler(1, SCHED_OTHER, &parameter), EPERM);
	FAILS(sched_setaffinity(1, sizeof(processors), &processors), EPERM);
	FAILS(set(1, &got, 0), EPERM);
}

/* ---- I/O priorities ---- */

#define PRIORITY(class, level) ((class) << 13 | (level))

static long io_get(int which, int who)
{
	return syscall(SYS_ioprio_get, which, who);
}

static long io_set(int which, int who, int priority)
{
	return syscall(SYS_ioprio_set, which, who, priority);
}

TEST(io_priorities)
{
	EQUAL(io_get(IOPRIO_WHO_PROCESS, 0), 0);
	OK(io_set(IOPRIO_WHO_PROCESS, 0, PRIORITY(IOPRIO_CLASS_BE, 6)));
	EQUAL(io_get(IOPRIO_WHO_PROCESS, getpid()), PRIORITY(IOPRIO_CLASS_BE, 6));
	IN_CHILD(EQUAL(io_get(IOPRIO_WHO_PROCESS, 0), PRIORITY(IOPRIO_CLASS_BE, 6)));
	OK(io_set(IOPRIO_WHO_PROCESS, getpid(), PRIORITY(IOPRIO_CLASS_IDLE, 0)));
	EQUAL(io_get(IOPRIO_WHO_PROCESS, 0), PRIORITY(IOPRIO_CLASS_IDLE, 0));
	OK(setpgid(0, 0));
	OK(io_set(IOPRIO_WHO_PGRP, 0, PRIORITY(IOPRIO_CLASS_BE, 3)));
	EQUAL(io_get(IOPRIO_WHO_PGRP, 0), PRIORITY(IOPRIO_CLASS_BE, 3));
	IN_CHILD({
		OK(io_set(IOPRIO_WHO_PROCESS, 0, PRIORITY(IOPRIO_CLASS_BE, 1)));
		/* The best of the group. */
		EQUAL(io_get(IOPRIO_WHO_PGRP, 0), PRIORITY(IOPRIO_CLASS_BE, 1));
	});
	OK(io_set(IOPRIO_WHO_PROCESS, 0, 0));
	EQUAL(io_get(IOPRIO_WHO_PROCESS, 0), 0);
	EQUAL(io_get(IOPRIO_WHO_PGRP, 0), PRIORITY(IOPRIO_CLASS_BE, 4));
}

TEST(io_priorities_that_are_refused)
{
	FAILS(io_get(4, 0), EINVAL);
	FAILS(io_get(IOPRIO_WHO_PROCESS, NO_SUCH_ID), ESRCH);
	FAILS(io_set(4, 0, PRIORITY(IOPRIO_CLASS_BE, 0)), EINVAL);
	FAILS(io_set(IOPRIO_WHO_PROCESS, NO_SUCH_ID, PRIORITY(IOPRIO_CLASS_BE, 0)), ESRCH);
	FAILS(io_set(IOPRIO_WHO_PROCESS, 0, PRIORITY(4, 0)), EINVAL);
	FAILS(io_set(IOPRIO_WHO_PROCESS, 0, 5), EINVAL);
	if (geteuid())
		return;
	IN_CHILD({
		OK(setuid(7777));
		FAILS(io_set(IOPRIO_WHO_PROCESS, 0, PRIORITY(IOPRIO_CLASS_RT, 0)), EPERM);
		FAILS(io_set(IOPRIO_WHO_PROCESS, getppid(), PRIORITY(IOPRIO_CLASS_BE, 0)), EPERM);
	});
}

/* ---- Memory policies ---- */

TEST(memory_policies)
{
	unsigned long nodes[2] = { 1, 0 }, got[2] = { 9, 9 };
	int mode = 99;

	if (syscall(SYS_get_mempolicy, NULL, got, 128ul, NULL, MPOL_F_MEMS_ALLOWED) < 0 ||
	    got[0] != 1)
		test_skip("not a machine with one node");
	EQUAL(got[1], 0);
	OK(syscall(SYS_get_mempolicy, &mode, got, 64ul, NULL, 0));
	EQUAL(mode, MPOL_DEFAULT);
	EQUAL(got[0], 0);
	OK(syscall(SYS_set_mempolicy, MPOL_BIND, nodes, 64ul));
	OK(syscall(SYS_get_mempolicy, &mode, got, 64ul, NULL, 0));
	EQUAL(mode, MPOL_BIND);
	EQUAL(got[0], 1);
	IN_CHILD({
		OK(syscall(SYS_get_mempolicy, &mode, NULL, 0ul, NULL, 0));
		EQUAL(mode, MPOL_BIND);
	});
	OK(syscall(SYS_set_mempolicy, MPOL_LOCAL, NULL, 0ul));
	OK(syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, nodes, 64ul));
	OK(syscall(SYS_get_mempolicy, &mode, NULL, 0ul, NULL, MPOL_F_NODE));
	EQUAL(mode, 0);
	OK(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0ul));
	FAILS(syscall(SYS_set_mempolicy, MPOL_DEFAULT, nodes, 64ul), EINVAL);
	FAILS(syscall(SYS_set_mempolicy, 99, NULL, 0ul), EINVAL);
	FAILS(syscall(SYS_set_mempolicy, MPOL_BIND, NULL, 0ul), EINVAL);
	FAILS(syscall(SYS_set_mempolicy, MPOL_BIND, (void *)8, 64ul), EFAULT);
	nodes[0] = 2;
	FAILS(syscall(SYS_set_mempolicy, MPOL_BIND, nodes, 64ul), EINVAL);
	FAILS(syscall(SYS_get_mempolicy, &mode, NULL, 0ul, &mode, 0), EINVAL);
	FAILS(syscall(SYS_get_mempolicy, &mode, NULL, 0ul, NULL, 8), EINVAL);
	FAILS(syscall(SYS_get_mempolicy, &mode, NULL, 0ul, (void *)8, MPOL_F_ADDR), EFAULT);
	OK(syscall(SYS_get_mempolicy, &mode, NULL, 0ul, &mode, MPOL_F_ADDR | MPOL_F_NODE));
	EQUAL(mode, 0);
}

TEST(mbind_checks_its_range)
{
	unsigned long nodes = 1;
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	OK(memory);
	OK(syscall(SYS_mbind, memory, 8192ul, MPOL_BIND, &nodes, 64ul, 0));
	OK(syscall(SYS_mbind, memory, 8192ul, MPOL_DEFAULT, NULL, 0ul, MPOL_MF_STRICT));
	OK(syscall(SYS_mbind, memory, 0ul, MPOL_BIND, &nodes, 64ul, 0));
	FAILS(syscall(SYS_mbind, memory + 1, 4096ul, MPOL_BIND, &nodes, 64ul, 0), EINVAL);
	FAILS(syscall(SYS_mbind, memory, 4096ul, MPOL_BIND, &nodes, 64ul, 0x100), EINVAL);
	FAILS(syscall(SYS_mbind, memory, 4096ul, 77, &nodes, 64ul, 0), EINVAL);
	OK(munmap(memory + 4096, 4096));
	FAILS(syscall(SYS_mbind, memory, 8192ul, MPOL_BIND, &nodes, 64ul, 0), EFAULT);
}

/* ---- personality ---- */

TEST(personality_is_kept)
{
	struct utsname name;

	EQUAL(personality(0xffffffff), 0);
	EQUAL(personality(ADDR_NO_RANDOMIZE), 0);
	EQUAL(personality(0xffffffff), ADDR_NO_RANDOMIZE);
	IN_CHILD(EQUAL(personality(0xffffffff), ADDR_NO_RANDOMIZE));
	EQUAL(personality(PER_LINUX32), ADDR_NO_RANDOMIZE);
	OK(uname(&name));
	SAME(name.machine, "i686");
	EQUAL(personality(PER_LINUX), PER_LINUX32);
	OK(uname(&name));
	SAME(name.machine, "x86_64");
}

/* The output of a command that shows where its memory lies. */
static void maps_of_child(char *text, size_t size)
{
	int fds[2];
	ssize_t got = 0, n;
	pid_t child;

	OK(pipe(fds));
	child = fork();
	if (!child) {
		dup2(fds[1], 1);
		execl("/bin/sh", "sh", "-c", "sed 's/ .*//' /proc/self/maps", NULL);
		_exit(9);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + got, size - 1 - (size_t)got)) > 0)
		got += n;
	text[got] = '\0';
	close(fds[0]);
	EQUAL(test_wait(child), 0);
}

TEST(addresses_without_chance)
{
	static char first[16384], second[16384];

	maps_of_child(first, sizeof(first));
	maps_of_child(second, sizeof(second));
	CHECK(strcmp(first, second));
	OK(personality(ADDR_NO_RANDOMIZE));
	maps_of_child(first, sizeof(first));
	maps_of_child(second, sizeof(second));
	/* The vDSO may lie elsewhere: the first mapping does not. */
	CHECK(!strncmp(first, second, strcspn(first, "\n")));
}

/* ---- prctl ---- */

TEST(prctl_of_pages)
{
	EQUAL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
	OK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	EQUAL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	IN_CHILD(EQUAL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1));
	FAILS(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
	EQUAL(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
	OK(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
	EQUAL(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
	OK(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
	EQUAL(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
	FAILS(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 7, 0, 0), EINVAL);
	FAILS(prctl(PR_MCE_KILL, 7, 0, 0, 0), EINVAL);
	OK(prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0));
}

/* ---- kcmp ---- */

static long compare(pid_t a, pid_t b, int type, unsigned long x, unsigned long y)
{
	return syscall(SYS_kcmp, a, b, type, x, y);
}

TEST(kcmp_of_files)
{
	pid_t self = getpid();
	int fds[2], copy, order;

	if (compare(self, self, KCMP_VM, 0, 0) < 0 && errno == ENOSYS)
		test_skip("the kernel has no kcmp");
	OK(pipe(fds));
	OK(copy = dup(fds[0]));
	EQUAL(compare(self, self, KCMP_FILE, (unsigned)fds[0], (unsigned)copy), 0);
	OK(order = (int)compare(self, self, KCMP_FILE, (unsigned)fds[0], (unsigned)fds[1]));
	CHECK(order == 1 || order == 2);
	EQUAL(compare(self, self, KCMP_FILE, (unsigned)fds[1], (unsigned)fds[0]), 3 - order);
	FAILS(compare(self, self, KCMP_FILE, 999, 0), EBADF);
	IN_CHILD(EQUAL(compare(self, getpid(), KCMP_FILE, (unsigned)fds[0], (unsigned)copy), 0));
}

TEST(kcmp_of_parts)
{
	static const int types[] = { KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND };
	pid_t self = getpid();

	if (compare(self, self, KCMP_VM, 0, 0) < 0 && errno == ENOSYS)
		test_skip("the kernel has no kcmp");
	for (size_t i = 0; i < COUNT(types); i++) {
		EQUAL(compare(self, self, types[i], 0, 0), 0);
		IN_CHILD(CHECK(compare(getpid(), self, types[i], 0, 0) > 0));
	}
	FAILS(compare(self, NO_SUCH_ID, KCMP_VM, 0, 0), ESRCH);
	FAILS(compare(self, self, 99, 0, 0), EINVAL);
	FAILS(compare(self, self, -1, 0, 0), EINVAL);
	if (geteuid())
		return;
	IN_CHILD({
		OK(setuid(7777));
		FAILS(compare(getpid(), self, KCMP_VM, 0, 0), EPERM);
	});
}
