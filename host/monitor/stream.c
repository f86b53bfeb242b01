/* SPDX-License-Identifier: MIT */
/*
 * Streams of a domain; see stream.h and, for the rules of a ring, boundary/ring.h.
 *
 * One thread, the watcher, sleeps on all rings that have no thread of their own yet. It writes small
 * output itself where that can't block, and starts a worker for a stream that has more to move. So an
 * idle domain costs one sleeping thread, and a blocked outer pipe holds up its own stream only.
 *
 * The counters that the monitor itself writes are kept here and only copied to the ring: what a domain
 * stores over them is never read back.
 *
 * Locks: none. A lane belongs to the watcher until it has a worker; streams_finish() joins both.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/monitor/futex.h"
#include "host/monitor/output.h"
#include "host/monitor/stream.h"

/*
 * Moved at once, so that the other side goes on meanwhile. A pipe wants less than it holds (64 KiB): a
 * writer that fills it sleeps until it is empty, and 4 GiB take 5 s instead of 2.
 */
#define CHUNK_MAX	(256u << 10)
#define CHUNK_PIPE	(32u << 10)
#define INPUT_LEAST	4096u
#define SMALL_MAX	4096u		/* a pipe that polls writable takes this much without blocking */
#define THREAD_STACK	(64u << 10)

struct lane {
	struct streams *all;
	struct ring *ring;
	char *data;
	int fd;
	struct output *log;		/* entries of it are written, not fd; NULL: there is none */
	uint32_t own_counter;		/* head of stdin, tail of the others */
	bool told;			/* the producer, of space, since more than half was taken */
	uint32_t chunk;			/* most to write at once */
	uint32_t errors;		/* ours in the ring: writes that failed */
	bool is_tty;
	bool has_worker;		/* the watcher's, until that has ended */
	pthread_t worker;
};

struct streams {
	struct channel *channel;
	int trouble_fd;
	uint32_t finishing;		/* futex: the domain is dead */
	uint32_t lost;			/* output could not be written, and not for want of a reader */
	uint32_t settling;		/* somebody waits in streams_settle() */
	uint32_t moved;			/* futex: raised with each piece of output while settling */
	pthread_t watcher;
	struct lane lanes[STREAM_COUNT];
};

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static void report_trouble(struct lane *stream)
{
	uint64_t one = 1;

	if (write(stream->all->trouble_fd, &one, sizeof(one)) < 0)
		abort();
}

/* ---- output: stdout, stderr, log ---- */

/* Bytes that wait, or -1 for a ring whose counters lie. */
static int64_t output_waiting(const struct lane *stream)
{
	return ring_used(load(&stream->ring->head), stream->own_counter);
}

/*
 * Give size bytes of space back to the domain. A producer that waits for space is woken once half of the
 * ring is free, not for each piece; who waits for all to be out, when it is.
 */
static void output_advance(struct lane *stream, uint32_t size)
{
	struct ring *ring = stream->ring;
	int64_t waiting;

	stream->own_counter += size;
	store(&ring->tail, stream->own_counter);
	if (load(&stream->all->settling)) {
		__atomic_add_fetch(&stream->all->moved, 1, __ATOMIC_SEQ_CST);
		futex_wake_all(&stream->all->moved);
	}
	waiting = output_waiting(stream);
	if (waiting > RING_SIZE / 2) {
		stream->told = false;
	} else if (load(&ring->producer_waits) && (!stream->told || !waiting)) {
		stream->told = true;
		channel_post(stream->all->channel, EVENT_STREAMS);
	}
}

/* The domain hears of it with its next write, if there is one; so the user must too, once. */
static void output_lose(struct lane *stream, int error)
{
	static const char *const names[] = { "input", "output", "error", "log" };

	store(&stream->all->lost, 1);
	if (!stream->errors)
		dprintf(STDERR_FILENO, "mezzo: output is lost: can't write the domain's standard %s: %s\n",
			names[stream - stream->all->lanes], strerror(error));
	store(&stream->ring->error, (uint32_t)error);
	store(&stream->ring->errors, ++stream->errors);
}

/*
 * The outside did not take it: what waits is thrown away. That a reader has gone is ordinary, and for good;
 * after anything else (a disk that is full just now) the domain may try again.
 */
static void output_fail(struct lane *stream, int error)
{
	int64_t waiting = output_waiting(stream);

	if (error == EPIPE)
		store(&stream->ring->consumer_closed, 1);
	else
		output_lose(stream, error);
	if (waiting > 0)
		output_advance(stream, (uint32_t)waiting);
	channel_post(stream->all->channel, EVENT_STREAMS);
}

static ssize_t output_put(struct lane *stream, const char *data, size_t size)
{
	static const char *const names[] = { "stdin", "stdout", "stderr", "stderr" };

	if (stream->log)
		return output_write(stream->log, names[stream - stream->all->lanes], data, size);
	return write(stream->fd, data, size);
}

static void wait_writable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	poll(&poll_fd, 1, -1);
}

/* Write at most limit of the waiting bytes. */
static void output_move(struct lane *stream, uint32_t waiting, uint32_t limit)
{
	uint32_t at = stream->own_counter & (RING_SIZE - 1);
	uint32_t size = waiting < limit ? waiting : limit;
	ssize_t done;

	if (size > RING_SIZE - at)
		size = RING_SIZE - at;
	done = stream->fd < 0 ? -1 : output_put(stream, stream->data + at, size);
	if (done >= 0)
		output_advance(stream, (uint32_t)done);
	else if (stream->fd >= 0 && errno == EAGAIN)
		wait_writable(stream->fd);
	else if (stream->fd < 0 || errno != EINTR)
		output_fail(stream, stream->fd < 0 ? EPIPE : errno);
}

/* Write all that waits. False where the ring is broken. */
static bool output_drain(struct lane *stream)
{
	int64_t waiting;

	while ((waiting = output_waiting(stream)) > 0)
		output_move(stream, (uint32_t)waiting, stream->chunk);
	return waiting == 0;
}

static void *output_run(void *argument)
{
	struct lane *stream = argument;
	struct ring *ring = stream->ring;
	uint32_t *finishing = &stream->all->finishing;

	for (;;) {
		bool last = load(finishing);

		if (!output_drain(stream)) {
			report_trouble(stream);
			return NULL;
		}
		if (last)
			return NULL;
		store(&ring->consumer_waits, 1);
		if (!output_waiting(stream)) {
			struct futex_watch watches[] = {
				{ &ring->head, stream->own_counter }, { finishing, 0 },
			};

			futex_wait_any(watches, 2);
		}
		store(&ring->consumer_waits, 0);
	}
}

/* ---- input ---- */

/*
 * Wait until the domain wants data: it has emptied the ring and asked (boundary/ring.h). Reading earlier
 * would take from the outer stream what somebody else may want after us.
 */
static void input_wait_for_demand(struct lane *stream)
{
	struct ring *ring = stream->ring;

	for (;;) {
		uint32_t tail = load(&ring->tail);
		struct futex_watch watch = { &ring->consumer_waits, 0 };

		if (tail != stream->own_counter) {
			store(&ring->producer_waits, 1);
			watch = (struct futex_watch){ &ring->tail, tail };
			if (load(&ring->tail) == tail)
				futex_wait_any(&watch, 1);
			store(&ring->producer_waits, 0);
		} else if (load(&ring->consumer_waits)) {
			return;
		} else {
			futex_wait_any(&watch, 1);
		}
	}
}

/* Read at most limit bytes into the free part of the ring. Returns bytes, 0 at the end, or -errno. */
static ssize_t input_read(struct lane *stream, uint32_t limit)
{
	int64_t used = ring_used(stream->own_counter, load(&stream->ring->tail));
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
	done = read(stream->fd, stream->data + at, room);
	if (done < 0)
		return -errno;
	stream->own_counter += (uint32_t)done;
	if (done)
		store(&stream->ring->head, stream->own_counter);
	else if (!stream->is_tty)
		store(&stream->ring->producer_closed, 1);
	if (load(&stream->ring->consumer_waits))
		channel_post(stream->all->channel, EVENT_STREAMS);
	return done;
}

static bool input_ready(const struct lane *stream)
{
	struct pollfd poll_fd = { .fd = stream->fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN);
}

/*
 * A terminal's end of file is one that more may follow: it is counted, and what is typed next comes after
 * the domain has read the end.
 */
static void input_end_of_terminal(struct lane *stream)
{
	struct ring *ring = stream->ring;
	uint32_t ends = load(&ring->ends) + 1;

	store(&ring->ends, ends);
	channel_post(stream->all->channel, EVENT_STREAMS);
	for (uint32_t taken = load(&ring->ends_taken); taken != ends; taken = load(&ring->ends_taken)) {
		struct futex_watch watch = { &ring->ends_taken, taken };

		futex_wait_any(&watch, 1);
	}
}

/*
 * How much to read for one demand: what was asked for, so that the rest is there for whoever reads after us.
 * A reader of single bytes (a shell) would be slow by this, and so gets more.
 */
static uint32_t input_wanted(const struct lane *stream)
{
	uint32_t wanted = load(&stream->ring->consumer_waits);

	return wanted < INPUT_LEAST ? INPUT_LEAST : wanted;
}

/* One demand: wait for data, then take what is there already. Returns 0 at the end of the stream. */
static ssize_t input_serve(struct lane *stream)
{
	uint32_t wanted = input_wanted(stream);
	ssize_t done;

	do {
		done = input_read(stream, wanted);
	} while (done == -EINTR);
	if (done == -EAGAIN) {
		struct pollfd poll_fd = { .fd = stream->fd, .events = POLLIN };

		poll(&poll_fd, 1, -1);
		return done;
	}
	while (done > 0 && done < wanted && !stream->is_tty && input_ready(stream)) {
		wanted -= (uint32_t)done;
		done = input_read(stream, wanted);
	}
	return done;
}

static void *input_run(void *argument)
{
	struct lane *stream = argument;
	ssize_t done = 1;

	while (done > 0 || done == -EAGAIN || done == -EINTR) {
		input_wait_for_demand(stream);
		done = input_serve(stream);
		if (!done && stream->is_tty) {
			input_end_of_terminal(stream);
			done = 1;
		}
	}
	if (done == -EPROTO) {
		report_trouble(stream);
	} else if (done < 0) {
		store(&stream->ring->producer_closed, 1);
		channel_post(stream->all->channel, EVENT_STREAMS);
	}
	return NULL;
}

/* ---- the watcher ---- */

static void start_worker(struct lane *stream)
{
	bool is_input = stream->ring == &stream->all->channel->streams[STREAM_IN];
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	if (pthread_create(&stream->worker, &attributes, is_input ? input_run : output_run, stream))
		report_trouble(stream);
	else
		stream->has_worker = true;
	pthread_attr_destroy(&attributes);
}

static bool output_is_ready(const struct lane *stream)
{
	struct pollfd poll_fd = { .fd = stream->fd, .events = POLLOUT };

	return stream->fd < 0 || (poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT));
}

/* Look at a stream without a worker. Returns whether there was something to do. */
static bool watch_output(struct lane *stream)
{
	int64_t waiting = output_waiting(stream);

	if (!waiting)
		return false;
	if (waiting < 0 || waiting > SMALL_MAX || !output_is_ready(stream)) {
		store(&stream->ring->consumer_waits, 0);
		start_worker(stream);
	} else {
		output_move(stream, (uint32_t)waiting, SMALL_MAX);
	}
	return true;
}

static bool watch_stream(struct lane *stream, struct futex_watch *watch)
{
	struct ring *ring = stream->ring;

	if (stream == &stream->all->lanes[STREAM_IN]) {
		*watch = (struct futex_watch){ &ring->consumer_waits, 0 };
		if (!load(&ring->consumer_waits))
			return false;
		start_worker(stream);
		return true;
	}
	store(&ring->consumer_waits, 1);
	*watch = (struct futex_watch){ &ring->head, stream->own_counter };
	return watch_output(stream);
}

static void *watcher_run(void *argument)
{
	struct streams *all = argument;

	while (!load(&all->finishing)) {
		struct futex_watch watches[STREAM_COUNT + 1] = { { &all->finishing, 0 } };
		unsigned int count = 1;
		bool busy = false;

		for (int i = 0; i < STREAM_COUNT; i++) {
			if (all->lanes[i].has_worker)
				continue;
			busy |= watch_stream(&all->lanes[i], &watches[count++]);
		}
		if (!busy && futex_wait_any(watches, count))
			break;
	}
	return NULL;
}

static bool is_file(int fd)
{
	struct stat status;

	return !fstat(fd, &status) && S_ISREG(status.st_mode);
}

struct streams *streams_start(struct channel *channel, const int fds[STREAM_COUNT],
			      struct output *log, int trouble_fd, struct error *err)
{
	struct streams *all = calloc(1, sizeof(*all));
	pthread_attr_t attributes;
	int error;

	if (futex_wait_any(NULL, 0) == -ENOSYS) {
		error_set(err, ENOSYS, "this kernel is too old: mezzo needs Linux 5.16 (futex_waitv)");
		free(all);
		return NULL;
	}
	if (!all) {
		error_set(err, ENOMEM, "can't carry the domain's streams");
		return NULL;
	}
	all->channel = channel;
	all->trouble_fd = trouble_fd;
	for (int i = 0; i < STREAM_COUNT; i++) {
		struct lane *stream = &all->lanes[i];

		stream->all = all;
		stream->ring = &channel->streams[i];
		stream->data = channel->stream_data[i];
		stream->fd = fds[i];
		stream->log = log && fds[i] == log->fd ? log : NULL;
		stream->is_tty = fds[i] >= 0 && isatty(fds[i]);
		stream->chunk = fds[i] >= 0 && is_file(fds[i]) ? CHUNK_MAX : CHUNK_PIPE;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	error = pthread_create(&all->watcher, &attributes, watcher_run, all);
	pthread_attr_destroy(&attributes);
	if (error) {
		error_set(err, error, "can't start a thread for the domain's streams");
		free(all);
		return NULL;
	}
	return all;
}

void streams_settle(struct streams *all)
{
	store(&all->settling, 1);
	for (int i = STREAM_OUT; i < STREAM_COUNT; i++) {
		struct lane *stream = &all->lanes[i];
		uint32_t head = load(&stream->ring->head);	/* what comes later is not waited for */

		for (;;) {
			struct futex_watch watch = { &all->moved, load(&all->moved) };

			if (ring_used(head, load(&stream->own_counter)) <= 0 || futex_wait_any(&watch, 1))
				break;
		}
	}
	store(&all->settling, 0);
}

bool streams_finish(struct streams *all)
{
	bool lost;

	store(&all->finishing, 1);
	futex_wake_all(&all->finishing);
	pthread_join(all->watcher, NULL);
	for (int i = STREAM_OUT; i < STREAM_COUNT; i++) {
		struct lane *stream = &all->lanes[i];

		if (stream->has_worker)
			pthread_join(stream->worker, NULL);
		else
			output_drain(stream);
	}
	lost = load(&all->lost);
	if (!all->lanes[STREAM_IN].has_worker)
		free(all);
	return !lost;
}
