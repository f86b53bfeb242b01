/* SPDX-License-Identifier: MIT */
/*
 * A system layer that runs no programs: its "command" names something to do at the boundary. It
 * lets the host side be tested alone. One thread, no heap.
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/layer/frame.h"

static unsigned long data_word = 0x1234567890abcdef;
static unsigned long bss_word;

static int in_ready(void)
{
	struct ring *in = &channel->consoles[CONSOLE_FIRST].streams[STREAM_IN];

	return load(&in->head) != in->tail || load(&in->producer_closed);
}

static void copy_input(void)
{
	struct ring *in = &channel->consoles[CONSOLE_FIRST].streams[STREAM_IN];

	for (;;) {
		uint32_t at = in->tail & (RING_SIZE - 1);
		uint32_t size = load(&in->head) - in->tail;

		if (!size) {
			if (load(&in->producer_closed) && load(&in->head) == in->tail)
				return;
			store(&in->consumer_waits, 1);
			futex_wake(&in->consumer_waits);
			wait_event(in_ready);
			continue;
		}
		store(&in->consumer_waits, 0);
		if (size > RING_SIZE - at)
			size = RING_SIZE - at;
		put(STREAM_OUT, channel->stream_data[CONSOLE_FIRST][STREAM_IN] + at, size);
		store(&in->tail, in->tail + size);
		if (load(&in->producer_waits))
			futex_wake(&in->tail);
	}
}

static int signal_ready(void)
{
	return __atomic_load_n(&channel->consoles[CONSOLE_FIRST].signals, __ATOMIC_SEQ_CST) != 0;
}

static void walk(const char *path)
{
	struct reply reply = ask(REQ_WALK, 0, REQUEST_OPEN_LAST, path, length(path));
	const char *at = channel->reply_area;

	for (uint32_t i = 0; i < reply.count; i++) {
		const struct node *node = (const struct node *)at;

		say(node->text);
		say(" ");
		say_number(node->error);
		say(" ");
		say_number(node->mode & 0170000);
		say(node->has_handle ? " handle\n" : "\n");
		at += node->record_size;
	}
	leave(reply.error ? 256 : 0);
}

static void walk_often(const char *path, unsigned long times)
{
	while (times--)
		ask(REQ_WALK, 0, 0, path, length(path));
	leave(0);
}

/* Turn echo off, tell the size of the window, wait for a signal. */
static void use_terminal(void)
{
	struct terminal_modes modes = channel->consoles[CONSOLE_FIRST].terminal.modes;

	modes.lflag &= ~8u;	/* ECHO */
	if (ask(REQ_TERMINAL, 0, 0, (const char *)&modes, sizeof(modes)).error)
		leave(1 << 8);
	say_number(channel->consoles[CONSOLE_FIRST].terminal.rows);
	say(" rows, ready\n");
	while (!signal_ready())
		wait_event(signal_ready);
	say_number(channel->consoles[CONSOLE_FIRST].terminal.rows);
	say(" rows\n");
	ask(REQ_STOPPED, 0, 0, "", 0);
	leave(0);
}

static void do_bad(const char *kind)
{
	struct request request = { .op = REQ_WALK };

	if (same(kind, "op")) {
		request.op = 99;
		send_bytes(&request, sizeof(request));
	} else if (same(kind, "short")) {
		send_bytes(&request, 7);
	} else if (same(kind, "size")) {
		request.data_size = 5;
		send_bytes(&request, sizeof(request));
	} else if (same(kind, "console-exit")) {
		ask(REQ_CONSOLE_EXIT, 1, 0, "", 0);
	} else if (same(kind, "console-first")) {
		ask(REQ_CONSOLE_EXIT, CONSOLE_FIRST, 0, "", 0);
	} else if (same(kind, "console-number")) {
		ask(REQ_CONSOLE_EXIT, CONSOLE_MAX, 0, "", 0);
	} else if (same(kind, "console-terminal")) {
		ask(REQ_TERMINAL, 1, 0, "", 0);
	} else if (same(kind, "console-stopped")) {
		ask(REQ_STOPPED, ~0u, 0, "", 0);
	} else if (same(kind, "stopped")) {
		ask(REQ_STOPPED, CONSOLE_FIRST, 0, "", 0);
	} else if (same(kind, "console-started")) {
		ask(REQ_STARTED, 15, 0, "", 0);
	} else if (same(kind, "dots")) {
		ask(REQ_WALK, 0, 0, "../etc", 6);
	} else if (same(kind, "ring")) {
		store(&channel->consoles[CONSOLE_FIRST].streams[STREAM_OUT].head, RING_SIZE + 5);
		futex_wake(&channel->consoles[CONSOLE_FIRST].streams[STREAM_OUT].head);
	} else if (same(kind, "call")) {
		gate(SYS_socket, 1, 1, 0, 0, 0, 0);
	} else if (same(kind, "argument")) {
		gate(SYS_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	} else if (same(kind, "gate")) {
		asm volatile("syscall" : : "a"(SYS_getpid) : "rcx", "r11", "memory");
	}
	for (;;)
		futex_wait(&channel->event_count, load(&channel->event_count));
}

void layer_main(void)
{
	const char *what = argument(0);

	if (data_word != 0x1234567890abcdef || bss_word)
		leave(99 << 8);
	if (same(what, "exit")) {
		leave((int)number(argument(1)) << 8);
	} else if (same(what, "killed")) {
		leave((int)number(argument(1)));
	} else if (same(what, "write")) {
		leave(put(STREAM_OUT, NULL, number(argument(1))) ? 0 : 1 << 8);
	} else if (same(what, "echo")) {
		say(argument(1));
		put(STREAM_ERR, "error\n", 6);
		put_ring(&channel->log, channel->log_data, "log\n", 4);
		leave(0);
	} else if (same(what, "cat")) {
		copy_input();
		leave(0);
	} else if (same(what, "signal")) {
		say("ready\n");
		while (!signal_ready())
			wait_event(signal_ready);
		leave((__builtin_ctzl(channel->consoles[CONSOLE_FIRST].signals) + 1) << 8);
	} else if (same(what, "walk")) {
		walk(argument(1));
	} else if (same(what, "walk-often")) {
		walk_often(argument(1), number(argument(2)));
	} else if (same(what, "mezzo-receive")) {
		/* For a copy into its domain, which has no terminal to give back. */
		do_bad("stopped");
	} else if (same(what, "terminal")) {
		use_terminal();
	} else if (same(what, "crash")) {
		struct request request = { .op = REQ_CRASH };

		send_bytes(&request, sizeof(request));
	} else if (same(what, "bad")) {
		do_bad(argument(1));
	} else if (same(what, "sleep")) {
		say("ready\n");
		for (;;)
			futex_wait(&channel->event_count, load(&channel->event_count));
	}
	gate(SYS_exit_group, 7, 0, 0, 0, 0, 0);
}
