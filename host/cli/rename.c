/* SPDX-License-Identifier: MIT */
/*
 * `mezzo rename`. The name is changed by who holds the domain's lock: by us, or, where the domain
 * runs, by its monitor, which we ask.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/cli/cli.h"
#include "host/cli/image_launch.h"
#include "host/domain/control.h"

static const char usage[] =
"Usage: mezzo rename [options] NAME NEW-NAME\n"
"\n"
"Give a domain another name, whether it runs or not.\n"
"\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option options[] = { CLI_STORE_OPTIONS, { 0 } };

/*
 * Who wants to delete the domain's image reads the records of all domains, and could come by both
 * names at a time when the domain does not have them: so the image is held by a pin meanwhile.
 */
static int pin_image(const struct domains *domains, const struct folder *folder, int *pin,
		     struct error *err)
{
	struct domain_record record;
	int error = domain_record_load(folder->fd, &record, err);

	*pin = -1;
	if (error)
		return error;
	if (record.image)
		*pin = image_pin(domains->store, record.mapping, err);
	error = record.image && *pin < 0 ? *pin : 0;
	domain_record_release(&record);
	/* What is gone already needs no pin. */
	return error == -ENOENT ? 0 : error;
}

/* And so are its volumes, in a plan to be released. */
static int hold_volumes(const struct domains *domains, const struct folder *folder,
			struct plan *plan, struct error *err)
{
	struct domain_record record;
	int error = domain_record_load(folder->fd, &record, err);

	*plan = (struct plan){ .store = domains->store };
	if (error)
		return error;
	for (size_t i = 0; i < record.volumes.count && !error; i++) {
		char first = record.volumes.items[i][0];

		if (first != '/' && first != '.')
			error = plan_add_known_volume(plan, record.volumes.items[i], err);
	}
	if (!error)
		error = volumes_find(plan, err);
	domain_record_release(&record);
	return error;
}

/*
 * 0 once the monitor has done it, 1 where the domain has ended before and gave the lock back,
 * -ENOTCONN where there is no monitor to ask, or another -errno.
 */
static int rename_running(const struct folder *folder, const char *name, struct error *err)
{
	char names[2 * (DOMAIN_NAME_MAX + 1)];
	int size, error, socket = control_connect(folder, err);
	int32_t status;

	if (socket == -ENOTCONN)
		error_set(err, 0, "domain %s is being started, read or changed: try again when "
			  "that is done", folder->name);
	if (socket < 0)
		return socket;
	size = snprintf(names, sizeof(names), "%s%c%s", folder->name, 0, name);
	error = control_send(socket, CONTROL_RENAME, 0, names, (size_t)size, NULL, 0, 0);
	/* It may have said why it is gone. */
	if (error && error != -EPIPE)
		error_set(err, -error, "can't ask the domain's monitor");
	else
		error = control_answer_take(socket, &status, err);
	close(socket);
	return error;
}

static int rename_resting(const struct domains *domains, const struct folder *folder, int lock_fd,
			  const char *name, struct error *err)
{
	int error = folder_rename(domains, folder, name, err);

	close(lock_fd);
	return error;
}

static int rename_held(const struct domains *domains, const struct folder *folder,
		       const char *name, struct error *err)
{
	bool was_gone = false, again;
	int result, lock_fd;

	do {
		lock_fd = folder_lock(domains, folder, err);
		if (lock_fd == -EBUSY)
			result = rename_running(folder, name, err);
		else if (lock_fd < 0)
			result = lock_fd;
		else
			result = rename_resting(domains, folder, lock_fd, name, err);
		/*
		 * Who had the lock and is not to be asked may be a monitor that ended between: one
		 * look more tells. Who only reads may do so for as long as they like.
		 */
		again = result > 0 || (result == -ENOTCONN && !was_gone);
		was_gone = result == -ENOTCONN;
	} while (again);
	return result;
}

static int rename_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct plan plan = { 0 };
	struct error err;
	int pin = -1, error = domain_name_check(data, &err);

	if (!error)
		error = pin_image(domains, folder, &pin, &err) ?:
			hold_volumes(domains, folder, &plan, &err) ?:
			rename_held(domains, folder, data, &err);
	plan_release(&plan);
	fd_close(&pin);
	return error ? cli_fail(&err) : 0;
}

int verb_rename(int argc, char **argv)
{
	struct cli_names names = { .verb = "rename", .usage = usage };
	int option = cli_next_option(&names, argc, argv, ":", options);
	char *words[] = { argv[optind], NULL };

	if (option < 0)
		return names.status;
	if (argc - optind != 2) {
		fprintf(stderr, "mezzo: rename needs NAME and NEW-NAME: try `mezzo rename "
			"--help`\n");
		return EXIT_MEZZO_FAILED;
	}
	return cli_each_domain(&names, option, words, rename_one, argv[optind + 1]);
}
