/* SPDX-License-Identifier: MIT */
/*
 * Clocks. The host's vDSO is mapped in every process; its clock_gettime is called where it surely
 * makes no system call of its own, which would come from outside the gate: for coarse clocks
 * always, for precise ones where the launcher found a clock source that it can read
 * (CONFIG_VDSO_CLOCK).
 *
 * No locks: vdso_clock_gettime is constant after clock_init().
 */
#include <linux/elf.h>
#include <linux/time.h>

#include "core/channel.h"
#include "core/futex.h"
#include "core/host.h"
#include "core/string.h"
#include "core/timer.h"

static int (*vdso_clock_gettime)(int clock, struct __kernel_timespec *time);

/* The vDSO's symbols lie right before their names. */
static uptr vdso_symbol(const Elf64_Ehdr *image, const char *name)
{
	const Elf64_Phdr *segment = (const void *)((uptr)image + image->e_phoff);
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *names = NULL;
	uptr base = (uptr)image;

	for (int i = 0; i < image->e_phnum; i++) {
		if (segment[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)((uptr)image + segment[i].p_offset);
		else if (segment[i].p_type == PT_LOAD)
			base = (uptr)image + segment[i].p_offset - segment[i].p_vaddr;
	}
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)(base + dynamic->d_un.d_ptr);
		else if (dynamic->d_tag == DT_STRTAB)
			names = (const void *)(base + dynamic->d_un.d_ptr);
	}
	if (!symbols || !names)
		return 0;
	for (; (const char *)(symbols + 1) <= names; symbols++)
		if (symbols->st_value && !strcmp(names + symbols->st_name, name))
			return base + symbols->st_value;
	return 0;
}

void clock_init(void)
{
	if (config()->vdso_image)
		vdso_clock_gettime = (void *)vdso_symbol((const void *)config()->vdso_image,
							 "__vdso_clock_gettime");
}

static bool vdso_serves(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return true;
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return config()->flags & CONFIG_VDSO_CLOCK;
	default:
		return false;
	}
}

int clock_read(int clock, struct __kernel_timespec *time)
{
	if (vdso_clock_gettime && vdso_serves(clock))
		return vdso_clock_gettime(clock, time);
	return (int)host_call2(__NR_clock_gettime, clock, time);
}

static u64 clock_ns(int clock)
{
	struct __kernel_timespec time = { 0 };

	clock_read(clock, &time);
	return (u64)time.tv_sec * NS_PER_SECOND + (u64)time.tv_nsec;
}

u64 clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

u64 clock_realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

u64 clock_realtime_coarse_ns(void)
{
	return clock_ns(CLOCK_REALTIME_COARSE);
}

u64 clock_to_monotonic_ns(int clock, u64 instant_ns)
{
	u64 now, there;

	if (clock == CLOCK_MONOTONIC)
		return MAX(instant_ns, 1ull);
	there = clock_ns(clock);
	now = clock_monotonic_ns();
	if (instant_ns >= there)
		return now + (instant_ns - there);
	return there - instant_ns < now ? now - (there - instant_ns) : 1;
}
