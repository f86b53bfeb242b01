/* SPDX-License-Identifier: MIT */
/*
 * The path walk that can do everything: it holds a reference on where it is and may sleep while
 * names are loaded. walk_fast.c is tried before it.
 * Locks: LOCK_DIRECTORY around loading, name_lock for looking, none from step to step.
 */
#include "vfs/walk.h"

#include "core/heap.h"
#include "core/string.h"
#include "process/credentials.h"
#include "vfs/reclaim.h"

/* A directory is listed whole once this many names were asked for in vain. */
#define MISSES_MAX 16

struct walk {
	const struct walker *walker;
	u32 flags;
	u32 links;			/* symbolic links followed */
	struct path here;		/* reference held */
	struct path root;		/* reference held */
	struct path start;		/* of RESOLVE_BENEATH; borrowed */
	bool met_root;			/* an absolute name, or ".." */
	const char *rest;		/* the part of the name still to go */
	char *buffer;			/* where rest is, once a link was followed */
};

/* ---- Names in directories ---- */

static struct dentry *name_find_get(struct dentry *directory, u32 hash, const char *name,
				    size_t size)
{
	struct dentry *dentry;

	lock_acquire(&name_lock);
	dentry = name_find_locked(directory, hash, name, size);
	if (dentry && dentry->inode)
		dentry_get(dentry);
	else if (dentry)
		dentry = ERROR_PTR(-ENOENT);
	lock_release(&name_lock);
	return dentry;
}

static int name_lookup_uncached(struct dentry *directory, const char *name, size_t size,
				struct dentry **out)
{
	struct inode *inode = directory->inode->operations->lookup(directory->inode, name, size);

	if (IS_ERROR(inode))
		return PTR_ERROR(inode);
	if (inode->fs->foreign && inode_is_directory(inode))
		return dentry_of_directory(directory, name, size, inode, out);
	*out = dentry_create(directory, name, size, inode);
	if (*out)
		return 0;
	inode_put(inode);
	return -ENOMEM;
}

/* Asks the file system. A directory where much is looked for in vain is read whole. */
static int name_load(struct dentry *directory, const char *rest, u32 walk_flags)
{
	struct inode *inode = directory->inode;

	if (inode->operations->load_all && inode->directory->misses >= MISSES_MAX)
		return inode->operations->load_all(directory);
	return inode->operations->load(directory, rest, walk_flags);
}

int name_lookup_locked(struct dentry *directory, const char *name, size_t size, const char *rest,
		       u32 walk_flags, struct dentry **out)
{
	struct inode *inode = directory->inode;
	u32 hash = name_hash(directory, name, size);
	struct dentry *found;
	int error;

	if (size > NAME_MAX)
		return -ENAMETOOLONG;
	if (inode->operations->lookup)
		return name_lookup_uncached(directory, name, size, out);
	found = name_find_get(directory, hash, name, size);
	if (!found && !(READ_ONCE(inode->flags) & INODE_COMPLETE)) {
		error = name_load(directory, rest, walk_flags);
		if (error)
			return error;
		found = name_find_get(directory, hash, name, size);
		if (!found || IS_ERROR(found))
			inode->directory->misses++;
	}
	if (!found)
		return -ENOENT;
	if (IS_ERROR(found))
		return PTR_ERROR(found);
	*out = found;
	return 0;
}

int name_lookup(struct dentry *directory, const char *name, size_t size, const char *rest,
		u32 walk_flags, struct dentry **out)
{
	struct inode *inode = directory->inode;
	/* Looked at before the name: entries come in before a directory is declared complete. */
	bool complete = load_acquire(&inode->flags) & INODE_COMPLETE;
	struct dentry *found;
	int result;

	if (size > NAME_MAX)
		return -ENAMETOOLONG;
	if (inode->operations->lookup)
		return name_lookup_uncached(directory, name, size, out);
	found = name_find_get(directory, name_hash(directory, name, size), name, size);
	if (!found && !complete) {
		lock_acquire(&inode->directory->lock);
		result = name_lookup_locked(directory, name, size, rest, walk_flags, out);
		lock_release(&inode->directory->lock);
		name_trim_absences();
		reclaim_names();
		return result;
	}
	if (!found)
		return -ENOENT;
	if (IS_ERROR(found))
		return PTR_ERROR(found);
	*out = found;
	return 0;
}

/* ---- Mounts ---- */

void path_cross_mounts(struct path *path)
{
	while (READ_ONCE(path->dentry->flags) & DENTRY_MOUNTPOINT) {
		struct path covered = *path;
		struct mount *mount;

		lock_acquire(&name_lock);
		mount = mount_find_locked(path->mount, path->dentry);
		if (mount) {
			*path = (struct path){ mount, mount->root };
			path_get(path);
		}
		lock_release(&name_lock);
		if (!mount)
			return;
		path_put(&covered);
	}
}

static bool path_equal(const struct path *a, const struct path *b)
{
	return a->dentry == b->dentry && a->mount == b->mount;
}

/* One up from *up; no references. 1: the root is in the way, and the walk stays where it is. */
static int walk_up_locked(const struct walk *walk, struct path *up)
{
	while (path_is_mount(up) && up->mount->parent) {
		if (walk->flags & WALK_NO_MOUNTS)
			return -EXDEV;
		*up = (struct path){ up->mount->parent, up->mount->mountpoint };
		/* Something covers the root: above that is nothing. */
		if (path_equal(up, &walk->root))
			return 1;
	}
	up->dentry = up->dentry->parent;
	return 0;
}

static int walk_up(struct walk *walk)
{
	struct path up = walk->here;
	int error = 0;

	walk->met_root = true;
	if (path_equal(&up, &walk->root)) {
		if (walk->flags & WALK_BENEATH)
			return -EXDEV;
		/* As from anywhere else, what covers it is met. */
		path_cross_mounts(&walk->here);
		return 0;
	}
	if ((walk->flags & WALK_BENEATH) && path_equal(&up, &walk->start))
		return -EXDEV;
	/* Parents and mounts change only under name_lock. */
	lock_acquire(&name_lock);
	error = walk_up_locked(walk, &up);
	if (!error)
		path_get(&up);
	lock_release(&name_lock);
	if (error)
		return MIN(error, 0);
	path_put(&walk->here);
	walk->here = up;
	path_cross_mounts(&walk->here);
	return 0;
}

/* ---- Symbolic links ---- */

char *link_target(struct inode *inode)
{
	char *target = heap_alloc(PATH_MAX);
	ssize_t size;

	if (!target)
		return ERROR_PTR(-ENOMEM);
	size = inode->operations->read_link ? inode->operations->read_link(inode, target, PATH_MAX)
					    : -EINVAL;
	if (size >= (ssize_t)PATH_MAX)
		size = -ENAMETOOLONG;
	if (size == 0)
		size = -ENOENT;
	if (size > 0)
		return target;
	heap_free(target);
	return ERROR_PTR(size);
}

/* The target of a link with rest behind it, as link_target(). */
static char *link_join(struct inode *inode, const char *rest)
{
	char *target = link_target(inode);
	size_t rest_size = strlen(rest), size;
	char *joined;

	if (IS_ERROR(target) || rest_size == 0)
		return target;
	size = strlen(target);
	joined = heap_alloc(size + 1 + rest_size + 1);
	if (joined) {
		memcpy(joined, target, size);
		joined[size] = '/';
		memcpy(joined + size + 1, rest, rest_size + 1);
	}
	heap_free(target);
	return joined ? joined : ERROR_PTR(-ENOMEM);
}

static int walk_magic_link(struct walk *walk, struct inode *inode)
{
	struct path place;
	int error;

	if (walk->flags & (WALK_NO_MAGIC | WALK_BENEATH | WALK_IN_ROOT))
		return walk->flags & WALK_NO_MAGIC ? -ELOOP : -EXDEV;
	error = inode->operations->follow(inode, &place);
	if (error)
		return error;
	path_put(&walk->here);
	walk->here = place;
	return 0;
}

/* Here is where the link lies; rest is what follows it. */
static int walk_link(struct walk *walk, struct inode *inode)
{
	char *joined;

	if (walk->flags & WALK_NO_SYMLINKS)
		return -ELOOP;
	if (++walk->links > SYMLINKS_MAX)
		return -ELOOP;
	inode_touch_accessed(inode);
	if (inode->operations->follow)
		return walk_magic_link(walk, inode);
	joined = link_join(inode, walk->rest);
	if (IS_ERROR(joined))
		return PTR_ERROR(joined);
	if (joined[0] == '/') {
		/* Linux takes the root for another mount as long as the walk has not met it. */
		if ((walk->flags & WALK_BENEATH) ||
		    ((walk->flags & WALK_NO_MOUNTS) && !walk->met_root)) {
			heap_free(joined);
			return -EXDEV;
		}
		path_get(&walk->root);
		path_put(&walk->here);
		walk->here = walk->root;
	}
	heap_free(walk->buffer);
	walk->buffer = joined;
	walk->rest = joined;
	return 0;
}

/* ---- The walk ---- */

static const char *skip_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

static size_t component_size(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != '/')
		n++;
	return n;
}

/* May the directory here be searched? */
static int walk_may_search(struct walk *walk)
{
	struct inode *inode = walk->here.dentry->inode;

	if (!inode_is_directory(inode))
		return -ENOTDIR;
	return inode_permission(inode, walk->walker->credentials, MAY_EXEC);
}

/*
 * Takes the child, whose reference it takes over, as the place where the walk is now, or follows
 * it.
 */
static int walk_into(struct walk *walk, struct dentry *child, bool last)
{
	struct inode *inode = child->inode;
	struct path next = { walk->here.mount, child };
	int error;

	if (inode_is_symlink(inode) && (!last || *walk->rest || (walk->flags & WALK_FOLLOW))) {
		error = walk_link(walk, inode);
		dentry_put(child);
		return error;
	}
	mount_get(next.mount);
	path_cross_mounts(&next);
	if (next.mount != walk->here.mount && (walk->flags & WALK_NO_MOUNTS)) {
		path_put(&next);
		return -EXDEV;
	}
	path_put(&walk->here);
	walk->here = next;
	return 0;
}

static int walk_component(struct walk *walk)
{
	const char *name = walk->rest;
	size_t size = component_size(name);
	struct dentry *child;
	bool last;
	int error = walk_may_search(walk);

	if (error)
		return error;
	walk->rest = name + size;
	last = !*skip_slashes(walk->rest);
	if (size == 1 && name[0] == '.')
		return 0;
	if (size == 2 && name[0] == '.' && name[1] == '.')
		return walk_up(walk);
	error = name_lookup(walk->here.dentry, name, size, name, walk->flags, &child);
	return error ? error : walk_into(walk, child, last);
}

/* Goes on until the name is used up; or with parent, until one component is left in rest. */
static int walk_all(struct walk *walk, bool parent)
{
	for (;;) {
		const char *next = skip_slashes(walk->rest);
		bool slash = next != walk->rest;
		int error;

		if (!*next) {
			return slash && !inode_is_directory(walk->here.dentry->inode) ? -ENOTDIR
										      : 0;
		}
		walk->rest = next;
		if (parent && !*skip_slashes(next + component_size(next)))
			return walk_may_search(walk);
		error = walk_component(walk);
		if (error)
			return error;
	}
}

static int walk_begin(struct walk *walk, const struct walker *walker, const struct path *start,
		      const char *name, u32 flags)
{
	*walk = (struct walk){
		.walker = walker, .flags = flags, .rest = name, .met_root = *name == '/'
	};
	if (!*name && !(flags & WALK_EMPTY))
		return -ENOENT;
	if (start) {
		walk->here = *start;
		path_get(start);
	} else {
		fs_context_cwd(walker->fs, &walk->here);
	}
	if (flags & WALK_IN_ROOT) {
		walk->root = walk->here;
		path_get(&walk->root);
	} else {
		fs_context_root(walker->fs, &walk->root);
	}
	if (*name == '/') {
		path_put(&walk->here);
		walk->here = walk->root;
		path_get(&walk->here);
		if (flags & WALK_BENEATH) {
			path_put(&walk->here);
			path_put(&walk->root);
			return -EXDEV;
		}
	}
	walk->start = walk->here;
	if (flags & WALK_BENEATH)
		path_get(&walk->start);
	return 0;
}

/* Leaves here to the caller where there is no error. */
static int walk_end(struct walk *walk, int error)
{
	heap_free(walk->buffer);
	path_put(&walk->root);
	if (walk->flags & WALK_BENEATH)
		path_put(&walk->start);
	if (error)
		path_put(&walk->here);
	return error;
}

int path_walk(const struct walker *walker, const struct path *start, const char *name, u32 flags,
	      struct path *out)
{
	struct walk walk;
	int error = path_walk_fast(walker, start, name, flags, out);

	if (error <= 0)
		return error;
	if (flags & WALK_CACHED)
		return -EAGAIN;
	error = walk_begin(&walk, walker, start, name, flags);
	if (error)
		return error;
	error = walk_all(&walk, false);
	if (!error && (flags & WALK_DIRECTORY) && !inode_is_directory(walk.here.dentry->inode))
		error = -ENOTDIR;
	*out = walk.here;
	return walk_end(&walk, error);
}

static void last_name_fill(struct last_name *last, const char *name)
{
	size_t size = component_size(name);

	last->name = name;
	last->size = size;
	last->trailing_slash = name[size] == '/';
	last->kind = LAST_NORMAL;
	if (size == 0)
		last->kind = LAST_ROOT;
	else if (size == 1 && name[0] == '.')
		last->kind = LAST_DOT;
	else if (size == 2 && name[0] == '.' && name[1] == '.')
		last->kind = LAST_DOT_DOT;
}

/* The last component of the name as it was given: a link is followed only on the way to it. */
static const char *last_component(const char *name)
{
	const char *last = name, *next;

	for (next = skip_slashes(name); *next; next = skip_slashes(next + component_size(next)))
		last = next;
	return last == name ? skip_slashes(name) : last;
}

int path_walk_parent(const struct walker *walker, const struct path *start, const char *name,
		     u32 flags, struct path *parent, struct last_name *last)
{
	struct walk walk;
	int error = walk_begin(&walk, walker, start, name, flags & ~WALK_EMPTY);

	if (error)
		return error;
	last_name_fill(last, last_component(name));
	error = walk_all(&walk, true);
	if (!error && !inode_is_directory(walk.here.dentry->inode))
		error = -ENOTDIR;
	if (!error && last->size > NAME_MAX)
		error = -ENAMETOOLONG;
	*parent = walk.here;
	return walk_end(&walk, error);
}
