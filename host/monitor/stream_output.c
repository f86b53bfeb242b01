/* SPDX-License-Identifier: MIT */
/* Output of a domain, from rings to outer descriptors; see lane.h. No locks. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/monitor/lane.h"

/* Bytes that wait, or -1 for a ring whose counters lie. */
int64_t output_waiting(const struct lane *stream)
{
	return ring_used(lane_load(&stream->ring->head), stream->own_counter);
}

/*
 * Give size bytes of space back to the domain. A producer that waits for space is woken once half
 * of the ring is free, not for each piece; one that waits for all to be out, when it is.
 */
static void output_advance(struct lane *stream, uint32_t size)
{
	struct ring *ring = stream->ring;
	int64_t waiting;

	stream->own_counter += size;
	lane_store(&ring->tail, stream->own_counter);
	waiting = output_waiting(stream);
	if (waiting > RING_SIZE / 2) {
		stream->told = false;
	} else if (lane_load(&ring->producer_waits) && (!stream->told || !waiting)) {
		stream->told = true;
		channel_post(stream->all->channel, EVENT_STREAMS);
	}
}

/* The domain hears of it with its next write, if there is one; so the user must too, once. */
static void output_lose(struct lane *stream, int error)
{
	static const char *const names[] = { "input", "output", "error", "log" };

	lane_store(&stream->all->lost, 1);
	/* What becomes of other consoles' output their owners hear. */
	if (!stream->errors && !stream->all->can_leave)
		dprintf(STDERR_FILENO,
			"mezzo: output is lost: can't write the domain's standard %s: %s\n",
			names[stream - stream->all->lanes], strerror(error));
	lane_store(&stream->ring->error, (uint32_t)error);
	lane_store(&stream->ring->errors, ++stream->errors);
}

/*
 * The outside did not take it: what waits is thrown away. That a reader has gone is ordinary, and
 * for good; after anything else (a disk that is full just now) the domain may try again.
 */
static void output_fail(struct lane *stream, uint32_t waiting, int error)
{
	if (error == EPIPE)
		lane_store(&stream->ring->consumer_closed, 1);
	else
		output_lose(stream, error);
	output_advance(stream, waiting);
	channel_post(stream->all->channel, EVENT_STREAMS);
}

/* A socket can't be opened anew so that it does not block, but needs it not (stream.c). */
static ssize_t output_put(const struct lane *stream, const char *data, size_t size)
{
	static const char *const names[] = { "stdin", "stdout", "stderr", "stderr" };

	if (stream->output)
		return output_write(stream->output, names[stream - stream->all->lanes], data, size);
	if (stream->is_socket)
		return send(stream->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(stream->fd, data, size);
}

void output_move(struct lane *stream, uint32_t waiting, uint32_t limit)
{
	uint32_t at = stream->own_counter & (RING_SIZE - 1);
	uint32_t size = waiting < limit ? waiting : limit;
	bool nobody = stream->fd < 0 || lane_load(&stream->all->gone);
	ssize_t done;

	if (size > RING_SIZE - at)
		size = RING_SIZE - at;
	done = nobody ? -1 : output_put(stream, stream->data + at, size);
	if (done >= 0)
		output_advance(stream, (uint32_t)done);
	else if (!nobody && errno == EAGAIN)
		lane_wait(stream, POLLOUT, stream->all->gone_fd);
	else if (nobody || errno != EINTR)
		output_fail(stream, waiting, nobody ? EPIPE : errno);
}

void output_settle(struct lane *stream)
{
	uint32_t round = lane_load(&stream->all->settle_round);

	/* What comes later is not waited for. */
	if (stream->settle_round != round) {
		stream->settle_round = round;
		stream->settle_head = lane_load(&stream->ring->head);
	}
	/* A counter that has passed the head makes less than nothing of it. */
	if (stream->settled != round && ring_used(stream->settle_head, stream->own_counter) <= 0)
		lane_settled(stream);
}

/* The head is read once: a domain that goes on writing does not keep us here. */
bool output_drain(struct lane *stream)
{
	uint32_t head = lane_load(&stream->ring->head);
	int64_t waiting;

	while ((waiting = ring_used(head, stream->own_counter)) > 0)
		output_move(stream, (uint32_t)waiting, stream->chunk);
	return waiting == 0;
}

/* Until there is something to do. */
static void output_sleep(struct lane *stream)
{
	struct ring *ring = stream->ring;
	struct futex_watch watches[] = {
		{ &ring->head, stream->own_counter }, { &stream->all->finishing, 0 },
		{ &stream->all->settle_round, stream->settle_round },
	};

	lane_store(&ring->consumer_waits, 1);
	if (!output_waiting(stream))
		futex_wait_any(watches, sizeof(watches) / sizeof(watches[0]));
	lane_store(&ring->consumer_waits, 0);
}

void *output_run(void *argument)
{
	struct lane *stream = argument;
	int64_t waiting = 0;

	while (waiting >= 0 && !lane_load(&stream->all->finishing)) {
		output_settle(stream);
		waiting = output_waiting(stream);
		if (waiting > 0)
			output_move(stream, (uint32_t)waiting, stream->chunk);
		else if (!waiting)
			output_sleep(stream);
	}
	/* What was written before the end is in the ring now. */
	if (waiting < 0 || !output_drain(stream))
		lane_trouble(stream);
	return NULL;
}
