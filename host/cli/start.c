/* SPDX-License-Identifier: MIT */
/* `mezzo start`: runs lasting domains. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/cli/attend.h"
#include "host/cli/cli.h"
#include "host/cli/start.h"

static const char usage[] =
"Usage: mezzo start [options] NAME...\n"
"\n"
"Run domains that were made by `mezzo create` or have run before. Their programs begin anew, over\n"
"the files as the last run left them. It returns when their first programs run. One that runs\n"
"already is left alone.\n"
"\n"
"  -a, --attach           print the output, pass signals on, and leave with the domain's status;\n"
"                         input of a terminal (-t) is at its end\n"
"  -i, --interactive      the same, and standard input goes to the domain (if made with -i or -t)\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n"
"\n"
"The end of `mezzo start -a` is not the end of the domain. At a terminal (-t) Ctrl-P Ctrl-Q\n"
"leaves it.\n";

/* ---- Starting ---- */

/* What a start needs on the caller's side: the connection, and the output from here on. */
static int begin(const struct domains *domains, const struct folder *folder,
		 struct attendance *attendance, struct error *err)
{
	struct log_reader *log = &attendance->entries.log;
	int ends[2], error;

	*attendance = (struct attendance){ .folder = folder };
	if (log_open(log, folder->fd, err))
		return -EINVAL;
	if (log_skip(log) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		error_set(err, errno, "can't start domain %s", folder->name);
		log_close(log);
		return -EINVAL;
	}
	error = daemon_start(domains, folder->name, ends[1], err);
	if (error) {
		close(ends[0]);
		log_close(log);
		return error;
	}
	attendance->socket = ends[0];
	return 0;
}

static void finish(struct attendance *attendance)
{
	log_close(&attendance->entries.log);
	fd_close(&attendance->socket);
}

/* Its output is all that tells why it came to nothing. */
static int tell_failure(struct attendance *attendance, const struct control_message *message)
{
	struct log_entry entry;

	while (log_next(&attendance->entries.log, &entry) > 0) {
		entry.is_error = true;
		entries_print(&attendance->entries, &entry);
	}
	if (message->size)
		fprintf(stderr, "mezzo: %s\n", message->data);
	return message->head.value & 0xff;
}

/*
 * By whomever it was started, and be it just now. Who holds the lock may be one who reads or
 * changes it; and a monitor may still listen for a moment after its domain's end.
 */
static bool is_running(const struct folder *folder)
{
	struct error err;
	int socket = folder_is_locked(folder) ? control_connect(folder, &err) : -ENOTCONN;
	bool runs = socket >= 0 || socket == -ENOLINK;

	fd_close(&socket);
	return runs;
}

int start_detached(const struct domains *domains, const struct folder *folder)
{
	static struct control_message message;
	struct attendance attendance;
	struct error err;
	int result, status = 0;

	if (begin(domains, folder, &attendance, &err))
		return cli_fail(&err);
	result = control_receive(attendance.socket, &message, 0);
	if (result <= 0) {
		error_set(&err, 0, "the monitor of domain %s was killed as it began",
			  folder->name);
		status = cli_fail(&err);
	} else if (message.head.kind != CONTROL_STARTED && !is_running(folder)) {
		status = tell_failure(&attendance, &message);
	}
	finish(&attendance);
	return status;
}

int start_attended(const struct domains *domains, const struct folder *folder, bool gives_input)
{
	struct attendance attendance;
	struct domain_record record;
	struct error err;
	int status;

	if (domain_record_load(folder->fd, &record, &err)) {
		error_context(&err, "domain %s", folder->name);
		return cli_fail(&err);
	}
	if (begin(domains, folder, &attendance, &err)) {
		domain_record_release(&record);
		return cli_fail(&err);
	}
	/* Nobody is there who could type, and a program that asks is not to wait for ever. */
	if (record.terminal && !gives_input)
		control_send(attendance.socket, CONTROL_INPUT_END, 0, NULL, 0, NULL, 0, 0);
	attendance.passes_signals = true;
	attendance.has_terminal = record.terminal;
	attendance.gives_input = gives_input && (record.interactive || record.terminal);
	domain_record_release(&record);
	status = attend(&attendance);
	finish(&attendance);
	return status;
}

/* ---- The verb ---- */

static const struct option options[] = {
	{ "attach", no_argument, NULL, 'a' },
	{ "interactive", no_argument, NULL, 'i' },
	CLI_STORE_OPTIONS,
	{ 0 }
};

struct start {
	struct cli_names names;
	bool attach, interactive;
};

static int start_one(const struct domains *domains, struct folder *folder, void *data)
{
	const struct start *start = data;
	struct error err;
	int status;

	if (start->attach && is_running(folder)) {
		error_set(&err, 0, "domain %s is running: see `mezzo attach %s`", folder->name,
			  folder->name);
		return cli_fail(&err);
	}
	if (start->attach)
		return start_attended(domains, folder, start->interactive);
	status = is_running(folder) ? 0 : start_detached(domains, folder);
	if (!status)
		puts(folder->name);
	return status;
}

int verb_start(int argc, char **argv)
{
	struct start start = { .names = { .verb = "start", .usage = usage } };
	int option;

	while ((option = cli_next_option(&start.names, argc, argv, "+:ai", options)) > 0) {
		start.attach = true;
		start.interactive |= option == 'i';
	}
	if (!option && start.attach && argc - optind > 1) {
		fprintf(stderr, "mezzo: start -a takes one NAME\n");
		return EXIT_MEZZO_FAILED;
	}
	return cli_each_domain(&start.names, option, argv + optind, start_one, &start);
}
