/* SPDX-License-Identifier: MIT */
/* See overlay_file.h. The folder's lock is held: nobody else has the file open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boundary/layout.h"
#include "boundary/overlay_read.h"
#include "host/base/fd.h"
#include "host/domain/overlay_file.h"

#define OVERLAY_NAME	"overlay"
#define OVERLAY_MAKING	"overlay.new"

static int header_write(int fd, const uint8_t index_hash[32])
{
	char page[OVERLAY_PAGE] = { 0 };
	struct overlay_header header = {
		.magic = OVERLAY_MAGIC,
		.version = OVERLAY_VERSION,
		.header_size = sizeof(header),
	};

	memcpy(header.index_hash, index_hash, sizeof(header.index_hash));
	if (getrandom(&header.seed, sizeof(header.seed), 0) != (ssize_t)sizeof(header.seed))
		return -errno;
	memcpy(page, &header, sizeof(header));
	if (pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page))
		return errno ? -errno : -ENOSPC;
	return 0;
}

/* Under another name first: half a header is never found. */
static int overlay_make(int folder_fd, const uint8_t index_hash[32])
{
	int fd = openat(folder_fd, OVERLAY_MAKING,
			O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error = fd < 0 ? -errno : header_write(fd, index_hash);

	if (!error && (fsync(fd) || renameat(folder_fd, OVERLAY_MAKING, folder_fd, OVERLAY_NAME)))
		error = -errno;
	if (!error)
		return fd;
	fd_close(&fd);
	unlinkat(folder_fd, OVERLAY_MAKING, 0);
	return error;
}

static int overlay_check(int fd, const uint8_t index_hash[32], uint64_t *size, struct error *err)
{
	struct overlay_header header;
	struct stat status;

	if (fstat(fd, &status))
		return error_set(err, errno, "overlay");
	if (pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    memcmp(header.magic, OVERLAY_MAGIC, sizeof(header.magic)) ||
	    status.st_size % OVERLAY_PAGE || (uint64_t)status.st_size > OVERLAY_SIZE_MAX)
		return error_set(err, EUCLEAN, "this domain's overlay is damaged");
	if (!overlay_header_is_good(&header))
		return error_set(err, EPROTO,
				 "this domain's overlay has version %u, and this program knows "
				 "version %u", header.version, OVERLAY_VERSION);
	if (index_hash && memcmp(header.index_hash, index_hash, sizeof(header.index_hash)))
		return error_set(err, ESTALE, "this domain's overlay is one of another image");
	*size = (uint64_t)status.st_size;
	return 0;
}

/*
 * After a monitor was killed, and so lost the folder's lock, the domain's processes may still be
 * dying, with the file mapped. This lock is theirs, too: they have the same open file. One that has
 * let go of that can write the overlay no more; what else it may write has locks of its own
 * (own_objects.h).
 */
static int overlay_wait(int fd, struct error *err)
{
	while (flock(fd, LOCK_EX)) {
		if (errno != EINTR)
			return error_set(err, errno, "can't lock this domain's overlay");
	}
	return 0;
}

int overlay_file_open(int folder_fd, const uint8_t index_hash[32], uint64_t *size,
		      struct error *err)
{
	int fd = openat(folder_fd, OVERLAY_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW), error;

	if (fd < 0)
		fd = errno == ENOENT ? overlay_make(folder_fd, index_hash) : -errno;
	if (fd < 0)
		return error_set(err, -fd, "can't open this domain's overlay");
	error = overlay_wait(fd, err);
	if (!error)
		error = overlay_check(fd, index_hash, size, err);
	if (!error)
		return fd;
	close(fd);
	return error;
}

int overlay_file_look(int folder_fd, const uint8_t index_hash[32], bool is_live, uint64_t *size,
		      struct error *err)
{
	int fd = openat(folder_fd, OVERLAY_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : error_set(err, errno, "can't open this domain's "
							     "overlay");
	error = is_live ? 0 : overlay_wait(fd, err);
	/* Nobody starts the domain now; and we may want to open it to write beside this. */
	if (!error && !is_live)
		flock(fd, LOCK_UN);
	if (!error)
		error = overlay_check(fd, index_hash, size, err);
	if (!error)
		return fd;
	close(fd);
	return error;
}

int overlay_file_grow(int fd, uint64_t size)
{
	char zeros[OVERLAY_PAGE] = { 0 };
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	if ((uint64_t)status.st_size >= size)
		return 0;
	if (!fallocate(fd, 0, status.st_size, (off_t)size - status.st_size))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	/* A file system that can't promise space has it when it was written. */
	for (off_t at = status.st_size; (uint64_t)at < size; at += OVERLAY_PAGE) {
		if (pwrite(fd, zeros, sizeof(zeros), at) != (ssize_t)sizeof(zeros)) {
			int error = errno ? errno : ENOSPC;

			ftruncate(fd, status.st_size);
			return -error;
		}
	}
	return 0;
}

/* Where holes can be made they can be filled. */
int overlay_file_fill(int fd, uint64_t offset, uint64_t size)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size) ? -errno : 0;
}
