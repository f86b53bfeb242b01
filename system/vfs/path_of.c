/* SPDX-License-Identifier: MIT */
/* The absolute name of a place. Locks: name_lock while the way up is read. */
#include "core/string.h"
#include "vfs/path.h"

struct writer {
	char *buffer;
	size_t at;		/* the text begins here and goes on to the end of the buffer */
};

static bool prepend(struct writer *w, const char *text, size_t size)
{
	if (w->at < size)
		return false;
	w->at -= size;
	memcpy(w->buffer + w->at, text, size);
	return true;
}

/* Writes the names from here up to root; false: no room. *reached: root was met. */
static bool prepend_names(struct writer *w, struct path here, const struct path *root,
			  bool *reached)
{
	*reached = true;
	for (;;) {
		if (root && here.dentry == root->dentry && here.mount == root->mount)
			return true;
		if (here.dentry == here.mount->root) {
			if (!here.mount->parent)
				break;
			here = (struct path){ here.mount->parent, here.mount->mountpoint };
			continue;
		}
		if (here.dentry == here.dentry->parent)
			break;
		if (!prepend(w, here.dentry->name, here.dentry->name_size) || !prepend(w, "/", 1))
			return false;
		here.dentry = here.dentry->parent;
	}
	*reached = !root || (here.mount->root == root->dentry && !here.mount->parent);
	return true;
}

ssize_t dentry_path(const struct dentry *dentry, char *buffer, size_t size)
{
	struct writer w = { buffer, size };
	bool fits = prepend(&w, "", 1);
	size_t end = w.at;

	lock_acquire(&name_lock);
	for (; fits && dentry != dentry->parent; dentry = dentry->parent)
		fits = prepend(&w, dentry->name, dentry->name_size) && prepend(&w, "/", 1);
	lock_release(&name_lock);
	if (fits && w.at == end)
		fits = prepend(&w, "/", 1);
	if (!fits)
		return -ENAMETOOLONG;
	memmove(buffer, buffer + w.at, size - w.at);
	return size - w.at - 1;
}

ssize_t path_of(const struct path *path, const struct path *root, char *buffer, size_t size)
{
	static const char unreachable[] = "(unreachable)", deleted[] = " (deleted)";
	struct writer w = { buffer, size };
	bool fits = prepend(&w, "", 1), reached = true;
	size_t end;

	lock_acquire(&name_lock);
	if (fits && (path->dentry->flags & DENTRY_DELETED))
		fits = prepend(&w, deleted, sizeof(deleted) - 1);
	end = w.at;
	if (fits)
		fits = prepend_names(&w, *path, root, &reached);
	lock_release(&name_lock);
	if (fits && w.at == end)
		fits = prepend(&w, "/", 1);
	if (fits && !reached)
		fits = prepend(&w, unreachable, sizeof(unreachable) - 1);
	if (!fits)
		return -ENAMETOOLONG;
	memmove(buffer, buffer + w.at, size - w.at);
	return size - w.at - 1;
}
