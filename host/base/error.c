/* SPDX-License-Identifier: MIT */
/*
 * Errors with a line of text; see error.h. No locks: an error belongs to the thread that fills it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/base/error.h"

/* Not every C library has a text for what damaged data are, nor any for what helps. */
static const char *code_text(int code)
{
	if (code == EMFILE)
		return "too few file descriptors: raise `ulimit -n`";
	return code == EUCLEAN ? "the data are damaged" : strerror(code);
}

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list args;
	size_t used;

	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	if (code)
		snprintf(err->text + used, sizeof(err->text) - used, ": %s", code_text(code));
	return code ? -code : -EINVAL;
}

void error_context(struct error *err, const char *format, ...)
{
	char former[sizeof(err->text)];
	va_list args;
	size_t used;

	memcpy(former, err->text, sizeof(former));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %.*s",
		 (int)(sizeof(former) - 1), former);
}

bool error_is_want(int result)
{
	return result == -ENOMEM || result == -EMFILE || result == -ENFILE;
}

const char *error_line(const struct error *err, char line[sizeof(err->text)])
{
	strcpy(line, err->text);
	for (char *at = line; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
	return line;
}
