/* SPDX-License-Identifier: MIT */
/* Words of a line of a Dockerfile: quotes, backslashes and variables, by its rules. */
#ifndef HOST_IMAGE_WORDS_H
#define HOST_IMAGE_WORDS_H

#include <json.h>
#include <stddef.h>

#include "host/base/error.h"

/*
 * The next word of a line, as it is written: *at is moved behind it, and its size is returned, 0 at
 * the end. Blanks within quotes or behind a backslash do not end it.
 */
size_t word_next(const char **at, const char **word);

/*
 * What is meant by text that is size bytes long, as a string that free() ends: without quotes and
 * backslashes, and with $NAME, ${NAME}, ${NAME:-WORD} and ${NAME:+WORD} in their places, but in
 * single quotes. environment: an array of NAME=VALUE, or NULL. NULL with *err set: -EINVAL where a
 * quote or a brace has no end, or -ENOMEM.
 */
char *word_expand(const char *text, size_t size, struct json_object *environment,
		  struct error *err);

#endif
