/* SPDX-License-Identifier: MIT */
/*
 * Consoles; see console.h. table_lock (LOCK_EVENT) guards the table, in which a console is from its
 * making until it is hung up.
 *
 * Hanging up: the flag is set, and whoever comes then is sent away at console_enter(). Those who
 * came before are woken and counted out. So no file can touch the rings of the program that gets
 * the console next.
 */
#include "ipc/console.h"

#include "core/heap.h"
#include "process/process.h"

static struct lock table_lock = LOCK_INIT(LOCK_EVENT);
static struct console_state *table[CONSOLE_MAX];
static struct console_state first_console;

static void console_init(struct console_state *console, u32 index, struct process *leader)
{
	const struct program *program = &channel()->consoles[index].program;

	refcount_init(&console->references, 1);
	console->index = index;
	console->leader = leader;
	process_get(leader);
	wait_queue_init(&console->idle);
	lock_init(&console->terminal.lock, LOCK_EVENT);
	console->terminal.modes = channel()->consoles[index].terminal.modes;
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		struct stream_end *stream = &console->streams[i];

		console->stream_flags[i] = program->stream_flags[i];
		stream->console = console;
		stream->index = i;
		lock_init(&stream->lock, LOCK_PIPE);
		wait_queue_init(&stream->queue);
	}
}

struct console_state *console_create(u32 index, struct process *leader)
{
	struct console_state *console = &first_console;

	if (index != CONSOLE_FIRST)
		console = heap_alloc_zero(sizeof(*console));
	if (!console)
		return NULL;
	console_init(console, index, leader);
	lock_acquire(&table_lock);
	table[index] = console;
	lock_release(&table_lock);
	return console;
}

void console_put(struct console_state *console)
{
	if (refcount_put(&console->references) && !console_is_first(console))
		heap_free(console);
}

bool console_has_terminal(const struct console_state *console)
{
	return (console->stream_flags[STREAM_IN] | console->stream_flags[STREAM_OUT] |
		console->stream_flags[STREAM_ERR]) & STREAM_IS_TTY;
}

bool console_enter(struct console_state *console)
{
	if (console_is_first(console))
		return true;
	atomic_add(&console->users, 1);
	if (!console_is_hung_up(console))
		return true;
	console_leave(console);
	return false;
}

/* Whoever waits for the last to leave has a reference. */
void console_leave(struct console_state *console)
{
	if (!console_is_first(console) && !atomic_sub(&console->users, 1) &&
	    console_is_hung_up(console))
		wait_queue_wake_all(&console->idle, 0);
}

void console_hang_up(struct console_state *console)
{
	lock_acquire(&table_lock);
	table[console->index] = NULL;
	lock_release(&table_lock);
	__atomic_store_n(&console->hung_up, true, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < STREAM_COUNT; i++)
		wait_queue_wake_all(&console->streams[i].queue, 0);
	wait_event_uninterruptible(&console->idle,
				   !__atomic_load_n(&console->users, __ATOMIC_SEQ_CST));
	process_put(console->leader);
}

struct console_state *console_find(u32 index)
{
	struct console_state *console;

	lock_acquire(&table_lock);
	console = table[index];
	if (console)
		console_get(console);
	lock_release(&table_lock);
	return console;
}

struct console_state *console_for_each(bool (*visit)(struct console_state *console, void *data),
				       void *data)
{
	struct console_state *found = NULL;

	lock_acquire(&table_lock);
	for (u32 i = 0; i < CONSOLE_MAX && !found; i++)
		if (table[i] && visit(table[i], data))
			found = table[i];
	if (found)
		console_get(found);
	lock_release(&table_lock);
	return found;
}
