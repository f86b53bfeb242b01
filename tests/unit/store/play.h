/* SPDX-License-Identifier: MIT */
/*
 * What tests of the object store share: stores in a temporary directory, and objects with content.
 */
#ifndef TESTS_UNIT_STORE_PLAY_H
#define TESTS_UNIT_STORE_PLAY_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/store/store.h"
#include "tests/unit/unit.h"

extern struct error play_error;

/* Succeeds, or the test ends with the error's text. */
#define must(call)                                                  \
	do {                                                        \
		if ((call) < 0)                                     \
			fail_msg("%s: %s", #call, play_error.text); \
	} while (0)

/* A directory for one test program, removed at its end; a path in it. */
const char *play_directory(void);
/* Before that: a directory whose disk is memory will do, and is faster. */
void play_in_memory(void);
void play_remove_directory(void);
const char *play_path(const char *name);
void play_run(const char *command);

/* Opens the store that is there and begins a transaction; ends both. */
struct store *play_begin(void);
void play_commit(struct store *store);

/* T: a private object with this content, or a sealed one. */
object_id play_object(struct store *store, const void *bytes, size_t size);
object_id play_sealed(struct store *store, const char *text);
/* The whole content as text, in a static buffer. */
const char *play_text(struct store *store, object_id id);
/* store_check(): findings are kept in play_findings. Returns what is left. */
extern char play_findings[4096];
unsigned play_check(const char *path, bool repair, unsigned *found);

#endif
