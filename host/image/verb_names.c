/* SPDX-License-Identifier: MIT */
/* `mezzo image rm` and `mezzo image tag`. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "host/image/cli.h"

static const char rm_usage[] = "Usage: mezzo image rm [options] NAME...\n"
			       "\n"
			       "Remove images; all of them or, where one is missing, none. What no "
			       "other image and no domain needs goes\n"
			       "with them; what a domain needs that runs goes when it ends.\n"
			       "\n"
			       "  -f, --force            also those of lasting domains, which keep "
			       "their files\n"
			       "      --store DIR        where the store is\n"
			       "  -h, --help             this text\n";

static const char tag_usage[] =
	"Usage: mezzo image tag [options] NAME NEW\n"
	"\n"
	"Give an image a second name. Nothing is copied.\n"
	"\n"
	"      --replace          take the place of an image that is called NEW\n"
	"      --store DIR        where the store is\n"
	"  -h, --help             this text\n";

static const struct option rm_options[] = { CLI_OPTIONS,
					    { "force", no_argument, NULL, 'f' },
					    { 0 } };
static const struct option tag_options[] = { CLI_OPTIONS,
					     { "replace", no_argument, NULL, OPTION_REPLACE },
					     { 0 } };

static int end_transaction(struct store *store, int result, struct error *err)
{
	if (!result)
		return store_commit(store, err);
	store_abort(store);
	return result;
}

/* Whether the name of an image was among those before it, as NAME and NAME:latest are. */
static bool is_repeated(char **names, char **at, const char *name)
{
	char other[IMAGE_NAME_SIZE];
	struct error err;

	for (; names < at; names++) {
		if (!image_name(*names, other, &err) && !strcmp(other, name))
			return true;
	}
	return false;
}

/* One that a lasting domain was made from is not removed by mistake. */
static int check_unused(struct store *store, const char *name, struct error *err)
{
	char domain[RECORD_NAME_MAX + 1];
	struct image image;
	int result = image_load(store, name, &image, err);

	if (result)
		return result;
	result = mapping_holder(store, image.head.mapping, domain, err);
	image_release(&image);
	if (result <= 0)
		return result;
	return error_set(err, 0, "domain %s runs over image %s: remove the domain first, or only "
			 "the name with -f", domain, name);
}

static int remove_image(const struct cli *cli, struct store *store, const char *name,
			struct error *err)
{
	int result = cli->force ? 0 : check_unused(store, name, err);

	return result ? result : image_delete(store, name, err);
}

static int remove_images(const struct cli *cli, char **names, struct error *err)
{
	char name[IMAGE_NAME_SIZE], path[PLACE_SIZE];
	struct store *store;
	int result = cli_open_store(cli, 0, &store, path, err);

	if (result)
		return result;
	result = store_begin(store, err);
	if (!result) {
		result = store_use_reserve(store, err);
		for (char **at = names; *at && !result; at++) {
			result = image_name(*at, name, err);
			if (!result && !is_repeated(names, at, name))
				result = remove_image(cli, store, name, err);
		}
		result = end_transaction(store, result, err);
	}
	store_close(store);
	return result;
}

int verb_rm(int argc, char **argv)
{
	struct cli cli = { .letters = ":f" };
	struct error err;
	int result = cli_next_option(&cli, argc, argv, rm_options, rm_usage, &err);

	if (cli.done)
		return 0;
	if (result == -1 && optind == argc)
		result = error_set(&err, 0, "rm wants the names of images: try `%s rm --help`",
				   cli_program);
	else if (result == -1)
		result = remove_images(&cli, argv + optind, &err);
	return result ? cli_fail(&err) : 0;
}

static int tag_image(const struct cli *cli, const char *from_text, const char *to_text,
		     struct error *err)
{
	char from[IMAGE_NAME_SIZE], to[IMAGE_NAME_SIZE], path[PLACE_SIZE];
	struct store *store;
	int result = image_name(from_text, from, err);

	if (!result)
		result = image_name(to_text, to, err);
	if (!result && !strcmp(from, to))
		return 0;
	if (!result)
		result = cli_open_store(cli, 0, &store, path, err);
	if (result)
		return result;
	result = store_begin(store, err);
	if (!result) {
		result = image_check_there(store, from, err);
		if (!result && !cli->replace)
			result = image_check_free(store, to, err);
		if (!result)
			result = image_copy(store, from, to, cli->replace, err);
		result = end_transaction(store, result, err);
	}
	store_close(store);
	return result;
}

int verb_tag(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct error err;
	int result = cli_next_option(&cli, argc, argv, tag_options, tag_usage, &err);

	if (cli.done)
		return 0;
	if (result == -1 && argc - optind != 2)
		result = error_set(&err, 0, "tag wants NAME and NEW: try `%s tag --help`",
				   cli_program);
	else if (result == -1)
		result = tag_image(&cli, argv[optind], argv[optind + 1], &err);
	return result ? cli_fail(&err) : 0;
}
