/* SPDX-License-Identifier: MIT */
/* The calls of epoll(7) and eventfd(2) around ipc/epoll.c and ipc/eventfd.c. No locks. */
#include "ipc/epoll.h"
#include "ipc/eventfd.h"
#include "memory/usercopy.h"
#include "syscall/fd_use.h"
#include "syscall/syscall.h"
#include "syscall/wait_mask.h"

#define EVENTS_MAX (INT32_MAX / (int)sizeof(struct epoll_event))

/* Gives a new file a descriptor; file may be an error. */
static long install(struct file *file, bool close_on_exec)
{
	long fd;

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	fd = current_fd_install(file, close_on_exec);
	if (fd < 0)
		file_put(file);
	return fd;
}

long sys_epoll_create1(int flags)
{
	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	return install(epoll_create(), flags & EPOLL_CLOEXEC);
}

long sys_epoll_create(int size)
{
	return size > 0 ? install(epoll_create(), false) : -EINVAL;
}

long sys_epoll_ctl(int epoll_fd, int operation, int fd, uptr address)
{
	struct epoll_event event;
	struct file *epoll, *file;
	long result = -EBADF;

	if (operation != EPOLL_CTL_DEL && get_user(event, address))
		return -EFAULT;
	epoll = current_fd_get(epoll_fd);
	if (!epoll)
		return -EBADF;
	file = current_fd_get(fd);
	if (file) {
		result = epoll_control(epoll, operation, file, fd,
				       operation == EPOLL_CTL_DEL ? NULL : &event);
		file_put(file);
	}
	file_put(epoll);
	return result;
}

static long epoll_wait_until(int epoll_fd, uptr events, int max, u64 deadline_ns)
{
	struct fd_use epoll;
	long result;

	if (max <= 0 || max > EVENTS_MAX)
		return -EINVAL;
	if (!user_range_ok(events, (u64)max * sizeof(struct epoll_event)))
		return -EFAULT;
	epoll = current_fd_use(epoll_fd);
	if (!epoll.file)
		return -EBADF;
	result = epoll_collect(epoll.file, events, max, deadline_ns);
	fd_use_end(epoll);
	return result;
}

long sys_epoll_wait(int epoll_fd, uptr events, int max, int timeout_ms)
{
	return epoll_wait_until(epoll_fd, events, max, deadline_after_ms(timeout_ms));
}

static long epoll_wait_masked(int epoll_fd, uptr events, int max, u64 deadline_ns, uptr set,
			      size_t set_size)
{
	long result = wait_mask_begin(set, set_size);

	if (result)
		return result;
	result = epoll_wait_until(epoll_fd, events, max, deadline_ns);
	wait_mask_end(set, result == -EINTR);
	return result;
}

long sys_epoll_pwait(int epoll_fd, uptr events, int max, int timeout_ms, uptr set, size_t set_size)
{
	return epoll_wait_masked(epoll_fd, events, max, deadline_after_ms(timeout_ms), set,
				 set_size);
}

long sys_epoll_pwait2(int epoll_fd, uptr events, int max, uptr timeout, uptr set, size_t set_size)
{
	u64 deadline_ns;
	long result = deadline_from_timespec(timeout, &deadline_ns);

	return result ? result
		      : epoll_wait_masked(epoll_fd, events, max, deadline_ns, set, set_size);
}

long sys_eventfd2(u32 initial, int flags)
{
	return install(eventfd_create(initial, flags), flags & EFD_CLOEXEC);
}

long sys_eventfd(u32 initial)
{
	return sys_eventfd2(initial, 0);
}
