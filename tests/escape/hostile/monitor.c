/* SPDX-License-Identifier: MIT */
/*
 * Attacks on who watches the domain: to make the monitor deaf, to keep `mezzo exec` for ever, to
 * use up the monitor's descriptors, to write the log's own lines. All but the last go on until they
 * are ended, and whoever tries to end them sees whether he can (tests/system/hostile_monitor.sh).
 */
#include <sys/syscall.h>

#include "tests/escape/hostile/hostile.h"

#define LINE_SIZE	300u
#define LINES		20000u
#define SIGNALLED	7		/* exit status of one that heard a signal */

static struct ring *first_output(void)
{
	return &channel->consoles[CONSOLE_FIRST].streams[STREAM_OUT];
}

static int is_signalled(void)
{
	return load(&channel->signalled) != 0;
}

static void wait_signal(void)
{
	while (!is_signalled())
		wait_event(is_signalled);
	leave(SIGNALLED << 8);
}

static void send_stopped(void)
{
	struct request request = { .op = REQ_STOPPED };

	send_bytes(&request, sizeof(request));
}

/* There is output, of which nobody is told: who waits for it waits for ever. */
static void attack_deaf(void)
{
	struct ring *ring = first_output();

	say("ready\n");
	while (load(&ring->tail) != ring->head)
		;
	store(&ring->head, ring->head + 1);
	send_stopped();
	wait_signal();
}

/* There is always more: who waits until all is out waits for ever. */
static void attack_endless(void)
{
	struct ring *ring = first_output();

	say("ready\n");
	while (load(&ring->tail) != ring->head)
		;
	send_stopped();
	while (!is_signalled()) {
		memset(channel->stream_data[CONSOLE_FIRST][STREAM_OUT], '.', RING_SIZE);
		store(&ring->head, load(&ring->tail) + RING_SIZE / 2);
		futex_wake(&ring->head);
	}
	leave(SIGNALLED << 8);
}

/* The stop is asked for again and again: who serves requests first serves nothing else. */
static void attack_stops(void)
{
	say("ready\n");
	while (!is_signalled())
		ask(REQ_STOPPED, 0, 0, "", 0);
	leave(SIGNALLED << 8);
}

static int is_started(void)
{
	return load(&channel->starts) != 0;
}

/* A program has ended, says the domain, and goes on writing what it printed. */
static void attack_after_the_end(void)
{
	struct request request = { .op = REQ_STARTED };
	struct ring *ring;

	send_bytes(&request, sizeof(request));
	while (!is_started())
		wait_event(is_started);
	request.count = (uint32_t)__builtin_ctz(load(&channel->starts));
	ring = &channel->consoles[request.count].streams[STREAM_OUT];
	send_bytes(&request, sizeof(request));
	store(&ring->head, RING_SIZE / 2);
	futex_wake(&ring->head);
	request.op = REQ_CONSOLE_EXIT;
	send_bytes(&request, sizeof(request));
	for (;;) {
		store(&ring->head, load(&ring->tail) + RING_SIZE / 2);
		futex_wake(&ring->head);
	}
}

/* As many files of a volume as there are, and consoles that are never given back. */
static void attack_descriptors(void)
{
	struct {
		struct volume_request head;
		char text[sizeof("file\0")];
	} call = { { .what = VOLUME_LOOKUP, .name_size = 4 }, "file" };
	struct request request = { .op = REQ_STARTED };
	struct reply reply;
	unsigned long count = 0;

	do {
		reply = ask(REQ_VOLUME, 0, 0, (const char *)&call,
			    sizeof(call.head) + sizeof(call.text));
		count += !reply.error;
	} while (!reply.error);
	say_number((long)count);
	say(" files held\n");
	send_bytes(&request, sizeof(request));
	for (;;)
		futex_wait(&channel->event_count, load(&channel->event_count));
}

/* One line to who looks for its end, and another to who writes it out. */
static void attack_forge(void)
{
	static const char forged[] = "\n1999-01-01T00:00:00.000000000Z stderr F forged";
	char *data = channel->stream_data[CONSOLE_FIRST][STREAM_OUT];
	struct ring *ring = first_output();

	memset(data, 'x', RING_SIZE);
	for (unsigned long lines = 0; lines < LINES;) {
		uint32_t tail = load(&ring->tail), at = tail & (RING_SIZE - 1);

		if (tail == ring->head) {
			store(&ring->head, tail + LINE_SIZE);
			futex_wake(&ring->head);
			lines++;
		}
		if (at > RING_SIZE - LINE_SIZE)
			continue;
		memcpy(data + at + LINE_SIZE / 3, forged, sizeof(forged) - 1);
		for (volatile int i = 0; i < 300; i++)
			;
		memset(data + at + LINE_SIZE / 3, 'x', sizeof(forged) - 1);
	}
	leave(0);
}

const struct attack monitor_attacks[] = {
	{ "deaf", attack_deaf },
	{ "endless", attack_endless },
	{ "stops", attack_stops },
	{ "after-the-end", attack_after_the_end },
	{ "descriptors", attack_descriptors },
	{ "forge", attack_forge },
	{ 0 }
};
