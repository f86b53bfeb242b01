/* SPDX-License-Identifier: MIT */
/* Root, working directory and umask of a process; guarded by fs->lock (LOCK_FS). */
#include "vfs/fs_context.h"

#include "core/heap.h"
#include "vfs/path.h"

struct fs_context *fs_context_create(void)
{
	struct fs_context *fs = heap_alloc_zero(sizeof(*fs));
	struct mount *mount = mount_root();

	if (!fs)
		return NULL;
	refcount_init(&fs->references, 1);
	lock_init(&fs->lock, LOCK_FS);
	fs->umask = 022;
	fs->root = fs->cwd = (struct path){ mount, mount->root };
	path_get(&fs->root);
	path_get(&fs->cwd);
	return fs;
}

struct fs_context *fs_context_copy(struct fs_context *from)
{
	struct fs_context *fs = heap_alloc_zero(sizeof(*fs));

	if (!fs)
		return NULL;
	refcount_init(&fs->references, 1);
	lock_init(&fs->lock, LOCK_FS);
	lock_acquire(&from->lock);
	fs->umask = from->umask;
	fs->root = from->root;
	fs->cwd = from->cwd;
	path_get(&fs->root);
	path_get(&fs->cwd);
	lock_release(&from->lock);
	return fs;
}

void fs_context_put(struct fs_context *fs)
{
	if (!refcount_put(&fs->references))
		return;
	path_put(&fs->root);
	path_put(&fs->cwd);
	heap_free(fs);
}

static void place_read(struct fs_context *fs, const struct path *from, struct path *to)
{
	lock_acquire(&fs->lock);
	*to = *from;
	path_get(to);
	lock_release(&fs->lock);
}

static void place_write(struct fs_context *fs, struct path *to, const struct path *from)
{
	struct path old;

	lock_acquire(&fs->lock);
	old = *to;
	*to = *from;
	lock_release(&fs->lock);
	path_put(&old);
}

void fs_context_root(struct fs_context *fs, struct path *root)
{
	place_read(fs, &fs->root, root);
}

void fs_context_cwd(struct fs_context *fs, struct path *cwd)
{
	place_read(fs, &fs->cwd, cwd);
}

void fs_context_set_root(struct fs_context *fs, const struct path *root)
{
	place_write(fs, &fs->root, root);
}

void fs_context_set_cwd(struct fs_context *fs, const struct path *cwd)
{
	place_write(fs, &fs->cwd, cwd);
}
