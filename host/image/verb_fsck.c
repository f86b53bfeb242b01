/* SPDX-License-Identifier: MIT */
/* `mezzo store fsck`: the store, its images and what domains keep, looked at and mended. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/change/check.h"
#include "host/domain/record.h"
#include "host/domain/volumes.h"
#include "host/image/cli.h"
#include "host/image/lost.h"

/* Of fsck, as e2fsck(8) has them. */
#define STATUS_MENDED 1
#define STATUS_DAMAGED 4

static const char usage[] =
	"Usage: mezzo store fsck [options]\n"
	"\n"
	"Look at everything in the store: all tables, the bytes of each object, the files of each "
	"image,\n"
	"what each domain keeps that does not run, and whether each volume is one. Says a line for "
	"each finding.\n"
	"\n"
	"      --repair           mend what can be mended; no bytes of objects are deleted: what "
	"nothing\n"
	"                         names is put aside in the store's folder lost\n"
	"      --store DIR        where the store is\n"
	"  -h, --help             this text\n"
	"\n"
	"A file whose bytes are lost can't be mended: its images are named until they are removed, "
	"or until\n"
	"an import or a commit brings the same bytes again, after --repair.\n"
	"\n"
	"The exit status is 0 for a store without damage, 1 where all of it was mended, 4 where "
	"some is left, and\n"
	"125 where the store can't be looked at. Domains that run are named, and are no damage.\n";

static const struct option options[] = { CLI_OPTIONS,
					 { "repair", no_argument, NULL, OPTION_REPAIR },
					 { 0 } };

static void print_finding(const char *line, void *data)
{
	(void)data;
	puts(line);
}

/* Counts of the whole store, to which those of images and domains are added. */
struct fsck {
	struct store *store;
	const struct domains *domains;
	const struct store_volumes *volumes;
	bool repair;
	struct id_list lost;		/* objects without their bytes */
	struct id_list named;		/* mappings of images */
	struct strings names;		/* of the same, each of its own */
	uint64_t found, left;
	uint64_t lacking;		/* of those that are left: what no repair mends */
	bool repair_first;		/* what is lost can come again once it is noted as lost */
	uint64_t running;		/* domains that were not looked at */
	struct error *err;
};

/* ---- What images lack ---- */

/* An image by its name, or by the domain that runs over it. */
struct lacking {
	const char *kind, *name;
	uint64_t count;
};

static int print_lost(const char *path, void *data)
{
	struct lacking *lacking = data;

	/* Paths come from images, and may have anything in them. */
	printf("%s %s: ", lacking->kind, lacking->name);
	for (path = path ? path : "its index"; *path; path++)
		putchar((unsigned char)*path < ' ' || *path == 0x7f ? '?' : *path);
	puts(" is lost");
	lacking->count++;
	return 0;
}

/* What is lost is left, also after a repair. */
static int fsck_mapping(struct fsck *fsck, mapping_id mapping, struct lacking *lacking)
{
	int result = image_lost_visit(fsck->store, mapping, &fsck->lost, print_lost, lacking,
				      fsck->err);

	if (result == -EUCLEAN) {
		printf("%s %s: %s\n", lacking->kind, lacking->name, fsck->err->text);
		lacking->count++;
		result = 0;
	}
	fsck->found += lacking->count;
	fsck->left += lacking->count;
	fsck->lacking += lacking->count;
	return result;
}

/* No finding: images of older programs have no second copy, nor has one whose copy was damaged. */
static int secure_image(struct fsck *fsck, const char *name, mapping_id mapping)
{
	int result;

	if (!fsck->repair || record_is_secure(fsck->store, mapping))
		return 0;
	result = store_begin(fsck->store, fsck->err);
	if (result)
		return result;
	result = record_secure(fsck->store, RECORD_IMAGE, name, mapping, fsck->err);
	if (!result)
		return store_commit(fsck->store, fsck->err);
	store_abort(fsck->store);
	/* It was removed since it was listed. */
	return result == -ENOENT ? 0 : result;
}

/* One that is removed just now lacks nothing. */
static int fsck_mapping_pinned(struct fsck *fsck, mapping_id mapping, struct lacking *lacking)
{
	int result = mapping_pin(fsck->store, mapping, fsck->err);

	if (result)
		return result == -ENOENT ? 0 : result;
	result = fsck_mapping(fsck, mapping, lacking);
	mapping_unpin(fsck->store, mapping);
	return result;
}

static int note_image(const char *name, const void *value, size_t size, void *data)
{
	struct fsck *fsck = data;
	struct image image;
	char *copy;
	int result = image_decode(value, size, &image, fsck->err);

	if (result == -EUCLEAN || result == -EPROTO) {
		printf("image %s: %s\n", name, fsck->err->text);
		fsck->found++;
		fsck->left++;
		return 0;
	}
	if (result)
		return result;
	copy = strdup(name);
	if (!copy || strings_add(&fsck->names, copy) ||
	    id_list_add(&fsck->named, image.head.mapping))
		result = error_set(fsck->err, ENOMEM, "images");
	image_release(&image);
	return result;
}

static int fsck_images(struct fsck *fsck)
{
	int result = record_visit(fsck->store, RECORD_IMAGE, note_image, fsck, fsck->err);

	for (size_t i = 0; !result && i < fsck->named.count; i++) {
		struct lacking lacking = { "image", fsck->names.items[i], 0 };

		result = fsck_mapping_pinned(fsck, fsck->named.ids[i], &lacking);
		if (!result)
			result = secure_image(fsck, lacking.name, fsck->named.ids[i]);
		if (!result && lacking.count)
			printf("image %s: %" PRIu64 " of its files are lost: import it again%s, "
			       "or `mezzo image rm` it\n", lacking.name, lacking.count,
			       fsck->repair_first ? " after --repair" : "");
	}
	return result;
}

static bool has_name(const struct fsck *fsck, mapping_id mapping)
{
	for (size_t i = 0; i < fsck->named.count; i++) {
		if (fsck->named.ids[i] == mapping)
			return true;
	}
	return false;
}

/*
 * An image that has no name any more is told of by the domain that still runs over it. A domain
 * that can't be read is told of by who looks at itself.
 */
static int fsck_base(const char *name, void *data)
{
	struct fsck *fsck = data;
	struct lacking lacking = { "the image of domain", name, 0 };
	struct domain_record record;
	struct folder folder;
	struct error err;
	int result = folder_open(fsck->domains, name, &folder, &err);

	if (result)
		return 0;
	result = domain_record_load(folder.fd, &record, &err);
	folder_close(&folder);
	if (result)
		return 0;
	if (record.image && !has_name(fsck, record.mapping))
		result = fsck_mapping_pinned(fsck, record.mapping, &lacking);
	domain_record_release(&record);
	return result;
}

static int fsck_lost(struct fsck *fsck, const char *path)
{
	int result = store_open_disk(path, fsck->repair ? 0 : STORE_READ_ONLY, &fsck->store,
				     fsck->err);

	if (result)
		return result;
	result = fsck_images(fsck);
	if (!result)
		result = domains_visit(fsck->domains, fsck_base, fsck, fsck->err);
	store_close(fsck->store);
	return result;
}

/* ---- Domains ---- */

static bool is_there(const struct domains *domains, const char *name)
{
	struct stat status;

	return !fstatat(domains->fd, name, &status, AT_SYMLINK_NOFOLLOW);
}

static int fsck_domain(const char *name, void *data)
{
	struct fsck *fsck = data;
	uint64_t found, left;
	int result = overlay_check(fsck->domains, name, fsck->repair, print_finding, NULL, &found,
				   &left, fsck->err);

	if (result == -EBUSY) {
		fsck->running++;
		printf("domain %s: it runs, and is not looked at\n", name);
		return 0;
	}
	if (error_is_want(result))
		return result;
	/* Whatever lies there in place of a domain, the others are looked at. */
	if (result == -ENOENT && !is_there(fsck->domains, name))
		return 0;
	if (result) {
		char line[sizeof(fsck->err->text)];

		printf("domain %s: it can't be looked at: %s\n", name,
		       error_line(fsck->err, line));
		found = left = 1;
	}
	fsck->found += found;
	fsck->left += left;
	return 0;
}

/* ---- Volumes ---- */

/* No volume can have a name that is -EINVAL. */
static int fsck_volume(const char *name, void *data)
{
	struct fsck *fsck = data;
	char path[PLACE_SIZE], line[sizeof(fsck->err->text)];
	int64_t created_ns;
	struct error err;
	int result = store_volume_find(fsck->volumes, name, path, &created_ns, &err);

	if (!result || result == -ENOENT || result == -EINVAL)
		return 0;
	puts(error_line(&err, line));
	fsck->found++;
	fsck->left++;
	fsck->lacking++;
	return 0;
}

static int fsck_volumes(struct fsck *fsck, const char *path)
{
	struct store_volumes volumes;
	int result = store_volumes_open(&volumes, path, false, fsck->err);

	if (result)
		return result;
	fsck->volumes = &volumes;
	result = store_volumes_visit(&volumes, fsck_volume, fsck, fsck->err);
	store_volumes_close(&volumes);
	return result;
}

/* The store is open once at a time: overlay_check() opens it itself. */
static int fsck_all(const char *path, struct fsck *fsck)
{
	struct domains domains;
	int result = domains_open(&domains, path, false, fsck->err);

	if (result)
		return result;
	fsck->domains = &domains;
	result = fsck_lost(fsck, path);
	if (!result)
		result = domains_visit(&domains, fsck_domain, fsck, fsck->err);
	domains_close(&domains);
	return result;
}

static void fsck_release(struct fsck *fsck)
{
	for (size_t i = 0; i < fsck->names.count; i++)
		free(fsck->names.items[i]);
	strings_release(&fsck->names);
	free(fsck->named.ids);
	free(fsck->lost.ids);
}

/* The last line, and the exit status. */
static int tell_verdict(const struct fsck *fsck, const char *path)
{
	if (fsck->left)
		printf("%s: %" PRIu64 " of %" PRIu64 " findings are left%s", path, fsck->left,
		       fsck->found,
		       fsck->repair || fsck->left == fsck->lacking ? "" : ": see --repair");
	else if (fsck->found)
		printf("%s: %" PRIu64 " findings, all mended", path, fsck->found);
	else
		printf("%s: no damage", path);
	if (fsck->running)
		printf("; %" PRIu64 " domains run, and were not looked at", fsck->running);
	putchar('\n');
	return fsck->left ? STATUS_DAMAGED : fsck->found ? STATUS_MENDED : 0;
}

static int run_fsck(const struct cli *cli, bool repair, struct error *err)
{
	struct fsck fsck = { .repair = repair, .err = err };
	char path[PLACE_SIZE];
	int result = place_store(cli->store, path, err);

	if (!result)
		result = store_check(path, repair, print_finding, NULL, &fsck.found, &fsck.left,
				     &fsck.lost, err);
	if (result == -ENOENT)
		result = cli_no_store(path, err);
	if (result == -EUCLEAN || result == -EBADMSG) {
		printf("%s: its %s damaged, and nothing else was looked at: see "
		       "--repair\n", path, result == -EUCLEAN ? "tables are" : "own folder is");
		return STATUS_DAMAGED;
	}
	fsck.repair_first = !repair && fsck.left;
	if (!result)
		result = fsck_all(path, &fsck);
	if (!result)
		result = fsck_volumes(&fsck, path);
	fsck_release(&fsck);
	if (result)
		return cli_fail(err);
	return tell_verdict(&fsck, path);
}

int verb_fsck(int argc, char **argv)
{
	struct cli cli = { 0 };
	bool repair = false;
	struct error err;
	int result;

	while ((result = cli_next_option(&cli, argc, argv, options, usage, &err)) ==
	       OPTION_REPAIR)
		repair = true;
	if (cli.done)
		return 0;
	result = cli_check_end(result, argc, argv, &err);
	return result ? cli_fail(&err) : run_fsck(&cli, repair, &err);
}
