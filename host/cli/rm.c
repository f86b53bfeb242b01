/* SPDX-License-Identifier: MIT */
/* `mezzo rm`. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "host/base/fd.h"
#include "host/cli/cli.h"
#include "host/cli/ending.h"

static const char usage[] =
"Usage: mezzo rm [options] NAME...\n"
"\n"
"Remove domains, with their output and all else that they keep.\n"
"\n"
"  -f, --force            end one that runs\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option options[] = {
	{ "force", no_argument, NULL, 'f' },
	CLI_STORE_OPTIONS,
	{ 0 }
};

static int remove_locked(const struct domains *domains, const struct folder *folder, int lock_fd)
{
	struct error err;
	int error;

	error = folder_remove(domains, folder, &err);
	fd_close(&lock_fd);
	if (error)
		return cli_fail(&err);
	puts(folder->name);
	return 0;
}

static int rm_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct error err;
	int lock_fd = folder_lock(domains, folder, &err);

	(void)data;
	if (lock_fd == -EBUSY)
		error_set(&err, 0, "domain %s is running: `mezzo stop %s`, or remove it with -f",
			  folder->name, folder->name);
	return lock_fd < 0 ? cli_fail(&err) : remove_locked(domains, folder, lock_fd);
}

static int rm_finish(const struct domains *domains, struct ending *ending)
{
	const struct folder *folder = &ending->folder;
	struct error err;
	int lock_fd;

	/* Where it ended otherwise the lock tells. */
	if (ending->result && ending->result != -ENOTCONN && ending->result != -EPIPE)
		return cli_fail(&ending->err);
	lock_fd = folder_lock(domains, folder, &err);
	/* Its own end may have removed it (--rm). */
	if (lock_fd == -ENOENT && !ending->result && folder_is_removed(folder)) {
		puts(folder->name);
		return 0;
	}
	if (lock_fd == -EBUSY)
		error_set(&err, 0, "domain %s is being started, or another mezzo works on it: try "
			  "again", folder->name);
	return lock_fd < 0 ? cli_fail(&err) : remove_locked(domains, folder, lock_fd);
}

int verb_rm(int argc, char **argv)
{
	struct cli_names names = { .verb = "rm", .usage = usage };
	const struct ending_way way = {
		.kind = CONTROL_SIGNAL, .value = SIGKILL, .finish = rm_finish,
	};
	bool force = false;
	int option;

	while ((option = cli_next_option(&names, argc, argv, ":f", options)) > 0)
		force = true;
	if (force)
		return ending_each(&names, option, argv + optind, &way);
	return cli_each_domain(&names, option, argv + optind, rm_one, NULL);
}
