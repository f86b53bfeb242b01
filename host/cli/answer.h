/* SPDX-License-Identifier: MIT */
/* What the receiver of files answers (host/receive/stream.h), as lines for the user. */
#ifndef HOST_CLI_ANSWER_H
#define HOST_CLI_ANSWER_H

#include <stdint.h>

#include "host/receive/stream.h"

struct answers {
	const char *domain;		/* its name, for messages */
	uint64_t told;			/* out: lines that told of something */
	char end;			/* out: ANSWER_DONE and so on; 0: there was no such line */
};

/*
 * Reads to the end, or to that of the runner, by its pidfd, and prints errors to standard error:
 * what comes from the domain is cleaned, cut and counted, and can do no more than be wrong.
 */
void answers_read(struct answers *answers, int fd, int runner);

#endif
