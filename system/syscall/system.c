/* SPDX-License-Identifier: MIT */
/* What a program asks about the system it runs on. No locks. */
#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/personality.h>
#include <linux/random.h>
#include <linux/sysinfo.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/utsname.h>

#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "core/system_name.h"
#include "core/timer.h"
#include "memory/usercopy.h"
#include "process/load.h"
#include "process/process.h"
#include "syscalls.h"

#define MEMBARRIER_ALLOWED \
	(MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

long sys_uname(uptr address)
{
	struct new_utsname name;

	system_name(&name);
	if ((process_current()->personality & PER_MASK) == PER_LINUX32)
		strlcpy(name.machine, "i686", sizeof(name.machine));
	return put_user(name, address);
}

static long name_change(enum system_name_part part, uptr from, size_t size)
{
	char name[__NEW_UTS_LEN + 1] = { 0 };

	if (!credentials_capable(process_current()->credentials, CAP_SYS_ADMIN))
		return -EPERM;
	if (size > __NEW_UTS_LEN)
		return -EINVAL;
	if (copy_from_user(name, from, size))
		return -EFAULT;
	system_name_change(part, name);
	return 0;
}

long sys_sethostname(uptr name, size_t size)
{
	return name_change(SYSTEM_NODE_NAME, name, size);
}

long sys_setdomainname(uptr name, size_t size)
{
	return name_change(SYSTEM_DOMAIN_NAME, name, size);
}

long sys_sysinfo(uptr address)
{
	struct __kernel_timespec up = { 0 };
	struct heap_usage heap;
	struct sysinfo info = { .mem_unit = 1 };
	u32 loads[3];
	int error = load_read(loads);

	if (error)
		return error;
	for (u32 i = 0; i < ARRAY_SIZE(loads); i++)
		info.loads[i] = (u64)loads[i] << (SI_LOAD_SHIFT - LOAD_SHIFT);
	clock_read(CLOCK_BOOTTIME, &up);
	heap_usage(&heap);
	info.uptime = up.tv_sec + (up.tv_nsec != 0);
	info.totalram = config()->memory_total;
	info.freeram = info.totalram > heap.page_bytes ? info.totalram - heap.page_bytes : 0;
	info.procs = (u16)process_count();
	return put_user(info, address);
}

long sys_getrandom(uptr buffer, size_t size, u32 flags)
{
	long result;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	size = MIN(size, (size_t)INT32_MAX);
	if (!user_range_ok(buffer, size))
		return -EFAULT;
	result = host_call3(__NR_getrandom, buffer, size, flags);
	return result == -EINTR ? -ERESTARTSYS : result;
}

/* There is no kernel log in a domain. */
long sys_syslog(int type, uptr buffer, int size)
{
	(void)type;
	(void)buffer;
	(void)size;
	return -EPERM;
}

/* Remembered and inherited; of its flags ADDR_NO_RANDOMIZE and PER_LINUX32 mean something. */
long sys_personality(u64 personality)
{
	struct process *process = process_current();
	u32 old = process->personality;

	if ((u32)personality != 0xffffffff)
		process->personality = (u32)personality;
	return old;
}

long sys_membarrier(int command, u64 flags, int cpu)
{
	long result;

	if (flags)
		return -EINVAL;
	if (command == MEMBARRIER_CMD_QUERY) {
		result = host_call3(__NR_membarrier, command, 0, 0);
		return result < 0 ? result : result & MEMBARRIER_ALLOWED;
	}
	if (command & ~MEMBARRIER_ALLOWED)
		return -EINVAL;
	return host_call3(__NR_membarrier, command, 0, cpu);
}
