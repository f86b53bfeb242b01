/* SPDX-License-Identifier: MIT */
/*
 * What the core finds under it in unit tests: a heap and a channel at their real addresses, a
 * thread block for each thread of the test, host calls that are the test's own, and panics that the
 * test can expect.
 */
#ifndef FAKE_H
#define FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/channel.h"
#include "core/heap.h"
#include "core/thread.h"

/* A group setup: maps heap and channel, gives the calling thread a block. */
int fake_start(void **state);
/* A block for a new thread, which takes it as its own first of all. */
struct thread *fake_thread_create(void);
void fake_thread_enter(struct thread *thread);

extern jmp_buf fake_panic;
extern int fake_panic_expected;
extern char fake_panic_text[256];

/* The statement must panic with a message that holds text. */
#define expect_panic(statement, text) do { \
		fake_panic_expected = 1; \
		if (!setjmp(fake_panic)) { \
			statement; \
			fake_panic_expected = 0; \
			fail_msg("no panic: " #statement); \
		} \
		fake_panic_expected = 0; \
		assert_non_null(fake_find(fake_panic_text, text)); \
	} while (0)

const char *fake_find(const char *text, const char *part);

#endif
