/* SPDX-License-Identifier: MIT */
/* Answers of the receiver; see answer.h. No locks: one thread. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/base/error.h"
#include "host/cli/answer.h"

#define LINE_MAX_SIZE	512u
#define TOLD_MAX	100u

static void tell(struct answers *answers, const char *text)
{
	char line[sizeof(((struct error *)0)->text)];
	struct error err;

	answers->told++;
	if (answers->told > TOLD_MAX)
		return;
	/* Over what the sender has drawn of its progress. */
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	error_set(&err, 0, "%s", text);
	fprintf(stderr, "mezzo: domain %s: %s\n", answers->domain, error_line(&err, line));
}

static void take_line(struct answers *answers, const char *line)
{
	static const char own[] = "mezzo: ";

	switch (line[0]) {
	case '\0':
		return;
	case ANSWER_ERROR:
		tell(answers, line + 1);
		return;
	case ANSWER_DONE:
	case ANSWER_PART:
	case ANSWER_STOPPED:
	case ANSWER_NOTHING:
		if (!line[1]) {
			answers->end = line[0];
			return;
		}
	}
	/* Of the runner, or of the domain's system layer. */
	tell(answers, strncmp(line, own, strlen(own)) ? line : line + strlen(own));
}

/* Who else has the other end, unread in the socket of a monitor that is stopped, writes nothing. */
static bool may_come(int fd, int runner)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN }, { .fd = runner, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[0].revents != 0;
}

void answers_read(struct answers *answers, int fd, int runner)
{
	char piece[4096], line[LINE_MAX_SIZE + 1];
	size_t used = 0;
	ssize_t size;

	while (may_come(fd, runner) && ((size = read(fd, piece, sizeof(piece))) > 0 ||
					(size < 0 && errno == EINTR))) {
		for (ssize_t i = 0; i < size; i++) {
			if (piece[i] != '\n') {
				/* The rest of a longer line is left out. */
				if (used < LINE_MAX_SIZE)
					line[used++] = piece[i];
				continue;
			}
			line[used] = '\0';
			used = 0;
			take_line(answers, line);
		}
	}
	if (answers->told > TOLD_MAX)
		fprintf(stderr, "mezzo: domain %s: and %llu more\n", answers->domain,
			(unsigned long long)(answers->told - TOLD_MAX));
}
