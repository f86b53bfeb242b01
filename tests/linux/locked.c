/* SPDX-License-Identifier: MIT */
/* Locked memory: mlock, mlock2, mlockall, MAP_LOCKED, and RLIMIT_MEMLOCK. */
#include "tests/linux/test.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PAGE 4096ul
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	OK(memory);
	return memory;
}

static long locked_kb(void)
{
	const char *line = strstr(test_read_file("/proc/self/status"), "VmLck:");

	CHECK(line);
	return atol(line + 6);
}

TEST(what_is_locked_is_counted)
{
	char *memory = map(8 * PAGE);

	EQUAL(locked_kb(), 0);
	OK(mlock(memory, 4 * PAGE));
	EQUAL(locked_kb(), 16);
	OK(mlock(memory + 2 * PAGE + 5, 4 * PAGE));
	EQUAL(locked_kb(), 28);
	IN_CHILD(EQUAL(locked_kb(), 0));
	OK(munmap(memory + PAGE, PAGE));
	EQUAL(locked_kb(), 24);
	OK(munlock(memory + 2 * PAGE, PAGE));
	EQUAL(locked_kb(), 20);
	OK(munlock(memory, PAGE));
	OK(munmap(memory, 8 * PAGE));
	EQUAL(locked_kb(), 0);
}

TEST(mlock2_takes_a_flag)
{
	char *memory = map(4 * PAGE);

	OK(syscall(SYS_mlock2, memory, 4 * PAGE, 0));
	OK(syscall(SYS_mlock2, memory, 4 * PAGE, 1));
	FAILS(syscall(SYS_mlock2, memory, 4 * PAGE, 2), EINVAL);
	EQUAL(locked_kb(), 16);
	OK(munmap(memory + PAGE, PAGE));
	FAILS(syscall(SYS_mlock2, memory, 4 * PAGE, 0), ENOMEM);
}

TEST(mlockall_of_now_and_later)
{
	long before;
	char *memory;

	FAILS(mlockall(0), EINVAL);
	FAILS(mlockall(8), EINVAL);
	FAILS(mlockall(MCL_ONFAULT), EINVAL);
	OK(mlockall(MCL_CURRENT | MCL_ONFAULT));
	before = locked_kb();
	CHECK(before > 0);
	memory = map(4 * PAGE);
	EQUAL(locked_kb(), before);
	OK(mlockall(MCL_FUTURE | MCL_ONFAULT));
	memory = map(4 * PAGE);
	EQUAL(locked_kb(), before + 16);
	OK(munmap(memory, 4 * PAGE));
	EQUAL(locked_kb(), before);
	OK(munlockall());
	EQUAL(locked_kb(), 0);
	map(4 * PAGE);
	EQUAL(locked_kb(), 0);
}

TEST(the_limit)
{
	struct rlimit limit = { 8 * PAGE, 8 * PAGE };
	char *memory = map(64 * PAGE);

	if (geteuid())
		test_skip("wants root, to be another user");
	OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	OK(setuid(7777));
	OK(mlock(memory, 8 * PAGE));
	OK(mlock(memory, 8 * PAGE));
	FAILS(mlock(memory, 9 * PAGE), ENOMEM);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
	FAILS(mlockall(MCL_CURRENT), ENOMEM);
	OK(munlock(memory, 8 * PAGE));
	OK(mlock(memory + 8 * PAGE, 8 * PAGE));
	OK(munlock(memory + 8 * PAGE, 8 * PAGE));
	OK(mlockall(MCL_FUTURE | MCL_ONFAULT));
	FAILS(mmap(NULL, 9 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EAGAIN);
	OK(mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	OK(munlockall());
	limit.rlim_cur = 0;
	OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	FAILS(mlock(memory, PAGE), EPERM);
	FAILS(mlockall(MCL_CURRENT), EPERM);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EPERM);
}

TEST(a_stack_counts_as_far_as_it_is_used)
{
	struct rlimit limit;

	OK(getrlimit(RLIMIT_STACK, &limit));
	if (limit.rlim_cur != 8ul << 20)
		test_skip("the stack may not grow to 8 MiB");
	limit = (struct rlimit){ 7ul << 20, 7ul << 20 };
	OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	if (!geteuid())
		OK(setuid(7777));
	OK(mlockall(MCL_CURRENT));
	CHECK(locked_kb() >= 132);
	CHECK(locked_kb() < 7 << 10);
	OK(munlockall());
	EQUAL(locked_kb(), 0);
}

TEST(bad_ranges)
{
	char *memory = map(2 * PAGE);

	OK(munmap(memory + PAGE, PAGE));
	FAILS(mlock(memory, 2 * PAGE), ENOMEM);
	FAILS(munlock(memory, 2 * PAGE), ENOMEM);
	OK(mlock(memory, 0));
	OK(munlock(memory, 0));
}
