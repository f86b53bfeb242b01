/* SPDX-License-Identifier: MIT */
/* `mezzo wait`: for the end of domains. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/cli/cli.h"
#include "host/domain/control.h"
#include "host/domain/process.h"
#include "host/domain/record.h"

static const char usage[] =
"Usage: mezzo wait [options] NAME...\n"
"\n"
"Wait for the end of each domain and print its exit status. For one that does not run it is that\n"
"of its last run; 137 where its monitor was killed.\n"
"\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option options[] = { CLI_STORE_OPTIONS, { 0 } };

/* Of a domain that has no monitor to ask. */
static int status_from_record(const struct folder *folder, int32_t *status, struct error *err)
{
	struct domain_record record;
	int error = domain_record_load(folder->fd, &record, err);

	if (error)
		return error;
	if (!record.started_ns)
		error = error_set(err, 0, "it has never run");
	*status = record.finished_ns ? (int32_t)record.status : 128 + SIGKILL;
	domain_record_release(&record);
	return error;
}

/* Its monitor, which can't be reached by its socket, writes the record before it ends. */
static int wait_for_process(const struct folder *folder, int32_t *status, struct error *err)
{
	struct pollfd ended = { .fd = monitor_open(folder, err), .events = POLLIN };

	if (ended.fd < 0)
		return ended.fd;
	while (poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
	close(ended.fd);
	return status_from_record(folder, status, err);
}

static int wait_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct error err;
	int32_t status;
	int error, fd = control_connect(folder, &err);

	(void)domains;
	(void)data;
	if (fd == -ENOTCONN)
		error = status_from_record(folder, &status, &err);
	else
		error = fd < 0 ? wait_for_process(folder, &status, &err) :
				 control_wait(fd, &status, &err);
	fd_close(&fd);
	if (error == -EPIPE)
		status = 128 + SIGKILL;
	if (error && error != -EPIPE) {
		error_context(&err, "domain %s", folder->name);
		return cli_fail(&err);
	}
	printf("%d\n", status);
	return 0;
}

int verb_wait(int argc, char **argv)
{
	struct cli_names names = { .verb = "wait", .usage = usage };
	int option = cli_next_option(&names, argc, argv, ":", options);

	return cli_each_domain(&names, option, argv + optind, wait_one, NULL);
}
