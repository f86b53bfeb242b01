/* SPDX-License-Identifier: MIT */
/* `mezzo attach`: be there while a domain runs. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/cli/attend.h"
#include "host/cli/cli.h"

static const char usage[] =
"Usage: mezzo attach [options] NAME\n"
"\n"
"Print what a running domain prints from now on, give it standard input (if made with -i or -t),\n"
"and leave with its exit status. The end of standard input is one for the domain. Ctrl-C and\n"
"other signals end this command and not the domain; at a terminal (-t) keys go to the domain, and\n"
"Ctrl-P Ctrl-Q leaves it.\n"
"\n"
"      --no-stdin         give no input\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option options[] = {
	{ "no-stdin", no_argument, NULL, 'n' },
	CLI_STORE_OPTIONS,
	{ 0 }
};

static int attach_open(struct attendance *attendance, bool no_input, struct error *err)
{
	const struct folder *folder = attendance->folder;
	struct log_reader *log = &attendance->entries.log;
	struct domain_record record;

	if (domain_record_load(folder->fd, &record, err)) {
		error_context(err, "domain %s", folder->name);
		return -EINVAL;
	}
	attendance->has_terminal = record.terminal;
	attendance->gives_input = !no_input && (record.interactive || record.terminal);
	domain_record_release(&record);
	attendance->socket = control_connect(folder, err);
	if (attendance->socket < 0 || log_open(log, folder->fd, err))
		return -EINVAL;
	if (log_skip(log))
		return error_set(err, errno, "output of domain %s", folder->name);
	return 0;
}

static int attach_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct attendance attendance = {
		.folder = folder, .socket = -1, .entries = { .log = LOG_NONE },
	};
	struct error err;
	int status;

	(void)domains;
	if (attach_open(&attendance, *(bool *)data, &err))
		status = cli_fail(&err);
	else
		status = attend(&attendance);
	log_close(&attendance.entries.log);
	fd_close(&attendance.socket);
	return status;
}

int verb_attach(int argc, char **argv)
{
	struct cli_names names = { .verb = "attach", .usage = usage };
	bool no_input = false;
	int option;

	while ((option = cli_next_option(&names, argc, argv, ":", options)) > 0)
		no_input = true;
	if (!option && argc - optind > 1) {
		fprintf(stderr, "mezzo: attach takes one NAME\n");
		return EXIT_MEZZO_FAILED;
	}
	return cli_each_domain(&names, option, argv + optind, attach_one, &no_input);
}
