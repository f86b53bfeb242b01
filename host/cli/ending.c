/* SPDX-License-Identifier: MIT */
/* Ending domains; see ending.h. No locks: one thread. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "host/base/fd.h"
#include "host/base/kernel.h"
#include "host/cli/ending.h"
#include "host/domain/process.h"

/* So many at a time, as each takes two descriptors, of which a process has 1024 by custom. */
#define TOGETHER_MAX	256
#define NS_PER_S	1000000000ll

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- Asking ---- */

/* A monitor passes SIGTERM on to its domain, and takes the domain with it when it is killed. */
static int process_ask(struct ending *ending, const struct ending_way *way)
{
	bool at_once = way->kind == CONTROL_SIGNAL;

	ending->pidfd = monitor_open(&ending->folder, &ending->err);
	if (ending->pidfd < 0)
		return ending->pidfd;
	if (!at_once && way->value >= 0)
		ending->deadline_ns = now_ns() + way->value * NS_PER_S;
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
	int error;

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
		error = control_send(ending->socket, way->kind, way->value, NULL, 0, NULL, 0, 0);
		/* One that is gone may have said so. */
		if (error && error != -EPIPE)
			ending->result = error_set(err, -error, "can't end domain %s",
						   ending->folder.name);
	}
}

/* ---- Waiting ---- */

/* Rounded up: it has the whole of its time. */
static int time_left_ms(const struct ending *ending)
{
	int64_t left = ending->deadline_ns - now_ns();

	if (ending->deadline_ns < 0)
		return -1;
	if (left <= 0)
		return 0;
	return left / 1000000 < INT32_MAX ? (int)(left / 1000000) + 1 : INT32_MAX;
}

static int process_wait(struct ending *ending)
{
	struct pollfd ended = { .fd = ending->pidfd, .events = POLLIN };
	int ready;

	while ((ready = poll(&ended, 1, time_left_ms(ending))) <= 0) {
		if (ready || ending->deadline_ns < 0 || now_ns() < ending->deadline_ns)
			continue;
		ending->deadline_ns = -1;
		if (kernel_pidfd_send_signal(ending->pidfd, SIGKILL) && errno != ESRCH)
			return error_set(&ending->err, errno, "can't end domain %s",
					 ending->folder.name);
	}
	return 0;
}

static void wait_for(struct ending *ending)
{
	int32_t status;

	if (ending->result)
		return;
	if (ending->pidfd >= 0) {
		ending->result = process_wait(ending);
		return;
	}
	ending->result = control_wait(ending->socket, &status, &ending->err);
	if (ending->result)
		error_context(&ending->err, "domain %s", ending->folder.name);
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
