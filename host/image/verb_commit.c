/* SPDX-License-Identifier: MIT */
/* `mezzo commit`, also `mezzo image commit`: an image of what a domain has made of its own. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/size.h"
#include "host/change/commit.h"
#include "host/image/builder.h"
#include "host/image/cli.h"
#include "host/image/config.h"
#include "host/image/config_change.h"

static const char usage[] =
	"Usage: mezzo commit [options] DOMAIN IMAGE\n"
	"\n"
	"Make an image of a domain's files: those of its image, with what its programs have "
	"changed.\n"
	"What is unchanged is shared with the image that it was made from. A domain that runs is\n"
	"taken as it is, file by file; stop it for one that is of one moment.\n"
	"\n"
	"  -m, --message TEXT     is kept as part of where the image came from\n"
	"  -c, --change CHANGE    change the config, as a line of a Dockerfile does:\n"
	"                         " CONFIG_CHANGES ";\n"
	"                         may be given often\n"
	"      --replace          take the place of an image that is called IMAGE\n"
	"      --max-file SIZE    the most that one file may have (8G)\n"
	"      --json             tell about the image as JSON\n"
	"      --store DIR        where domains and images are\n"
	"  -h, --help             this text\n";

static const struct option options[] = { CLI_OPTIONS,
					 { "json", no_argument, NULL, OPTION_JSON },
					 { "replace", no_argument, NULL, OPTION_REPLACE },
					 { "message", required_argument, NULL, 'm' },
					 { "change", required_argument, NULL, 'c' },
					 { "max-file", required_argument, NULL, OPTION_MAX_FILE },
					 { 0 } };

struct request {
	struct cli cli;
	struct commit commit;
	const char *message;
	char **changes; /* in argv, where the options were */
	size_t change_count;
};

static int take_options(struct request *request, int argc, char **argv, struct error *err)
{
	int option, result = 0;

	while (!result && (option = cli_next_option(&request->cli, argc, argv, options, usage,
						    err)) != -1) {
		switch (option) {
		case 'm':
			request->message = optarg;
			break;
		case 'c':
			request->changes[request->change_count++] = optarg;
			break;
		case OPTION_MAX_FILE:
			result = size_parse(optarg, "--max-file",
					    &request->commit.file_max, err);
			break;
		default:
			return option;
		}
	}
	if (!result && argc - optind != 2)
		result = error_set(err, 0, "commit wants DOMAIN and IMAGE: try `%s commit --help`",
				   cli_program);
	request->commit.replace = request->cli.replace;
	return result;
}

/* The config of the domain's image with all changes made. */
static int make_config(const struct request *request, const struct merged *merged, char **config,
		       struct error *err)
{
	char *base = commit_base_config(merged, err);
	struct json_object *json;
	int result = 0;

	if (!base)
		fprintf(stderr, "%s: note: %s\n", cli_program, err->text);
	json = json_tokener_parse(base ? base : CONFIG_NONE);
	free(base);
	if (!json_object_is_type(json, json_type_object))
		result = error_set(err, 0, "image %s: its config is no JSON object",
				   merged->record.image);
	if (!result)
		result = config_change(json, request->changes, request->change_count, err);
	if (!result)
		result = config_form(json, config, err);
	json_object_put(json);
	return result;
}

static void tell_lost(const char *path)
{
	struct error note;

	error_set(&note, 0, "note: /%.500s is lost in the domain's image, and so in the new one: "
		  "see `mezzo store fsck`", path);
	cli_fail(&note);
}

static int commit(struct request *request, struct merged *merged, struct image *image,
		  struct error *err)
{
	char *config = NULL, *source = NULL;
	int result = make_config(request, merged, &config, err);

	if (!result && asprintf(&source, "domain %s over %s%s%s", merged->folder.name,
				merged->record.image, request->message ? ": " : "",
				request->message ? request->message : "") < 0)
		result = error_set(err, ENOMEM, "commit");
	request->commit.config = config;
	request->commit.source = source;
	if (!result)
		result = commit_run(merged, &request->commit, image, err);
	free(config);
	free(source);
	return result;
}

static int open_and_commit(struct request *request, const char *domain, struct image *image,
			   struct error *err)
{
	struct domains domains;
	struct merged merged;
	int result = domains_open(&domains, request->cli.store, false, err);

	if (result)
		return result;
	result = merged_open(&merged, &domains, domain, 0, MERGED_LIVE, NULL, NULL, err);
	domains_close(&domains);
	if (result)
		return result;
	result = commit(request, &merged, image, err);
	merged_close(&merged);
	return result;
}

static int print_result(const struct request *request, const struct image *image,
			struct error *err)
{
	char size[SIZE_TEXT_SIZE];

	if (request->commit.sockets)
		fprintf(stderr, "%s: note: %llu sockets were left out\n", cli_program,
			(unsigned long long)request->commit.sockets);
	if (request->cli.json)
		return cli_print_json(request->commit.name, image, false, err);
	printf("%s: %llu files, %s\n", request->commit.name,
	       (unsigned long long)image->head.files, size_print(image->head.bytes, size));
	return 0;
}

int verb_commit(int argc, char **argv)
{
	struct request request = { .cli = { .letters = ":m:c:" },
				   .commit = { .file_max = BUILDER_FILE_MAX,
					       .tell_lost = tell_lost } };
	char name[IMAGE_NAME_SIZE], what[IMAGE_NAME_SIZE + 8];
	struct image image;
	struct error err;
	int result;

	request.changes = calloc((size_t)argc, sizeof(*request.changes));
	result = request.changes ? take_options(&request, argc, argv, &err)
				 : error_set(&err, ENOMEM, "commit");
	if (!result)
		result = image_name(argv[optind + 1], name, &err);
	if (!result) {
		snprintf(what, sizeof(what), "commit %s", name);
		progress_init(&request.commit.progress, what);
		request.commit.name = name;
		result = open_and_commit(&request, argv[optind], &image, &err);
	}
	free(request.changes);
	if (request.cli.done)
		return 0;
	if (result)
		return cli_fail(&err);
	result = print_result(&request, &image, &err);
	image_release(&image);
	return result ? cli_fail(&err) : 0;
}
