/* SPDX-License-Identifier: MIT */
/* Standard input with a buffer; see receive.h. No locks: one thread. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/receive/receive.h"

static char buffer[256 << 10];
static size_t at, end;

size_t input_piece(size_t size, const char **bytes)
{
	ssize_t got = 0;

	if (at == end && size) {
		do {
			got = read(STDIN_FILENO, buffer, sizeof(buffer));
		} while (got < 0 && errno == EINTR);
		at = 0;
		end = got > 0 ? (size_t)got : 0;
	}
	if (size > end - at)
		size = end - at;
	*bytes = buffer + at;
	at += size;
	return size;
}

bool input_read(void *to, size_t size)
{
	char *next = to;

	while (size) {
		const char *bytes;
		size_t got = input_piece(size, &bytes);

		if (!got)
			return false;
		memcpy(next, bytes, got);
		next += got;
		size -= got;
	}
	return true;
}
