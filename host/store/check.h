/* SPDX-License-Identifier: MIT */
/*
 * Inside of store_check(): the store's own folder (check_root.c), the tables as a file
 * (check_tables.c), passes over them (check.c), the files of objects (check_files.c), what was put
 * aside (check_aside.c), and the second copies of records (check_copies.c).
 *
 * No file of an object is ever deleted by a check: what nobody names may be what damaged tables do
 * not name any more. It is put aside in DIR/lost, by its hash, and taken back by that.
 */
#ifndef HOST_STORE_CHECK_H
#define HOST_STORE_CHECK_H

#include "host/store/copy.h"
#include "host/store/disk.h"

/* An object as it should be, where the tables say nothing of it or something wrong. */
struct known {
	object_id id;
	bool has_row;			/* which is mended by now, in a repair */
	struct object_row row;
};

/* A file of objects/ that is put aside when all is committed. */
struct aside {
	char name[FILE_NAME_SIZE];
	uint8_t hash[OBJECT_HASH_SIZE];
};

struct check {
	struct disk disk;
	bool repair;
	bool lacks_format;		/* until the tables are whole */
	bool rebuilt;			/* the tables were, now or by a repair that died since */
	void (*say)(const char *line, void *data);
	void *data;
	uint64_t found, left;
	struct id_list held;		/* objects in mappings, one for each entry */
	struct id_list gone;		/* objects whose rows can't be, rising */
	struct id_list lost;		/* objects without their bytes, those that are gone too */
	struct known *known;		/* by id, once all are known */
	size_t known_count;
	size_t *known_by_hash;
	uint64_t rows_back;		/* of objects, in tables that are made anew */
	struct aside *aside;
	size_t aside_count;
	struct id_list copies_aside;	/* mappings whose copies are put aside then, too */
	struct aside *taken;		/* names in objects/ that files of lost/ have got */
	size_t taken_count;
	struct copy_head **copies;	/* by mapping */
	size_t copy_count;
	struct error *err;
};

/*
 * One finding; it is mended right after this, if check->repair and mendable. Returns whether it is
 * to be mended.
 */
bool check_finding(struct check *check, bool mendable, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* -ENOMEM with its message. */
int check_no_memory(struct check *check);
/* Room for one more at the end of an array, zeroed; NULL where there is no memory. */
void *check_add(void *array, size_t *count, size_t size);

/* Each pass returns 0, or -errno with *check->err filled where it can't go on. */

int check_each_row(struct check *check, const struct key *prefix,
		   int (*pass)(struct check *check, const struct walk *row));
int check_row_remove(struct check *check, const struct key *key);
/* 1 with the row, 0 where there is none or none of that size, or -errno. */
int check_row_of(struct check *check, const struct key *key, void *row, size_t size);
int check_note(struct check *check, struct id_list *list, object_id id);

/* ---- check_known.c ---- */

/* In a rising list: the first place that is not below id, and whether it is that. */
size_t check_list_find(const struct id_list *list, uint64_t id);
bool check_list_has(const struct id_list *list, uint64_t id);
void check_list_sort(struct id_list *list);
/* What is known is found once all is, and sorted. */
int known_add(struct check *check, object_id id, const struct object_row *row);
int known_sort(struct check *check);
/* As check_row_of(), for an object as it should be. */
int check_object_of(struct check *check, object_id id, struct object_row *object);
bool object_has_hash(const struct object_row *object, const uint8_t hash[OBJECT_HASH_SIZE]);
/* An object that is there, lost or not, has this content: 1, 0 or -errno. */
int check_find_hash(struct check *check, const uint8_t hash[OBJECT_HASH_SIZE], object_id *id);
/* With repair: row and hash of a sealed object. */
int check_put_sealed(struct check *check, object_id id, const struct object_row *row);

/* ---- check_objects.c ---- */

int pass_object(struct check *check, const struct walk *row);
int pass_hash(struct check *check, const struct walk *row);
/* Each sealed object is found by its hash. */
int pass_sealed(struct check *check, const struct walk *row);
/* Once check->held is sorted. */
int pass_count(struct check *check, const struct walk *row);
/* Files that no row knew of. */
int check_all_known(struct check *check);

/* ---- check_tables.c ---- */

/*
 * Before the store is opened: LMDB can be given its file. With repair one that it can't be given is
 * made anew. Returns a descriptor that holds the writer's lock, -EUCLEAN after a finding without
 * repair, or another -errno.
 */
int check_tables(struct check *check, const char *path);
/* All is compared, and durable: tables that were made anew are as good as others. */
int check_tables_done(struct check *check);

/* ---- check_root.c ---- */

/*
 * Before the store is opened: it is one, and its own files and folders are there. As
 * check_tables(), with -EBADMSG instead of -EUCLEAN.
 */
int check_root(struct check *check, const char *path);
/* With repair, once the tables are whole. */
int check_format_mend(struct check *check, int root_fd, const char *path);

/* ---- check_files.c ---- */

enum bytes { BYTES_NONE, BYTES_THERE, BYTES_UNREADABLE };

/*
 * Size and hash of an object's file: an enum bytes, or -errno. What the disk does not give is as
 * good as lost, and its file is left where it is: no other error tells of one object alone.
 */
int check_bytes(struct check *check, object_id id, uint64_t *size, uint8_t hash[OBJECT_HASH_SIZE]);
/* Files whose objects the tables do not have become known. */
int check_files(struct check *check);

/* ---- check_aside.c ---- */

int aside_note(struct check *check, const char *name, const uint8_t hash[OBJECT_HASH_SIZE]);
/* A mapping's copy that is no good is put aside as lost/mID, after the commit as well. */
int aside_note_copy(struct check *check, mapping_id id);
/* 1 where bytes of this hash were put aside, else 0; with repair the object has them again. */
int aside_take(struct check *check, object_id id, const uint8_t hash[OBJECT_HASH_SIZE]);
/* At once, what is no file and lies where the store has one: as lost/NAME. */
int aside_put(struct check *check, int root_fd, int dir_fd, const char *name);
/* After the commit. */
int aside_finish(struct check *check);

/* ---- check_copies.c ---- */

int copies_load(struct check *check);
void copies_release(struct check *check);
/* The copy of a mapping, or NULL. */
const struct copy_head *copies_find(const struct check *check, mapping_id mapping);
/* Mappings that have a copy are there. */
int copies_check_mappings(struct check *check);
/* Their entries, which are noted as held, and the records that lead to them. */
int copies_check_entries(struct check *check);
int copies_check_records(struct check *check);

#endif
