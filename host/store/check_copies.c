/* SPDX-License-Identifier: MIT */
/*
 * The tables compared with the second copies of records and their mappings, DIR/mappings/ID. A copy
 * has a guard, so it is right where they differ. What it names by hash is found whatever the tables
 * say, and its mapping keeps its id, by which domains know it. Under the writer's lock.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/check.h"

#define FOLDER "mappings"

/* ---- Reading them ---- */

static const char *copy_text(const struct copy_head *head, char text[RECORD_NAME_MAX + 32])
{
	snprintf(text, RECORD_NAME_MAX + 32, "%s %.*s",
		 head->kind == RECORD_IMAGE ? "image" : "record", (int)head->name_size,
		 copy_name(head));
	return text;
}

static int copy_keep(struct check *check, struct copy_head *head)
{
	struct copy_head **list = check_add(check->copies, &check->copy_count, sizeof(*list));

	if (!list) {
		free(head);
		return check_no_memory(check);
	}
	check->copies = list;
	list[check->copy_count - 1] = head;
	return 0;
}

/* No damage, but nobody else can tell whether all that knew of it was deleted, or is lost. */
static int left_over_put_aside(struct check *check, const struct copy_head *head)
{
	char text[RECORD_NAME_MAX + 32], line[sizeof(text) + 128];

	snprintf(line, sizeof(line), "%s: deleted, but its copy " FOLDER "/%016" PRIx64
		 " was left: put aside in lost/", copy_text(head, text), head->mapping);
	check->say(line, check->data);
	return aside_note_copy(check, head->mapping);
}

/* One that can't be read, or that a newer program has made, is left alone. */
static int copy_unusable(struct check *check, mapping_id id, int reason)
{
	if (reason == -EIO) {
		check_finding(check, false, FOLDER "/%016" PRIx64 ", the copy of a mapping, can't "
			      "be read: left where it is", id);
		return 0;
	}
	if (reason == -EPROTO) {
		check_finding(check, false, FOLDER "/%016" PRIx64 ", the copy of a mapping, is of "
			      "a newer program: left where it is", id);
		return 0;
	}
	if (reason != -EUCLEAN)
		return reason;
	if (check_finding(check, true, FOLDER "/%016" PRIx64 ", the copy of a mapping, is "
			  "damaged: put aside in lost/", id))
		return aside_note_copy(check, id);
	return 0;
}

static int copy_load(struct check *check, const char *name)
{
	mapping_id id = copy_file_id(name);
	struct copy_head *head;
	int result;

	if (!id) {
		check_finding(check, false, FOLDER "/%s is no mapping's copy", name);
		return 0;
	}
	result = copy_read(&check->disk, id, &head, check->err);
	if (result)
		return copy_unusable(check, id, result);
	if (!check->rebuilt)
		result = copy_is_left_over(&check->disk, head, check->err);
	if (!result)
		return copy_keep(check, head);
	if (result > 0)
		result = check->repair ? left_over_put_aside(check, head) : 0;
	free(head);
	return result;
}

static int compare_copies(const void *left, const void *right)
{
	const struct copy_head *a = *(struct copy_head *const *)left;
	const struct copy_head *b = *(struct copy_head *const *)right;

	return (a->mapping > b->mapping) - (a->mapping < b->mapping);
}

int copies_load(struct check *check)
{
	int fd = openat(check->disk.root_fd, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!dir) {
		error = errno == ENOENT ? 0 : error_set(check->err, errno, FOLDER);
		fd_close(&fd);
		return error;
	}
	while (!error && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			error = copy_load(check, entry->d_name);
	}
	closedir(dir);
	if (check->copy_count)
		qsort(check->copies, check->copy_count, sizeof(*check->copies), compare_copies);
	return error;
}

void copies_release(struct check *check)
{
	for (size_t i = 0; i < check->copy_count; i++)
		free(check->copies[i]);
	free(check->copies);
}

const struct copy_head *copies_find(const struct check *check, mapping_id mapping)
{
	const struct copy_head wanted = { .mapping = mapping }, *key = &wanted;
	struct copy_head **found = check->copy_count ?
		bsearch(&key, check->copies, check->copy_count, sizeof(*check->copies),
			compare_copies) : NULL;

	return found ? *found : NULL;
}

/* ---- Mappings ---- */

int copies_check_mappings(struct check *check)
{
	const struct mapping_row none = { 0 };
	char text[RECORD_NAME_MAX + 32];
	struct mapping_row row;
	struct key key;
	int result = 0;

	for (size_t i = 0; i < check->copy_count && result >= 0; i++) {
		const struct copy_head *head = check->copies[i];

		key_set_id(&key, TABLE_MAPPINGS, head->mapping);
		result = check_row_of(check, &key, &row, sizeof(row));
		if (result)
			continue;
		if (check_finding(check, true, "%s: its mapping %" PRIu64 " is lost",
				  copy_text(head, text), head->mapping))
			result = tables_row_put(&check->disk.store, &key, &none, sizeof(none),
						check->err);
	}
	return result < 0 ? result : 0;
}

/* ---- Entries ---- */

/* A mapping that is compared with its copy: one finding for all that is wrong. */
struct comparing {
	struct check *check;
	const struct copy_head *head;
	bool found, mend;
};

static bool is_to_mend(struct comparing *comparing)
{
	char text[RECORD_NAME_MAX + 32];

	if (!comparing->found) {
		comparing->found = true;
		comparing->mend = check_finding(comparing->check, true,
						"%s: entries of its mapping %" PRIu64
						" are lost or wrong",
						copy_text(comparing->head, text),
						comparing->head->mapping);
	}
	return comparing->mend;
}

/* An id for an object that comes back: above all that have a row or a file. */
static int id_make(struct check *check, object_id *id)
{
	object_id last = check->known_count ? check->known[check->known_count - 1].id : 0;
	int error;

	do {
		error = counter_next(&check->disk.store, COUNTER_OBJECTS, id, check->err);
	} while (!error && *id <= last);
	return error;
}

/* Bytes that were put aside, or a lost object for who imports them again. */
static int object_bring_back(struct check *check, const struct copy_entry *entry, object_id *id)
{
	struct object_row row = { .size = entry->size, .flags = OBJECT_SEALED };
	int result = id_make(check, id);

	if (result)
		return result;
	memcpy(row.hash, entry->hash, sizeof(row.hash));
	result = aside_take(check, *id, entry->hash);
	if (!result) {
		row.flags |= OBJECT_LOST;
		result = check_note(check, &check->lost, *id);
	}
	return result < 0 ? result : check_put_sealed(check, *id, &row);
}

/* Whether the entry leads to what it should: 1, 0 or -errno. */
static int entry_is_right(struct check *check, const struct key *key,
			  const struct copy_entry *entry, object_id *id)
{
	struct object_row object;
	int there = check_row_of(check, key, id, sizeof(*id));

	if (there > 0)
		there = check_object_of(check, *id, &object);
	if (there <= 0)
		return there;
	return (object.flags & OBJECT_SEALED) &&
	       !memcmp(object.hash, entry->hash, sizeof(object.hash));
}

static int entry_compare(struct comparing *comparing, const struct copy_entry *entry)
{
	struct check *check = comparing->check;
	object_id id = 0;
	struct key key;
	int result;

	key_set_pair(&key, TABLE_ENTRIES, comparing->head->mapping, entry->local);
	result = entry_is_right(check, &key, entry, &id);
	if (result)
		return result < 0 ? result : check_note(check, &check->held, id);
	is_to_mend(comparing);
	result = check_find_hash(check, entry->hash, &id);
	if (result < 0)
		return result;
	if (!comparing->mend)
		return result ? check_note(check, &check->held, id) : 0;
	if (!result)
		result = object_bring_back(check, entry, &id);
	if (result < 0)
		return result;
	result = tables_row_put(&check->disk.store, &key, &id, sizeof(id), check->err);
	return result ? result : check_note(check, &check->held, id);
}

static int compare_entries(const void *left, const void *right)
{
	const struct copy_entry *a = left, *b = right;

	return (a->local > b->local) - (a->local < b->local);
}

/* Entries that the copy does not have. */
static int extras_remove(struct comparing *comparing)
{
	const struct copy_head *head = comparing->head;
	struct check *check = comparing->check;
	struct walk walk;
	struct key key;
	int more;

	key_set_id(&key, TABLE_ENTRIES, head->mapping);
	walk_init(&walk, &key);
	while ((more = walk_next(&check->disk.store, &walk, check->err)) > 0) {
		const struct copy_entry wanted = { .local = key_id(&walk.at, 1) };

		if (walk.at.size == 17 &&
		    bsearch(&wanted, copy_entries(head), head->count, sizeof(wanted),
			    compare_entries))
			continue;
		if (is_to_mend(comparing))
			more = check_row_remove(check, &walk.at);
		if (more < 0)
			break;
	}
	return more;
}

int copies_check_entries(struct check *check)
{
	int error = 0;

	for (size_t i = 0; i < check->copy_count && !error; i++) {
		struct comparing comparing = { .check = check, .head = check->copies[i] };

		for (uint64_t at = 0; at < comparing.head->count && !error; at++)
			error = entry_compare(&comparing, &copy_entries(comparing.head)[at]);
		if (!error)
			error = extras_remove(&comparing);
	}
	return error;
}

/* ---- Records ---- */

static bool is_same_name(const struct copy_head *a, const struct copy_head *b)
{
	return a->kind == b->kind && a->name_size == b->name_size &&
	       !memcmp(copy_name(a), copy_name(b), a->name_size);
}

/* The record is to be deleted with its mapping: 1, 0 or -errno. */
static int is_doomed(struct check *check, const struct copy_head *head, struct key *key)
{
	uint8_t nothing;

	key_set_id(key, TABLE_DOOMED_MAPPINGS, head->mapping);
	return check_row_of(check, key, &nothing, 0);
}

/* Another one has the name since, to which the record leads, or would if it were there. */
static int is_superseded(struct check *check, const struct copy_head *head,
			 const struct slice *value)
{
	struct key key;
	int doomed;

	for (size_t i = 0; i < check->copy_count; i++) {
		const struct copy_head *other = check->copies[i];

		if (other == head || !is_same_name(other, head))
			continue;
		if (value && copy_has_value(other, value))
			return 1;
		doomed = other->mapping > head->mapping ? is_doomed(check, other, &key) : 1;
		if (doomed <= 0)
			return doomed < 0 ? doomed : 1;
	}
	return 0;
}

static int record_put_back(struct check *check, const struct copy_head *head, const char *what)
{
	char text[RECORD_NAME_MAX + 32];
	struct key key;

	if (!check_finding(check, true, "%s: its record is %s", copy_text(head, text), what))
		return 0;
	copy_record_key(head, &key);
	return tables_row_put(&check->disk.store, &key, copy_value(head), head->value_size,
			      check->err);
}

static int record_spare(struct check *check, const struct copy_head *head)
{
	char text[RECORD_NAME_MAX + 32];
	struct key key;
	int doomed = is_doomed(check, head, &key);

	if (doomed <= 0)
		return doomed;
	if (!check_finding(check, true, "%s: its mapping %" PRIu64 " is to be deleted, but in use",
			   copy_text(head, text), head->mapping))
		return 0;
	return check_row_remove(check, &key);
}

static int record_check(struct check *check, const struct copy_head *head)
{
	struct slice value;
	struct key key;
	int result, error;

	copy_record_key(head, &key);
	error = tables_row_get(&check->disk.store, &key, &value, check->err);
	if (error && error != -ENOENT)
		return error;
	if (!error && copy_has_value(head, &value))
		return record_spare(check, head);
	result = is_superseded(check, head, error ? NULL : &value);
	if (!result)
		result = is_doomed(check, head, &key);
	if (result)
		return result < 0 ? result : 0;
	return record_put_back(check, head, error ? "lost" : "damaged");
}

/* A record that has the value of a copy, but another name or kind. */
static int pass_record(struct check *check, const struct walk *row)
{
	struct key key;

	for (size_t i = 0; i < check->copy_count; i++) {
		if (!copy_has_value(check->copies[i], &row->value))
			continue;
		copy_record_key(check->copies[i], &key);
		if (!key_compare(&key, &row->at))
			return 0;
		if (check_finding(check, true, "a record has the name of another"))
			return check_row_remove(check, &row->at);
		return 0;
	}
	return 0;
}

int copies_check_records(struct check *check)
{
	struct key key;
	int error = 0;

	for (size_t i = 0; i < check->copy_count && !error; i++)
		error = record_check(check, check->copies[i]);
	key_set_table(&key, TABLE_RECORDS);
	return error ? error : check_each_row(check, &key, pass_record);
}
