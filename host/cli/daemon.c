/* SPDX-License-Identifier: MIT */
/*
 * The monitor of a lasting domain as a process of its own: from the domain's folder to its end.
 * What goes wrong before it can write to the domain's output is told on the starter's connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/kernel.h"
#include "host/cli/cli.h"
#include "host/cli/image_launch.h"
#include "host/domain/control.h"
#include "host/monitor/control_server.h"
#include "host/monitor/monitor.h"
#include "host/monitor/output.h"
#include "host/monitor/pty.h"

#define STARTER_FD 3

struct daemon {
	struct domains domains;
	struct folder folder;
	int lock_fd;
	struct domain_record record;
	struct output output;
	struct control_server control;
	struct pty pty;
	struct error unsaid;		/* what the output could not take first; else no text */
};

/* Leave the caller's session, directory, streams and files, but for the starter's connection. */
static int leave_caller(int starter)
{
	int null;

	if (dup2(starter, STARTER_FD) < 0)
		return -errno;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (dup2(null, fd) < 0)
			return -errno;
	}
	kernel_close_range(STARTER_FD + 1, ~0u);
	fcntl(STARTER_FD, F_SETFD, FD_CLOEXEC);
	setsid();
	return chdir("/") ? -errno : 0;
}

/* ---- What it is to be ---- */

static int plan_from_record(struct plan *plan, const struct daemon *daemon, struct error *err)
{
	const struct domain_record *record = &daemon->record;

	*plan = (struct plan){
		.rootfs = record->rootfs, .image = record->image, .mapping = record->mapping,
		.store = daemon->domains.store, .folder = daemon->folder.fd,
		.layer_file = record->layer_file, .log_file = record->log_file,
		.hostname = record->hostname, .argv = record->arguments.items,
		.flags = (record->trace ? CONFIG_TRACE : 0) |
			 (record->verbose ? CONFIG_VERBOSE : 0),
		.no_key = record->no_key,
		.own_ids_are_root = record->rootfs && geteuid() != 0,
		.volume_ids_are_root = geteuid() != 0,
		.cwd = strdup(record->workdir), .user = record->user,
		.disk_limit = (uint64_t)record->disk_limit,
	};
	if (!plan->cwd)
		return error_set(err, ENOMEM, "can't make a plan");
	if (volumes_take(plan, &record->volumes, err))
		return -EINVAL;
	if (record->image ? image_user_apply(plan, err) : rootfs_launch_apply(plan, err))
		return -EINVAL;
	/* After the user, whose HOME is in it. */
	for (size_t i = 0; i < record->environment.count; i++) {
		if (strings_set_variable(&plan->environment, record->environment.items[i]))
			return error_set(err, ENOMEM, "can't make an environment");
	}
	return plan_note_streams(plan, err);
}

/* Standard input is a pipe, whose other end the clients' input goes to. */
static int connect_input(struct daemon *daemon, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) || dup2(ends[0], STDIN_FILENO) < 0)
		return error_set(err, errno, "can't make a pipe for standard input");
	close(ends[0]);
	control_server_set_input(&daemon->control, ends[1], false);
	return 0;
}

static int connect_terminal(struct daemon *daemon, struct error *err)
{
	int fd;

	if (pty_open(&daemon->pty, &daemon->output, err))
		return -err->code;
	fd = fcntl(daemon->pty.outer, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "can't use the domain's terminal");
	control_server_set_input(&daemon->control, fd, true);
	return 0;
}

/* ---- Running ---- */

static int run_connected(struct daemon *daemon, struct error *err)
{
	const struct domain_record *record = &daemon->record;
	struct domain_ends ends = {
		.output = record->terminal ? NULL : &daemon->output,
		.control = &daemon->control,
		.reason = &daemon->record.reason,
	};
	struct plan plan;
	int status = EXIT_MEZZO_FAILED;

	if (!plan_from_record(&plan, daemon, err)) {
		/* The entries of the output say which stream they are of. */
		if (!record->terminal)
			plan.stream_flags[STREAM_ERR] &= ~STREAM_AS_OUT;
		status = domain_carry(&plan, &ends, err);
	}
	plan_release(&plan);
	return status;
}

static int run_domain(struct daemon *daemon, struct error *err)
{
	const struct domain_record *record = &daemon->record;
	int status;

	monitor_block_signals();
	if (record->terminal ? connect_terminal(daemon, err) :
	    record->interactive && connect_input(daemon, err))
		return EXIT_MEZZO_FAILED;
	status = run_connected(daemon, err);
	if (record->terminal)
		pty_close(&daemon->pty);
	return status;
}

/* Where the disk is full, who waits for the end is told. */
static void say(struct daemon *daemon, const struct error *err)
{
	char line[sizeof(err->text) + 16];
	int size = snprintf(line, sizeof(line), "mezzo: %s\n", err->text);

	if (output_write(&daemon->output, "stderr", line, (size_t)size) < 0 &&
	    !daemon->unsaid.text[0])
		daemon->unsaid = *err;
}

/* The end is on disk, and the domain anybody's, before anybody hears of it. */
static void finish(struct daemon *daemon, int status)
{
	struct error err;

	daemon->record.finished_ns = domain_record_now();
	daemon->record.status = status;
	if (domain_record_save_run(daemon->folder.fd, &daemon->record, &err))
		say(daemon, &err);
	if (daemon->record.remove && folder_remove(&daemon->domains, &daemon->folder, &err))
		say(daemon, &err);
	fd_close(&daemon->lock_fd);
	control_server_close(&daemon->control, status, daemon->unsaid.text);
}

/* ---- Beginning ---- */

static int open_folder(struct daemon *daemon, const char *store, const char *name,
		       struct error *err)
{
	if (domains_open(&daemon->domains, store, false, err) ||
	    folder_open(&daemon->domains, name, &daemon->folder, err))
		return -EINVAL;
	daemon->lock_fd = folder_lock(&daemon->domains, &daemon->folder, err);
	if (daemon->lock_fd < 0)
		return daemon->lock_fd;
	if (domain_record_load(daemon->folder.fd, &daemon->record, err)) {
		error_context(err, "domain %s", name);
		return -EINVAL;
	}
	daemon->record.started_ns = domain_record_now();
	daemon->record.finished_ns = daemon->record.status = daemon->record.reason = 0;
	daemon->record.monitor = getpid();
	/* Who finds the record of this run finds its monitor, too. */
	return output_open(&daemon->output, daemon->folder.fd,
			   (uint64_t)daemon->record.log_size, err) ||
	       control_server_open(&daemon->control, &daemon->domains, &daemon->folder,
				   &daemon->output, STARTER_FD, err) ||
	       domain_record_save_run(daemon->folder.fd, &daemon->record, err);
}

static void __attribute__((noreturn)) daemon_main(const char *store, const char *name, int starter)
{
	static struct daemon daemon;
	struct error err;
	int status, error = leave_caller(starter);

	if (error)
		error_set(&err, -error, "can't start a monitor");
	else
		error = open_folder(&daemon, store, name, &err);
	if (error) {
		control_send(STARTER_FD, CONTROL_ENDED, EXIT_MEZZO_FAILED, err.text,
			     strlen(err.text), NULL, 0, 0);
		_exit(EXIT_MEZZO_FAILED);
	}
	err.text[0] = '\0';
	status = run_domain(&daemon, &err);
	if (err.text[0])
		say(&daemon, &err);
	finish(&daemon, status);
	_exit(status);
}

int daemon_start(const struct domains *domains, const char *name, int starter, struct error *err)
{
	pid_t pid = fork();

	if (!pid)
		daemon_main(domains->store, name, starter);
	close(starter);
	return pid < 0 ? error_set(err, errno, "can't start a monitor") : 0;
}
