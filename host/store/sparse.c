/* SPDX-License-Identifier: MIT */
/* Copies of whole host files; see sparse.h. No locks, no state. */
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/sparse.h"

#define PIECE_SIZE (64u << 10)

/* Where the kernel won't copy between these files. */
static int copy_by_hand(int from, int to, off_t at, off_t end)
{
	char piece[PIECE_SIZE];

	while (at < end) {
		size_t want = end - at < (off_t)sizeof(piece) ? (size_t)(end - at) : sizeof(piece);
		ssize_t got = pread(from, piece, want, at);
		int error;

		if (got <= 0)
			return got ? -errno : 0;
		error = fd_pwrite_all(to, piece, (size_t)got, at);
		if (error)
			return error;
		at += got;
	}
	return 0;
}

static int copy_data(int from, int to, off_t at, off_t end)
{
	off_t in = at, out = at;

	while (in < end) {
		ssize_t done = copy_file_range(from, &in, to, &out, (size_t)(end - in), 0);

		if (done < 0 &&
		    (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
			return copy_by_hand(from, to, in, end);
		if (done <= 0)
			return done ? -errno : 0;
	}
	return 0;
}

int sparse_copy(int from, int to)
{
	struct stat status;
	off_t data = 0, hole;
	int error = 0;

	if (!ioctl(to, FICLONE, from))
		return 0;
	if (fstat(from, &status) || ftruncate(to, status.st_size))
		return -errno;
	while (!error && data < status.st_size) {
		data = lseek(from, data, SEEK_DATA);
		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		error = copy_data(from, to, data, hole);
		data = hole;
	}
	return error;
}
