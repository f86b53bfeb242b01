/* SPDX-License-Identifier: MIT */
/*
 * The builder: what all sources of an image feed. It takes entries by path with their attributes,
 * holds paths and links to the rules, streams bytes of files into objects of the store, which are
 * hashed meanwhile and then sealed, and applies the whiteouts of OCI layers. What comes out is a
 * tree and the references on its objects.
 *
 * An entry is told by builder_add(), then its extended attributes and, for a regular file, its
 * bytes, then builder_end(). Paths are relative, or begin with "./"; "." is the root itself. What
 * is missing above an entry is made, with mode 0755 and owner 0. A later entry of the same path
 * takes the place of the former; a directory keeps what is in it.
 *
 * Everything happens in the transaction of the caller, who aborts it after a failure: the builder
 * undoes nothing. Messages name the entry. Belongs to one thread.
 */
#ifndef HOST_IMAGE_BUILDER_H
#define HOST_IMAGE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/image/hasher.h"
#include "host/image/index_write.h"
#include "host/image/map.h"
#include "host/image/progress.h"
#include "host/image/tree.h"
#include "host/store/store.h"

#define BUILDER_PATH_MAX 4095u
#define BUILDER_ENTRIES_MAX 8000000u
#define BUILDER_FILE_MAX (8ull << 30) /* bytes of one file, where the caller says nothing else */
#define BUILDER_XATTR_MAX 65536u      /* bytes of one value, and of all of an inode */

#define BUILDER_UNSEALED_MAX 128u /* files that are whole and wait for their hash */

/* A file whose bytes are in its object. */
struct unsealed {
	struct hash_job job;
	struct tree_inode *inode;
	object_id object;
	uint64_t size;
	char *path;
	bool is_hashed; /* the job's hash is that of the object */
};

struct builder {
	struct store *store;
	struct progress *progress;
	uint64_t file_max; /* bytes of one file */
	struct tree tree;
	uint32_t layer;	 /* counts from 1; see builder_next_layer() */
	struct map held; /* objects on which the builder holds a reference */
	struct hasher *hasher;
	struct unsealed unsealed[BUILDER_UNSEALED_MAX]; /* a ring */
	size_t unsealed_begin, unsealed_end;		/* count all that there were */
	/* The entry that is being told. */
	char path[BUILDER_PATH_MAX + 1];
	struct tree_inode *current;
	object_id object; /* private, 0: none yet */
	uint64_t written; /* end of the bytes that came so far */
	uint64_t stored;  /* end of those that the object has */
	uint64_t hashed;  /* end of those that the hasher has, */
	bool out_of_order; /* or where some came that lie before it */
	size_t xattrs_size;
};

struct builder_attributes {
	uint32_t mode; /* type and permissions, as st_mode; no socket */
	uint32_t uid, gid;
	uint32_t rdev_major, rdev_minor;
	int64_t mtime_ns;
	const char *target; /* of a symbolic link */
};

/*
 * progress must outlive the builder. Returns 0 or -errno; on success builder_release() is due.
 */
int builder_init(struct builder *builder, struct store *store, struct progress *progress,
		 uint64_t file_max, struct error *err);
/* Gives no reference back. */
void builder_release(struct builder *builder);

int builder_add(struct builder *builder, const char *path,
		const struct builder_attributes *attributes, struct error *err);
/*
 * In place of builder_add(), where the caller has put the inode with its attributes into
 * builder->tree: what is told until builder_end() is its. path is for messages, and may be cut.
 */
void builder_take(struct builder *builder, struct tree_inode *inode, const char *path);
/*
 * In place of its bytes and builder_end(): they are those of a sealed object of the store, which
 * gains a reference.
 */
int builder_share(struct builder *builder, object_id object, uint64_t size, struct error *err);
int builder_xattr(struct builder *builder, const char *name, const void *value, size_t size,
		  struct error *err);
/* -EFBIG where a file of this size is more than the limit. */
int builder_check_size(const struct builder *builder, uint64_t size, struct error *err);
/*
 * Bytes at an offset; what lies between is zero. Bytes that are zero take no room, where there are
 * many.
 */
int builder_write(struct builder *builder, const void *data, size_t size, uint64_t offset,
		  struct error *err);
/* The entry is whole; size is the regular file's, or not below what was written. */
int builder_end(struct builder *builder, uint64_t size, struct error *err);

/*
 * Seals all files that were told and are not sealed yet: the inodes get their objects.
 * builder_finish() does it too.
 */
int builder_settle(struct builder *builder, struct error *err);

/* A further name for what is there and no directory; needs no builder_end(). */
int builder_link(struct builder *builder, const char *path, const char *target, struct error *err);
/* The same for the inode of an entry that was told; path says which name is new. */
int builder_link_inode(struct builder *builder, const char *path, struct tree_inode *inode,
		       struct error *err);

/* What follows lies over what came so far: only that is whited out. */
void builder_next_layer(struct builder *builder);
/*
 * Where the last component of the path is a whiteout (".wh.NAME", ".wh..wh..opq"), applies it and
 * returns 1; 0 where it is an ordinary name.
 */
int builder_whiteout(struct builder *builder, const char *path, struct error *err);

/*
 * The index of all that was told. Afterwards the builder holds one reference on each object of
 * file->objects, which is the caller's from then on, and no other.
 */
int builder_finish(struct builder *builder, struct index_file *file, struct error *err);

#endif
