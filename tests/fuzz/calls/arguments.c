/* SPDX-License-Identifier: MIT */
/*
 * Likely arguments. A kind of the table has a row of values here, or is a pointer into the arena:
 * to a string, to an array of iovec, or to a structure of random words, of which many are again
 * descriptors, small numbers and pointers, so that it passes for most structures of the ABI. No
 * locks: threads may write to the arena at once, as hostile ones would.
 */
#include "tests/fuzz/calls/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "boundary/layout.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PAGE = 4096, ARENA_SIZE = 64 * PAGE, ARENA_END = ARENA_SIZE - PAGE, GROUND_PAGES = 64 };

const struct call call_table[] = {
#define CALL(number, name, ...) { number, #name, { __VA_ARGS__ } },
#include "call_table.h"
};
const size_t call_count = COUNT(call_table);

struct arena arena_create(void)
{
	struct arena arena;

	arena.memory =
		mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	arena.ground = mmap(NULL, GROUND_PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena.memory == MAP_FAILED || arena.ground == MAP_FAILED ||
	    mprotect(arena.memory + ARENA_END, PAGE, PROT_NONE)) {
		perror("arena");
		exit(2);
	}
	return arena;
}

/* ---- Numbers ---- */

static const long odd_values[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 16, 64, 100, 255, 256, 4095, 4096, 4097, 65536, 1 << 20, -1, -2,
	-100, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, (long)0x8000000000000000,
	(long)0xffff888000000000, 0x7fffffffe000, AT_FDCWD, O_CREAT | O_RDWR, 0600, 0755,
	LAYER_BASE, HEAP_BASE, HEAP_BASE + 8192, CHANNEL_BASE, WINDOW_BASE, LAYER_END - 4096
};

static long odd_value(struct random *random)
{
	switch (random_below(random, 4)) {
	case 0:
		return 1L << random_below(random, 64);
	case 1:
		return (long)random_number(random);
	default:
		return odd_values[random_below(random, COUNT(odd_values))];
	}
}

/* Kinds whose value is one of a few, or several bits of such. */
struct values {
	const char *kind;
	unsigned int bits; /* so many low bits are flags; 0: a number below limit */
	long limit;
};

static const struct values values[] = {
	{ "fd", 0, DESCRIPTORS }, { "dirfd", 0, DESCRIPTORS }, { "int", 0, 8 },
	{ "uint", 0, 32 }, { "long", 0, 64 }, { "ulong", 0, 8 }, { "size", 0, 5000 },
	{ "off", 0, 20000 }, { "hex", 5, 0 }, { "id", 0, 4 }, { "signal", 0, 66 },
	{ "mode", 12, 0 }, { "dev", 0, 2000 }, { "open_flags", 23, 0 }, { "fd_flags", 20, 0 },
	{ "mmap_prot", 2, 0 }, { "mmap_flags", 6, 0 }, { "mremap_flags", 3, 0 },
	{ "msync_flags", 3, 0 }, { "advice", 0, 26 }, { "memfd_flags", 4, 0 },
	{ "at_flags", 13, 0 }, { "access_mode", 3, 0 }, { "rename_flags", 3, 0 },
	{ "fallocate_mode", 7, 0 }, { "whence", 0, 6 }, { "flock_op", 4, 0 },
	{ "epoll_op", 0, 5 }, { "futex_op", 0, 14 }, { "wait_flags", 2, 0 },
	{ "wait_type", 0, 5 }, { "sigmask_how", 0, 4 }, { "clock", 0, 13 },
	{ "clock_flags", 1, 0 }, { "itimer", 0, 4 }, { "resource", 0, 18 },
	{ "prctl_op", 0, 70 }, { "random_flags", 3, 0 }, { "family", 0, 3 },
	{ "socket_type", 0, 6 }, { "msg_flags", 16, 0 }
};

static long value_choose(struct random *random, const struct values *row)
{
	uint64_t flags = 0;

	if (!row->bits)
		return (long)random_below(random, row->limit);
	/* None, one or two of them are right more often than all. */
	for (uint64_t i = random_below(random, 4); i; i--)
		flags |= 1ull << random_below(random, row->bits);
	return (long)flags;
}

static long fcntl_command(struct random *random)
{
	return random_below(random, 2) ? (long)random_below(random, 17)
				       : 1024 + (long)random_below(random, 15);
}

static long ptrace_operation(struct random *random)
{
	return (random_below(random, 2) ? 0x4200 : 0) + (long)random_below(random, 26);
}

static long ioctl_command(struct random *random)
{
	static const long others[] = { 0x541b, 0x5421,	   0x5450,    0x5451,
				       0x5452, 0x80045430, 0x40045431 };

	if (random_below(random, 4))
		return 0x5401 + (long)random_below(random, 0x30);
	return others[random_below(random, COUNT(others))];
}

/* This process, its group, one that it has forked, or nobody. */
static long process_choose(struct random *random)
{
	switch (random_below(random, 5)) {
	case 0:
		return 0;
	case 1:
		return getpid();
	case 2:
		return -getpid();
	default:
		return getpid() + (long)random_below(random, 12);
	}
}

/* Copies of the process, or threads; the caller of the call sees to their end. */
static long clone_flags(struct random *random)
{
	long thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
	long flags = random_below(random, 3) ? SIGCHLD : thread;

	if (!random_below(random, 4))
		flags ^= 1L << (8 + random_below(random, 24));
	return flags;
}

/* ---- Pointers ---- */

static char *arena_place(struct random *random, struct arena *arena)
{
	/* Now and then so near the end that the rest of it can't be touched. */
	if (!random_below(random, 32))
		return arena->memory + ARENA_END - random_below(random, 64);
	return arena->memory + random_below(random, ARENA_END - 1024) / 8 * 8;
}

/* Bytes from there to the end. */
static size_t arena_room(const struct arena *arena, const char *place)
{
	return arena->memory + ARENA_END - place;
}

static uint64_t word_choose(struct random *random, struct arena *arena)
{
	uint64_t low = random_below(random, DESCRIPTORS), high = random_below(random, 8);

	switch (random_below(random, 8)) {
	case 0:
	case 1:
	case 2:
		return random_below(random, 8);
	case 3:
	case 4:
		return (uint64_t)(uintptr_t)arena_place(random, arena);
	case 5:
		return high << 32 | low;
	case 6:
		return random_below(random, 5000);
	default:
		return (uint64_t)odd_value(random);
	}
}

static long structure(struct random *random, struct arena *arena)
{
	char *place = arena_place(random, arena);

	for (size_t i = 0; (i + 1) * 8 <= MIN(arena_room(arena, place), 128); i++) {
		uint64_t word = word_choose(random, arena);

		memcpy(place + i * 8, &word, 8);
	}
	return (long)place;
}

static long string(struct random *random, struct arena *arena)
{
	static const char *const strings[] = {
		"a", "b", "c", "dir", "dir/a", "dir/b", "dir/..", ".", "..", "link", "link/a",
		"fifo", "socket", "", "/", "/dev/zero", "/dev/null", "/dev/shm/a", "/dev/ptmx",
		"/dev/pts/0", "/dev/tty", "/proc/self/maps", "/proc/self/fd/5", "/proc/self/fd",
		"/proc/self/stat", "/proc/1/status", "user.a", "security.capability",
		"tmpfs", "proc", "/a", "none/there", "a/"
	};
	char *place = arena_place(random, arena);
	size_t room = arena_room(arena, place);

	if (!random_below(random, 64)) {
		/* Too long a path, of names that are short enough. */
		for (size_t i = 0; i < room && i < 5000; i++)
			place[i] = i % 100 ? 'n' : '/';
	} else {
		snprintf(place, room, "%s", strings[random_below(random, COUNT(strings))]);
	}
	return (long)place;
}

static long vectors(struct random *random, struct arena *arena)
{
	char *place = arena_place(random, arena);

	for (size_t i = 0; (i + 1) * 16 <= MIN(arena_room(arena, place), 128); i++) {
		struct iovec vector = { arena_place(random, arena), random_below(random, 3000) };

		memcpy(place + i * 16, &vector, 16);
	}
	return (long)place;
}

static long address(struct random *random, struct arena *arena)
{
	static const char names[][8] = { "socket", "a", "\0one", "\0two", "", "dir/s" };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char *place = arena_place(random, arena);

	memcpy(name.sun_path, names[random_below(random, COUNT(names))], 8);
	memcpy(place, &name, MIN(arena_room(arena, place), sizeof(name)));
	return (long)place;
}

/* ---- One call ---- */

static int kind_is(const char *kind, const char *name)
{
	return !strcmp(kind, name);
}

static long kind_choose(struct random *random, struct arena *arena, const char *kind)
{
	for (size_t i = 0; i < COUNT(values); i++)
		if (kind_is(kind, values[i].kind))
			return value_choose(random, &values[i]);
	if (kind_is(kind, "fcntl_cmd"))
		return fcntl_command(random);
	if (kind_is(kind, "ptrace_op"))
		return ptrace_operation(random);
	if (kind_is(kind, "ioctl_cmd"))
		return ioctl_command(random);
	if (kind_is(kind, "pid"))
		return process_choose(random);
	if (kind_is(kind, "clone_flags"))
		return clone_flags(random);
	if (kind_is(kind, "path") || kind_is(kind, "str"))
		return string(random, arena);
	if (kind_is(kind, "iov") || kind_is(kind, "iov_out"))
		return vectors(random, arena);
	if (kind_is(kind, "sockaddr"))
		return address(random, arena);
	if (!random_below(random, 8))
		return 0;
	return structure(random, arena);
}

void arguments_choose(struct random *random, struct arena *arena, const struct call *call,
		      long *arguments)
{
	for (int i = 0; i < CALL_ARGUMENTS; i++) {
		if (call->kinds[i] && random_below(random, 12))
			arguments[i] = kind_choose(random, arena, call->kinds[i]);
		else
			arguments[i] = odd_value(random);
	}
	/* Calls on ranges of memory would soon end the process that plays. */
	if (call->kinds[0] && kind_is(call->kinds[0], "ptr") &&
	    (!call->kinds[1] || kind_is(call->kinds[1], "size")))
		arguments[0] = (long)arena->ground + random_below(random, GROUND_PAGES - 2) * PAGE;
}
