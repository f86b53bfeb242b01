/* SPDX-License-Identifier: MIT */
/* The receiver in a domain; see receive.h. No locks but the domain's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/cli.h"
#include "host/cli/exec.h"
#include "host/cli/receive.h"
#include "host/domain/control.h"

#define RECEIVER "mezzo-receive"

/* ---- A domain that does not run ---- */

static int plan_make(struct plan *plan, const struct domains *domains, const struct folder *folder,
		     const struct domain_record *record, char **argv, struct error *err)
{
	if (!record->image)
		return error_set(err, 0, "it is over a directory and keeps no changes: copy into "
				 "it while it runs");
	*plan = (struct plan){
		.image = record->image, .mapping = record->mapping, .store = domains->store,
		.folder = folder->fd, .layer_file = record->layer_file,
		.hostname = record->hostname, .argv = argv, .cwd = strdup("/"),
		.disk_limit = (uint64_t)record->disk_limit,
		.volume_ids_are_root = geteuid() != 0,
		.no_key = record->no_key, .program_flags = PROGRAM_GRANTED,
	};
	if (!plan->cwd)
		return error_set(err, ENOMEM, "can't make a plan");
	if (volumes_take(plan, &record->volumes, err))
		return -EINVAL;
	return plan_note_streams(plan, err);
}

static int run_idle(const struct domains *domains, const struct folder *folder, const char *path)
{
	char *argv[] = { RECEIVER, (char *)path, NULL };
	struct domain_record record;
	struct plan plan = { 0 };
	struct error err;
	int status;

	if (domain_record_load(folder->fd, &record, &err))
		return cli_fail(&err);
	if (plan_make(&plan, domains, folder, &record, argv, &err))
		status = cli_fail(&err);
	else
		status = domain_run(&plan);
	plan_release(&plan);
	domain_record_release(&record);
	return status;
}

/* ---- A domain that runs ---- */

static int run_beside(const struct folder *folder, const char *path)
{
	struct exec_wish wish = { .flags = EXEC_INPUT | EXEC_USER | EXEC_GRANTED,
				  .directory = "/" };
	struct error err;
	int socket = control_connect(folder, &err), status;

	if (socket == -ENOTCONN)
		error_set(&err, 0, "it is being started, read or copied into: try again when that "
			  "is done");
	if (socket < 0)
		return cli_fail(&err);
	close(socket);
	if (strings_add(&wish.arguments, RECEIVER) || strings_add(&wish.arguments, (char *)path)) {
		error_set(&err, ENOMEM, "can't describe the program");
		status = cli_fail(&err);
	} else {
		status = exec_in(folder, &wish);
	}
	exec_wish_release(&wish);
	return status;
}

int receiver_run(const struct domains *domains, const struct folder *folder, const char *path)
{
	struct error err;
	int lock_fd = folder_lock(domains, folder, &err), status;

	if (lock_fd == -EBUSY)
		return run_beside(folder, path);
	if (lock_fd < 0)
		return cli_fail(&err);
	status = run_idle(domains, folder, path);
	close(lock_fd);
	return status;
}
