/* SPDX-License-Identifier: MIT */
/* `mezzo logs`: what a domain has printed. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/fd.h"
#include "host/cli/cli.h"
#include "host/cli/entries.h"
#include "host/cli/since.h"
#include "host/domain/control.h"

static const char usage[] =
"Usage: mezzo logs [options] NAME\n"
"\n"
"Print what the programs of a domain have printed, in all its runs: standard output to standard\n"
"output, standard error to standard error.\n"
"\n"
"  -f, --follow           go on until the domain ends\n"
"  -t, --timestamps       begin each line with its time\n"
"  -n, --tail N           the last N lines alone\n"
"      --since TIME       what is not older: 2026-01-02T03:04:05Z, seconds since the epoch, or\n"
"                         10s, 5m, 2h, 1h30m before now\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option options[] = {
	{ "follow", no_argument, NULL, 'f' },
	{ "timestamps", no_argument, NULL, 't' },
	{ "tail", required_argument, NULL, 'n' },
	{ "since", required_argument, NULL, OPTION_SINCE },
	CLI_STORE_OPTIONS,
	{ 0 }
};

struct logs {
	struct entries entries;
	bool follow;
	long long tail;			/* lines; -1: all */
	char since[LOG_TIME_SIZE + 1];	/* as in an entry; empty: all */
};

static bool is_wanted(const struct logs *logs, const struct log_entry *entry)
{
	return !entry->time || !logs->since[0] ||
	       memcmp(entry->time, logs->since, LOG_TIME_SIZE) >= 0;
}

/* How many lines there are by now. One without an end is one. */
static long long count_lines(struct logs *logs)
{
	bool is_within = false;
	struct log_entry entry;
	long long count = 0;

	while (log_next(&logs->entries.log, &entry) > 0) {
		if (!is_wanted(logs, &entry))
			continue;
		is_within = entry.is_partial;
		count += !entry.is_partial;
	}
	return count + is_within;
}

/* Print the wanted part of what is there. */
static int print_past(struct logs *logs, struct error *err)
{
	struct log_reader *log = &logs->entries.log;
	struct log_entry entry;
	long long skip = 0;
	int result;

	/* Both times the same files. */
	log->stays = true;
	if (logs->tail >= 0)
		skip = count_lines(logs) - logs->tail;
	result = log_rewind(log);
	while (!result && (result = log_next(log, &entry)) > 0) {
		result = 0;
		if (!is_wanted(logs, &entry))
			continue;
		if (skip <= 0)
			entries_print(&logs->entries, &entry);
		else
			skip -= !entry.is_partial;
	}
	log->stays = false;
	return result ? error_set(err, -result, "output of the domain") :
			entries_print_all(&logs->entries, err);
}

/* Print what comes until the monitor says that the domain has ended, or is gone itself. */
static int follow(struct logs *logs, int socket, struct error *err)
{
	static struct control_message message;
	struct pollfd fds[] = { { .fd = -1, .events = POLLIN }, { .fd = socket,
								  .events = POLLIN } };
	int error = 0, received = 1;

	fds[0].fd = control_follow(socket, err);
	if (fds[0].fd < 0)
		return fds[0].fd;
	do {
		/* First what was written before anybody listened. */
		error = entries_print_all(&logs->entries, err);
		if (error || poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			control_heard(fds[0].fd);
		if (fds[1].revents)
			received = control_receive(socket, &message, 0);
	} while (!error && received > 0 && message.head.kind != CONTROL_ENDED);
	if (!error)
		error = entries_print_all(&logs->entries, err);
	fd_close(&fds[0].fd);
	return error;
}

static int logs_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct logs *logs = data;
	struct error err;
	int error, socket = -ENOTCONN;

	(void)domains;
	/* Before the past is read, so that nothing is missed between both. */
	if (logs->follow)
		socket = control_connect(folder, &err);
	if (socket < 0 && socket != -ENOTCONN)
		return cli_fail(&err);
	error = log_open(&logs->entries.log, folder->fd, &err);
	if (!error)
		error = print_past(logs, &err);
	if (!error && socket >= 0)
		error = follow(logs, socket, &err);
	log_close(&logs->entries.log);
	fd_close(&socket);
	return error && error != -EPIPE ? cli_fail(&err) : 0;
}

static int take_option(struct logs *logs, int option, const char *argument)
{
	char *end;

	switch (option) {
	case 'f':
		logs->follow = true;
		return 0;
	case 't':
		logs->entries.with_times = true;
		return 0;
	case 'n':
		logs->tail = -1;
		if (!strcmp(argument, "all"))
			return 0;
		logs->tail = strtoll(argument, &end, 10);
		if (end != argument && !*end && logs->tail >= 0)
			return 0;
		fprintf(stderr, "mezzo: logs --tail %s: want a number of lines, or all\n",
			argument);
		return -EINVAL;
	}
	if (!since_parse(argument, logs->since))
		return 0;
	fprintf(stderr, "mezzo: logs --since %s: want 2026-01-02T03:04:05Z, seconds since the "
		"epoch, or 10m\n", argument);
	return -EINVAL;
}

int verb_logs(int argc, char **argv)
{
	struct cli_names names = { .verb = "logs", .usage = usage };
	struct logs logs = { .tail = -1 };
	int option;

	while ((option = cli_next_option(&names, argc, argv, ":ftn:", options)) > 0) {
		if (take_option(&logs, option, optarg))
			return EXIT_MEZZO_FAILED;
	}
	if (!option && argc - optind > 1) {
		fprintf(stderr, "mezzo: logs takes one NAME\n");
		return EXIT_MEZZO_FAILED;
	}
	return cli_each_domain(&names, option, argv + optind, logs_one, &logs);
}
