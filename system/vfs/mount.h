/* SPDX-License-Identifier: MIT */
/*
 * Mounts: which file system's root covers which directory. What is mounted at the domain's start
 * lives for ever, so pointers to it need no reference. What programs mount is counted: each place
 * (struct path) and each file there holds a reference, and so do the mounts on it.
 *
 * All of it is changed under name_lock (LOCK_DENTRY_CACHE). Memory of mounts is type-stable, for
 * walkers without locks: what they read of one is to be believed only where name_sequence, which
 * each detaching raises, has not changed since.
 */
#ifndef VFS_MOUNT_H
#define VFS_MOUNT_H

#include "core/list.h"
#include "core/types.h"

struct dentry;
struct file_system;

struct mount {
	u32 id;
	u64 order;			/* rises along mount_list */
	u32 flags;			/* MS_RDONLY, MS_NOSUID... as mount(2) */
	u32 references;			/* atomic; of one that is counted */
	bool is_counted;
	bool is_expiring;		/* MNT_EXPIRE was asked for once */
	/* of mount_lasting(), to the next; of a free one, the pool's */
	struct mount *link;
	/* NULL for the root, and for what was detached; reference held by one that is counted */
	struct mount *parent;
	struct dentry *mountpoint;	/* in parent; reference held */
	struct dentry *root;		/* reference held */
	struct file_system *fs;
	struct list node;		/* mount_list, in the order of mounting */
	struct mount *copy;		/* while a tree of mounts is bound elsewhere */
};

/* A place in the tree. Who holds one holds a reference on the dentry and on the mount. */
struct path {
	struct mount *mount;
	struct dentry *dentry;
};

/* The last reference is gone: frees it, with its file system where it was the last one of that. */
void mount_free(struct mount *mount);

static inline void mount_get(struct mount *mount)
{
	if (mount->is_counted)
		atomic_add(&mount->references, 1);
}

static inline void mount_put(struct mount *mount)
{
	if (mount->is_counted && atomic_sub(&mount->references, 1) == 0)
		mount_free(mount);
}

/*
 * Covers mountpoint (NULL for the very first) with root, whose reference it takes over. The mount,
 * or ERROR_PTR(-ENOMEM). mount_add() makes one that is counted.
 */
struct mount *mount_create(const struct path *mountpoint, struct dentry *root,
			   struct file_system *fs, u32 flags);
struct mount *mount_add(const struct path *mountpoint, struct dentry *root, struct file_system *fs,
			u32 flags);
struct mount *mount_root(void);
/* The mount of this type that was made at the start, also where it was taken away. Or NULL. */
struct mount *mount_lasting(const char *type);
/*
 * What covers a directory of parent (its dentry has DENTRY_MOUNTPOINT then). NULL: nothing. Under
 * name_lock; no reference.
 */
struct mount *mount_find_locked(const struct mount *parent, const struct dentry *mountpoint);
/* The place is the root of a mount. */
static inline bool path_is_mount(const struct path *path)
{
	return path->mount->root == path->dentry;
}

/* Makes durable what lies in file systems that are somebody else's (vfs/foreign.h). */
void mount_sync_foreign(void);

/*
 * Calls print for each mount with its mountpoint's path as seen from root, and the path of its own
 * root in its file system: for /proc/mounts.
 */
void mount_for_each(const struct path *root,
		    void (*print)(void *data, const struct mount *mount, const char *mountpoint,
				  const char *inside),
		    void *data);

/* ---- mount_change.c: what mount(2) and umount2(2) do, after all checks of who may ---- */

/*
 * Covers to with what is at from, or (recursive) with all that is mounted below it, too. 0,
 * -ENOMEM, -ENOTDIR.
 */
int mount_bind(const struct path *from, const struct path *to, bool recursive);
/* The mount whose root from is covers to instead. 0, -EINVAL, -ELOOP, -ENOTDIR. */
int mount_move(const struct path *from, const struct path *to);
/*
 * Takes away the mount whose root path is. flags: MNT_DETACH, MNT_EXPIRE. The caller's reference is
 * the only one on path. 0, -EBUSY, -EINVAL, -EAGAIN.
 */
int mount_remove(const struct path *path, u32 flags);

#endif
