/* SPDX-License-Identifier: MIT */
/* From options to a domain's record; see settings.h. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/size.h"
#include "host/cli/settings.h"
#include "host/monitor/output.h"

/* As a domain over an image or a directory is by default. */
static int settings_init(struct settings *settings, struct error *err)
{
	*settings = (struct settings){ .use.pin = -1 };
	return plan_init_for_rootfs(&settings->plan, NULL, err);
}

static void settings_release(struct settings *settings)
{
	plan_release(&settings->plan);
	image_use_release(&settings->use);
	for (size_t i = 0; i < sizeof(settings->owned) / sizeof(settings->owned[0]); i++)
		free(settings->owned[i]);
	for (size_t i = 0; i < VOLUME_MAX; i++)
		free(settings->volumes[i]);
}

static int take_log_size(struct settings *settings, const char *argument, struct error *err)
{
	if (size_parse(argument, "--log-size", &settings->log_size, err))
		return -EINVAL;
	if (settings->log_size >= OUTPUT_SIZE_LEAST)
		return 0;
	return error_set(err, 0, "--log-size %s: it is 1M at least", argument);
}

/* Returns 0, -errno, or 1 for an option that is none of these. */
static int settings_take(struct settings *settings, int option, char *argument, struct error *err)
{
	struct plan *plan = &settings->plan;

	switch (option) {
	case OPTION_ROOTFS:
		plan->rootfs = argument;
		return 0;
	case OPTION_STORE:
		plan->store = argument;
		return 0;
	case OPTION_NAME:
		settings->name = argument;
		return 0;
	case 'd':
		settings->detach = true;
		return 0;
	case OPTION_REMOVE:
		settings->remove = true;
		return 0;
	case 'i':
		settings->interactive = true;
		return 0;
	case 't':
		settings->terminal = true;
		return 0;
	case 'u':
		plan->user = argument;
		return 0;
	case OPTION_DISK:
		return size_parse(argument, "--disk", &plan->disk_limit, err);
	case OPTION_LOG_SIZE:
		return take_log_size(settings, argument, err);
	case OPTION_ENTRYPOINT:
		plan->entrypoint = argument;
		return 0;
	}
	return cli_take_option(plan, option, argument, err);
}

/* 0, -1 where --help was asked for, or mezzo's exit status. */
static int take_options(struct settings *settings, const struct settings_verb *verb, int argc,
			char **argv)
{
	struct error err;
	int option, result;

	opterr = 0;
	while ((option = getopt_long(argc, argv, verb->letters, verb->options, NULL)) != -1) {
		if (cli_asks_help(option)) {
			fputs(verb->usage, stdout);
			return -1;
		}
		result = settings_take(settings, option, optarg, &err);
		if (result == 1)
			return cli_fail_option(verb->name, option, argv);
		if (result)
			return cli_fail(&err);
	}
	return verb->take_words(settings, argv + optind);
}

int settings_run(const struct settings_verb *verb, int argc, char **argv)
{
	struct settings settings;
	struct error err;
	int status;

	if (settings_init(&settings, &err))
		return cli_fail(&err);
	status = take_options(&settings, verb, argc, argv);
	if (!status)
		status = verb->work(&settings);
	settings_release(&settings);
	return status < 0 ? 0 : status;
}

int settings_take_command(struct settings *settings, char **words, const char *verb)
{
	struct plan *plan = &settings->plan;

	if (!plan->rootfs && *words) {
		plan->image = *words++;
		/* Ids of an image mean what they say. */
		plan->own_ids_are_root = false;
	}
	if (*words && !strcmp(*words, "--"))
		words++;
	plan->argv = words;
	/* An image may have a command of its own. */
	if (plan->image)
		return 0;
	if (plan->rootfs && plan->disk_limit) {
		fprintf(stderr, "mezzo: %s --disk goes with an image: a domain over a directory "
			"keeps nothing of what it writes\n", verb);
		return EXIT_MEZZO_FAILED;
	}
	if (plan->rootfs)
		return cli_check_command(plan, verb);
	fprintf(stderr, "mezzo: %s needs an IMAGE or --rootfs DIR: try `mezzo %s --help`\n", verb,
		verb);
	return EXIT_MEZZO_FAILED;
}

int settings_complete(struct settings *settings, struct error *err)
{
	struct plan *plan = &settings->plan;

	if (volumes_find(plan, err))
		return -EINVAL;
	return plan->image ? image_launch_apply(plan, &settings->use, err) :
			     rootfs_launch_apply(plan, err);
}

/* ---- The record ---- */

/* The monitor has another current directory. */
static int make_absolute(struct settings *settings, int place, const char **path,
			 struct error *err)
{
	char own[PATH_MAX];

	if (!*path || **path == '/')
		return 0;
	if (!getcwd(own, sizeof(own)))
		return error_set(err, errno, "can't find out the current directory");
	if (asprintf(&settings->owned[place], "%s/%s", own, *path) < 0) {
		settings->owned[place] = NULL;
		return error_set(err, ENOMEM, "%s", *path);
	}
	*path = settings->owned[place];
	return 0;
}

/* As the plan has understood them. */
static int record_volumes(struct settings *settings, struct domain_record *record,
			  struct error *err)
{
	const struct plan *plan = &settings->plan;

	for (size_t i = 0; i < plan->volume_count; i++) {
		const struct plan_volume *volume = &plan->volumes[i];

		if (asprintf(&settings->volumes[i], "%s:%s%s",
			     volume->name ? volume->name : volume->source, volume->path,
			     volume->read_only ? ":ro" : "") < 0)
			settings->volumes[i] = NULL;
		if (!settings->volumes[i] || strings_add(&record->volumes, settings->volumes[i]))
			return error_set(err, ENOMEM, "can't make a record");
	}
	return 0;
}

static int make_record(struct settings *settings, struct domain_record *record, struct error *err)
{
	const struct plan *plan = &settings->plan;

	*record = (struct domain_record){
		.image = plan->image ? settings->use.name : NULL, .mapping = plan->mapping,
		.config = settings->use.config,
		.rootfs = plan->rootfs, .workdir = plan->cwd,
		.user = plan->user, .hostname = plan->hostname,
		.disk_limit = (int64_t)plan->disk_limit,
		.layer_file = plan->layer_file, .log_file = plan->log_file,
		.log_size = (int64_t)settings->log_size,
		.environment = plan->environment,
		.interactive = settings->interactive, .terminal = settings->terminal,
		.remove = settings->remove, .trace = plan->flags & CONFIG_TRACE,
		.verbose = plan->flags & CONFIG_VERBOSE, .no_key = plan->no_key,
		.created_ns = domain_record_now(),
	};
	for (char **word = plan->argv; *word; word++) {
		if (strings_add(&record->arguments, *word))
			return error_set(err, ENOMEM, "can't make a record");
	}
	return record_volumes(settings, record, err) ||
	       make_absolute(settings, 0, &record->rootfs, err) ||
	       make_absolute(settings, 1, &record->layer_file, err) ||
	       make_absolute(settings, 2, &record->log_file, err);
}

int settings_create(struct settings *settings, const struct domains *domains,
		    struct folder *folder, struct error *err)
{
	char made[DOMAIN_NAME_MAX + 1];
	const char *name = settings->name ? settings->name : made;
	struct domain_record record;
	int error;

	if (settings->name)
		error = domain_name_check(settings->name, err);
	else
		error = domain_name_make(made, err);
	if (error)
		return error;
	if (!settings->plan.hostname)
		settings->plan.hostname = name;
	error = settings_complete(settings, err);
	if (!error)
		error = plan_check(&settings->plan, err);
	if (error)
		return error;
	error = make_record(settings, &record, err);
	if (!error)
		error = folder_create(domains, name, &record, folder, err);
	strings_release(&record.arguments);
	strings_release(&record.volumes);
	return error;
}
