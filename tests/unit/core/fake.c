/* SPDX-License-Identifier: MIT */
/* See fake.h. */
#include "fake.h"

#include <asm/prctl.h>
#include <asm/unistd_64.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/uio.h>

#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "core/timer.h"
#include "memory/usercopy.h"

/* The C library's headers and the layer's disagree about a few types, so these stand here. */
long syscall(long number, ...);
int *__errno_location(void);
void abort(void);

jmp_buf fake_panic;
int fake_panic_expected;
char fake_panic_text[256];

long host_call(long number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	long result = syscall(number, a, b, c, d, e, f);

	return result == -1 ? -*__errno_location() : result;
}

void layer_crash(const struct regs *regs, const char *f, ...)
{
	va_list args;

	(void)regs;
	va_start(args, f);
	vformat(fake_panic_text, sizeof(fake_panic_text), f, args);
	va_end(args);
	if (!fake_panic_expected) {
		host_call3(__NR_write, 2, fake_panic_text, strlen(fake_panic_text));
		abort();
	}
	longjmp(fake_panic, 1);
}

u64 clock_monotonic_ns(void)
{
	long time[2];

	host_call2(__NR_clock_gettime, 1, time);
	return (u64)time[0] * 1000000000u + (u64)time[1];
}

/* Nobody asks these threads for their memory. */
void thread_serve(void)
{
}

/* All clocks here are the one above. */
u64 clock_to_monotonic_ns(int clock, u64 instant_ns)
{
	(void)clock;
	return instant_ns;
}

/*
 * Weak: tests of other parts bring their own. Program memory is the test's; addresses that are not
 * mapped are found by the host.
 */
__attribute__((weak)) int copy_from_user(void *to, uptr from, size_t size)
{
	struct iovec target = { to, size }, source = { (void *)from, size };

	if (!size)
		return 0;
	return host_call6(__NR_process_vm_readv, host_call0(__NR_getpid), &target, 1, &source, 1,
			  0) == (long)size
		       ? 0
		       : -EFAULT;
}

__attribute__((weak)) ssize_t copy_string_from_user(char *to, uptr from, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (copy_from_user(to + i, from + i, 1))
			return -EFAULT;
		if (!to[i])
			return (ssize_t)i;
	}
	return -ENAMETOOLONG;
}

const char *fake_find(const char *text, const char *part)
{
	for (; *text; text++)
		if (!strncmp(text, part, strlen(part)))
			return text;
	return NULL;
}

struct thread *fake_thread_create(void)
{
	struct thread *thread = pages_alloc(THREAD_BLOCK_SIZE / PAGE_SIZE, 8);

	memset(thread, 0, sizeof(*thread));
	thread->self = thread;
	return thread;
}

void fake_thread_enter(struct thread *thread)
{
	host_call2(__NR_arch_prctl, ARCH_SET_GS, thread);
}

static void map_at(u64 address, u64 size)
{
	long handle = host_call2(__NR_memfd_create, "fake", 0);

	host_call2(__NR_ftruncate, handle, size);
	if (host_mmap(address, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
		      (int)handle, 0) != (long)address)
		abort();
	host_call1(__NR_close, (int)handle);
}

int fake_start(void **state)
{
	struct channel *c = (struct channel *)CHANNEL_BASE;
	static struct thread first;

	(void)state;
	map_at(HEAP_BASE, HEAP_SIZE);
	map_at(CHANNEL_BASE, ROUND_UP(sizeof(struct channel), PAGE_SIZE));
	c->config.cpu_count = 2;
	c->log.data_offset = (u32)offsetof(struct channel, log_data);
	config_take();
	first.self = &first;
	fake_thread_enter(&first);
	heap_init(HEAP_BASE);
	fake_thread_enter(fake_thread_create());
	return 0;
}
