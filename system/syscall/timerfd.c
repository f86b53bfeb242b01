/* SPDX-License-Identifier: MIT */
/* The calls of timerfd_create(2) around ipc/timerfd.c. No locks. */
#include "ipc/timerfd.h"

#include <linux/time_types.h>

#include "memory/usercopy.h"
#include "syscall/syscall.h"

#define NS_PER_SECOND 1000000000ull
#define SECONDS_MAX (INT64_MAX / NS_PER_SECOND)

static bool time_valid(const struct __kernel_timespec *time)
{
	return time->tv_sec >= 0 && (u64)time->tv_nsec < NS_PER_SECOND;
}

static u64 time_to_ns(const struct __kernel_timespec *time)
{
	return MIN((u64)time->tv_sec, SECONDS_MAX - 1) * NS_PER_SECOND + time->tv_nsec;
}

static struct __kernel_timespec time_from_ns(u64 ns)
{
	return (struct __kernel_timespec){ ns / NS_PER_SECOND, ns % NS_PER_SECOND };
}

static int time_report(uptr address, const struct timerfd_time *time)
{
	struct __kernel_itimerspec out = {
		.it_interval = time_from_ns(time->interval_ns),
		.it_value = time_from_ns(time->value_ns),
	};

	return address ? put_user(out, address) : 0;
}

long sys_timerfd_create(int clock, int flags)
{
	struct file *file = timerfd_create(clock, flags);
	long fd;

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	fd = current_fd_install(file, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}

long sys_timerfd_settime(int fd, int flags, uptr new_time, uptr old_time)
{
	struct __kernel_itimerspec in;
	struct timerfd_time time, old;
	struct file *file;
	long result;

	if (get_user(in, new_time))
		return -EFAULT;
	if (!time_valid(&in.it_value) || !time_valid(&in.it_interval))
		return -EINVAL;
	file = current_fd_get(fd);
	if (!file)
		return -EBADF;
	time.value_ns = time_to_ns(&in.it_value);
	time.interval_ns = time_to_ns(&in.it_interval);
	result = timerfd_set(file, flags, &time, &old);
	file_put(file);
	return result ? result : time_report(old_time, &old);
}

long sys_timerfd_gettime(int fd, uptr address)
{
	struct file *file = current_fd_get(fd);
	struct timerfd_time time;
	long result;

	if (!file)
		return -EBADF;
	result = timerfd_get(file, &time);
	file_put(file);
	return result ? result : time_report(address, &time);
}
