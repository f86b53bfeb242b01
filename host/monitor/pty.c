/* SPDX-License-Identifier: MIT */
/* See pty.h. One thread reads the outer side; no locks. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/pty.h"

#define READ_SIZE 16384u
#define END_OF_INPUT 4			/* VEOF, as terminals have it at first */

/* Until there is no inner side any more, which is told as EIO once all is read. */
static void *reader_run(void *argument)
{
	struct pty *pty = argument;
	static char data[READ_SIZE];

	for (;;) {
		struct pollfd ready = { .fd = pty->outer, .events = POLLIN };
		ssize_t size = read(pty->outer, data, sizeof(data)), used = 0, done = 0;

		if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
			poll(&ready, 1, -1);
			continue;
		}
		if (size <= 0)
			return NULL;
		/* What a full disk does not take is lost, as for other streams. */
		while (done >= 0 && used < size) {
			done = output_write(pty->output, "stdout", data + used,
					    (size_t)(size - used));
			used += done;
		}
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
	*inner = ioctl(pty->outer, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*inner < 0 || ioctl(*inner, TIOCSCTTY, 0))
		return -errno;
	return 0;
}

int pty_open(struct pty *pty, struct output *output, struct error *err)
{
	int inner = -1, error = open_both(pty, &inner);

	pty->output = output;
	for (int fd = 0; !error && fd <= STDERR_FILENO; fd++)
		error = dup2(inner, fd) < 0 ? -errno : 0;
	if (!error)
		error = -pthread_create(&pty->reader, NULL, reader_run, pty);
	fd_close(&inner);
	if (!error)
		return 0;
	fd_close(&pty->outer);
	return error_set(err, -error, "can't make a terminal for the domain");
}

void pty_close(struct pty *pty)
{
	char end = END_OF_INPUT;

	/* Who reads standard input may be at it for ever, and keep the inner side open. */
	while (write(pty->outer, &end, 1) < 0 && errno == EINTR)
		;
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	pthread_join(pty->reader, NULL);
	fd_close(&pty->outer);
}
