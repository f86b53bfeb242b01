/* SPDX-License-Identifier: MIT */
/* Figures of processes, threads and memory. No locks. */
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* fork_wait: fork, a child that leaves at once with status 3, and waitpid. */
static uint64_t fork_wait_batch(void *context, uint64_t count)
{
	uint64_t began_ns = clock_ns();
	int status;

	(void)context;
	for (uint64_t i = 0; i < count; i++) {
		pid_t child = fork();

		MUST(child >= 0);
		if (child == 0)
			_exit(3);
		MUST(waitpid(child, &status, 0) == child);
		MUST(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	}
	return clock_ns() - began_ns;
}

static double fork_wait_run(void)
{
	return measure(fork_wait_batch, NULL, UINT64_MAX / 2);
}

/* fork_200mib: the same, by a process that has 200 MiB of anonymous memory in use. */
static double fork_200mib_run(void)
{
	size_t size = 200u << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(memory != MAP_FAILED);
	MUST(madvise(memory, size, MADV_NOHUGEPAGE) == 0);
	memset(memory, 1, size);
	return measure(fork_wait_batch, NULL, UINT64_MAX / 2);
}

/* spawn_true: posix_spawn of /bin/true, a dynamic program, and waitpid. */
static uint64_t spawn_true_batch(void *context, uint64_t count)
{
	char *arguments[] = { "true", NULL };
	uint64_t began_ns = clock_ns();
	int status;
	pid_t child;

	(void)context;
	for (uint64_t i = 0; i < count; i++) {
		MUST(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) == 0);
		MUST(waitpid(child, &status, 0) == child && status == 0);
	}
	return clock_ns() - began_ns;
}

static double spawn_true_run(void)
{
	return measure(spawn_true_batch, NULL, UINT64_MAX / 2);
}

static void *thread_answer(void *argument)
{
	return argument;
}

/* thread_create: pthread_create of a thread that returns at once, and pthread_join. */
static uint64_t thread_create_batch(void *context, uint64_t count)
{
	uint64_t began_ns = clock_ns();

	for (uint64_t i = 0; i < count; i++) {
		pthread_t thread;
		void *result;

		MUST(pthread_create(&thread, NULL, thread_answer, context) == 0);
		MUST(pthread_join(thread, &result) == 0 && result == context);
	}
	return clock_ns() - began_ns;
}

static double thread_create_run(void)
{
	int anything;

	return measure(thread_create_batch, &anything, UINT64_MAX / 2);
}

/* mmap_touch: mmap of 16 KiB of anonymous memory, the first touch of its 4 pages, munmap. */
static uint64_t mmap_touch_batch(void *context, uint64_t count)
{
	uint64_t began_ns = clock_ns();

	(void)context;
	for (uint64_t i = 0; i < count; i++) {
		char *memory = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		MUST(memory != MAP_FAILED);
		for (unsigned page = 0; page < 4; page++) {
			MUST(memory[page * 4096] == 0);
			((volatile char *)memory)[page * 4096] = 1;
		}
		MUST(munmap(memory, 4 * 4096) == 0);
	}
	return clock_ns() - began_ns;
}

static double mmap_touch_run(void)
{
	return measure(mmap_touch_batch, NULL, UINT64_MAX / 2);
}

const struct figure process_figures[] = {
	{ "fork_wait", fork_wait_run },	  { "fork_200mib", fork_200mib_run },
	{ "spawn_true", spawn_true_run }, { "thread_create", thread_create_run },
	{ "mmap_touch", mmap_touch_run }, { 0 },
};
