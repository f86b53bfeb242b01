/* SPDX-License-Identifier: MIT */
/*
 * What a store is made of, for those inside host/store/ only: ordered tables of small rows, and
 * files of bytes. All rules of the store (references, sealing, mappings) stand above this and are
 * written once; a backend (disk.c, memory.c) keeps rows and bytes, and makes transactions of them.
 *
 * No locks: a store belongs to one thread.
 */
#ifndef HOST_STORE_BACKEND_H
#define HOST_STORE_BACKEND_H

#include <stdbool.h>

#include "host/base/id_list.h"
#include "host/store/rows.h"
#include "host/store/store.h"

/*
 * Callers have checked all arguments, and that there is a transaction where one is needed.
 * Functions return 0 or -errno with *err filled, but row_get() and row_next() give -ENOENT without
 * a message: only the caller knows what is missing. Rows that are handed out stay good until the
 * next change of any row or the end of the view.
 */
struct backend_operations {
	void (*close)(struct store *store);

	/* An unchanging view of the rows, for reading outside of a transaction. Not nested. */
	int (*view_begin)(struct store *store, struct error *err);
	void (*view_end)(struct store *store);

	/*
	 * After commit there is no transaction, whatever the result; on failure nothing has
	 * changed.
	 */
	int (*begin)(struct store *store, struct error *err);
	int (*commit)(struct store *store, struct error *err);
	void (*abort)(struct store *store);

	int (*row_get)(struct store *store, const struct key *key, struct slice *value,
		       struct error *err);
	/*
	 * The first row whose key is not below key, or, with after, above it. *found may be *key.
	 */
	int (*row_next)(struct store *store, const struct key *key, bool after, struct key *found,
			struct slice *value, struct error *err);
	int (*row_put)(struct store *store, const struct key *key, const void *value, size_t size,
		       struct error *err);
	/* A row that is there. */
	int (*row_remove)(struct store *store, const struct key *key, struct error *err);

	/* T: files are made and removed with the transaction; their bytes are outside of it. */
	int (*file_create)(struct store *store, object_id id, struct error *err);
	int (*file_remove)(struct store *store, object_id id, struct error *err);
	/* T: creates the file `to` with the bytes and holes of another. */
	int (*file_copy)(struct store *store, object_id from, object_id to, struct error *err);
	/*
	 * T: gives an older object that has no file (or a bad one) a file with the bytes of
	 * another, which are final.
	 */
	int (*file_restore)(struct store *store, object_id from, object_id to, struct error *err);
	/*
	 * T: the bytes are final and must be durable when the transaction is. -EBUSY: a descriptor
	 * is open that can still write them.
	 */
	int (*file_settle)(struct store *store, object_id id, struct error *err);

	ssize_t (*file_read)(struct store *store, object_id id, void *to, size_t size,
			     uint64_t offset, struct error *err);
	ssize_t (*file_write)(struct store *store, object_id id, const void *from, size_t size,
			      uint64_t offset, struct error *err);
	int (*file_truncate)(struct store *store, object_id id, uint64_t size, struct error *err);
	int (*file_sync)(struct store *store, object_id id, struct error *err);
	int (*file_open)(struct store *store, object_id id, bool writable, struct error *err);
	int (*file_size)(struct store *store, object_id id, uint64_t *size, uint64_t *disk_size,
			 struct error *err);

	/*
	 * Use of mappings, across processes. Shared until mapping_unshare() or close(); waits for a
	 * transaction that has claimed it.
	 */
	int (*mapping_share)(struct store *store, mapping_id id, struct error *err);
	void (*mapping_unshare)(struct store *store, mapping_id id);
	/*
	 * T: nobody can share it until the transaction ends. 1, 0 where another store shares it
	 * already, or -errno.
	 */
	int (*mapping_claim)(struct store *store, mapping_id id, struct error *err);
	/* As of store.h. */
	int (*mapping_holder)(struct store *store, mapping_id id, char name[RECORD_NAME_MAX + 1],
			      struct error *err);
	int (*pins_keep)(struct store *store, struct error *err);

	/* T: as store_use_reserve(). */
	int (*reserve_use)(struct store *store, struct error *err);
};

/* The first member of each backend's own struct. */
struct store {
	const struct backend_operations *operations;
	bool read_only;
	bool in_transaction;
	unsigned views;			/* depth: callbacks of a visit may ask the store again */
	struct id_list pins;		/* mappings that this store shares */
};

/*
 * For the functions of store.h. A view is needed around all reading; in a transaction it costs
 * nothing.
 */
int store_view_begin(struct store *store, struct error *err);
void store_view_end(struct store *store);
/* -EINVAL without a transaction. */
int store_need_transaction(struct store *store, struct error *err);

/* store_begin() without the end of doomed mappings, which a damaged store may forbid. */
int store_begin_plain(struct store *store, struct error *err);
/* T: deletes the doomed mappings that nobody uses any more. */
int mappings_sweep(struct store *store, struct error *err);
/* T: with all its references, at once. */
int mapping_destroy(struct store *store, mapping_id id, struct error *err);

/* A walk over all rows whose keys begin with a prefix; rows may change meanwhile. */
struct walk {
	struct key at;
	struct slice value;
	size_t prefix_size;
	bool started;
};

void walk_init(struct walk *walk, const struct key *prefix);
/* 1 with walk->at and walk->value of the next row, 0 at the end, or -errno. */
int walk_next(struct store *store, struct walk *walk, struct error *err);

/* The next number of a counter in the meta table, from 1. T. */
int counter_next(struct store *store, enum counter counter, uint64_t *number, struct error *err);

/* Row of an object: -ENOENT with a message where there is none. */
int object_row_get(struct store *store, object_id id, struct object_row *row, struct error *err);
/* T: the same for who will put it back. */
int object_row_change(struct store *store, object_id id, struct object_row *row,
		      struct error *err);
int object_row_put(struct store *store, object_id id, const struct object_row *row,
		   struct error *err);
/* The sealed object of a content, which may be lost. -ENOENT with a message. */
int hash_row_get(struct store *store, const uint8_t hash[OBJECT_HASH_SIZE], object_id *id,
		 struct error *err);

#endif
