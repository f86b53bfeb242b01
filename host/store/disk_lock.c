/* SPDX-License-Identifier: MIT */
/*
 * Locks between the processes that use one store: bytes of DIR/lock, as locks of the open file
 * (OFD), which end with it. LMDB's own lock file is not used: its contents depend on the C library,
 * and `mezzo` and mezzo-image have different ones. What LMDB needs is given by three locks:
 *
 * - Transactions exclude each other: LOCK_WRITER.
 * - A transaction may overwrite pages that only commits before the last one used, so it must know
 *   that nobody reads these. A view of commit N shares the lock of N's parity. Transaction N holds
 *   that lock alone from its begin to its commit: at begin this waits for views of commit N - 2 and
 *   older; new ones are of N - 1 and use the other lock. So readers never wait for a writer, and a
 *   writer waits only for views that two commits have left behind.
 * - The page that names the last commit is written while that lock is held, so that no view begins
 *   with half of it.
 */
#include <errno.h>
#include <fcntl.h>

#include "host/store/disk.h"

static int lock_set(int lock_fd, enum disk_lock lock, short type, int command)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = lock, .l_len = 1 };

	while (fcntl(lock_fd, command, &range)) {
		if (errno != EINTR)
			return errno == EACCES ? -EAGAIN : -errno;
	}
	return 0;
}

int disk_lock(int lock_fd, enum disk_lock lock, bool exclusive, bool wait)
{
	return lock_set(lock_fd, lock, exclusive ? F_WRLCK : F_RDLCK,
			wait ? F_OFD_SETLKW : F_OFD_SETLK);
}

void disk_unlock(int lock_fd, enum disk_lock lock)
{
	lock_set(lock_fd, lock, F_UNLCK, F_OFD_SETLK);
}
