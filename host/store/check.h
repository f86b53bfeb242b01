/* SPDX-License-Identifier: MIT */
/* Inside of store_check(): passes over the tables (check.c) and the files (check_files.c). */
#ifndef HOST_STORE_CHECK_H
#define HOST_STORE_CHECK_H

#include "host/store/disk.h"

struct check {
	struct disk disk;
	bool repair;
	void (*say)(const char *line, void *data);
	void *data;
	uint64_t found, left;
	struct id_list held;		/* objects in mappings, one for each entry */
	struct id_list gone;		/* objects that are none any more, rising */
	struct id_list lost;		/* objects without their bytes, those that are gone too */
	struct error *err;
};

/*
 * One finding; it is mended right after this, if check->repair and mendable. Returns whether it is
 * to be mended.
 */
bool check_finding(struct check *check, bool mendable, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Each pass returns 0, or -errno with *check->err filled where it can't go on. */

/* Before the store is opened: it is one, and its folders are there. */
int check_folders(struct check *check, const char *path);
/*
 * The bytes of an object: *good tells whether they are there and, of a sealed one, are what was
 * sealed.
 */
int check_object_file(struct check *check, object_id id, const struct object_row *row, bool *good);
/* Files that no object has. */
int check_orphans(struct check *check);

#endif
