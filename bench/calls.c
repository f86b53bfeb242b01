/* SPDX-License-Identifier: MIT */
/* Figures of calls that touch nothing but the caller: the cost of the way in and out. No locks. */
#include "bench.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* getppid: the null call, through libc. */
static uint64_t getppid_batch(void *context, uint64_t count)
{
	pid_t parent = *(pid_t *)context;
	uint64_t began_ns = clock_ns();

	for (uint64_t i = 0; i < count; i++)
		MUST(getppid() == parent);
	return clock_ns() - began_ns;
}

static double getppid_run(void)
{
	pid_t parent = getppid();

	return measure(getppid_batch, &parent, UINT64_MAX / 2);
}

/* clock_gettime: through the vDSO, which is no system call on bare Linux. */
static uint64_t clock_gettime_batch(void *context, uint64_t count)
{
	uint64_t began_ns = clock_ns(), last_ns = began_ns, now_ns = began_ns;

	(void)context;
	for (uint64_t i = 0; i < count; i++) {
		now_ns = clock_ns();
		MUST(now_ns >= last_ns);
		last_ns = now_ns;
	}
	return now_ns - began_ns;
}

static double clock_gettime_run(void)
{
	return measure(clock_gettime_batch, NULL, UINT64_MAX / 2);
}

/*
 * getppid_generated: getppid from code that the program wrote at run time, as a JIT does. Such a
 * page is writable and executable, so a domain does not patch it and each call takes the trap.
 */
struct generated {
	pid_t (*call)(void);
	pid_t parent;
};

static uint64_t getppid_generated_batch(void *context, uint64_t count)
{
	const struct generated *generated = context;
	uint64_t began_ns = clock_ns();

	for (uint64_t i = 0; i < count; i++)
		MUST(generated->call() == generated->parent);
	return clock_ns() - began_ns;
}

static double getppid_generated_run(void)
{
	/* mov $110, %eax; syscall; ret */
	static const unsigned char code[] = { 0xb8, 0x6e, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	struct generated generated = { .parent = getppid() };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(page != MAP_FAILED);
	memcpy(page, code, sizeof(code));
	generated.call = (pid_t(*)(void))page;
	return measure(getppid_generated_batch, &generated, UINT64_MAX / 2);
}

const struct figure call_figures[] = {
	{ "getppid", getppid_run },
	{ "clock_gettime", clock_gettime_run },
	{ "getppid_generated", getppid_generated_run },
	{ 0 },
};
