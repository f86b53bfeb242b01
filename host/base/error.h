/* SPDX-License-Identifier: MIT */
/*
 * How the host side says what went wrong: a code for the caller and a line for the person. The line
 * is written where the failure is seen; each caller on the way up may put its own context before
 * it.
 */
#ifndef HOST_BASE_ERROR_H
#define HOST_BASE_ERROR_H

#include <stdbool.h>

struct error {
	int code;			/* a positive errno, or 0 where none fits */
	char text[600];
};

/*
 * Fill err with a code and a message; ": " and the code's own text follow where code is not 0.
 * Returns -code (-EINVAL where code is 0), so that `return error_set(...)` is the usual way out.
 */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "context: " before the message of an error that is already set. */
void error_context(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Whether a result is that of a process which lacks memory or descriptors, and so tells nothing of
 * what it was about to look at.
 */
bool error_is_want(int result);

/*
 * The message as one line for a terminal, copied to line: names of hostile sources may be in it,
 * and nothing of them moves the cursor or begins a line. Returns line.
 */
const char *error_line(const struct error *err, char line[sizeof(((struct error *)0)->text)]);

#endif
