/* SPDX-License-Identifier: MIT */
/*
 * Consoles that come and go; see console.h. A console is given back twice: by the domain, whose
 * program has ended (REQ_CONSOLE_EXIT), and by its streams, when all output is written. Then its
 * memory goes back to the host, and the next program may have it. The streams may be first, where
 * the owner hangs up: a domain that keeps the console has no descriptor of ours by it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/launch/program.h"
#include "host/monitor/console.h"
#include "host/monitor/futex.h"

/* How long a dead domain's output may wait for who does not read it. */
#define END_PATIENCE_MS	1000

void consoles_init(struct consoles *consoles, struct channel *channel, int trouble_fd,
		   const struct console_listener *listener)
{
	*consoles = (struct consoles){
		.channel = channel, .trouble_fd = trouble_fd, .done_fd = -1, .listener = listener,
	};
}

/* ---- Starting ---- */

static uint32_t slot_number(const struct consoles *consoles, const struct console_slot *slot)
{
	return (uint32_t)(slot - consoles->slots);
}

static struct console_slot *slot_find(struct consoles *consoles)
{
	for (uint32_t i = CONSOLE_FIRST + 1; i < CONSOLE_MAX; i++) {
		if (consoles->slots[i].state == CONSOLE_FREE)
			return &consoles->slots[i];
	}
	return NULL;
}

static void slot_close_files(struct console_slot *slot)
{
	for (int i = 0; i < STREAM_COUNT; i++)
		fd_close(&slot->fds[i]);
}

static void slot_close(struct console_slot *slot)
{
	slot_close_files(slot);
	*slot = (struct console_slot){ .state = CONSOLE_FREE };
}

static void post(struct channel *channel, uint32_t console, uint32_t *consoles, uint32_t event)
{
	__atomic_fetch_or(consoles, 1u << console, __ATOMIC_SEQ_CST);
	channel_post(channel, event);
}

static int slot_start(struct consoles *consoles, struct console_slot *slot, const struct plan *plan,
		      struct error *err)
{
	uint32_t number = slot_number(consoles, slot);
	struct console *shared = &consoles->channel->consoles[number];

	if (consoles->done_fd < 0)
		consoles->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (consoles->done_fd < 0)
		return error_set(err, errno, "can't watch the program");
	program_fill(consoles->channel, number, plan);
	terminal_init(&slot->terminal, slot->fds, plan->stream_flags, &shared->terminal);
	slot->streams = streams_start_console(consoles->channel, number, slot->fds,
					      consoles->trouble_fd, consoles->done_fd, err);
	if (!slot->streams)
		return -err->code;
	slot->state = CONSOLE_RUNNING;
	post(consoles->channel, number, &consoles->channel->starts, EVENT_CONSOLES);
	return (int)number;
}

int console_start(struct consoles *consoles, const struct plan *plan, int fds[STREAM_COUNT],
		  void *owner, struct error *err)
{
	struct console_slot *slot = slot_find(consoles);
	int result;

	if (slot) {
		*slot = (struct console_slot){ .owner = owner };
		memcpy(slot->fds, fds, sizeof(slot->fds));
		result = slot_start(consoles, slot, plan, err);
	} else {
		for (int i = 0; i < STREAM_COUNT; i++)
			fd_close(&fds[i]);
		result = error_set(err, EAGAIN, "%u programs were started in the domain and have "
				   "not ended, and it takes no more", CONSOLE_MAX - 1);
	}
	for (int i = 0; i < STREAM_COUNT; i++)
		fds[i] = -1;
	if (slot && result < 0)
		slot_close(slot);
	return result;
}

/* ---- While it runs ---- */

struct console_slot *console_of_domain(struct consoles *consoles, uint32_t console)
{
	if (console >= CONSOLE_MAX || consoles->slots[console].state != CONSOLE_RUNNING)
		return NULL;
	return &consoles->slots[console];
}

void console_post_signals(struct channel *channel, uint32_t console, uint64_t signals)
{
	__atomic_fetch_or(&channel->consoles[console].signals, signals, __ATOMIC_SEQ_CST);
	post(channel, console, &channel->signalled, EVENT_SIGNALS);
}

void console_signal(struct consoles *consoles, uint32_t console, int number)
{
	struct console_slot *slot = console_of_domain(consoles, console);

	if (!slot)
		return;
	if (number == SIGWINCH)
		terminal_resize(&slot->terminal);
	console_post_signals(consoles->channel, console, 1ull << (number - 1));
}

void console_hang_up(struct consoles *consoles, uint32_t console)
{
	struct console_slot *slot = &consoles->slots[console];

	slot->owner = NULL;
	if (slot->streams)
		streams_hang_up(slot->streams);
	terminal_restore(&slot->terminal);
	slot->terminal.fd = -1;
	console_signal(consoles, console, SIGHUP);
}

void console_disown(struct consoles *consoles, uint32_t console)
{
	consoles->slots[console].owner = NULL;
}

void console_started(const struct consoles *consoles, const struct console_slot *slot)
{
	if (slot->owner)
		consoles->listener->started(slot->owner);
}

void console_resume(struct consoles *consoles, uint32_t console)
{
	struct console_slot *slot = console_of_domain(consoles, console);

	if (slot && slot->streams)
		streams_resume(slot->streams);
}

void console_stopped(const struct consoles *consoles, struct console_slot *slot)
{
	if (slot->streams)
		streams_pause(slot->streams);
	if (slot->owner)
		consoles->listener->stopped(slot->owner);
}

/* ---- The end ---- */

/* Pages that hold nothing any more go back; where that fails they only stay. */
static void memory_give_back(struct channel *channel, uint32_t console)
{
	madvise(channel->stream_data[console], sizeof(channel->stream_data[console]), MADV_REMOVE);
	madvise(channel->text[console], sizeof(channel->text[console]), MADV_REMOVE);
}

/* As streams_free(). */
static bool slot_let_go(struct console_slot *slot)
{
	bool complete = streams_free(slot->streams);

	slot->streams = NULL;
	terminal_restore(&slot->terminal);
	slot->terminal.fd = -1;
	slot_close_files(slot);
	return complete;
}

static void slot_free(struct consoles *consoles, struct console_slot *slot)
{
	int32_t status = slot->status;
	void *owner = slot->owner;
	bool complete = !slot->streams || slot_let_go(slot);

	memory_give_back(consoles->channel, slot_number(consoles, slot));
	slot_close(slot);
	if (owner)
		consoles->listener->ended(owner, status, complete);
}

void console_exit(struct consoles *consoles, struct console_slot *slot, int32_t status)
{
	slot->state = CONSOLE_ENDING;
	slot->status = status;
	if (slot->streams)
		streams_end(slot->streams);
	else
		slot_free(consoles, slot);
}

static void slot_reap(struct consoles *consoles, struct console_slot *slot)
{
	if (!slot->streams)
		return;
	if (!streams_are_done(slot->streams)) {
		if (streams_want_input(slot->streams) && slot->owner)
			consoles->listener->wants_input(slot->owner);
	} else if (slot->state == CONSOLE_ENDING) {
		slot_free(consoles, slot);
	} else {
		slot_let_go(slot);
	}
}

void consoles_reap(struct consoles *consoles)
{
	uint64_t count;

	if (read(consoles->done_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	for (uint32_t i = 0; i < CONSOLE_MAX; i++)
		slot_reap(consoles, &consoles->slots[i]);
}

static bool is_any_in_use(const struct consoles *consoles)
{
	for (uint32_t i = 0; i < CONSOLE_MAX; i++) {
		if (consoles->slots[i].state != CONSOLE_FREE)
			return true;
	}
	return false;
}

void consoles_release(struct consoles *consoles)
{
	struct pollfd done = { .fd = consoles->done_fd, .events = POLLIN };

	for (uint32_t i = 0; i < CONSOLE_MAX; i++) {
		if (consoles->slots[i].state == CONSOLE_RUNNING)
			console_exit(consoles, &consoles->slots[i], SIGKILL);
	}
	/* What ended is told; who still takes output is waited for, but not for ever. */
	while (is_any_in_use(consoles) && poll(&done, 1, END_PATIENCE_MS) > 0)
		consoles_reap(consoles);
	for (uint32_t i = 0; i < CONSOLE_MAX; i++) {
		if (consoles->slots[i].state == CONSOLE_FREE)
			continue;
		streams_hang_up(consoles->slots[i].streams);
		slot_free(consoles, &consoles->slots[i]);
	}
	fd_close(&consoles->done_fd);
}
