/* SPDX-License-Identifier: MIT */
/* Rules for paths, and the way through the tree; see paths.h. No locks. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "boundary/index.h"
#include "host/image/builder.h"
#include "host/image/paths.h"

#define SHOWN_MAX 200 /* bytes of a path in a message */
#define LINKS_MAX 8

/* A component of a path. */
struct component {
	const char *name;
	size_t size;
};

int entry_error(struct error *err, int code, const char *path, const char *format, ...)
{
	size_t size = strlen(path);
	char text[300];
	va_list args;
	int result;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	result = error_set(err, code, "%s", text);
	if (size > SHOWN_MAX)
		error_context(err, "entry ...%s", path + size - SHOWN_MAX);
	else
		error_context(err, "entry %s", path);
	return result;
}

/* Takes the next component from *path, passing "." by. False at the end. */
static bool next_component(const char **path, struct component *out)
{
	do {
		*path += strspn(*path, "/");
		out->name = *path;
		out->size = strcspn(*path, "/");
		*path += out->size;
	} while (out->size == 1 && out->name[0] == '.');
	return out->size;
}

static bool is_up(const struct component *component)
{
	return component->size == 2 && !memcmp(component->name, "..", 2);
}

static int check_path(const char *path, struct error *err)
{
	struct component component;
	const char *at = path;

	if (!path[0])
		return error_set(err, 0, "an entry without a name");
	if (path[0] == '/')
		return entry_error(err, 0, path, "an absolute path");
	if (strlen(path) > BUILDER_PATH_MAX)
		return entry_error(err, 0, path, "a path of more than %u bytes", BUILDER_PATH_MAX);
	while (next_component(&at, &component)) {
		if (is_up(&component))
			return entry_error(err, 0, path, "a path with '..'");
		if (component.size > INDEX_NAME_MAX)
			return entry_error(err, 0, path, "a name of more than %u bytes",
					   INDEX_NAME_MAX);
	}
	return 0;
}

/*
 * The directory that a symbolic link in dir leads to; NULL with *why where it leads to none in the
 * tree.
 */
static struct tree_inode *follow(struct tree *tree, struct tree_inode *dir, const char *target,
				 int depth, const char **why)
{
	struct component component;
	struct tree_entry *entry;

	*why = target[0] == '/' ? "absolute" : "of too many links";
	if (target[0] == '/' || depth > LINKS_MAX)
		return NULL;
	while (dir && next_component(&target, &component)) {
		*why = "out of the tree";
		if (is_up(&component)) {
			dir = dir != tree->root ? dir->parent : NULL;
			continue;
		}
		*why = "to no directory";
		entry = tree_find(tree, dir, component.name, component.size);
		if (entry && S_ISLNK(entry->inode->mode))
			dir = follow(tree, dir, entry->inode->target, depth + 1, why);
		else
			dir = entry && S_ISDIR(entry->inode->mode) ? entry->inode : NULL;
	}
	return dir;
}

static int step(struct tree *tree, const char *path, const struct component *component,
		uint32_t layer, struct tree_inode **dir, struct error *err)
{
	struct tree_entry *entry = tree_find(tree, *dir, component->name, component->size);
	const char *why;

	if (!entry && !layer)
		return entry_error(err, ENOENT, path, "'%.*s'", (int)component->size,
				   component->name);
	if (!entry) {
		entry = tree_add(tree, *dir, component->name, component->size, NULL,
				 S_IFDIR | 0755);
		if (!entry)
			return entry_error(err, ENOMEM, path, "the directories above it");
	}
	if (S_ISDIR(entry->inode->mode)) {
		if (layer)
			entry->layer = layer;
		*dir = entry->inode;
		return 0;
	}
	if (!S_ISLNK(entry->inode->mode))
		return entry_error(err, ENOTDIR, path, "'%.*s'", (int)component->size,
				   component->name);
	*dir = follow(tree, *dir, entry->inode->target, 1, &why);
	if (!*dir)
		return entry_error(err, 0, path, "'%.*s' above it is a symbolic link %s",
				   (int)component->size, component->name, why);
	return 0;
}

int path_place(struct tree *tree, const char *path, uint32_t layer, struct place *place,
	       struct error *err)
{
	struct tree_inode *dir = tree->root;
	struct component component, next;
	const char *at = path;
	int result = check_path(path, err);

	if (result)
		return result;
	if (!next_component(&at, &component)) {
		*place = (struct place){ .dir = dir };
		return 0;
	}
	while (next_component(&at, &next)) {
		result = step(tree, path, &component, layer, &dir, err);
		if (result)
			return result;
		component = next;
	}
	*place = (struct place){ .dir = dir, .name = component.name, .name_size = component.size };
	return 0;
}
