/* SPDX-License-Identifier: MIT */
/*
 * Streams of a console; see stream.h and, for their insides, lane.h.
 *
 * One thread, the watcher, sleeps on all rings that have no thread of their own yet. It writes
 * small output itself where that can't block, and starts a worker for a stream that has more to
 * move. So an idle console costs one sleeping thread, and a blocked outer pipe holds up its own
 * stream only.
 *
 * The threads of the first console may block in read and write where its descriptors are the
 * user's: the process ends with the domain. Where they are the monitor's own (a lasting domain)
 * they do not block, and the reader sleeps in lane_wait() alone, which an eventfd ends. Those of
 * other consoles do the same, and a second eventfd ends their wait for who takes output. For that a
 * pipe or a terminal is opened anew, to get a description that does not block without changing the
 * outer one, which others share. One that can't be opened (a terminal of another user) blocks where
 * somebody else took what had been there.
 *
 * Locks: none. A lane belongs to the watcher until it has a worker; the watcher joins all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/lane.h"

/*
 * Moved at once, so that the other side goes on meanwhile. A pipe wants less than it holds (64
 * KiB): a writer that fills it sleeps until it is empty, and 4 GiB take 5 s instead of 2.
 */
#define CHUNK_MAX	(256u << 10)
#define CHUNK_PIPE	(32u << 10)
/* A pipe that polls writable takes this much without blocking. */
#define SMALL_MAX	4096u
#define THREAD_STACK	(64u << 10)

static void event_post(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		abort();
}

void lane_want(const struct lane *stream)
{
	lane_store(&stream->all->wanted, 1);
	event_post(stream->all->done_fd);
}

void lane_trouble(const struct lane *stream)
{
	event_post(stream->all->trouble_fd);
}

void lane_settled(struct lane *stream)
{
	lane_store(&stream->settled, stream->settle_round);
	event_post(stream->all->settled_fd);
}

bool lane_wait(const struct lane *stream, short events, int until_fd)
{
	struct pollfd fds[] = {
		{ .fd = until_fd, .events = POLLIN }, { .fd = stream->fd, .events = events },
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return !fds[0].revents;
}

static int start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
	pthread_attr_t attributes;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	error = pthread_create(thread, &attributes, run, argument);
	pthread_attr_destroy(&attributes);
	return error;
}

/* ---- The watcher ---- */

static bool is_input(const struct lane *stream)
{
	return stream == &stream->all->lanes[STREAM_IN];
}

static void start_worker(struct lane *stream)
{
	if (start_thread(&stream->worker, is_input(stream) ? input_run : output_run, stream))
		lane_trouble(stream);
	else
		stream->has_worker = true;
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
		lane_store(&stream->ring->consumer_waits, 0);
		start_worker(stream);
	} else {
		output_move(stream, (uint32_t)waiting, SMALL_MAX);
	}
	return true;
}

static bool watch_stream(struct lane *stream, struct futex_watch *watch)
{
	struct ring *ring = stream->ring;

	if (is_input(stream)) {
		*watch = (struct futex_watch){ &ring->consumer_waits, 0 };
		if (!lane_load(&ring->consumer_waits))
			return false;
		start_worker(stream);
		return true;
	}
	output_settle(stream);
	lane_store(&ring->consumer_waits, 1);
	*watch = (struct futex_watch){ &ring->head, stream->own_counter };
	return watch_output(stream);
}

/* No more comes: what is left is written. */
static void finish_lanes(struct streams *all)
{
	for (unsigned int i = 0; i < all->lane_count; i++) {
		struct lane *stream = &all->lanes[i];

		if (is_input(stream) && all->stop_fd < 0)
			continue;
		if (stream->has_worker)
			pthread_join(stream->worker, NULL);
		else if (!is_input(stream) && !output_drain(stream))
			lane_trouble(stream);
	}
}

static void *watcher_run(void *argument)
{
	struct streams *all = argument;

	while (!lane_load(&all->finishing)) {
		struct futex_watch watches[LANES_MAX + 2] = {
			{ &all->finishing, 0 },
			{ &all->settle_round, lane_load(&all->settle_round) },
		};
		unsigned int count = 2;
		bool busy = false;

		for (unsigned int i = 0; i < all->lane_count; i++) {
			if (all->lanes[i].has_worker)
				continue;
			busy |= watch_stream(&all->lanes[i], &watches[count++]);
		}
		if (!busy && futex_wait_any(watches, count))
			break;
	}
	finish_lanes(all);
	if (all->can_leave) {
		lane_store(&all->done, 1);
		event_post(all->done_fd);
	}
	return NULL;
}

/* ---- Beginning ---- */

static struct streams *streams_make(struct channel *channel, uint32_t console, int trouble_fd,
				    struct error *err)
{
	struct streams *all = calloc(1, sizeof(*all));

	if (!all) {
		error_set(err, ENOMEM, "can't carry the domain's streams");
		return NULL;
	}
	*all = (struct streams){ .channel = channel, .trouble_fd = trouble_fd, .done_fd = -1,
				 .stop_fd = -1, .gone_fd = -1, .settled_fd = -1,
				 .lane_count = STREAM_COUNT };
	for (int i = 0; i < STREAM_COUNT; i++) {
		all->lanes[i].ring = &channel->consoles[console].streams[i];
		all->lanes[i].data = channel->stream_data[console][i];
	}
	return all;
}

static void lane_connect(struct streams *all, struct lane *stream, int fd, struct output *output)
{
	struct stat status = { 0 };

	stream->all = all;
	stream->fd = fd;
	stream->output = output && fd == output->fd ? output : NULL;
	stream->is_tty = fd >= 0 && isatty(fd);
	stream->chunk = fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) ? CHUNK_MAX
										   : CHUNK_PIPE;
}

static struct streams *watch_begin(struct streams *all, struct error *err)
{
	int error = start_thread(&all->watcher, watcher_run, all);

	if (!error)
		return all;
	error_set(err, error, "can't start a thread for the domain's streams");
	return NULL;
}

static void streams_release(struct streams *all)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (all->lanes[i].is_own)
			fd_close(&all->lanes[i].fd);
	}
	fd_close(&all->stop_fd);
	fd_close(&all->gone_fd);
	fd_close(&all->settled_fd);
	free(all);
}

struct streams *streams_start(struct channel *channel, const int fds[STREAM_COUNT], int log_fd,
			      struct output *output, bool is_lasting, int trouble_fd,
			      struct error *err)
{
	struct streams *all = NULL;
	int *event_fd;

	if (futex_wait_any(NULL, 0) == -ENOSYS)
		error_set(err, ENOSYS,
			  "this kernel is too old: mezzo needs Linux 5.16 (futex_waitv)");
	else
		all = streams_make(channel, CONSOLE_FIRST, trouble_fd, err);
	if (!all)
		return NULL;
	for (int i = 0; i < STREAM_COUNT; i++)
		lane_connect(all, &all->lanes[i], fds[i], output);
	all->lane_count = LANES_MAX;
	all->lanes[LANE_LOG].ring = &channel->log;
	all->lanes[LANE_LOG].data = channel->log_data;
	lane_connect(all, &all->lanes[LANE_LOG], log_fd, output);
	event_fd = is_lasting ? &all->stop_fd : &all->settled_fd;
	*event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (*event_fd < 0)
		error_set(err, errno, "can't carry the domain's streams");
	else if (watch_begin(all, err))
		return all;
	streams_release(all);
	return NULL;
}

/* The same pipe or terminal, but one that does not block; else the descriptor itself. */
static void lane_unblock(struct lane *stream)
{
	int flags = is_input(stream) ? O_RDONLY : O_WRONLY, fd;
	struct stat status;
	char path[32];

	if (stream->fd < 0 || fstat(stream->fd, &status))
		return;
	stream->is_socket = S_ISSOCK(status.st_mode);
	if (!S_ISFIFO(status.st_mode) && !stream->is_tty)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", stream->fd);
	fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	stream->fd = fd;
	stream->is_own = true;
}

struct streams *streams_start_console(struct channel *channel, uint32_t console,
				      const int fds[STREAM_COUNT], int trouble_fd, int done_fd,
				      struct error *err)
{
	struct streams *all = streams_make(channel, console, trouble_fd, err);

	if (!all)
		return NULL;
	all->can_leave = true;
	all->done_fd = done_fd;
	all->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	all->gone_fd = eventfd(0, EFD_CLOEXEC);
	for (int i = 0; i < STREAM_COUNT; i++) {
		lane_connect(all, &all->lanes[i], fds[i], NULL);
		lane_unblock(&all->lanes[i]);
	}
	all->paused = all->lanes[STREAM_IN].is_tty;
	if (all->stop_fd < 0 || all->gone_fd < 0)
		error_set(err, errno, "can't carry the program's streams");
	else if (watch_begin(all, err))
		return all;
	streams_release(all);
	return NULL;
}

/* ---- The end ---- */

int streams_settle(struct streams *all)
{
	__atomic_add_fetch(&all->settle_round, 1, __ATOMIC_SEQ_CST);
	futex_wake_all(&all->settle_round);
	return all->settled_fd;
}

bool streams_are_settled(const struct streams *all)
{
	uint64_t count;

	/* First: what a lane says after it was looked at is read the next time. */
	if (read(all->settled_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	for (unsigned int i = STREAM_OUT; i < all->lane_count; i++) {
		if (lane_load(&all->lanes[i].settled) != all->settle_round)
			return false;
	}
	return true;
}

static void finish_begin(struct streams *all)
{
	if (all->stop_fd >= 0)
		event_post(all->stop_fd);
	lane_store(&all->finishing, 1);
	futex_wake_all(&all->finishing);
}

bool streams_finish(struct streams *all)
{
	bool lost;

	finish_begin(all);
	pthread_join(all->watcher, NULL);
	lost = lane_load(&all->lost);
	/* A reader that may be at it for ever still has them. */
	if (all->stop_fd >= 0 || !all->lanes[STREAM_IN].has_worker)
		streams_release(all);
	return !lost;
}

void streams_end(struct streams *all)
{
	finish_begin(all);
}

/* The reader of a paused terminal, or of one at its end, finds stop_fd raised and looks again. */
static void stop_clear(struct streams *all)
{
	uint64_t count;

	if (read(all->stop_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
}

void streams_set_input_end(struct streams *all, bool is_at_end)
{
	if (lane_load(&all->input_ended) == is_at_end)
		return;
	if (!is_at_end)
		stop_clear(all);
	lane_store(&all->input_ended, is_at_end);
	if (is_at_end)
		event_post(all->stop_fd);
}

void streams_pause(struct streams *all)
{
	if (!all->lanes[STREAM_IN].is_tty || lane_load(&all->paused))
		return;
	lane_store(&all->paused, 1);
	event_post(all->stop_fd);
}

void streams_resume(struct streams *all)
{
	if (lane_load(&all->finishing) || lane_load(&all->gone))
		return;
	stop_clear(all);
	lane_store(&all->paused, 0);
	futex_wake_all(&all->paused);
}

bool streams_want_input(struct streams *all)
{
	return __atomic_exchange_n(&all->wanted, 0, __ATOMIC_SEQ_CST);
}

void streams_hang_up(struct streams *all)
{
	lane_store(&all->gone, 1);
	event_post(all->gone_fd);
	lane_store(&all->lanes[STREAM_IN].ring->producer_closed, 1);
	lane_store(&all->lanes[STREAM_OUT].ring->consumer_closed, 1);
	lane_store(&all->lanes[STREAM_ERR].ring->consumer_closed, 1);
	channel_post(all->channel, EVENT_STREAMS);
	finish_begin(all);
}

bool streams_are_done(const struct streams *all)
{
	return lane_load(&all->done);
}

bool streams_free(struct streams *all)
{
	bool lost;

	if (!lane_load(&all->finishing))
		streams_end(all);
	pthread_join(all->watcher, NULL);
	lost = lane_load(&all->lost);
	streams_release(all);
	return !lost;
}
