/* SPDX-License-Identifier: MIT */
/* Lines on standard output; see receive.h. No locks: one thread. */
#include <stdio.h>
#include <string.h>

#include "host/receive/receive.h"

/* A name with a newline must not end the line. */
static void put(const char *text)
{
	for (; *text; text++)
		putchar(*text == '\n' ? '?' : *text);
}

void answer_error(const char *path, const char *message, int error)
{
	putchar(ANSWER_ERROR);
	put(path);
	printf(": %s: %s\n", message, strerror(error < 0 ? -error : error));
	fflush(stdout);
}

void answer_end(char how)
{
	printf("%c\n", how);
	fflush(stdout);
}
