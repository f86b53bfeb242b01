/* SPDX-License-Identifier: MIT */
/*
 * The monitor of one domain; see monitor.h. The main thread serves requests and signals; stream.c has
 * threads for the streams. They share the channel's event words, which are atomic, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/futex.h"
#include "host/monitor/monitor.h"
#include "host/monitor/request.h"

/* Requests come in bursts; when one is over the monitor lets go of the processor it followed to. */
#define FOLLOW_PATIENCE_MS 2

/* How long the user's shell waits for output that nobody takes. */
#define STOP_PATIENCE_MS 1000

#define NS_PER_MS 1000000ll

static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGTSTP, SIGCONT,
};

static void signals_to_pass(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(set, passed_on[i]);
}

void monitor_block_signals(void)
{
	sigset_t set;

	signals_to_pass(&set);
	/* A reader that goes away is seen as EPIPE by the stream that writes to it; a limit as EFBIG. */
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Returns 0 or -1 with errno. */
static int watch_quota(struct monitor *monitor)
{
	struct itimerspec often = {
		.it_interval = { QUOTA_LOOK_MS / 1000, QUOTA_LOOK_MS % 1000 * 1000000 },
		.it_value = { QUOTA_LOOK_MS / 1000, QUOTA_LOOK_MS % 1000 * 1000000 },
	};

	monitor->quota_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return monitor->quota_fd < 0 ? -1 : timerfd_settime(monitor->quota_fd, 0, &often, NULL);
}

static int open_files(struct monitor *monitor, const struct monitor_setup *setup, struct error *err)
{
	sigset_t set;

	signals_to_pass(&set);
	monitor->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	monitor->trouble_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (monitor->signal_fd < 0 || monitor->trouble_fd < 0)
		return error_set(err, errno, "can't watch the domain");
	if (setup->log_file) {
		monitor->log_fd = open(setup->log_file,
				       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
		if (monitor->log_fd < 0)
			return error_set(err, errno, "log file %s", setup->log_file);
	}
	if (setup->objects && setup->objects->quota.limit && watch_quota(monitor))
		return error_set(err, errno, "can't watch what the domain uses");
	for (size_t i = 0; i < setup->volume_count; i++) {
		const struct plan_volume *volume = &setup->volumes[i];

		if (volumes_add(&monitor->service.volumes, volume->fd, volume->source,
				volume->read_only, setup->volume_ids_are_root, err))
			return -EINVAL;
	}
	if (!setup->rootfs)
		return 0;
	return lower_open_directory(&monitor->service.lower, setup->rootfs, setup->own_ids_are_root,
				    err);
}

static void close_files(struct monitor *monitor)
{
	fd_close(&monitor->signal_fd);
	fd_close(&monitor->trouble_fd);
	fd_close(&monitor->quota_fd);
	fd_close(&monitor->log_fd);
	lower_release(&monitor->service.lower);
	volumes_release(&monitor->service.volumes);
	input_release(&monitor->service.input);
}

int monitor_init(struct monitor *monitor, const struct monitor_setup *setup, struct error *err)
{
	int fds[STREAM_COUNT] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	struct channel *channel = setup->channel;
	int error, log_fd;

	*monitor = (struct monitor){
		.socket = setup->socket, .pidfd = setup->pidfd,
		.signal_fd = -1, .trouble_fd = -1, .quota_fd = -1, .log_fd = -1,
		.control = setup->control,
		.service = {
			.channel = setup->channel, .objects = setup->objects,
			.lower = { .root = -1, .descriptors = -1 },
			.processes.pidfd = setup->pidfd,
		},
	};
	consoles_init(&monitor->service.consoles, channel, -1, &control_exec_listener);
	if (setup->control) {
		setup->control->channel = channel;
		setup->control->consoles = &monitor->service.consoles;
		setup->control->plan = setup->plan;
	}
	terminal_init(&monitor->service.terminal, fds, setup->stream_flags,
		      &channel->consoles[CONSOLE_FIRST].terminal);
	input_init(&monitor->service.input, setup->stream_flags[STREAM_IN]);
	error = open_files(monitor, setup, err);
	if (!error) {
		for (int i = 0; i < STREAM_COUNT; i++) {
			if (setup->stream_flags[i] & STREAM_ABSENT)
				fds[i] = -1;
		}
		if (setup->output)
			fds[STREAM_OUT] = fds[STREAM_ERR] = setup->output->fd;
		log_fd = setup->log_file ? monitor->log_fd : fds[STREAM_ERR];
		monitor->service.consoles.trouble_fd = monitor->trouble_fd;
		monitor->streams = streams_start(channel, fds, log_fd, setup->output,
						 setup->control != NULL, monitor->trouble_fd, err);
		error = monitor->streams ? 0 : -err->code;
	}
	if (!error && setup->control)
		setup->control->streams = monitor->streams;
	if (error)
		close_files(monitor);
	return error;
}

/* A signal for us is one for the domain. */
static void pass_signals_on(struct monitor *monitor)
{
	struct signalfd_siginfo info;
	uint64_t bits = 0;

	while (read(monitor->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		bits |= 1ull << (info.ssi_signo - 1);
	if (!bits)
		return;
	if (bits & 1ull << (SIGWINCH - 1))
		terminal_resize(&monitor->service.terminal);
	/* As for any process: a stop that is yet to come is undone. */
	if (bits & 1ull << (SIGCONT - 1))
		monitor->stop_ns = 0;
	console_post_signals(monitor->service.channel, CONSOLE_FIRST, bits);
}

/* ---- Serving ---- */

enum watched {
	WATCH_SOCKET, WATCH_SIGNALS, WATCH_FIRST_PROCESS, WATCH_TROUBLE, WATCH_CONTROL,
	WATCH_CONSOLES, WATCH_QUOTA, WATCH_SETTLED, WATCH_COUNT,
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 * NS_PER_MS + now.tv_nsec;
}

/* The user's shell, if any, wants its terminal back, once what was written is out. */
static void stop_begin(struct monitor *monitor)
{
	monitor->settled_fd = streams_settle(monitor->streams);
	monitor->stop_ns = now_ns() + STOP_PATIENCE_MS * NS_PER_MS;
}

/* Stops, if it is time to, and goes on when it is told so. */
static void stop_look(struct monitor *monitor)
{
	if (!monitor->stop_ns ||
	    (now_ns() < monitor->stop_ns && !streams_are_settled(monitor->streams)))
		return;
	monitor->stop_ns = 0;
	raise(SIGSTOP);
}

/*
 * Waits for something to do. Until the monitor has stopped its domain waits, as it would without
 * us; all others are heard.
 */
static int watch(struct monitor *monitor, struct pollfd fds[WATCH_COUNT])
{
	bool stops = monitor->stop_ns != 0;
	int64_t left_ns = stops ? monitor->stop_ns - now_ns() : 0;
	int timeout = stops ? 0 : -1;

	if (left_ns > 0)
		timeout = (int)(left_ns / NS_PER_MS) + 1;
	if (monitor->follower.cpu)
		timeout = FOLLOW_PATIENCE_MS;
	fds[WATCH_SOCKET].fd = stops ? -1 : monitor->socket;
	fds[WATCH_FIRST_PROCESS].fd = stops ? -1 : monitor->pidfd;
	fds[WATCH_SETTLED].fd = stops ? monitor->settled_fd : -1;
	fds[WATCH_CONSOLES].fd = monitor->service.consoles.done_fd;
	return poll(fds, WATCH_COUNT, timeout);
}

static bool quota_is_kept(const struct monitor *monitor)
{
	struct objects *objects = monitor->service.objects;
	uint64_t times;
	bool measured;

	if (read(monitor->quota_fd, &times, sizeof(times)) < 0)
		return true;
	if (quota_is_broken(&objects->quota, objects, &measured))
		return false;
	if (measured)
		objects_sweep(objects);
	return true;
}

/* All but requests. True: the domain has ended, or is to be ended. */
static bool look_around(struct monitor *monitor, const struct pollfd *fds,
			enum monitor_outcome *outcome, struct error *err)
{
	if (fds[WATCH_SIGNALS].revents)
		pass_signals_on(monitor);
	*outcome = OUTCOME_BROKEN;
	if (fds[WATCH_TROUBLE].revents) {
		error_set(err, 0, "the domain broke a stream's ring and was ended");
		return true;
	}
	if (fds[WATCH_QUOTA].revents && !quota_is_kept(monitor)) {
		*outcome = OUTCOME_OVER_LIMIT;
		error_set(err, 0, "the domain passed its disk limit and was ended: its system "
			  "layer took what it had not asked for");
		return true;
	}
	if (fds[WATCH_CONSOLES].revents)
		consoles_reap(&monitor->service.consoles);
	*outcome = OUTCOME_ENDED;
	return fds[WATCH_CONTROL].revents && control_server_serve(monitor->control);
}

/* One request. True: the domain has ended, or is to be ended. */
static bool serve_one(struct monitor *monitor, enum monitor_outcome *outcome, struct error *err)
{
	switch (request_serve(monitor->socket, &monitor->service, &monitor->status, err)) {
	case REQUEST_NONE:
		follower_follow(&monitor->follower,
				__atomic_load_n(&monitor->service.channel->requester_cpu,
						__ATOMIC_RELAXED));
		return false;
	case REQUEST_STARTED:
		if (monitor->control)
			control_server_started(monitor->control);
		return false;
	case REQUEST_STOPPED:
		if (!monitor->control)
			stop_begin(monitor);
		return false;
	case REQUEST_EXIT:
		*outcome = OUTCOME_EXITED;
		return true;
	case REQUEST_CRASH:
		*outcome = OUTCOME_CRASHED;
		return true;
	case REQUEST_KILLED:
		*outcome = OUTCOME_KILLED;
		return true;
	case REQUEST_BAD:
		*outcome = OUTCOME_BROKEN;
		return true;
	case REQUEST_CLOSED:
		monitor->socket = -1;
	}
	return false;
}

/* Whether there is something to serve; poll() looks at one thing after the other. */
static bool has_request(const struct monitor *monitor, const struct pollfd fds[WATCH_COUNT])
{
	struct pollfd socket = { .fd = monitor->socket, .events = POLLIN };

	/* What a process that has ended by now said last came before its end. */
	return fds[WATCH_SOCKET].revents ||
	       (fds[WATCH_FIRST_PROCESS].revents && poll(&socket, 1, 0) > 0);
}

enum monitor_outcome monitor_run(struct monitor *monitor, struct error *err)
{
	struct pollfd fds[WATCH_COUNT] = {
		[WATCH_SOCKET] = { -1, POLLIN, 0 },
		[WATCH_SIGNALS] = { monitor->signal_fd, POLLIN, 0 },
		[WATCH_FIRST_PROCESS] = { -1, POLLIN, 0 },
		[WATCH_TROUBLE] = { monitor->trouble_fd, POLLIN, 0 },
		[WATCH_CONTROL] = { monitor->control ? monitor->control->poll_fd : -1, POLLIN, 0 },
		[WATCH_CONSOLES] = { -1, POLLIN, 0 },
		[WATCH_QUOTA] = { monitor->quota_fd, POLLIN, 0 },
		[WATCH_SETTLED] = { -1, POLLIN, 0 },
	};
	enum monitor_outcome outcome;

	follower_init(&monitor->follower);
	for (;;) {
		int ready;

		stop_look(monitor);
		ready = watch(monitor, fds);
		if (ready <= 0) {
			if (!ready)
				follower_release(&monitor->follower);
			continue;
		}
		if (look_around(monitor, fds, &outcome, err))
			return outcome;
		if (has_request(monitor, fds)) {
			if (serve_one(monitor, &outcome, err))
				return outcome;
			continue;
		}
		/* Only once all requests are read: the last one may be the exit status. */
		if (fds[WATCH_FIRST_PROCESS].revents)
			return OUTCOME_DIED;
	}
}

/* ---- The end ---- */

/* Nobody is left to take signals: those that come while output is written out end us as usual. */
static void unblock_signals(void)
{
	sigset_t set;

	signals_to_pass(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

bool monitor_release(struct monitor *monitor)
{
	bool complete;

	unblock_signals();
	consoles_release(&monitor->service.consoles);
	/* Nobody can be waited for who has held the output of a terminal of our own. */
	if (monitor->control)
		terminal_let_go_on(&monitor->service.terminal);
	complete = streams_finish(monitor->streams);
	terminal_restore(&monitor->service.terminal);
	close_files(monitor);
	return complete;
}
