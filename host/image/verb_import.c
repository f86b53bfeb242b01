/* SPDX-License-Identifier: MIT */
/* `mezzo image import`. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/size.h"
#include "host/image/builder.h"
#include "host/image/cli.h"
#include "host/image/import.h"

static const char usage[] =
	"Usage: mezzo image import [options] NAME SOURCE\n"
	"\n"
	"Make an image NAME[:TAG] from SOURCE: a directory, a tar (of any usual compression), an "
	"archive of\n"
	"`docker save`, an OCI image layout (directory or tar); - is an archive on standard "
	"input.\n"
	"\n"
	"      --format FORMAT    what SOURCE is: auto, dir, tar, docker, oci; auto looks into it\n"
	"      --select IMAGE     which one, where SOURCE holds several\n"
	"      --replace          take the place of an image of this name\n"
	"      --max-file SIZE    how many bytes one file may have, as 20G, 500M; 8G where nothing "
	"is said\n"
	"      --store DIR        where the store is\n"
	"      --json             tell about the new image in JSON\n"
	"  -h, --help             this text\n";

static const struct option options[] = { CLI_IMPORT_OPTIONS,
					 { "format", required_argument, NULL, OPTION_FORMAT },
					 { "select", required_argument, NULL, OPTION_SELECT },
					 { "max-file", required_argument, NULL, OPTION_MAX_FILE },
					 { 0 } };

static int take_format(struct import *import, const char *text, struct error *err)
{
	static const struct {
		const char *name;
		enum import_format format;
	} formats[] = {
		{ "auto", IMPORT_AUTO },     { "dir", IMPORT_DIRECTORY }, { "tar", IMPORT_TAR },
		{ "docker", IMPORT_DOCKER }, { "oci", IMPORT_OCI },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcmp(text, formats[i].name)) {
			import->format = formats[i].format;
			return 0;
		}
	}
	return error_set(err, 0, "--format %.40s: it is one of auto, dir, tar, docker, oci", text);
}

static int take_options(struct cli *cli, struct import *import, int argc, char **argv,
			struct error *err)
{
	int option, result = 0;

	while (!result && (option = cli_next_option(cli, argc, argv, options, usage, err)) != -1) {
		switch (option) {
		case OPTION_FORMAT:
			result = take_format(import, optarg, err);
			break;
		case OPTION_SELECT:
			import->select = optarg;
			break;
		case OPTION_MAX_FILE:
			result = size_parse(optarg, "--max-file", &import->file_max, err);
			break;
		default:
			return option;
		}
	}
	if (!result && argc - optind != 2)
		result = error_set(err, 0, "import wants NAME and SOURCE: try `%s import --help`",
				   cli_program);
	return result;
}

static int print_result(const struct cli *cli, const char *name, const struct image *image,
			struct error *err)
{
	char size[SIZE_TEXT_SIZE];

	if (cli->json)
		return cli_print_json(name, image, false, err);
	printf("%s: %llu files, %s\n", name, (unsigned long long)image->head.files,
	       size_print(image->head.bytes, size));
	return 0;
}

int cli_import(const struct cli *cli, struct store *store, struct import *import, struct error *err)
{
	char what[IMAGE_NAME_SIZE + 8];
	struct image image;
	int result;

	snprintf(what, sizeof(what), "import %s", import->name);
	progress_init(&import->progress, what);
	import->replace = cli->replace;
	result = import_run(store, import, &image, err);
	if (result)
		return result;
	result = print_result(cli, import->name, &image, err);
	image_release(&image);
	return result;
}

int verb_import(int argc, char **argv)
{
	struct import import = { .file_max = BUILDER_FILE_MAX };
	char name[IMAGE_NAME_SIZE], path[PLACE_SIZE];
	struct cli cli = { 0 };
	struct store *store;
	struct error err;
	int result = take_options(&cli, &import, argc, argv, &err);

	if (cli.done)
		return 0;
	if (!result)
		result = image_name(argv[optind], name, &err);
	if (!result)
		result = cli_open_store(&cli, STORE_CREATE, &store, path, &err);
	if (result)
		return cli_fail(&err);
	import.name = name;
	import.source = argv[optind + 1];
	import.except = path;
	result = cli_import(&cli, store, &import, &err);
	store_close(store);
	return result ? cli_fail(&err) : 0;
}
