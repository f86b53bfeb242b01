/* SPDX-License-Identifier: MIT */
/* How long a process may make a file, and writing within that. */
#ifndef SYSCALL_FILE_SIZE_H
#define SYSCALL_FILE_SIZE_H

#include "process/process.h"
#include "signal/signal.h"

/* May the calling process make a file so long? 0, or -EFBIG with SIGXFSZ (RLIMIT_FSIZE). */
static inline int file_size_check(u64 size)
{
	signal_info info = { .si_signo = SIGXFSZ, .si_code = SI_KERNEL };

	if (size <= process_current()->limits[RLIMIT_FSIZE].rlim_cur)
		return 0;
	signal_send_thread(thread_current(), &info);
	return -EFBIG;
}

struct iter;

/*
 * As write(2) does it, at an offset that moves on: not beyond RLIMIT_FSIZE, and the file loses its
 * set-user-id and set-group-id bits. Bytes or -errno. syscall/data.c.
 */
ssize_t file_write_at(struct file *file, struct iter *from, u64 *offset);

#endif
