/* SPDX-License-Identifier: MIT */
/*
 * Tells on a terminal how far a long work is: a bar where the whole is known, else counts. Says
 * nothing elsewhere.
 */
#ifndef HOST_IMAGE_PROGRESS_H
#define HOST_IMAGE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;      /* "import debian" */
	bool shown;	       /* standard error is a terminal */
	bool drawn;	       /* there is a line to be wiped away */
	uint64_t names, bytes; /* done */
	uint64_t at, whole;    /* of the source; whole is 0 where it is not known */
	uint64_t next_ns;      /* when to draw again, CLOCK_MONOTONIC */
};

/* what must outlive it. */
void progress_init(struct progress *progress, const char *what);
/* So much more was done. Draws ten times a second at most. */
void progress_add(struct progress *progress, uint64_t names, uint64_t bytes);
/* Wipes the line away. */
void progress_end(struct progress *progress);

#define SIZE_TEXT_SIZE 24
/* A number of bytes for people: "12.3 MB". Returns text. */
const char *size_print(uint64_t bytes, char text[SIZE_TEXT_SIZE]);

#endif
