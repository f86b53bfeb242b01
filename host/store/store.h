/* SPDX-License-Identifier: MIT */
/*
 * The object store: keeps all objects, once each, and the tables that say who uses which.
 *
 * An object is a container of bytes of any size with an id, which is not used again. It is born
 * private: one owner, who may write it. object_seal() makes it immutable, and one with all others
 * of the same content; from then on it is shared by reference counts. A change of a shared object
 * is a change of a private copy (object_copy).
 *
 * Records are small named values by kind (images, domains, volumes); mappings are tables from
 * local object ids, as an image's index has them, to the store's objects, and hold a reference on
 * each. What a lasting domain writes is no object of the store: those of its own are files in its
 * folder (host/domain/own_objects.h), some of which may be further names of files of sealed
 * objects here (host/change/dedup.h); for the store that makes no difference. A reference of the
 * caller's is for the length of a transaction: whoever keeps an object beyond it puts it into a
 * mapping, and the mapping's id into a record. store_check() takes a reference that is in no
 * mapping for lost.
 *
 * Two implementations stand behind this interface: one on disk (disk.c; the format is told in
 * docs/object-format.md), one in memory (memory.c) that proves the interface and lets tests run
 * without a disk.
 *
 * Changes belong to a transaction: store_begin() to store_commit(), which makes all of it durable
 * at once or, if the machine dies before it returns, none of it. One writer at a time: others wait
 * in store_begin(). Readers wait for nobody: outside of a transaction each call sees what was
 * committed last. A change that failed for another cause than its arguments may have been made in
 * part: then abort. Bytes of private objects are outside of transactions: object_sync() makes them
 * durable. An id that an aborted transaction gave out may be given out again.
 *
 * A store is used by one thread, and not by a child that was forked since it was opened. Functions
 * return 0 or -errno with *err filled (host/base/error.h), unless said otherwise; outputs are
 * untouched on failure. Functions marked T need a transaction (else -EINVAL). A visit function may
 * call the store, but not end its transaction.
 */
#ifndef HOST_STORE_STORE_H
#define HOST_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/base/error.h"

struct store;

typedef uint64_t object_id;		/* 0: none */
typedef uint64_t mapping_id;		/* 0: none */

#define OBJECT_HASH_SIZE 32u		/* SHA-256 */

enum object_flags {
	OBJECT_SEALED = 1u,		/* immutable, hash is valid */
	OBJECT_LOST = 4u,		/* sealed, but its bytes are gone: see object_is_lost() */
};

struct object_info {
	object_id id;
	uint64_t size;			/* bytes */
	uint64_t disk_size;		/* bytes of disk (of memory for a store in memory) */
	uint64_t references;
	uint32_t flags;			/* enum object_flags */
	uint8_t hash[OBJECT_HASH_SIZE];
};

/* ---- Opening ---- */

enum store_open_flags {
	STORE_CREATE = 1u,		/* make it where there is none */
	STORE_READ_ONLY = 2u,		/* no transactions; works on a read-only disk */
};

/*
 * The store in a directory. -ENOENT: there is none. -EPROTO: its format is newer than this
 * program. -EUCLEAN: damaged, the message says to run fsck. Any call can give that when it comes
 * upon damage of the tables, and store_begin() for all damage of them; -ESTALE where a repair has
 * replaced them.
 */
int store_open_disk(const char *path, unsigned flags, struct store **out, struct error *err);
int store_open_memory(struct store **out, struct error *err);
/* Aborts a transaction that is open, and so forgets it. NULL is allowed. */
void store_close(struct store *store);

/* Transactions do not nest. */
int store_begin(struct store *store, struct error *err);
/*
 * T: this transaction only deletes. On a disk that is full it gets what the store keeps in reserve,
 * which is set aside again by a later transaction when there is room.
 */
int store_use_reserve(struct store *store, struct error *err);
/* The transaction is over, whatever the result: on failure nothing of it was done. */
int store_commit(struct store *store, struct error *err);
/* Undoes all since store_begin(); without a transaction nothing happens. */
void store_abort(struct store *store);

/* ---- Objects ---- */

/* T: a private, empty object with one reference, the caller's. */
int object_create(struct store *store, object_id *id, struct error *err);
/* T: one more reference, the caller's. -ENOENT. */
int object_get(struct store *store, object_id id, struct error *err);
/*
 * T: one reference less; the last one deletes the object (its bytes when the transaction is
 * committed).
 */
int object_put(struct store *store, object_id id, struct error *err);
int object_info(struct store *store, object_id id, struct object_info *info, struct error *err);
/*
 * 1, 0 or -errno: store_check() found that the bytes of this sealed object are not those that were
 * sealed, and keeps of it who names it, size and hash. Reading it is -EIO. As soon as an object of
 * this content is sealed, it has its bytes again.
 */
int object_is_lost(struct store *store, object_id id, struct error *err);
/* The sealed object whose content has this hash, and is not lost: *id is no reference. -ENOENT. */
int object_find_hash(struct store *store, const uint8_t hash[OBJECT_HASH_SIZE], object_id *id,
		     struct error *err);

/*
 * Bytes moved (fewer only at the end of the object), or -errno. Writing a sealed object: -EROFS.
 * Reading a lost one: -EIO, also by object_open() and object_copy().
 */
ssize_t object_read(struct store *store, object_id id, void *to, size_t size, uint64_t offset,
		    struct error *err);
ssize_t object_write(struct store *store, object_id id, const void *from, size_t size,
		     uint64_t offset, struct error *err);
int object_truncate(struct store *store, object_id id, uint64_t size, struct error *err);
int object_sync(struct store *store, object_id id, struct error *err);
/*
 * A descriptor of the host for the object's bytes, the caller's to close: what a domain is granted.
 * writable is refused with -EROFS for a sealed one. The descriptor stays good when the object is
 * deleted.
 */
int object_open(struct store *store, object_id id, bool writable, struct error *err);

/*
 * T: makes a private object immutable. Where one of the same content exists, *sealed is that one
 * with a reference more, and the private one is deleted; if that one was lost, it is no longer, for
 * all who name it. Else *sealed is id itself. The caller's
 * reference moves to *sealed. A sealed object stays as it is. -EBUSY: it has more than one
 * reference, or (on disk) somebody still has a descriptor or a mapping that can write it. Not in
 * `mezzo`, only in programs with libcrypto: see hash.h.
 */
int object_seal(struct store *store, object_id id, object_id *sealed, struct error *err);
/*
 * The same for who has hashed all bytes of the object as he wrote them, and vouches for that;
 * -EBUSY also where it has not this size.
 */
int object_seal_hashed(struct store *store, object_id id, uint64_t size,
		       const uint8_t hash[OBJECT_HASH_SIZE], object_id *sealed, struct error *err);
/*
 * T: a private copy with one reference and no attributes; shares blocks of the disk where the
 * host's file system can (reflink), else copies data and keeps holes.
 */
int object_copy(struct store *store, object_id id, object_id *copy, struct error *err);
/*
 * T: looks in all mappings for private objects that nobody has open for writing and that are equal
 * to a sealed object or to each other, and makes them one, sealed. *objects and *bytes are what
 * became superfluous. Not in `mezzo`, as object_seal().
 */
int store_deduplicate(struct store *store, uint64_t *objects, uint64_t *bytes, struct error *err);

/*
 * Small named attributes of an object, until it is deleted: names and values as of records. get
 * returns the size of the value, of which at most size bytes are in to; -ENODATA. T for set; size 0
 * removes.
 */
ssize_t object_attribute_get(struct store *store, object_id id, const char *name, void *to,
			     size_t size, struct error *err);
int object_attribute_set(struct store *store, object_id id, const char *name, const void *value,
			 size_t size, struct error *err);
/*
 * Calls visit for each object, in the order of ids, until it returns non-zero, which is then the
 * result.
 */
int object_visit(struct store *store, int (*visit)(const struct object_info *info, void *data),
		 void *data, struct error *err);

/* ---- Records ---- */

enum record_kind { RECORD_IMAGE = 1, RECORD_DOMAIN = 2, RECORD_VOLUME = 3 };

#define RECORD_NAME_MAX 255u
#define RECORD_VALUE_MAX 65536u

/* T: replaces a value that is there, or with exclusive fails with -EEXIST. */
int record_put(struct store *store, enum record_kind kind, const char *name, const void *value,
	       size_t size, bool exclusive, struct error *err);
/* The size of the value, of which at most size bytes are in to; -ENOENT. */
ssize_t record_get(struct store *store, enum record_kind kind, const char *name, void *to,
		   size_t size, struct error *err);
/* T. -ENOENT. */
int record_delete(struct store *store, enum record_kind kind, const char *name, struct error *err);
/*
 * T: keeps a second copy of a record and of all entries of the mapping that it leads to, whose
 * objects are sealed, outside of the tables, until the mapping is deleted or is secured again.
 * store_check() compares the tables with it, and makes them from it again.
 */
int record_secure(struct store *store, enum record_kind kind, const char *name,
		  mapping_id mapping, struct error *err);
bool record_is_secure(struct store *store, mapping_id mapping);
/* In the order of names, until visit returns non-zero, which is then the result. */
int record_visit(struct store *store, enum record_kind kind,
		 int (*visit)(const char *name, const void *value, size_t size, void *data),
		 void *data, struct error *err);

/* ---- Mappings ---- */

/* T: quota_bytes limits what mapping_charge() allows; 0: no limit. */
int mapping_create(struct store *store, uint64_t quota_bytes, mapping_id *id, struct error *err);
/*
 * T: with all its references. One that is pinned, or that a lasting domain's record names, stays
 * as it is, doomed: a later transaction deletes it at its begin when nobody uses it any more.
 */
int mapping_delete(struct store *store, mapping_id id, struct error *err);
/*
 * The mapping stays, with all that is in it, until mapping_unpin() or store_close(), whoever
 * deletes it: what runs over a mapping pins it, in whichever process. Also in a store that was
 * opened for reading only. Waits for the end of a transaction that is about to delete it. -ENOENT:
 * it is gone. A lasting domain is made so: pin its mapping, put its record in place, unpin.
 */
int mapping_pin(struct store *store, mapping_id id, struct error *err);
void mapping_unpin(struct store *store, mapping_id id);
/*
 * A descriptor that keeps all pins of this store beyond store_close() until it is closed, as are
 * those that were inherited or made of it.
 */
int store_keep_pins(struct store *store, struct error *err);
/*
 * 1 with the name of a lasting domain (STORE/domains/NAME/record, with a line "mapping ID"), 0
 * where none names the mapping.
 */
int mapping_holder(struct store *store, mapping_id id, char name[RECORD_NAME_MAX + 1],
		   struct error *err);
/*
 * T: local becomes a name of object (0: of nothing); the caller's reference moves here, what was
 * there loses one.
 */
int mapping_set(struct store *store, mapping_id id, uint64_t local, object_id object,
		struct error *err);
/* -ENOENT. */
int mapping_get(struct store *store, mapping_id id, uint64_t local, object_id *object,
		struct error *err);
int mapping_visit(struct store *store, mapping_id id,
		  int (*visit)(uint64_t local, object_id object, void *data), void *data,
		  struct error *err);
/*
 * Bytes charged to the mapping, and its quota. T for charge: -EDQUOT where it would go beyond,
 * -ERANGE below 0. Who lets private objects in it grow or shrink charges for that, before or after:
 * the store itself never does.
 */
int mapping_usage(struct store *store, mapping_id id, uint64_t *used_bytes, uint64_t *quota_bytes,
		  struct error *err);
int mapping_charge(struct store *store, mapping_id id, int64_t bytes, struct error *err);

/* ---- Totals and health ---- */

struct store_totals {
	uint64_t objects, sealed_objects;
	uint64_t bytes, disk_bytes;	/* sizes, and what they take */
	uint64_t shared_bytes;		/* that would be needed more if nothing were shared */
};

int store_totals(struct store *store, struct store_totals *totals, struct error *err);

/*
 * Looks at everything on disk (-ENOENT, -EPROTO as of store_open_disk(); -EUCLEAN, after a
 * finding: the tables are damaged and repair was not asked for, so nothing else was looked at;
 * -EBADMSG, likewise: its format or lock is missing or damaged).
 * With repair mends what can be mended: damaged tables are made anew; records and mappings become
 * what record_secure() kept of them; counts are corrected, sealed objects whose bytes are not
 * theirs become lost ones (OBJECT_LOST), entries of other mappings whose object is not even known
 * are removed. No bytes are deleted: what nothing names is put aside, and taken back by its hash
 * when something does. say is called with one line for each finding; that an object is lost since
 * an earlier repair is none. *found counts findings, *left those that remain. *lost gets the ids
 * of all objects without their bytes, rising, with or without repair: the caller's to free. Fails
 * only where the store can't be looked at. Not in `mezzo`, as object_seal().
 */
struct id_list;
int store_check(const char *path, bool repair, void (*say)(const char *line, void *data),
		void *data, uint64_t *found, uint64_t *left, struct id_list *lost,
		struct error *err);

#endif
