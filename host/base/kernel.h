/* SPDX-License-Identifier: MIT */
/*
 * System calls that not every C library wraps. They set errno and return -1 as wrappers do.
 */
#ifndef HOST_BASE_KERNEL_H
#define HOST_BASE_KERNEL_H

#include <linux/mount.h>
#include <linux/stat.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define KERNEL_MNT_DETACH 2

/* Those of cachestat(2), of Linux 6.5. */
struct kernel_cache_range {
	uint64_t offset, size;		/* size 0: to the end of the file */
};

struct kernel_cache_pages {
	uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

static inline int kernel_fsopen(const char *name, unsigned int flags)
{
	return (int)syscall(SYS_fsopen, name, flags);
}

static inline int kernel_fsconfig(int fd, unsigned int command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fd, command, key, value, 0);
}

static inline int kernel_fsmount(int fd, unsigned int flags, unsigned int attributes)
{
	return (int)syscall(SYS_fsmount, fd, flags, attributes);
}

static inline int kernel_move_mount(int from, const char *from_path, int to, const char *to_path,
				    unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int kernel_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int kernel_umount(const char *path, int flags)
{
	return (int)syscall(SYS_umount2, path, flags);
}

static inline int kernel_close_range(unsigned int first, unsigned int last)
{
	return (int)syscall(SYS_close_range, first, last, 0);
}

static inline int kernel_pidfd_open(pid_t process)
{
	return (int)syscall(SYS_pidfd_open, process, 0);
}

static inline int kernel_pidfd_send_signal(int pidfd, int number)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

static inline int kernel_cachestat(int fd, const struct kernel_cache_range *range,
				   struct kernel_cache_pages *pages)
{
	return (int)syscall(SYS_cachestat, fd, range, pages, 0);
}

static inline int kernel_pkey_alloc(void)
{
	return (int)syscall(SYS_pkey_alloc, 0, 0);
}

static inline int kernel_statx(int directory, const char *path, int flags, unsigned int mask,
			       struct statx *status)
{
	return (int)syscall(SYS_statx, directory, path, flags, mask, status);
}

#endif
