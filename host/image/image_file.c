/* SPDX-License-Identifier: MIT */
/* Paths and small files of an image; see image_file.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/image_file.h"

#define LINKS_MAX 40
#define DEPTH_MAX 256
#define PATH_SIZE 4096

/* A path on its way: the directories that lead to the place, and what is left of it. */
struct image_walk {
	const struct index *index;
	uint32_t above[DEPTH_MAX];
	size_t depth; /* of above; the last one is where we are */
	unsigned links;
	char rest[PATH_SIZE];
};

/* The target of a link takes its place before what is left. */
static int follow(struct image_walk *walk, uint32_t link, const char *rest)
{
	char joined[PATH_SIZE];
	const char *target;
	uint32_t size;
	size_t rest_size = strlen(rest);
	int error = index_target(walk->index, link, &target, &size);

	if (error)
		return error;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if (size + rest_size + 2 > PATH_SIZE)
		return -ENAMETOOLONG;
	memcpy(joined, target, size);
	joined[size] = '/';
	memcpy(joined + size + 1, rest, rest_size + 1);
	if (joined[0] == '/')
		walk->depth = 1;
	memcpy(walk->rest, joined, size + rest_size + 2);
	return 0;
}

/* One component, which is not empty; *at becomes what was found. */
static int step(struct image_walk *walk, const char *name, size_t size, const char *rest,
		uint32_t *at)
{
	uint32_t dir = walk->above[walk->depth - 1], found;
	const struct index_inode *inode;
	int error;

	if (size == 2 && !memcmp(name, "..", 2)) {
		if (walk->depth > 1)
			walk->depth--;
		found = walk->above[walk->depth - 1];
		error = 0;
	} else {
		error = index_lookup(walk->index, dir, name, size, &found);
	}
	inode = error ? NULL : index_inode(walk->index, found);
	if (!inode)
		return error ? error : -EUCLEAN;
	if (S_ISLNK(inode->mode)) {
		*at = dir;
		return follow(walk, found, rest);
	}
	if (found != walk->above[walk->depth - 1] && S_ISDIR(inode->mode)) {
		if (walk->depth == DEPTH_MAX)
			return -ENAMETOOLONG;
		walk->above[walk->depth++] = found;
	} else if (!S_ISDIR(inode->mode) && rest[strspn(rest, "/")]) {
		return -ENOTDIR;
	}
	*at = found;
	memmove(walk->rest, rest, strlen(rest) + 1);
	return 0;
}

int image_path_find(const struct index *index, const char *path, uint32_t *inode)
{
	struct image_walk walk = { .index = index, .above = { INDEX_ROOT }, .depth = 1 };
	uint32_t at = INDEX_ROOT;

	if (strlen(path) >= sizeof(walk.rest))
		return -ENAMETOOLONG;
	strcpy(walk.rest, path);
	for (;;) {
		const char *name = walk.rest + strspn(walk.rest, "/");
		size_t size = strcspn(name, "/");
		int error;

		if (!size)
			break;
		if (size == 1 && name[0] == '.') {
			memmove(walk.rest, name + 1, strlen(name));
			continue;
		}
		error = step(&walk, name, size, name + size, &at);
		if (error)
			return error;
	}
	*inode = at;
	return 0;
}

static int read_object(struct store *store, object_id object, size_t size, char **data,
		       struct error *err)
{
	char *out = malloc(size + 1);
	ssize_t done;

	if (!out)
		return error_set(err, ENOMEM, "a file of the image");
	done = object_read(store, object, out, size, 0, err);
	if (done >= 0 && (size_t)done != size)
		done = error_set(err, EUCLEAN, "object %llu is shorter than its image says",
				 (unsigned long long)object);
	if (done < 0) {
		free(out);
		return (int)done;
	}
	out[size] = '\0';
	*data = out;
	return 0;
}

int image_file_read(struct store *store, mapping_id mapping, const struct index *index,
		    const char *path, size_t size_max, char **data, size_t *size,
		    struct error *err)
{
	const struct index_inode *inode;
	object_id object = 0;
	uint32_t number;
	int result = image_path_find(index, path, &number);

	if (result == -ENOENT || result == -ENOTDIR)
		return -ENOENT;
	if (result)
		return error_set(err, -result, "%s of the image", path);
	inode = index_inode(index, number);
	if (!inode || !S_ISREG(inode->mode))
		return -ENOENT;
	if (inode->size > size_max)
		return error_set(err, EFBIG, "%s of the image has %llu bytes", path,
				 (unsigned long long)inode->size);
	if (inode->object)
		result = mapping_get(store, mapping, inode->object, &object, err);
	if (!result)
		result = read_object(store, object, object ? inode->size : 0, data, err);
	if (!result)
		*size = object ? inode->size : 0;
	/* The index has the file: that its bytes are missing is damage. */
	if (result == -ENOENT) {
		err->code = EUCLEAN;
		result = -EUCLEAN;
	}
	return result;
}
