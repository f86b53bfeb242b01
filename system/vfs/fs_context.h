/* SPDX-License-Identifier: MIT */
/* What a process's path walks start from: root, working directory, umask. Shared by CLONE_FS. */
#ifndef VFS_FS_CONTEXT_H
#define VFS_FS_CONTEXT_H

#include "core/lock.h"
#include "core/types.h"
#include "vfs/mount.h"

struct fs_context {
	refcount references;
	struct lock lock;	/* LOCK_FS; guards all below */
	struct path root;
	struct path cwd;
	u32 umask;
};

/* At the root of the first mount, umask 022. NULL: out of memory. */
struct fs_context *fs_context_create(void);
/* A copy for fork without CLONE_FS. NULL: out of memory. */
struct fs_context *fs_context_copy(struct fs_context *from);
static inline void fs_context_get(struct fs_context *fs) { refcount_get(&fs->references); }
void fs_context_put(struct fs_context *fs);

/* Both with new references: path_put() them. */
void fs_context_root(struct fs_context *fs, struct path *root);
void fs_context_cwd(struct fs_context *fs, struct path *cwd);
/* Take over the caller's reference. */
void fs_context_set_root(struct fs_context *fs, const struct path *root);
void fs_context_set_cwd(struct fs_context *fs, const struct path *cwd);

#endif
