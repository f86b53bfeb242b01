/* SPDX-License-Identifier: MIT */
/* `mezzo rm` and `mezzo rename`: what is done to domains that do not run. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "host/base/fd.h"
#include "host/cli/cli.h"
#include "host/cli/ending.h"
#include "host/cli/image_launch.h"

static const char rm_usage[] =
"Usage: mezzo rm [options] NAME...\n"
"\n"
"Remove domains, with their output and all else that they keep.\n"
"\n"
"  -f, --force            end one that runs\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const char rename_usage[] =
"Usage: mezzo rename [options] NAME NEW-NAME\n"
"\n"
"Give a domain another name. It must not run: `mezzo stop NAME` first.\n"
"\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option rm_options[] = {
	{ "force", no_argument, NULL, 'f' },
	CLI_STORE_OPTIONS,
	{ 0 }
};

static const struct option rename_options[] = { CLI_STORE_OPTIONS, { 0 } };

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
	if (lock_fd == -ENOENT && !ending->result) {
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
	struct cli_names names = { .verb = "rm", .usage = rm_usage };
	const struct ending_way way = {
		.kind = CONTROL_SIGNAL, .value = SIGKILL, .finish = rm_finish,
	};
	bool force = false;
	int option;

	while ((option = cli_next_option(&names, argc, argv, ":f", rm_options)) > 0)
		force = true;
	if (force)
		return ending_each(&names, option, argv + optind, &way);
	return cli_each_domain(&names, option, argv + optind, rm_one, NULL);
}

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

static int rename_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct plan plan = { 0 };
	struct error err;
	int error, pin, lock_fd = folder_lock(domains, folder, &err);

	if (lock_fd == -EBUSY)
		error_set(&err, 0, "domain %s is running, and its name is changed at rest: `mezzo "
			  "stop %s` first", folder->name, folder->name);
	if (lock_fd < 0)
		return cli_fail(&err);
	error = pin_image(domains, folder, &pin, &err) ?:
		hold_volumes(domains, folder, &plan, &err) ?:
		folder_rename(domains, folder, data, &err);
	plan_release(&plan);
	fd_close(&pin);
	fd_close(&lock_fd);
	return error ? cli_fail(&err) : 0;
}

int verb_rename(int argc, char **argv)
{
	struct cli_names names = { .verb = "rename", .usage = rename_usage };
	int option = cli_next_option(&names, argc, argv, ":", rename_options);
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
