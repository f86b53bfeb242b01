/* SPDX-License-Identifier: MIT */
/* The verbs of `mezzo store`: what is told about the store as a whole; fsck is verb_fsck.c. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json.h>
#include <stdio.h>
#include <string.h>

#include "host/change/dedup.h"
#include "host/domain/directory.h"
#include "host/image/cli.h"
#include "host/image/digest.h"
#include "host/image/progress.h"

static const char dedup_usage[] =
	"Usage: mezzo store dedup [options]\n"
	"\n"
	"Make equal files of domains that are idle one, with each other and with those of "
	"images.\n"
	"A domain can't be started meanwhile; one that runs is left out.\n"
	"\n"
	"      --store DIR        where the store is\n"
	"  -h, --help             this text\n";

static const char info_usage[] = "Usage: mezzo store info [options]\n"
				 "\n"
				 "Tell how much is in the store, and how much domains keep.\n"
				 "\n"
				 "      --store DIR        where the store is\n"
				 "      --json             as JSON, sizes in bytes\n"
				 "  -h, --help             this text\n";

static const char ls_usage[] =
	"Usage: mezzo store ls [options]\n"
	"\n"
	"List the objects: id, size, room on disk, how many mappings name it, and the hash of "
	"sealed ones.\n"
	"\n"
	"      --store DIR        where the store is\n"
	"      --json             an array of objects\n"
	"  -h, --help             this text\n";

static const struct option plain_options[] = { CLI_OPTIONS, { 0 } };
static const struct option json_options[] = { CLI_OPTIONS,
					      { "json", no_argument, NULL, OPTION_JSON },
					      { 0 } };

/* A verb that takes no words, with the store open. */
struct store_verb {
	struct cli cli;
	struct store *store;
	char path[PLACE_SIZE];
};

/* 0, 1: all is done already (--help), or -errno; store_close() is due in any case. */
static int begin(struct store_verb *verb, int argc, char **argv, const struct option *options,
		 const char *usage, unsigned flags, struct error *err)
{
	int result;

	verb->cli = (struct cli){ 0 };
	verb->store = NULL;
	result = cli_next_option(&verb->cli, argc, argv, options, usage, err);
	if (verb->cli.done)
		return 1;
	result = cli_check_end(result, argc, argv, err);
	return result ? result
		      : cli_open_store(&verb->cli, flags, &verb->store, verb->path, err);
}

/* ---- dedup ---- */

static int dedup_mappings(struct store *store, uint64_t *objects, uint64_t *bytes,
			  struct error *err)
{
	int result = store_begin(store, err);

	if (!result)
		result = store_deduplicate(store, objects, bytes, err);
	if (!result)
		return store_commit(store, err);
	store_abort(store);
	return result;
}

static int run_dedup(struct store *store, const char *path, struct dedup_counts *counts,
		     struct error *err)
{
	struct domains domains;
	uint64_t objects, bytes;
	int result = dedup_mappings(store, &objects, &bytes, err);

	if (!result)
		result = domains_open(&domains, path, false, err);
	if (result)
		return result;
	result = domains_deduplicate(&domains, store, counts, err);
	domains_close(&domains);
	counts->files += objects;
	counts->bytes += bytes;
	return result;
}

static void print_counts(const struct dedup_counts *counts)
{
	char size[SIZE_TEXT_SIZE];

	printf("%" PRIu64 " files were superfluous, %s\n", counts->files,
	       size_print(counts->bytes, size));
	if (counts->running)
		printf("%" PRIu64 " domains run, and were left out\n", counts->running);
	if (counts->damaged)
		printf("%" PRIu64 " domains can't be read, and were left out: see `mezzo store "
		       "fsck`\n", counts->damaged);
}

int verb_dedup(int argc, char **argv)
{
	struct dedup_counts counts;
	struct store_verb verb;
	struct error err;
	int result = begin(&verb, argc, argv, plain_options, dedup_usage, 0, &err);

	if (result > 0)
		return 0;
	if (!result)
		result = run_dedup(verb.store, verb.path, &counts, &err);
	store_close(verb.store);
	if (result)
		return cli_fail(&err);
	print_counts(&counts);
	return 0;
}

/* ---- info ---- */

static int count_record(const char *name, const void *value, size_t size, void *data)
{
	(void)name;
	(void)value;
	(void)size;
	++*(uint64_t *)data;
	return 0;
}

/* All that the store holds. */
struct info {
	struct store_totals totals;
	uint64_t images;
	const struct domains *list;
	uint64_t domains, domain_bytes;	/* blocks of their folders */
};

static int count_domain(const char *name, void *data)
{
	struct info *info = data;
	uint64_t bytes;
	int result = directory_bytes(info->list->fd, name, &bytes);

	info->domains++;
	info->domain_bytes += bytes;
	return result;
}

static int count_domains(const char *path, struct info *info, struct error *err)
{
	struct domains domains;
	int result = domains_open(&domains, path, false, err);

	if (result)
		return result;
	info->list = &domains;
	err->text[0] = '\0';
	result = domains_visit(&domains, count_domain, info, err);
	if (result && !err->text[0])
		error_set(err, -result, "%s/domains", path);
	domains_close(&domains);
	return result;
}

static void print_info(const char *path, const struct info *info)
{
	char bytes[SIZE_TEXT_SIZE], disk[SIZE_TEXT_SIZE], shared[SIZE_TEXT_SIZE];
	const struct store_totals *totals = &info->totals;

	printf("%-14s %s\n%-14s %" PRIu64 "\n%-14s %" PRIu64 ", of which %" PRIu64
	       " are sealed\n%-14s %s, %s on disk\n%-14s %s more without sharing\n",
	       "Place", path, "Images", info->images, "Objects", totals->objects,
	       totals->sealed_objects,
	       "Size", size_print(totals->bytes, bytes), size_print(totals->disk_bytes, disk),
	       "Shared", size_print(totals->shared_bytes, shared));
	printf("%-14s %" PRIu64 ", which keep %s on disk\n", "Domains", info->domains,
	       size_print(info->domain_bytes, bytes));
}

static int print_info_json(const char *path, const struct info *info, struct error *err)
{
	const struct store_totals *totals = &info->totals;
	struct json_object *out = json_object_new_object();

	json_object_object_add(out, "place", json_object_new_string(path));
	json_object_object_add(out, "images", json_object_new_uint64(info->images));
	json_object_object_add(out, "objects", json_object_new_uint64(totals->objects));
	json_object_object_add(out, "sealed_objects",
			       json_object_new_uint64(totals->sealed_objects));
	json_object_object_add(out, "bytes", json_object_new_uint64(totals->bytes));
	json_object_object_add(out, "disk_bytes", json_object_new_uint64(totals->disk_bytes));
	json_object_object_add(out, "shared_bytes", json_object_new_uint64(totals->shared_bytes));
	json_object_object_add(out, "domains", json_object_new_uint64(info->domains));
	json_object_object_add(out, "domain_disk_bytes",
			       json_object_new_uint64(info->domain_bytes));
	return cli_put_json(out, err);
}

int verb_info(int argc, char **argv)
{
	struct info info = { 0 };
	struct store_verb verb;
	struct error err;
	int result = begin(&verb, argc, argv, json_options, info_usage, STORE_READ_ONLY, &err);

	if (result > 0)
		return 0;
	if (!result)
		result = store_totals(verb.store, &info.totals, &err);
	if (!result)
		result = record_visit(verb.store, RECORD_IMAGE, count_record, &info.images, &err);
	store_close(verb.store);
	if (!result)
		result = count_domains(verb.path, &info, &err);
	if (!result && verb.cli.json)
		result = print_info_json(verb.path, &info, &err);
	else if (!result)
		print_info(verb.path, &info);
	return result ? cli_fail(&err) : 0;
}

/* ---- ls ---- */

struct listing {
	bool json, begun;
	struct error *err;
};

static int print_object(const struct object_info *info, void *data)
{
	struct listing *listing = data;
	bool sealed = info->flags & OBJECT_SEALED, lost = info->flags & OBJECT_LOST;
	char hash[DIGEST_TEXT_SIZE] = "";

	if (sealed)
		digest_print(info->hash, hash);
	if (listing->json)
		printf("%s{\"id\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"disk_bytes\":%" PRIu64
		       ",\"references\":%" PRIu64 ",\"lost\":%s,\"digest\":%s%s%s}",
		       listing->begun ? "," : "", info->id, info->size, info->disk_size,
		       info->references, lost ? "true" : "false", sealed ? "\"" : "",
		       sealed ? hash : "null",
		       sealed ? "\"" : "");
	else
		printf("%016" PRIx64 " %12" PRIu64 " %12" PRIu64 " %6" PRIu64 "  %s%s\n",
		       info->id, info->size, info->disk_size, info->references,
		       sealed ? hash : "private", lost ? " lost" : "");
	listing->begun = true;
	/* Now it is known why; a reader that went away needs no more. */
	return ferror(stdout) ? error_set(listing->err, errno, "can't write to standard output")
			      : 0;
}

static int list_objects(struct store *store, bool json, struct error *err)
{
	struct listing listing = { .json = json, .err = err };
	int result;

	if (json)
		putchar('[');
	else
		printf("%-16s %12s %12s %6s  %s\n", "ID", "SIZE", "DISK", "USED", "DIGEST");
	result = object_visit(store, print_object, &listing, err);
	if (json && !result)
		puts("]");
	return result;
}

int verb_objects(int argc, char **argv)
{
	struct store_verb verb;
	struct error err;
	int result = begin(&verb, argc, argv, json_options, ls_usage, STORE_READ_ONLY, &err);

	if (result > 0)
		return 0;
	if (!result)
		result = list_objects(verb.store, verb.cli.json, &err);
	store_close(verb.store);
	return result ? cli_fail(&err) : 0;
}
