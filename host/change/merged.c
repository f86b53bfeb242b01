/* SPDX-License-Identifier: MIT */
/* Inodes and names of the merged tree; see merged.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/change/merged.h"

static int damaged(struct error *err, uint64_t ino, const char *what)
{
	return error_set(err, EUCLEAN, "inode %" PRIu64 " of this domain: %s", ino, what);
}

/* ---- Inodes ---- */

static bool is_mode(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return !(mode & ~(S_IFMT | 07777u));
	}
	return false;
}

static int stat_image(const struct merged *merged, uint64_t ino, struct merged_inode *out,
		      struct error *err)
{
	const struct index_inode *from = index_inode(&merged->index, ino);

	if (!from || !is_mode(from->mode))
		return damaged(err, ino, "the image has no such file");
	*out = (struct merged_inode){
		.ino = ino, .mode = from->mode, .uid = from->uid, .gid = from->gid,
		.nlink = from->nlink, .rdev_major = from->rdev_major,
		.rdev_minor = from->rdev_minor, .mtime_ns = from->mtime_ns,
	};
	if (S_ISREG(from->mode) || S_ISLNK(from->mode)) {
		out->size = from->size;
		out->place = from->size ? MERGED_IMAGE : MERGED_NOWHERE;
		out->data = from->object;
	}
	return 0;
}

/*
 * The object was made, and its name was not yet durable when the power failed: the file is what it
 * was without it.
 */
static void object_lose(const struct overlay_slot *slot, struct merged_inode *out)
{
	out->size = slot->layer_bits ? slot->layer_end : 0;
	out->place = out->size ? MERGED_IMAGE : MERGED_NOWHERE;
	out->data = out->ground;
	out->layer = NULL;
}

/* A large file's size is that of its host file, and so is its time where that is later. */
static int object_look(const struct merged *merged, const struct overlay_slot *slot,
		       struct merged_inode *out, struct error *err)
{
	struct stat status;
	int64_t mtime_ns;
	int fd = own_objects_read(&merged->own, out->data, merged->is_live), error;

	if (fd == -ENOENT) {
		object_lose(slot, out);
		return 0;
	}
	error = fd < 0 ? -fd : fstat(fd, &status) ? errno : 0;
	fd_close(&fd);
	if (error)
		return error_set(err, error, "an object of this domain");
	if (!S_ISREG(status.st_mode))
		return damaged(err, out->ino, "its object is no file");
	out->size = (uint64_t)status.st_size;
	if (out->layer && out->size < slot->layer_end)
		out->size = slot->layer_end;
	mtime_ns = status.st_mtim.tv_sec * 1000000000ll + status.st_mtim.tv_nsec;
	if (!(slot->flags & OVERLAY_TIMES_SET) &&
	    out->mtime_ns < mtime_ns - OVERLAY_TIME_SLACK_NS)
		out->mtime_ns = mtime_ns;
	return 0;
}

/* Some bytes of a large file may still be the image's, whose object has image_size bytes. */
static int object_find(const struct merged *merged, const struct overlay_slot *slot,
		       uint64_t image_size, struct merged_inode *out, struct error *err)
{
	if (slot->layer_bits && slot->layer_end > image_size)
		return damaged(err, out->ino, "its layer does not fit the image's file");
	out->ground = out->data;
	out->data = OVERLAY_OBJECT_ID(slot->data);
	out->place = slot->layer_bits ? MERGED_LAYERED : MERGED_OWN;
	out->layer = slot->layer_bits ? slot : NULL;
	return object_look(merged, slot, out, err);
}

/* Where a regular file has its bytes, of which the slot says size; changes_claim() passed it. */
static int place_find(const struct merged *merged, const struct overlay_slot *slot,
		      struct merged_inode *out, struct error *err)
{
	uint64_t image_size = out->size;

	out->size = slot->size;
	switch (OVERLAY_PLACE(slot->data)) {
	case OVERLAY_PIECE:
		out->place = slot->size ? MERGED_PIECE : MERGED_NOWHERE;
		out->data = OVERLAY_PIECE_OFFSET(slot->data);
		return 0;
	case OVERLAY_OBJECT:
		return object_find(merged, slot, image_size, out, err);
	}
	if (slot->size > image_size)
		return damaged(err, out->ino, "it has more bytes than the image's");
	out->place = slot->size ? MERGED_IMAGE : MERGED_NOWHERE;
	return 0;
}

/* A link keeps the target that it was made with. */
static void link_find(const struct overlay_slot *slot, struct merged_inode *out)
{
	if (out->ino < OVERLAY_OWN_INO)
		return;
	out->size = slot->size;
	out->place = MERGED_PIECE;
	out->data = OVERLAY_PIECE_OFFSET(slot->data);
}

static bool is_same(const struct merged_inode *a, const struct merged_inode *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->rdev_major == b->rdev_major && a->rdev_minor == b->rdev_minor &&
	       a->size == b->size && a->mtime_ns == b->mtime_ns && a->place == b->place;
}

/* out: as the image has it. */
static int slot_apply(const struct merged *merged, const struct change_inode *change,
		      struct merged_inode *out, struct error *err)
{
	const struct overlay_slot *slot = change->slot;
	struct merged_inode image = *out;
	int result = 0;

	if (!is_mode(slot->mode) || (slot->mode & S_IFMT) != (out->mode & S_IFMT))
		return damaged(err, out->ino, "it is of another type than it was");
	out->mode = slot->mode;
	out->uid = slot->uid;
	out->gid = slot->gid;
	out->nlink = out->ino >= OVERLAY_OWN_INO ? change->links : slot->nlink;
	out->rdev_major = slot->rdev_major;
	out->rdev_minor = slot->rdev_minor;
	out->mtime_ns = slot->mtime_ns;
	if (S_ISREG(slot->mode))
		result = place_find(merged, slot, out, err);
	else if (S_ISLNK(slot->mode))
		link_find(slot, out);
	out->is_changed = out->ino >= OVERLAY_OWN_INO || !is_same(&image, out);
	return result;
}

int merged_stat(const struct merged *merged, uint64_t ino, struct merged_inode *out,
		struct error *err)
{
	const struct change_inode *change = changes_inode(&merged->changes, ino);
	struct merged_inode found;
	int result = 0;

	if (ino < OVERLAY_OWN_INO)
		result = stat_image(merged, ino, &found, err);
	else if (!change || !change->slot)
		result = damaged(err, ino, "there is no such file");
	else
		found = (struct merged_inode){ .ino = ino, .mode = change->slot->mode };
	if (!result && change && change->slot)
		result = slot_apply(merged, change, &found, err);
	if (!result)
		*out = found;
	return result;
}

/* ---- Names ---- */

uint32_t merged_ground(const struct merged *merged, uint64_t directory)
{
	const struct index_inode *inode = index_inode(&merged->index, directory);

	return inode && S_ISDIR(inode->mode) ? (uint32_t)directory : 0;
}

int merged_lookup(const struct merged *merged, uint64_t directory, const char *name, size_t size,
		  uint64_t *ino, struct error *err)
{
	const struct change_inode *change = changes_inode(&merged->changes, directory);
	const struct change_name *changed = changes_name(&merged->changes, change, name, size);
	uint32_t ground = merged_ground(merged, directory), number;
	struct merged_inode inode;
	int result;

	if (!ground) {
		result = merged_stat(merged, directory, &inode, err);
		if (result || !S_ISDIR(inode.mode))
			return result ? result : -ENOTDIR;
	}
	if (changed) {
		*ino = changed->ino;
		return changed->ino ? 0 : -ENOENT;
	}
	if (!ground)
		return -ENOENT;
	result = index_lookup(&merged->index, ground, name, size, &number);
	if (!result)
		*ino = number;
	return result == -EUCLEAN ? error_set(err, EUCLEAN, "the image's index") : result;
}

/* ---- Numbers ---- */

size_t merged_number(const struct merged *merged, uint64_t ino)
{
	const struct change_inode *change;

	if (ino <= merged->index.header->inode_count)
		return (size_t)ino;
	change = changes_inode(&merged->changes, ino);
	return (size_t)merged->index.header->inode_count + 1 +
	       (change ? (size_t)(change - merged->changes.inodes) : 0);
}

size_t merged_number_count(const struct merged *merged)
{
	return (size_t)merged->index.header->inode_count + 1 + merged->changes.inode_count;
}
