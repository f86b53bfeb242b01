/* SPDX-License-Identifier: MIT */
/* See pty.h. One thread reads the outer side, until it is told to stop; no locks. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/pty.h"

#define READ_SIZE 16384u

/* What a full disk does not take is lost, as for other streams. */
static void keep(struct pty *pty, const char *data, ssize_t size)
{
	ssize_t used = 0, done = 0;

	while (done >= 0 && used < size) {
		done = output_write(pty->output, "stdout", data + used, (size_t)(size - used));
		used += done;
	}
}

/*
 * A read finds all that was written to the inner side before it: so who is told to stop has read
 * everything once nothing is there.
 */
static void *reader_run(void *argument)
{
	struct pty *pty = argument;
	static char data[READ_SIZE];
	bool is_last = false;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = pty->outer, .events = POLLIN },
			{ .fd = pty->stop_fd, .events = POLLIN },
		};
		ssize_t size = read(pty->outer, data, sizeof(data));

		if (size > 0)
			keep(pty, data, size);
		else if (!size || (errno != EINTR && (errno != EAGAIN || is_last)))
			return NULL;
		else if (errno == EAGAIN && poll(fds, 2, -1) > 0)
			is_last = fds[1].revents;
	}
}

static int open_both(struct pty *pty, int *inner)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int unlock = 0;

	pty->outer = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (pty->outer < 0 || ioctl(pty->outer, TIOCSPTLCK, &unlock) ||
	    ioctl(pty->outer, TIOCSWINSZ, &size))
		return -errno;
	*inner = ioctl(pty->outer, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*inner < 0 || ioctl(*inner, TIOCSCTTY, 0))
		return -errno;
	return 0;
}

int pty_open(struct pty *pty, struct output *output, struct error *err)
{
	int inner = -1, error = open_both(pty, &inner);

	pty->output = output;
	pty->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (!error && pty->stop_fd < 0)
		error = -errno;
	for (int fd = 0; !error && fd <= STDERR_FILENO; fd++)
		error = dup2(inner, fd) < 0 ? -errno : 0;
	if (!error)
		error = -pthread_create(&pty->reader, NULL, reader_run, pty);
	fd_close(&inner);
	if (!error)
		return 0;
	fd_close(&pty->outer);
	fd_close(&pty->stop_fd);
	return error_set(err, -error, "can't make a terminal for the domain");
}

void pty_close(struct pty *pty)
{
	uint64_t one = 1;

	if (write(pty->stop_fd, &one, sizeof(one)) < 0)
		abort();
	pthread_join(pty->reader, NULL);
	fd_close(&pty->outer);
	fd_close(&pty->stop_fd);
}
