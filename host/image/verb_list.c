/* SPDX-License-Identifier: MIT */
/* `mezzo image ls` and `mezzo image show`. */
#include <errno.h>
#include <getopt.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/cli.h"
#include "host/image/config.h"
#include "host/image/map.h"
#include "host/image/progress.h"

static const char ls_usage[] = "Usage: mezzo image ls [options]\n"
			       "\n"
			       "List the images, by name.\n"
			       "\n"
			       "  -q, --quiet            names alone\n"
			       "      --json             an array of objects\n"
			       "      --store DIR        where the store is\n"
			       "  -h, --help             this text\n";

static const struct option ls_options[] = { CLI_OPTIONS,
					    { "json", no_argument, NULL, OPTION_JSON },
					    { "quiet", no_argument, NULL, 'q' },
					    { 0 } };

static const char show_usage[] =
	"Usage: mezzo image show [options] NAME\n"
	"\n"
	"Tell about an image: its config, its size, and how much of it other images have too.\n"
	"\n"
	"      --store DIR        where the store is\n"
	"      --json             as JSON\n"
	"  -h, --help             this text\n";

static const struct option options[] = { CLI_OPTIONS,
					 { "json", no_argument, NULL, OPTION_JSON },
					 { 0 } };

#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static struct json_object *describe(const char *name, const struct image *image)
{
	struct json_object *out = json_object_new_object();
	char text[TIME_TEXT_SIZE];

	json_object_object_add(out, "name", json_object_new_string(name));
	json_object_object_add(out, "files", json_object_new_uint64(image->head.files));
	json_object_object_add(out, "bytes", json_object_new_uint64(image->head.bytes));
	json_object_object_add(out, "objects", json_object_new_uint64(image->head.objects));
	time_print(image->head.created_ns, text);
	json_object_object_add(out, "created", json_object_new_string(text));
	time_print(image->head.imported_ns, text);
	json_object_object_add(out, "imported", json_object_new_string(text));
	json_object_object_add(out, "source", json_object_new_string(image->source));
	return out;
}

int cli_put_json(struct json_object *json, struct error *err)
{
	const char *text = json_object_to_json_string_ext(json, PLAIN);

	if (!text) {
		json_object_put(json);
		return error_set(err, ENOMEM, "JSON");
	}
	puts(text);
	json_object_put(json);
	return 0;
}

int cli_print_json(const char *name, const struct image *image, bool config, struct error *err)
{
	struct json_object *json = describe(name, image);

	if (config)
		json_object_object_add(json, "config", json_tokener_parse(image->config));
	return cli_put_json(json, err);
}

struct list {
	struct json_object *array; /* NULL: print lines */
	bool quiet, begun;
	struct error *err;
};

static void print_line(struct list *list, const char *name, const struct image *image)
{
	char created[TIME_TEXT_SIZE], size[SIZE_TEXT_SIZE];

	if (!list->begun)
		printf("%-30s %10s %10s  %-10s  %s\n", "NAME", "FILES", "SIZE", "CREATED",
		       "SOURCE");
	list->begun = true;
	time_print(image->head.created_ns, created);
	printf("%-30s %10llu %10s  %.10s  %s\n", name, (unsigned long long)image->head.files,
	       size_print(image->head.bytes, size), created, image->source);
}

static int list_image(const char *name, const void *value, size_t size, void *data)
{
	struct list *list = data;
	struct image image;
	int result = image_decode(value, size, &image, list->err);

	if (result) {
		error_context(list->err, "image %s", name);
		return result;
	}
	if (list->quiet)
		puts(name);
	else if (list->array)
		json_object_array_add(list->array, describe(name, &image));
	else
		print_line(list, name, &image);
	image_release(&image);
	return 0;
}

/*
 * Where there is no store yet, there are no images, and that is no failure; but a place that was
 * named is meant to have one.
 */
static int list_images(const struct cli *cli, bool quiet, struct error *err)
{
	struct list list = { .quiet = quiet, .err = err,
			     .array = cli->json && !quiet ? json_object_new_array() : NULL };
	char path[PLACE_SIZE];
	struct store *store = NULL;
	int result = cli_open_store(cli, STORE_READ_ONLY, &store, path, err);

	if (!result)
		result = record_visit(store, RECORD_IMAGE, list_image, &list, err);
	else if (result == -ENOENT && !cli->store) {
		fprintf(stderr, "%s: no images: there is no store in %s yet\n", cli_program, path);
		result = 0;
	}
	store_close(store);
	if (!result && list.array)
		return cli_put_json(list.array, err);
	json_object_put(list.array);
	return result;
}

int verb_ls(int argc, char **argv)
{
	struct cli cli = { .letters = ":q" };
	bool quiet = false;
	struct error err;
	int result;

	while ((result = cli_next_option(&cli, argc, argv, ls_options, ls_usage, &err)) == 'q')
		quiet = true;
	if (cli.done)
		return 0;
	if (result == -1 && optind != argc)
		result = error_set(&err, 0, "ls takes no names: see `%s show`", cli_program);
	else if (result == -1)
		result = list_images(&cli, quiet, &err);
	return result ? cli_fail(&err) : 0;
}

/* How much of an image is other images' too. */
struct sharing {
	struct store *store;
	const char *name;	      /* of the image */
	struct map others;	      /* objects of the others */
	uint64_t bytes, shared_bytes; /* of objects, each once */
	struct error *err;
};

static int note_object(uint64_t local, object_id object, void *data)
{
	struct sharing *sharing = data;

	(void)local;
	return map_set(&sharing->others, object, 0, 1) ? error_set(sharing->err, ENOMEM, "objects")
						       : 0;
}

static int note_image(const char *name, const void *value, size_t size, void *data)
{
	struct sharing *sharing = data;
	struct image image;
	int result;

	if (!strcmp(name, sharing->name))
		return 0;
	result = image_decode(value, size, &image, sharing->err);
	if (result)
		return result;
	result = mapping_visit(sharing->store, image.head.mapping, note_object, sharing,
			       sharing->err);
	image_release(&image);
	return result;
}

static int add_object(uint64_t local, object_id object, void *data)
{
	struct sharing *sharing = data;
	struct object_info info;
	int result = object_info(sharing->store, object, &info, sharing->err);

	(void)local;
	if (result)
		return result;
	sharing->bytes += info.size;
	if (map_get(&sharing->others, object, 0))
		sharing->shared_bytes += info.size;
	return 0;
}

static int measure(struct sharing *sharing, const struct image *image)
{
	int result = record_visit(sharing->store, RECORD_IMAGE, note_image, sharing, sharing->err);

	if (!result)
		result = mapping_visit(sharing->store, image->head.mapping, add_object, sharing,
				       sharing->err);
	map_release(&sharing->others);
	return result;
}

static void print_config(const char *config)
{
	struct json_object *json = json_tokener_parse(config);

	if (!json)
		return;
	json_object_object_foreach(json, key, value)
		printf("%-14s %s\n", key, json_object_to_json_string_ext(value, PLAIN));
	json_object_put(json);
}

static int print_image(const struct cli *cli, const struct image *image,
		       const struct sharing *sharing, struct error *err)
{
	char created[TIME_TEXT_SIZE], imported[TIME_TEXT_SIZE];
	char size[SIZE_TEXT_SIZE], kept[SIZE_TEXT_SIZE], shared[SIZE_TEXT_SIZE];
	struct json_object *json;

	if (cli->json) {
		json = describe(sharing->name, image);
		json_object_object_add(json, "object_bytes",
				       json_object_new_uint64(sharing->bytes));
		json_object_object_add(json, "shared_bytes",
				       json_object_new_uint64(sharing->shared_bytes));
		json_object_object_add(json, "mapping",
				       json_object_new_uint64(image->head.mapping));
		json_object_object_add(json, "config", json_tokener_parse(image->config));
		return cli_put_json(json, err);
	}
	time_print(image->head.created_ns, created);
	time_print(image->head.imported_ns, imported);
	printf("%-14s %s\n%-14s %s\n%-14s %s\n%-14s %s\n", "Name", sharing->name, "Source",
	       image->source, "Created", created, "Imported", imported);
	printf("%-14s %llu, %s\n%-14s %llu, %s, of which other images have %s\n", "Files",
	       (unsigned long long)image->head.files, size_print(image->head.bytes, size),
	       "Objects", (unsigned long long)image->head.objects, size_print(sharing->bytes, kept),
	       size_print(sharing->shared_bytes, shared));
	print_config(image->config);
	return 0;
}

static int show_image(const struct cli *cli, const char *text, struct error *err)
{
	char name[IMAGE_NAME_SIZE], path[PLACE_SIZE];
	struct sharing sharing = { .name = name, .err = err };
	struct image image;
	int result = image_name(text, name, err);

	if (!result)
		result = cli_open_store(cli, STORE_READ_ONLY, &sharing.store, path, err);
	if (result)
		return result;
	result = image_load(sharing.store, name, &image, err);
	if (!result) {
		result = measure(&sharing, &image);
		if (!result)
			result = print_image(cli, &image, &sharing, err);
		image_release(&image);
	}
	store_close(sharing.store);
	return result;
}

int verb_show(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct error err;
	int result = cli_next_option(&cli, argc, argv, options, show_usage, &err);

	if (cli.done)
		return 0;
	if (result == -1 && argc - optind != 1)
		result = error_set(&err, 0, "show wants one NAME: try `%s show --help`",
				   cli_program);
	else if (result == -1)
		result = show_image(&cli, argv[optind], &err);
	return result ? cli_fail(&err) : 0;
}
