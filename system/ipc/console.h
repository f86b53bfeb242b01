/* SPDX-License-Identifier: MIT */
/*
 * A console: the standard streams of a program that was started from outside, and their terminal if
 * they are at one (boundary/abi.h). The first program's lives as long as the domain. Another one's
 * is hung up when its program ends: what other processes still hold of it is dead then, and the
 * console in the channel goes to the next program.
 */
#ifndef IPC_CONSOLE_H
#define IPC_CONSOLE_H

#include "boundary/abi.h"
#include "core/channel.h"
#include "core/lock.h"
#include "core/wait.h"
#include "tty/tty.h"

struct process;

struct stream_end {
	struct lock lock;		/* LOCK_PIPE */
	struct console_state *console;
	u32 index;			/* STREAM_IN and so on */
	struct wait_queue queue;
	u32 errors_told;	/* of the ring's errors, how many a writer has got; atomic */
};

struct console_state {
	refcount references;		/* files, and the program's process until it ends */
	u32 index;			/* in the channel */
	struct process *leader;		/* whose program it is; reference held until it ends */
	u32 stream_flags[STREAM_COUNT];	/* constant */
	struct stream_end streams[STREAM_COUNT];
	/* atomic: between console_enter() and console_leave(), the first console's not counted */
	u32 users;
	bool hung_up;			/* atomic */
	struct wait_queue idle;		/* console_hang_up() waits for the users to go */
	struct {			/* tty/: at a terminal only */
		struct tty tty;
		struct lock lock;	/* LOCK_EVENT: modes */
		struct terminal_modes modes;
	} terminal;
};

/*
 * Console index, whose program is leader's, becomes one in use. The first one's memory is always
 * there; NULL: out of memory.
 */
struct console_state *console_create(u32 index, struct process *leader);
/* For the first thing that fails after console_create(), and for the end of references. */
void console_put(struct console_state *console);
static inline void console_get(struct console_state *console)
{
	refcount_get(&console->references);
}

/* Its part of the channel. Of one that is hung up it may be another's: see console_enter(). */
static inline struct console *console_shared(const struct console_state *console)
{
	return &channel()->consoles[console->index];
}

bool console_has_terminal(const struct console_state *console);

static inline bool console_is_first(const struct console_state *console)
{
	return console->index == CONSOLE_FIRST;
}

static inline bool console_is_hung_up(const struct console_state *console)
{
	return __atomic_load_n(&console->hung_up, __ATOMIC_SEQ_CST);
}

/*
 * Whoever looks at the console's part of the channel, or names the console in a request, does it in
 * between. False where it is hung up. May nest. Whoever sleeps there wakes when it is hung up.
 */
bool console_enter(struct console_state *console) __must_check;
void console_leave(struct console_state *console);

/*
 * Not the first console: no file leads to the channel any more, and all who were about it have
 * left. Sleeps. Called once, at the end of its program.
 */
void console_hang_up(struct console_state *console);

/* The one in use under this number, with a reference; NULL: none. */
struct console_state *console_find(u32 index);
/*
 * Calls visit for each in use, under a short lock (LOCK_EVENT), until it returns true: that one,
 * with a reference.
 */
struct console_state *console_for_each(bool (*visit)(struct console_state *console, void *data),
				       void *data);
#endif
