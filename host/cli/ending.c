/* SPDX-License-Identifier: MIT */
/* Ending domains; see ending.h. No locks: one thread. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "host/base/fd.h"
#include "host/base/kernel.h"
#include "host/base/time.h"
#include "host/cli/ending.h"
#include "host/domain/process.h"

/* So many at a time, as each takes two descriptors, of which a process has 1024 by custom. */
#define TOGETHER_MAX	256
/* What a disk takes at worst to write out all that waits for it, one would think. */
#define PATIENCE_S	30
/* How often a monitor whose time is over is looked at. */
#define LOOK_MS		200

/* ---- Asking ---- */

/* A monitor passes SIGTERM on to its domain, and takes the domain with it when it is killed. */
static int process_ask(struct ending *ending, const struct ending_way *way)
{
	bool at_once = way->kind == CONTROL_SIGNAL;

	ending->pidfd = monitor_open(&ending->folder, &ending->err);
	if (ending->pidfd < 0)
		return ending->pidfd;
	if (!kernel_pidfd_send_signal(ending->pidfd, at_once ? SIGKILL : SIGTERM))
		return 0;
	return errno == ESRCH ? 0 : error_set(&ending->err, errno, "can't end domain %s",
					      ending->folder.name);
}

/* Locked, and not between two runs: who says that it does not run would not know that. */
static bool may_run(const struct folder *folder)
{
	struct domain_record record = { 0 };

	if (!folder_is_locked(folder))
		return false;
	domain_record_load_run(folder->fd, &record);
	return !record.finished_ns;
}

static void ask(struct ending *ending, const struct ending_way *way)
{
	struct error *err = &ending->err;
	int seconds = way->kind == CONTROL_STOP ? way->value : 0, error;

	ending->notice_ns = time_now_ns() + CONTROL_PATIENCE_MS * TIME_NS_PER_MS;
	ending->patience_ns = time_now_ns() + PATIENCE_S * 1000 * TIME_NS_PER_MS;
	if (seconds >= 0)
		ending->deadline_ns = time_now_ns() + seconds * 1000 * TIME_NS_PER_MS;
	ending->socket = control_connect(&ending->folder, err);
	if (ending->socket == -ENOTCONN && !may_run(&ending->folder)) {
		ending->result = -ENOTCONN;
	} else if (ending->socket < 0) {
		ending->result = process_ask(ending, way);
		/* It was just ending. */
		if (ending->result == -ESRCH && !folder_is_locked(&ending->folder)) {
			error_set(err, 0, "domain %s is not running", ending->folder.name);
			ending->result = -ENOTCONN;
		}
	} else {
		error = control_send(ending->socket, way->kind, way->value, NULL, 0, NULL, 0,
				     MSG_DONTWAIT);
		/* One that is gone may have said so. */
		if (error && error != -EPIPE)
			ending->result = error_set(err, -error, "can't end domain %s",
						   ending->folder.name);
	}
}

/* ---- Waiting ---- */

static int process_kill(struct ending *ending)
{
	if (!kernel_pidfd_send_signal(ending->pidfd, SIGKILL) || errno == ESRCH)
		return 0;
	return error_set(&ending->err, errno, "can't end domain %s", ending->folder.name);
}

static int process_wait(struct ending *ending)
{
	struct pollfd ended = { .fd = ending->pidfd, .events = POLLIN };
	int ready, error;

	while ((ready = poll(&ended, 1, time_left_ms(ending->deadline_ns))) <= 0) {
		if (ready || time_left_ms(ending->deadline_ns))
			continue;
		ending->deadline_ns = -1;
		error = process_kill(ending);
		if (error)
			return error;
	}
	return 0;
}

static void notice(struct ending *ending)
{
	if (ending->noticed || time_left_ms(ending->notice_ns))
		return;
	ending->noticed = true;
	fprintf(stderr, "mezzo: domain %s: its monitor (process %d) does not answer yet: it is "
		"killed after %d s, unless it waits for a disk then\n", ending->folder.name,
		(int)control_peer(ending->socket), PATIENCE_S);
}

/* Whether the monitor's time is over, and it does not hear that. */
static bool is_deaf(struct ending *ending)
{
	if (time_left_ms(ending->deadline_ns))
		return false;
	if (control_is_stopped(ending->socket))
		return true;
	if (ending->answered)
		return false;
	notice(ending);
	return !time_left_ms(ending->patience_ns) &&
	       !monitor_is_in_kernel(control_peer(ending->socket));
}

/* Ends it without its own part in that. */
static int monitor_end(struct ending *ending)
{
	int error;

	ending->pidfd = monitor_open(&ending->folder, &ending->err);
	if (ending->pidfd < 0)
		return folder_is_locked(&ending->folder) ? ending->pidfd : 0;
	ending->deadline_ns = -1;
	error = process_kill(ending);
	return error ? error : process_wait(ending);
}

/* The next word of the monitor: 0 where it answered, as control_ask() else. */
static int monitor_hear(struct ending *ending)
{
	int32_t status;
	int result = control_answer_take(ending->socket, &status, &ending->err);

	ending->answered |= !result;
	if (result < 0)
		error_context(&ending->err, "domain %s", ending->folder.name);
	return result;
}

static int monitor_wait(struct ending *ending)
{
	struct pollfd heard = { .fd = ending->socket, .events = POLLIN };
	int result = 0;

	while (!result) {
		int left_ms = time_left_ms(ending->deadline_ns);

		if (poll(&heard, 1, 0) > 0)
			result = monitor_hear(ending);
		else if (is_deaf(ending))
			return monitor_end(ending);
		else
			poll(&heard, 1, left_ms ? left_ms : LOOK_MS);
	}
	return result < 0 ? result : 0;
}

static void wait_for(struct ending *ending)
{
	if (!ending->result)
		ending->result = ending->pidfd >= 0 ? process_wait(ending) : monitor_wait(ending);
}

/* ---- All of them ---- */

static void end_together(const struct domains *domains, struct ending *endings, size_t count,
			 const struct ending_way *way, int *status)
{
	for (size_t i = 0; i < count; i++)
		ask(&endings[i], way);
	for (size_t i = 0; i < count; i++) {
		int result;

		wait_for(&endings[i]);
		result = way->finish(domains, &endings[i]);
		if (result)
			*status = result;
		fd_close(&endings[i].socket);
		fd_close(&endings[i].pidfd);
		folder_close(&endings[i].folder);
	}
}

int ending_each(struct cli_names *names, int option, char **words, const struct ending_way *way)
{
	struct ending *endings;
	struct domains domains;
	struct error err;

	if (cli_open_domains(names, option, words, &domains))
		return names->status;
	endings = calloc(TOGETHER_MAX, sizeof(*endings));
	if (!endings) {
		error_set(&err, ENOMEM, "can't wait for domains");
		names->status = cli_fail(&err);
	}
	while (endings && *words) {
		size_t count = 0;

		for (; *words && count < TOGETHER_MAX; words++) {
			struct ending *ending = &endings[count];

			*ending = (struct ending){ .socket = -1, .pidfd = -1, .deadline_ns = -1 };
			if (folder_open(&domains, *words, &ending->folder, &err))
				names->status = cli_fail(&err);
			else
				count++;
		}
		end_together(&domains, endings, count, way, &names->status);
	}
	free(endings);
	domains_close(&domains);
	return names->status;
}
