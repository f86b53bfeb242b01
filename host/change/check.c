/* SPDX-License-Identifier: MIT */
/* The check of what a domain keeps; see check.h. The domain's lock is held. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/change/check.h"
#include "host/change/merged.h"
#include "host/change/table.h"
#include "host/domain/overlay_file.h"

#define IDS_AT_ONCE 256

struct overlay_checker {
	struct merged merged;
	const char *name;
	bool repair;
	void (*say)(const char *line, void *data);	/* NULL: nobody listens */
	void *data;
	uint64_t found;
	int fd;				/* of the overlay, to be mended; -1: it is not */
	struct error *err;
};

static void finding(const char *line, void *data)
{
	struct overlay_checker *checker = data;
	char text[sizeof(checker->err->text) + DOMAIN_NAME_MAX + 16];

	checker->found++;
	snprintf(text, sizeof(text), "domain %s: %s", checker->name, line);
	if (checker->say)
		checker->say(text, checker->data);
}

static int mend(struct overlay_checker *checker, uint64_t offset, const void *data, size_t size)
{
	int result = checker->fd < 0 ? 0 : fd_pwrite_all(checker->fd, data, size, (long)offset);

	return result ? error_set(checker->err, -result, "this domain's overlay") : 0;
}

/* Ends the log before what can't be believed. It was told of by whoever read it. */
static int check_log(struct overlay_checker *checker)
{
	const struct changes *changes = &checker->merged.changes;
	static const struct overlay_record nothing;
	int result = 0;

	if (changes->bad_record)
		result = mend(checker, changes->bad_record + offsetof(struct overlay_record, size),
			      &nothing.size, sizeof(nothing.size));
	if (!result && changes->is_cut)
		result = mend(checker, offsetof(struct overlay_header, synced),
			      &changes->bad_record, sizeof(changes->bad_record));
	return result;
}

static int slot_forget(struct overlay_checker *checker, const struct overlay_slot *slot)
{
	static const uint64_t nothing;
	const char *at = (const char *)&slot->ino;

	return mend(checker, (uint64_t)(at - checker->merged.changes.data), &nothing,
		    sizeof(nothing));
}

static int check_inode(struct overlay_checker *checker, const struct change_inode *change)
{
	char target[INDEX_TARGET_MAX + 1];
	struct merged_inode inode;
	struct error err;
	int result;

	if (!change->slot)
		return 0;
	result = merged_stat(&checker->merged, change->ino, &inode, &err);
	if (!result && (inode.mode & INDEX_TYPE_MASK) == 0120000u)
		result = merged_target(&checker->merged, &inode, target, &err);
	if (!result)
		return 0;
	if (result != -EUCLEAN) {
		*checker->err = err;
		return result;
	}
	finding(err.text, checker);
	return slot_forget(checker, change->slot);
}

/* Slots that are in use, as far as their guards tell, and are not what their inode goes by. */
static int check_slots(struct overlay_checker *checker)
{
	const struct changes *changes = &checker->merged.changes;
	int result = 0;

	for (size_t i = 0; i < changes->slot_page_count; i++) {
		for (uint64_t at = 0; at < OVERLAY_PAGE && !result; at += OVERLAY_UNIT) {
			const struct overlay_slot *slot = overlay_slot_at(
				changes->data, changes->size, changes->slot_pages[i] + at);

			if (slot && changes_inode(changes, slot->ino)->slot != slot)
				result = slot_forget(checker, slot);
		}
	}
	return result;
}

static int visit_nothing(const struct merged_entry *entry, void *data)
{
	(void)entry;
	(void)data;
	return 0;
}

/* ---- Objects ---- */

struct used {
	uint64_t *ids;
	size_t count;
};

static int compare_ids(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static int used_gather(const struct changes *changes, struct used *used)
{
	for (size_t i = 0; i < changes->inode_count; i++) {
		const struct overlay_slot *slot = changes->inodes[i].slot;
		uint64_t *id;

		if (!slot || OVERLAY_PLACE(slot->data) != OVERLAY_OBJECT)
			continue;
		id = TABLE_ADD(used->ids, used->count);
		if (!id)
			return -ENOMEM;
		*id = OVERLAY_OBJECT_ID(slot->data);
	}
	if (used->count)
		qsort(used->ids, used->count, sizeof(*used->ids), compare_ids);
	return 0;
}

/* Of a domain whose log could not be read nothing is known to be unused. */
static int objects_tidy(struct overlay_checker *checker)
{
	const struct own_objects *own = &checker->merged.own;
	uint64_t ids[IDS_AT_ONCE], from = 0;
	struct used used = { 0 };
	int result = used_gather(&checker->merged.changes, &used), count;

	do {
		count = result ? result : own_objects_list(own, &from, ids, IDS_AT_ONCE);
		for (int i = 0; i < count && !result; i++) {
			if (!used.count || !bsearch(&ids[i], used.ids, used.count, sizeof(ids[i]),
						    compare_ids))
				result = own_objects_delete(own, ids[i]);
		}
	} while (count > 0 && from && !result);
	free(used.ids);
	result = result ? result : count < 0 ? count : 0;
	return result ? error_set(checker->err, -result, "objects of this domain") : 0;
}

/* ---- The whole ---- */

static int check_all(struct overlay_checker *checker)
{
	const struct changes *changes = &checker->merged.changes;
	struct error err;
	int result = check_log(checker);

	if (!result)
		result = check_slots(checker);
	for (size_t i = 0; i < changes->inode_count && !result; i++)
		result = check_inode(checker, &changes->inodes[i]);
	/* What was found until now would only be found again. */
	if (!result && !checker->found &&
	    merged_walk(&checker->merged, MERGED_ROOT, visit_nothing, NULL, &err))
		finding(err.text, checker);
	if (!result && checker->fd >= 0 && fsync(checker->fd))
		result = error_set(checker->err, errno, "this domain's overlay");
	if (!result && checker->fd >= 0 && !checker->found)
		result = objects_tidy(checker);
	return result;
}

static int check_once(const struct domains *domains, struct overlay_checker *checker)
{
	struct merged *merged = &checker->merged;
	struct error err;
	uint64_t size;
	int result = merged_open(merged, domains, checker->name, STORE_READ_ONLY,
				 checker->repair ? MERGED_ALONE : MERGED_STILL, finding, checker,
				 &err);

	checker->fd = -1;
	if (result == -EUCLEAN || result == -ESTALE || result == -EPROTO) {
		finding(err.text, checker);
		return 0;
	}
	if (result == -EOPNOTSUPP)
		return 0;
	if (result) {
		*checker->err = err;
		return result;
	}
	if (merged->overlay && checker->repair)
		checker->fd = overlay_file_open(merged->folder.fd, merged->index.header->hash,
						&size, checker->err);
	result = merged->overlay && checker->repair && checker->fd < 0 ? checker->fd : 0;
	if (!result && merged->overlay)
		result = check_all(checker);
	fd_close(&checker->fd);
	merged_close(merged);
	return result;
}

int overlay_check(const struct domains *domains, const char *name, bool repair,
		  void (*say)(const char *line, void *data), void *data, uint64_t *found,
		  uint64_t *left, struct error *err)
{
	struct overlay_checker checker = { .name = name, .repair = repair, .say = say,
					   .data = data, .err = err };
	int result = check_once(domains, &checker);

	*found = *left = checker.found;
	if (result || !repair || !checker.found)
		return result;
	/* What is mended shows when it is looked at again. */
	checker.say = NULL;
	checker.found = 0;
	result = check_once(domains, &checker);
	*left = checker.found;
	return result;
}
