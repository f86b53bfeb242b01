/* SPDX-License-Identifier: MIT */
/* Input of a domain, from outer descriptors to rings; see lane.h. No locks. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/monitor/lane.h"

/* Who asks for less gets this much. */
#define INPUT_LEAST	4096u

/* It is asked for and not to be read now: say so, and wait for the word. */
static void input_wait_paused(struct lane *stream)
{
	struct futex_watch watches[] = {
		{ &stream->all->paused, 1 }, { &stream->all->finishing, 0 },
	};

	lane_want(stream);
	while (lane_load(&stream->all->paused) && !lane_load(&stream->all->finishing))
		futex_wait_any(watches, 2);
}

/*
 * Wait until the domain wants data: it has emptied the ring and asked (boundary/ring.h). Reading
 * earlier would take from the outer stream what somebody else may want after us. False at the end
 * of the program.
 */
static bool input_wait_for_demand(struct lane *stream)
{
	struct ring *ring = stream->ring;

	for (;;) {
		uint32_t tail = lane_load(&ring->tail);
		struct futex_watch watches[] = {
			{ &ring->consumer_waits, 0 }, { &stream->all->finishing, 0 },
		};

		if (lane_load(&stream->all->finishing) || lane_load(&stream->all->gone))
			return false;
		if (tail != stream->own_counter) {
			lane_store(&ring->producer_waits, 1);
			watches[0] = (struct futex_watch){ &ring->tail, tail };
			if (lane_load(&ring->tail) == tail)
				futex_wait_any(watches, 2);
			lane_store(&ring->producer_waits, 0);
		} else if (!lane_load(&ring->consumer_waits)) {
			futex_wait_any(watches, 2);
		} else if (lane_load(&stream->all->paused)) {
			input_wait_paused(stream);
		} else {
			return true;
		}
	}
}

static ssize_t input_take(const struct lane *stream, char *to, size_t size)
{
	if (stream->is_socket)
		return recv(stream->fd, to, size, MSG_DONTWAIT);
	return read(stream->fd, to, size);
}

/*
 * Read at most limit bytes into the free part of the ring. Returns bytes, 0 at the end, or -errno.
 */
static ssize_t input_read(struct lane *stream, uint32_t limit)
{
	int64_t used = ring_used(stream->own_counter, lane_load(&stream->ring->tail));
	uint32_t at = stream->own_counter & (RING_SIZE - 1);
	uint32_t room = used < 0 ? 0 : RING_SIZE - (uint32_t)used;
	ssize_t done;

	if (used < 0)
		return -EPROTO;
	if (room > RING_SIZE - at)
		room = RING_SIZE - at;
	if (room > limit)
		room = limit;
	if (!room)
		return -EAGAIN;
	done = input_take(stream, stream->data + at, room);
	if (done < 0)
		return -errno;
	stream->own_counter += (uint32_t)done;
	if (done)
		lane_store(&stream->ring->head, stream->own_counter);
	else if (!stream->is_tty)
		lane_store(&stream->ring->producer_closed, 1);
	if (lane_load(&stream->ring->consumer_waits))
		channel_post(stream->all->channel, EVENT_STREAMS);
	return done;
}

static bool input_ready(const struct lane *stream)
{
	struct pollfd poll_fd = { .fd = stream->fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN);
}

/*
 * A terminal's end of file is one that more may follow: it is counted, and what is typed next comes
 * after the domain has read the end.
 */
static void input_end_of_terminal(struct lane *stream)
{
	struct ring *ring = stream->ring;
	uint32_t ends = lane_load(&ring->ends) + 1;

	lane_store(&ring->ends, ends);
	channel_post(stream->all->channel, EVENT_STREAMS);
	while (!lane_load(&stream->all->finishing)) {
		uint32_t taken = lane_load(&ring->ends_taken);
		struct futex_watch watches[] = {
			{ &ring->ends_taken, taken }, { &stream->all->finishing, 0 },
		};

		if (taken == ends)
			return;
		futex_wait_any(watches, 2);
	}
}

/*
 * How much to read for one demand: what was asked for, so that the rest is there for whoever reads
 * after us. A reader of single bytes (a shell) would be slow by this, and so gets more.
 */
static uint32_t input_wanted(const struct lane *stream)
{
	uint32_t wanted = lane_load(&stream->ring->consumer_waits);

	return wanted < INPUT_LEAST ? INPUT_LEAST : wanted;
}

/*
 * One demand: wait for data, then take what is there already. Returns 0 at the end of the stream,
 * which is one of a terminal where nobody types any more, too.
 */
static ssize_t input_serve(struct lane *stream)
{
	uint32_t wanted = input_wanted(stream);
	ssize_t done;

	if (stream->all->can_leave && !lane_wait(stream, POLLIN, stream->all->stop_fd))
		return -EAGAIN;
	do {
		done = input_read(stream, wanted);
	} while (done == -EINTR);
	if (done == -EAGAIN && lane_load(&stream->all->input_ended))
		return 0;
	if (done == -EAGAIN) {
		lane_wait(stream, POLLIN, stream->all->stop_fd);
		return done;
	}
	while (done > 0 && done < wanted && !stream->is_tty && input_ready(stream)) {
		wanted -= (uint32_t)done;
		done = input_read(stream, wanted);
	}
	return done;
}

void *input_run(void *argument)
{
	struct lane *stream = argument;
	ssize_t done = 1;

	while ((done > 0 || done == -EAGAIN || done == -EINTR) && input_wait_for_demand(stream)) {
		done = input_serve(stream);
		if (!done && stream->is_tty) {
			input_end_of_terminal(stream);
			done = 1;
		}
	}
	if (done == -EPROTO) {
		lane_trouble(stream);
	} else if (done < 0 && done != -EAGAIN && done != -EINTR) {
		lane_store(&stream->ring->producer_closed, 1);
		channel_post(stream->all->channel, EVENT_STREAMS);
	}
	return NULL;
}
