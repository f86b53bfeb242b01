/* SPDX-License-Identifier: MIT */
/*
 * The path walk for names that are all cached: no locks, no references but one on the place it ends
 * at.
 *
 * Dentries and inodes it looks at may be freed and used again at any moment. Their memory stays
 * dentries and inodes, so the looks are harmless; and whatever was found is believed only where
 * name_sequence has not changed since the start (see dentry.h). Everything unusual is left to
 * walk.c.
 */
#include "core/heap.h"
#include "core/string.h"
#include "process/credentials.h"
#include "vfs/walk.h"

/* Names with the targets of links before them; longer ones are left to the slow walk. */
#define FAST_NAME_MAX 512
#define FAST_LINKS_MAX 8
#define LEAVE 1

struct fast_walk {
	u64 sequence;
	const struct walker *walker;
	struct path here, root;
	const char *rest;
	u32 flags, links;
	u32 in_use;			/* which of the two buffers rest is in */
	char buffers[2][FAST_NAME_MAX];
};

static bool fast_is_valid(const struct fast_walk *walk)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return READ_ONCE(name_sequence) == walk->sequence;
}

/* An answer is one only if nothing moved. */
static int fast_answer(const struct fast_walk *walk, int answer)
{
	return fast_is_valid(walk) ? answer : LEAVE;
}

static bool is_root(const struct fast_walk *walk, const struct path *path)
{
	return path->dentry == walk->root.dentry && path->mount == walk->root.mount;
}

/* Mounts cover few names: crossing them is rare, but for /proc and /dev. */
static int fast_cross(struct fast_walk *walk)
{
	struct path *here = &walk->here;
	struct mount *mount = here->mount;

	if (likely(!(READ_ONCE(here->dentry->flags) & DENTRY_MOUNTPOINT)))
		return 0;
	lock_acquire(&name_lock);
	while (mount && here->dentry->flags & DENTRY_MOUNTPOINT) {
		mount = READ_ONCE(name_sequence) == walk->sequence
				? mount_find_locked(here->mount, here->dentry) : NULL;
		if (mount)
			*here = (struct path){ mount, mount->root };
	}
	lock_release(&name_lock);
	return mount ? 0 : LEAVE;
}

/* From the root of a mount. Mounts may go: they are what they look like under name_lock only. */
static int fast_up_mount(struct fast_walk *walk)
{
	struct path up = walk->here;
	int result = 0;

	lock_acquire(&name_lock);
	if (READ_ONCE(name_sequence) != walk->sequence)
		result = LEAVE;
	while (!result && path_is_mount(&up) && up.mount->parent) {
		up = (struct path){ up.mount->parent, up.mount->mountpoint };
		/* Something covers the root: a case for walk.c. */
		if (is_root(walk, &up))
			result = LEAVE;
	}
	lock_release(&name_lock);
	up.dentry = result ? up.dentry : up.dentry->parent;
	walk->here = up;
	return result;
}

static int fast_up(struct fast_walk *walk)
{
	struct path *here = &walk->here;

	if (is_root(walk, here))
		return fast_cross(walk);
	if (here->dentry == READ_ONCE(here->mount->root))
		return fast_up_mount(walk);
	here->dentry = here->dentry->parent;
	return 0;
}

/*
 * Puts the target of a link before what is left. The target's memory may be freed meanwhile, but
 * stays readable, being in the heap; the sequence tells that the pointer was one when it was read.
 */
static int fast_link(struct fast_walk *walk, struct inode *inode)
{
	char *buffer = walk->buffers[walk->in_use ^= 1];
	size_t size = READ_ONCE(inode->size), rest_size = strlen(walk->rest) + 1;
	const char *target = READ_ONCE(inode->target);
	const struct inode_operations *operations = READ_ONCE(inode->operations);

	/* Only what was read of a valid inode is a pointer: it may be in the making again. */
	if (!fast_is_valid(walk) || operations->follow ||
	    !(READ_ONCE(inode->flags) & INODE_PLAIN_LINK) || ++walk->links > FAST_LINKS_MAX ||
	    size == 0 || size + 1 + rest_size > FAST_NAME_MAX)
		return LEAVE;
	memcpy(buffer, target, size);
	buffer[size] = '/';
	memcpy(buffer + size + 1, walk->rest, rest_size);
	/* A link that ends the name must not gain a slash: that would ask for a directory. */
	if (rest_size == 1)
		buffer[size] = '\0';
	if (buffer[0] == '/')
		walk->here = walk->root;
	walk->rest = buffer;
	return 0;
}

static int fast_child(struct fast_walk *walk, struct inode *inode, const char *name, size_t size,
		      bool last)
{
	struct dentry *directory = walk->here.dentry;
	/* Looked at before the name: entries come in before a directory is declared complete. */
	u32 inode_flags = load_acquire(&inode->flags);
	struct dentry *child =
		name_find_unlocked(directory, name_hash(directory, name, size), name, size);
	struct inode *found;

	if (!child)
		return inode_flags & INODE_COMPLETE ? -ENOENT : LEAVE;
	if (unlikely(!(inode_flags & INODE_REFERENCED)))
		atomic_or(&inode->flags, INODE_REFERENCED);
	found = load_acquire(&child->inode);
	if (!found)
		return -ENOENT;
	if (inode_is_symlink(found) && (!last || *walk->rest || (walk->flags & WALK_FOLLOW)))
		return fast_link(walk, found);
	walk->here.dentry = child;
	return fast_cross(walk);
}

/* One component from rest; 0, -ENOENT to be confirmed, or LEAVE. */
static int fast_component(struct fast_walk *walk)
{
	struct inode *inode = load_acquire(&walk->here.dentry->inode);
	const char *name = walk->rest, *end = name, *next;

	if (!inode || !inode_is_directory(inode) || (READ_ONCE(inode->flags) & INODE_UNCACHED) ||
	    inode_permission(inode, walk->walker->credentials, MAY_EXEC))
		return LEAVE;
	while (*end && *end != '/')
		end++;
	if (end - name > (long)NAME_MAX)
		return LEAVE;
	walk->rest = end;
	if (name[0] == '.' && (end - name == 1 || (end - name == 2 && name[1] == '.'))) {
		return end - name == 2 ? fast_up(walk) : 0;
	}
	for (next = end; *next == '/'; next++)
		;
	return fast_child(walk, inode, name, end - name, !*next);
}

static bool fast_begin(struct fast_walk *walk, const struct walker *walker,
		       const struct path *start, const char *name, u32 flags)
{
	const u32 special = WALK_NO_SYMLINKS | WALK_BENEATH | WALK_IN_ROOT | WALK_NO_MOUNTS |
			    WALK_NO_MAGIC;

	if (!*name || (flags & special))
		return false;
	walk->sequence = load_acquire(&name_sequence);
	if (walk->sequence & 1)
		return false;
	walk->walker = walker;
	walk->flags = flags;
	walk->links = 0;
	walk->in_use = 0;
	walk->rest = name;
	lock_acquire(&walker->fs->lock);
	walk->root = walker->fs->root;
	walk->here = walker->fs->cwd;
	lock_release(&walker->fs->lock);
	if (*name == '/')
		walk->here = walk->root;
	else if (start)
		walk->here = *start;
	return true;
}

/* References on a place in a mount that may go. */
static bool fast_hold(const struct fast_walk *walk)
{
	bool valid;

	lock_acquire(&name_lock);
	valid = READ_ONCE(name_sequence) == walk->sequence;
	if (valid)
		path_get(&walk->here);
	lock_release(&name_lock);
	return valid;
}

/* The end was reached: take it, if the way to it was true. */
static int fast_end(struct fast_walk *walk, bool must_be_directory, struct path *out)
{
	struct inode *inode;

	if (unlikely(READ_ONCE(walk->here.mount->is_counted)) ? !fast_hold(walk)
							      : !dentry_try_get(walk->here.dentry))
		return LEAVE;
	inode = load_acquire(&walk->here.dentry->inode);
	if (!fast_is_valid(walk) || !inode) {
		path_put(&walk->here);
		return LEAVE;
	}
	if (must_be_directory && !inode_is_directory(inode)) {
		path_put(&walk->here);
		return -ENOTDIR;
	}
	*out = walk->here;
	return 0;
}

int path_walk_fast(const struct walker *walker, const struct path *start, const char *name,
		   u32 flags, struct path *out)
{
	struct fast_walk walk;

	if (!fast_begin(&walk, walker, start, name, flags))
		return LEAVE;
	for (;;) {
		bool slash = *walk.rest == '/';
		int result;

		while (*walk.rest == '/')
			walk.rest++;
		if (!*walk.rest)
			return fast_end(&walk, slash || (flags & WALK_DIRECTORY), out);
		result = fast_component(&walk);
		if (result)
			return result == LEAVE ? LEAVE : fast_answer(&walk, result);
	}
}
