/* SPDX-License-Identifier: MIT */
/*
 * From path names to places: the walk, and the operations on names that build on it. Names are
 * strings in the layer's memory here; who walks (credentials, root, working directory) is an
 * argument.
 */
#ifndef VFS_PATH_H
#define VFS_PATH_H

#include "core/types.h"
#include "vfs/dentry.h"
#include "vfs/fs_context.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

#define PATH_MAX 4096u
#define SYMLINKS_MAX 40u

struct file;

enum walk_flags {
	WALK_FOLLOW = 1u,		/* follow a symbolic link at the end */
	WALK_DIRECTORY = 2u,		/* the end must be a directory (-ENOTDIR) */
	WALK_OPENING = 4u,		/* hint: the end will be opened */
	/* "" names the start itself (AT_EMPTY_PATH); else -ENOENT */
	WALK_EMPTY = 8u,
	WALK_NO_SYMLINKS = 16u,		/* RESOLVE_NO_SYMLINKS: -ELOOP at any */
	WALK_BENEATH = 32u,		/* RESOLVE_BENEATH: -EXDEV */
	WALK_IN_ROOT = 64u,		/* RESOLVE_IN_ROOT: start is the root */
	WALK_NO_MOUNTS = 128u,		/* RESOLVE_NO_XDEV: -EXDEV */
	WALK_NO_MAGIC = 256u,		/* RESOLVE_NO_MAGICLINKS: -ELOOP */
	WALK_CACHED = 512u,		/* RESOLVE_CACHED: -EAGAIN unless the fast walk does it */
};

/* Who walks. */
struct walker {
	struct fs_context *fs;
	const struct credentials *credentials;
};

static inline void path_get(const struct path *path)
{
	dentry_get(path->dentry);
	mount_get(path->mount);
}

static inline void path_put(const struct path *path)
{
	dentry_put(path->dentry);
	mount_put(path->mount);
}

/*
 * The place that name leads to, with a reference. start: where a relative name begins (NULL: the
 * working directory). -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG and what the file system
 * says.
 */
int path_walk(const struct walker *walker, const struct path *start, const char *name, u32 flags,
	      struct path *out) __must_check;

/* The last component of a name, which points into the name given. */
struct last_name {
	const char *name;
	u32 size;
	enum { LAST_NORMAL, LAST_DOT, LAST_DOT_DOT, LAST_ROOT } kind;
	bool trailing_slash;
};

/* The directory that holds (or would hold) the last component, with a reference. */
int path_walk_parent(const struct walker *walker, const struct path *start, const char *name,
		     u32 flags, struct path *parent, struct last_name *last) __must_check;

/*
 * The absolute name of a place as seen from root, written at the front of buffer with its NUL. Its
 * length without the NUL, or -ENAMETOOLONG. "(unreachable)" comes before a place outside root, as
 * getcwd(2) has it; " (deleted)" after one that was unlinked.
 */
ssize_t path_of(const struct path *path, const struct path *root, char *buffer, size_t size);

/* The absolute name in its own file system, whatever is mounted where. Likewise. */
ssize_t dentry_path(const struct dentry *dentry, char *buffer, size_t size);

/* ---- Opening; what open(2) does, flags as there ---- */

int path_open(const struct walker *walker, const struct path *start, const char *name, u32 flags,
	      u32 mode, u32 walk_flags, struct file **out) __must_check;
/* Opens a place that is known already, with permission checks (may: MAY_*; 0 for none). */
int path_open_known(const struct walker *walker, const struct path *path, u32 flags, u32 may,
		    struct file **out) __must_check;

/* ---- For exec: on behalf of the current process (syscall/path.c) ---- */

/*
 * Opens a program: a regular file with execute permission, else -EACCES. path is in the layer's
 * memory. file->dentry and file->mount with path_of() give its absolute name; file->inode its dev
 * and ino.
 */
int path_open_exec(const char *path, struct file **out) __must_check;
/* For execveat: flags are AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW. */
int path_open_exec_at(int directory_fd, const char *path, int flags,
		      struct file **out) __must_check;
/* Reads at an offset into layer memory: bytes (fewer only at the end of the file) or -errno. */
ssize_t file_read_kernel(struct file *file, void *to, size_t size, u64 offset);

#endif
