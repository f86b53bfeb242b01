/* SPDX-License-Identifier: MIT */
/* Small operations on host file descriptors; see fd.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"

int fd_secure_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC;

		/* The lowest free number is this one: those before are open. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) < 0)
			return -errno;
	}
	return 0;
}

bool fd_is_stand_in(int fd)
{
	/* Nothing that came through exec has the flag. */
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int fd_open_file(int dir_fd, const char *name, int flags, unsigned mode)
{
	struct stat status;
	int error, fd;

	flags |= O_CLOEXEC | O_NOFOLLOW;
	fd = openat(dir_fd, name, flags | O_NONBLOCK, mode);
	/* Somebody looks by a lease who has it open for writing: only regular files have them. */
	if (fd < 0 && errno == EWOULDBLOCK)
		fd = openat(dir_fd, name, flags, mode);
	if (fd < 0 && (errno == ENXIO || errno == ENODEV || errno == EISDIR || errno == ELOOP))
		return -EUCLEAN;
	if (fd < 0)
		return -errno;
	error = fstat(fd, &status) ? -errno : S_ISREG(status.st_mode) ? 0 : -EUCLEAN;
	if (error)
		close(fd);
	return error ? error : fd;
}

int fd_pwrite_all(int fd, const void *data, size_t size, long offset)
{
	const char *from = data;

	while (size) {
		ssize_t done = pwrite(fd, from, size, offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		from += done;
		offset += done;
		size -= (size_t)done;
	}
	return 0;
}

int fd_pread_all(int fd, void *data, size_t size, long offset)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(fd, (char *)data + done, size - done, offset + (long)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -ENODATA;
		done += (size_t)got;
	}
	return 0;
}

long fd_read_file(const char *path, char *text, size_t size)
{
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (used < size - 1) {
		ssize_t done = read(fd, text + used, size - 1 - used);

		if (done < 0) {
			close(fd);
			return -errno;
		}
		if (!done)
			break;
		used += (size_t)done;
	}
	close(fd);
	text[used] = '\0';
	return (long)used;
}
