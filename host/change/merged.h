/* SPDX-License-Identifier: MIT */
/*
 * The merged tree of a lasting domain: what its programs see as the root file system, which is its
 * image with the changes that its overlay tells. Read only; inodes are named by the numbers that
 * they have in the domain. Of all that comes from the domain nothing is believed: what can't be is
 * -EUCLEAN for who comes upon it, and no walk goes in circles. Belongs to one thread.
 *
 *   merged.c		inodes and names
 *   merged_xattr.c	extended attributes
 *   merged_list.c	directories in order, and walks
 *   merged_file.c	the bytes of files
 *   merged_volume.c	where volumes are, which are no part of it
 *   merged_open.c	the tree of a domain in its folder
 */
#ifndef HOST_CHANGE_MERGED_H
#define HOST_CHANGE_MERGED_H

#include <sys/stat.h>

#include "host/change/changes.h"
#include "host/domain/folder.h"
#include "host/domain/own_objects.h"
#include "host/domain/record.h"
#include "host/image/index_read.h"
#include "host/store/store.h"

#define MERGED_ROOT ((uint64_t)INDEX_ROOT)
/*
 * Of a path that is told, without a slash before it. Programs can make longer ones, step by step;
 * each level takes two bytes at least, so this limits depth, too.
 */
#define MERGED_PATH_MAX 4095u
#define MERGED_LEVELS (MERGED_PATH_MAX / 2 + 2)

struct merged {
	struct index index;		/* of the image */
	struct changes changes;		/* all zero: there are none */
	struct own_objects own;		/* fd -1: there are none */
	struct store *store;
	mapping_id mapping;		/* of the image */
	struct domain_record record;
	struct merged_volume *volumes;	/* those of the record whose places are there */
	size_t volume_count;
	bool is_live;			/* the domain may run; what is here is a copy */
	int lock;			/* of the domain, -1 where it may run */
	struct folder folder;
	void *overlay;			/* mapped, changes.size bytes; or NULL */
};

/* A volume of the domain, and the directory that it hides. */
struct merged_volume {
	char *source;			/* a directory of the host, or the name of a volume */
	int root;			/* it (O_PATH), or -errno */
	int outer;			/* the volume that the hidden one is in; -1: the tree */
	dev_t dev;			/* in a volume, with ino */
	uint64_t ino;			/* of the hidden one */
};

/* Where the bytes of a regular file are, or the target of a link. */
enum merged_place {
	MERGED_NOWHERE,			/* it has none */
	MERGED_IMAGE,			/* data: local id of an object, or nothing, of a link */
	MERGED_PIECE,			/* data: offset in the overlay */
	MERGED_OWN,			/* data: id of an object of the domain's own */
	MERGED_LAYERED,			/* likewise, over the image's (ground), as layer says */
};

struct merged_inode {
	uint64_t ino;
	uint32_t mode, uid, gid;
	uint32_t nlink;			/* as the domain says: no more than a hint */
	uint32_t rdev_major, rdev_minor;
	uint64_t size;
	int64_t mtime_ns;
	enum merged_place place;
	uint64_t data;
	uint64_t ground;		/* MERGED_LAYERED: local id of the image's object */
	const struct overlay_slot *layer;	/* likewise, in the overlay; it was checked */
	bool is_changed;		/* its slot says something else than the image */
};

struct merged_name {
	const char *name;		/* does not end with NUL */
	uint32_t name_size;
	uint64_t ino;
};

struct merged_attribute {
	const char *name;		/* does not end with NUL */
	const void *value;
	uint32_t name_size, value_size;
};

/* ---- Opening (merged_open.c) ---- */

enum merged_hold {
	MERGED_LIVE,			/* to read, also where it runs */
	MERGED_STILL,			/* to read what is at rest */
	MERGED_ALONE,			/* to change it */
};

/*
 * The tree of a domain over an image. Its lock is held until merged_close(), so that it can't be
 * started; readers share it. Where it runs, that is -EBUSY but for MERGED_LIVE. In a store that
 * can't be written the domain may have no lock: then it is read as if it ran.
 *
 * Of a domain that runs a copy of the overlay is read. It is made front to back while programs go
 * on, so that each file is told of as it was at some moment meanwhile: one that was made, renamed
 * or written just then may be told of as before or after, or not at all, and its bytes be those of
 * both. What was at rest is right. Bytes of large files, in objects of their own, are read as they
 * are at that time.
 *
 * Volumes are no part of the tree: where one is, it has what the volume hides.
 *
 * store_flags: of store_open_disk(). say: as for changes_read(). Returns 0 or -errno
 * (-EOPNOTSUPP: the domain is over a directory); merged_close() is due on success.
 */
int merged_open(struct merged *merged, const struct domains *domains, const char *name,
		unsigned store_flags, enum merged_hold hold,
		void (*say)(const char *line, void *data), void *say_data, struct error *err);
void merged_close(struct merged *merged);

/* ---- Volumes (merged_volume.c): programs see them in place of what they hide ---- */

/* For merged_open(). store: where its volumes are. Returns 0 or -errno. */
int merged_volumes_find(struct merged *merged, const char *store, struct error *err);
void merged_volumes_release(struct merged *merged);

/* The number of the volume that hides a directory of the tree, or of another volume; -1. */
int merged_volume_in_tree(const struct merged *merged, uint64_t ino);
int merged_volume_in_volume(const struct merged *merged, int outer, const struct stat *status);

/*
 * Opens what is in a volume, "" itself, by a path without links; the last name is not followed.
 * Nothing outside of the volume is reached, whoever changes it meanwhile. Returns a descriptor or
 * -errno.
 */
int merged_volume_open(const struct merged *merged, int number, const char *path, uint64_t flags);

/* ---- Inodes and names ---- */

/* Returns 0 or -EUCLEAN. */
int merged_stat(const struct merged *merged, uint64_t ino, struct merged_inode *out,
		struct error *err);
/*
 * A name in a directory: 0 with *ino, -ENOENT or -ENOTDIR without a message, -EUCLEAN.
 */
int merged_lookup(const struct merged *merged, uint64_t directory, const char *name, size_t size,
		  uint64_t *ino, struct error *err);
/*
 * Numbers for all inodes that the tree can have, from 0 to less than merged_number_count(), for
 * tables.
 */
size_t merged_number(const struct merged *merged, uint64_t ino);
size_t merged_number_count(const struct merged *merged);

/* Directory of the image whose entries are (partly) those of this one, or 0. */
uint32_t merged_ground(const struct merged *merged, uint64_t directory);

/* ---- Extended attributes ---- */

/*
 * All of an inode, in the order of names: an array that free() ends, with *count. Returns 0 or
 * -errno.
 */
int merged_xattrs(const struct merged *merged, uint64_t ino, struct merged_attribute **out,
		  size_t *count, struct error *err);

/* ---- Directories ---- */

/* All names in a directory, sorted: an array that free() ends. Returns 0 or -errno. */
int merged_list(const struct merged *merged, uint64_t directory, struct merged_name **out,
		size_t *count, struct error *err);

struct merged_entry {
	const char *path;		/* from where the walk began, without a slash before it */
	const char *name;		/* its end */
	uint64_t parent;
	struct merged_inode inode;
};

/*
 * Calls visit for all that is below a directory, each before what is below it, in the order of
 * names; until it returns non-zero, which is then the result. -EUCLEAN also where a directory comes
 * twice, -ENAMETOOLONG where a path has more than MERGED_PATH_MAX bytes.
 */
int merged_walk(const struct merged *merged, uint64_t directory,
		int (*visit)(const struct merged_entry *entry, void *data), void *data,
		struct error *err);

/* ---- Bytes ---- */

/* The target of a symbolic link, ended by NUL. Returns 0 or -EUCLEAN. */
int merged_target(const struct merged *merged, const struct merged_inode *inode,
		  char target[INDEX_TARGET_MAX + 1], struct error *err);

/* The bytes of a regular file: a host file's, or in memory, or (neither) there are none. */
struct merged_file {
	int fd;				/* or -1 */
	const char *memory;		/* or NULL */
	uint64_t size;
	int ground;			/* what some chunks are in, as the layer says; or -1 */
	const struct overlay_slot *layer;
	const uint64_t *layer_bits;
};

/* Returns 0 or -errno; merged_file_close() is due on success. */
int merged_file_open(const struct merged *merged, const struct merged_inode *inode,
		     struct merged_file *file, struct error *err);
void merged_file_close(struct merged_file *file);
/*
 * Calls take with all that is not a hole, piece by piece, until it returns non-zero, which is then
 * the result. buffer is of MERGED_BUFFER bytes.
 */
#define MERGED_BUFFER (1u << 20)
int merged_file_read(const struct merged_file *file, char *buffer,
		     int (*take)(const void *data, size_t size, uint64_t offset, void *user),
		     void *user, struct error *err);

#endif
