/* SPDX-License-Identifier: MIT */
/*
 * Inside of the store on disk: its tables in LMDB (disk_tables.c), its object files (disk_file.c),
 * the locks between processes (disk_lock.c), and how these make a transaction (disk.c).
 * docs/object-format.md tells what is where on disk, and in what order it is written.
 *
 * Functions return 0 or -errno with *err filled, unless said otherwise.
 */
#ifndef HOST_STORE_DISK_H
#define HOST_STORE_DISK_H

#include <lmdb.h>

#include "host/store/backend.h"
#include "host/store/copy.h"

#define DISK_OBJECT_DIRS 256u		/* objects/00 to objects/ff, by the id's last byte */
#define DISK_TABLES_MAX (16ull << 30)	/* of addresses for the tables, not of memory */

struct disk {
	struct store store;
	int root_fd, lock_fd, objects_fd, new_fd;
	bool is_checked;		/* by store_check(), which keeps the writer's lock */
	MDB_env *env;
	bool tables_checked;		/* whole, when this store first began a transaction */
	bool copies_recovered;
	MDB_txn *view;			/* reset while nobody reads */
	unsigned view_lock;		/* the lock that guards it */
	/* Of the open transaction: */
	MDB_txn *txn;
	unsigned txn_lock;
	struct id_list made;		/* files in new/ */
	struct id_list restored;	/* files in new/ of older objects */
	struct id_list settled;		/* older files whose bytes must be durable */
	struct id_list removed;		/* older files, to be unlinked after the commit */
	bool dirty_dirs[DISK_OBJECT_DIRS]; /* a name was added or removed that must be durable */
	bool new_dirty;
	struct id_list copies;		/* of mappings, in new/ */
	struct id_list copies_removed;	/* to be unlinked after the commit */
	struct id_list claimed;		/* mappings that it deletes, locked */
	/* The file that was used last, open; 0 for none. */
	object_id open_id;
	int open_fd;
	bool open_writable;
};

static inline struct disk *disk_of(struct store *store)
{
	return (struct disk *)store;
}

/* ---- disk_format.c: the directory itself ---- */

/*
 * As store_format_check(); but where the folder has rows, objects or copies, or a domain that runs
 * over an image, it is a store whose format is missing, and that is -EUCLEAN.
 */
int disk_format_check(int root_fd, const char *path, struct error *err);
/* Durable, with all that was written before; the writer's lock is held. 0 or -errno alone. */
int disk_format_write(int root_fd);
/*
 * Makes a store in a directory that is empty or has an unfinished one; the writer's lock is held.
 * The last step makes it a store, with all before it durable.
 */
int disk_format_create(struct disk *disk, const char *path, struct error *err);

/* ---- disk.c: opening, also for fsck ---- */

/*
 * Opens directory, locks and tables; the tables' file must be there. lock_fd: -1, or the store's
 * lock file with the writer's lock on it, for a check: disk_release() closes it, which ends that.
 */
int disk_open(struct disk *disk, const char *path, unsigned flags, int lock_fd, struct error *err);
void disk_release(struct disk *disk);
/* The operations of disk_open()'s store. */
extern const struct backend_operations disk_operations;

/* ---- disk_lock.c: they end with the process ---- */

enum disk_lock {
	LOCK_WRITER,			/* by whom has a transaction */
	LOCK_VIEW_EVEN,			/* shared by views of commits with such a number */
	LOCK_VIEW_ODD,
};

/* 0 or -errno, -EAGAIN where it would have to wait and must not. */
int disk_lock(int lock_fd, enum disk_lock lock, bool exclusive, bool wait);
void disk_unlock(int lock_fd, enum disk_lock lock);

/* Locks of mappings; see the operations of these names. */
int lock_mapping_share(struct store *store, mapping_id id, struct error *err);
void lock_mapping_unshare(struct store *store, mapping_id id);
int lock_mapping_claim(struct store *store, mapping_id id, struct error *err);
int lock_pins_keep(struct store *store, struct error *err);
/* At the end of a transaction. */
void lock_claims_end(struct disk *disk);

/* ---- disk_reserve.c ---- */

/* Makes the reserve, or makes it larger, if there is room. */
void reserve_keep(struct disk *disk);
int reserve_use(struct store *store, struct error *err);

/* ---- disk_domains.c ---- */

int domains_holder(struct store *store, mapping_id id, char name[RECORD_NAME_MAX + 1],
		   struct error *err);
/* The greatest mapping that a lasting domain names, as far as their records can be read. */
int domains_last_mapping(struct store *store, mapping_id *last, struct error *err);

/* ---- disk_tables.c ---- */

/*
 * This file is there from before the tables are made anew until a repair has compared them with
 * all else: nothing but a repair may write into them, or take what they lack for deleted.
 */
#define TABLES_UNCHECKED "tables/unchecked"

/* Of the store in the directory path. */
int tables_open(struct disk *disk, const char *path, bool read_only, struct error *err);
void tables_close(struct disk *disk);
int tables_view_begin(struct store *store, struct error *err);
void tables_view_end(struct store *store);
/* The writer's lock is held. After commit the transaction is over, whatever the result. */
int tables_begin(struct disk *disk, struct error *err);
int tables_commit(struct disk *disk, struct error *err);
void tables_abort(struct disk *disk);
int tables_row_get(struct store *store, const struct key *key, struct slice *value,
		   struct error *err);
int tables_row_next(struct store *store, const struct key *key, bool after, struct key *found,
		    struct slice *value, struct error *err);
int tables_row_put(struct store *store, const struct key *key, const void *value, size_t size,
		   struct error *err);
int tables_row_remove(struct store *store, const struct key *key, struct error *err);

/* ---- disk_file.c ---- */

#define FILE_NAME_SIZE 20u		/* "xx/" and 16 digits */

/*
 * The name of an object's file in objects/; that in new/ begins behind the slash, FILE_NAME_NEW
 * characters on.
 */
void file_name(object_id id, char name[FILE_NAME_SIZE]);
#define FILE_NAME_NEW 3u
/* The id of a file by its name in new/ or in one of objects/; 0 for a name that is none. */
object_id file_name_id(const char *name);

int file_create(struct store *store, object_id id, struct error *err);
int file_remove(struct store *store, object_id id, struct error *err);
int file_copy(struct store *store, object_id from, object_id to, struct error *err);
int file_restore(struct store *store, object_id from, object_id to, struct error *err);
int file_settle(struct store *store, object_id id, struct error *err);
ssize_t file_read(struct store *store, object_id id, void *to, size_t size, uint64_t offset,
		  struct error *err);
ssize_t file_write(struct store *store, object_id id, const void *from, size_t size,
		   uint64_t offset, struct error *err);
int file_truncate(struct store *store, object_id id, uint64_t size, struct error *err);
int file_sync(struct store *store, object_id id, struct error *err);
int file_open(struct store *store, object_id id, bool writable, struct error *err);
int file_size(struct store *store, object_id id, uint64_t *size, uint64_t *disk_size,
	      struct error *err);
/* Closes the file that was used last. */
void file_forget(struct disk *disk);

/* ---- disk_copy.c: the copies of mappings that record_secure() makes ---- */

#define COPY_NAME_SIZE 32u
/* In the store's folder, in new/ or after the commit; those in new/ begin with an m. */
void copy_file_name(mapping_id id, bool is_new, char name[COPY_NAME_SIZE]);
#define COPY_NAME_NEW 4u
/* The id by a name in mappings/; 0 for a name that is none. */
mapping_id copy_file_id(const char *name);

int copy_put(struct store *store, mapping_id id, const void *data, size_t size, struct error *err);
bool copy_is_there(struct store *store, mapping_id id);
int copy_remove(struct store *store, mapping_id id, struct error *err);
void copies_finish(struct disk *disk);
void copies_abort(struct disk *disk);
/*
 * The copy as it is in mappings/: -EUCLEAN where it is damaged, -EPROTO where a newer program made
 * it. The caller frees it.
 */
int copy_read(struct disk *disk, mapping_id id, struct copy_head **head, struct error *err);
/* The key of its record. */
void copy_record_key(const struct copy_head *head, struct key *key);
/* Whether that has the value of the copy. */
bool copy_has_value(const struct copy_head *head, const struct slice *value);
/*
 * Nothing in whole tables knows of it: its mapping was deleted, and who did so died before the copy
 * went, too, or durably so. 1, 0 or -errno.
 */
int copy_is_left_over(struct disk *disk, const struct copy_head *head, struct error *err);
/* Removes those that are left over, once for each open store. */
int copies_recover(struct disk *disk, struct error *err);
/* One in new/ whose move is late, or that was never committed. */
int copy_recover(struct disk *disk, mapping_id id, struct error *err);

/* ---- disk_commit.c: the files' side of a transaction ---- */

/* Ends what a former writer left: files of deleted objects, files in new/. */
int files_recover(struct disk *disk, struct error *err);
/* Before the tables' commit: all bytes and names that they will speak of are durable. */
int files_sync(struct disk *disk, struct error *err);
/* After it: moves and unlinks; what fails is left to files_recover(). */
void files_finish(struct disk *disk);
/* Removes the files that the transaction made. */
void files_abort(struct disk *disk);

#endif
