/* SPDX-License-Identifier: MIT */
/* Following paths in a domain's tree; see resolve.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/change/resolve.h"

#define LINKS_MAX 40u			/* as Linux */
#define REST_MAX 8192u

/* A directory that was entered. */
struct step {
	uint64_t ino;
	int volume;			/* that it is in, or -1 */
	size_t beneath;			/* steps from the volume's own one */
	char name[INDEX_NAME_MAX + 1];
};

struct resolving {
	const struct merged *merged;
	bool follow;
	char rest[REST_MAX];		/* what is still to be followed */
	struct step steps[MERGED_LEVELS];	/* from the root to where it stands */
	size_t depth;			/* of steps, less the root */
	unsigned int links;
	struct spot *spot;
	struct error *err;
};

/* Into the directory that the spot is. */
static int go_into(struct resolving *resolving)
{
	const struct spot *spot = resolving->spot;
	const struct step *outer = &resolving->steps[resolving->depth];
	struct step *step;

	if (resolving->depth + 1 == MERGED_LEVELS)
		return -ENAMETOOLONG;
	step = &resolving->steps[++resolving->depth];
	step->ino = spot->ino;
	step->volume = spot->volume;
	step->beneath = *spot->beneath && outer->volume == spot->volume ? outer->beneath + 1 : 0;
	strcpy(step->name, spot->name);
	return 0;
}

/* ---- In a volume ---- */

/* The path there of a name in the directory where it stands; "": that itself. */
static int path_beneath(const struct resolving *resolving, const char *name, char path[PATH_MAX])
{
	const struct step *last = &resolving->steps[resolving->depth];
	size_t used = 0;

	for (const struct step *step = last - last->beneath + 1; step <= last; step++) {
		used += (size_t)snprintf(path + used, PATH_MAX - used, "%s%s", used ? "/" : "",
					 step->name);
		if (used >= PATH_MAX)
			return -ENAMETOOLONG;
	}
	used += (size_t)snprintf(path + used, PATH_MAX - used, "%s%s", used && *name ? "/" : "",
				 name);
	return used < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* What is at spot->beneath of spot->volume; another volume may be in its place, and so on. */
static int volume_look(struct resolving *resolving)
{
	struct spot *spot = resolving->spot;
	struct stat status;
	int fd, inner = spot->volume;

	do {
		if (inner != spot->volume)
			spot->beneath[0] = '\0';
		spot->volume = inner;
		fd = merged_volume_open(resolving->merged, inner, spot->beneath, O_PATH);
		if (fd < 0 && !spot->beneath[0])
			return error_set(resolving->err, -fd, "volume %.200s",
					 resolving->merged->volumes[inner].source);
		if (fd < 0)
			return fd;
		if (fstat(fd, &status)) {
			close(fd);
			return -EIO;
		}
		close(fd);
		inner = merged_volume_in_volume(resolving->merged, inner, &status);
	} while (inner >= 0);
	spot->ino = status.st_ino;
	spot->dev = status.st_dev;
	spot->inode = (struct merged_inode){ .ino = status.st_ino, .mode = status.st_mode };
	return 0;
}

static int volume_target(const struct resolving *resolving, char target[INDEX_TARGET_MAX + 1])
{
	const struct spot *spot = resolving->spot;
	int fd = merged_volume_open(resolving->merged, spot->volume, spot->beneath, O_PATH);
	ssize_t size;

	if (fd < 0)
		return fd;
	size = readlinkat(fd, "", target, INDEX_TARGET_MAX);
	close(fd);
	if (size < 0)
		return -ESTALE;
	target[size] = '\0';
	return 0;
}

/* ---- Steps ---- */

/* Where it stands is where the path leads. */
static int end_here(struct resolving *resolving)
{
	size_t depth = resolving->depth;
	struct spot *spot = resolving->spot;

	spot->ino = resolving->steps[depth].ino;
	spot->parent = resolving->steps[depth ? depth - 1 : 0].ino;
	strcpy(spot->name, resolving->steps[depth].name);
	spot->volume = resolving->steps[depth].volume;
	if (spot->volume >= 0)
		return path_beneath(resolving, "", spot->beneath) ?: volume_look(resolving);
	return merged_stat(resolving->merged, spot->ino, &spot->inode, resolving->err);
}

/* Puts a link's target before the rest. */
static int link_follow(struct resolving *resolving, const char *rest)
{
	char target[INDEX_TARGET_MAX + 1], whole[REST_MAX];
	int result = resolving->spot->volume >= 0 ?
			     volume_target(resolving, target) :
			     merged_target(resolving->merged, &resolving->spot->inode, target,
					   resolving->err);

	if (result)
		return result;
	if (++resolving->links > LINKS_MAX)
		return -ELOOP;
	if (snprintf(whole, sizeof(whole), "%s%s", target, rest) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	strcpy(resolving->rest, whole);
	if (target[0] == '/')
		resolving->depth = 0;
	return 0;
}

/* Takes the first name off the rest. Returns what is behind it, or NULL: it is too long. */
static const char *name_take(const char *rest, char name[INDEX_NAME_MAX + 1])
{
	size_t size = strcspn(rest, "/");

	if (size > INDEX_NAME_MAX)
		return NULL;
	memcpy(name, rest, size);
	name[size] = '\0';
	return rest + size;
}

/* What is of this name in the directory where it stands. -ENOENT, or another -errno. */
static int name_look(struct resolving *resolving, const char *name)
{
	const struct step *last = &resolving->steps[resolving->depth];
	struct spot *spot = resolving->spot;
	int result;

	spot->parent = last->ino;
	spot->volume = last->volume;
	strcpy(spot->name, name);
	if (spot->volume >= 0)
		return path_beneath(resolving, name, spot->beneath) ?: volume_look(resolving);
	spot->beneath[0] = '\0';
	result = merged_lookup(resolving->merged, last->ino, name, strlen(name), &spot->ino,
			       resolving->err);
	if (!result)
		result = merged_stat(resolving->merged, spot->ino, &spot->inode, resolving->err);
	if (result)
		return result;
	spot->volume = merged_volume_in_tree(resolving->merged, spot->ino);
	return spot->volume >= 0 ? volume_look(resolving) : 0;
}

/* One name that is neither "." nor "..". 1: the path ends with it. */
static int name_follow(struct resolving *resolving, const char *name, const char *rest)
{
	struct spot *spot = resolving->spot;
	int result = name_look(resolving, name);
	bool is_last = !rest[strspn(rest, "/")];

	if (result == -ENOENT && is_last && !resolving->err->text[0]) {
		spot->ino = 0;
		return 1;
	}
	if (result)
		return result;
	if (S_ISLNK(spot->inode.mode) && (*rest || resolving->follow))
		return link_follow(resolving, rest);
	if (!*rest)
		return 1;
	if (!S_ISDIR(spot->inode.mode))
		return -ENOTDIR;
	result = go_into(resolving);
	memmove(resolving->rest, rest, strlen(rest) + 1);
	return result;
}

static int follow_all(struct resolving *resolving)
{
	char name[INDEX_NAME_MAX + 1];
	int result = 0;

	while (!result) {
		char *rest = resolving->rest;

		memmove(rest, rest + strspn(rest, "/"), strlen(rest + strspn(rest, "/")) + 1);
		if (!*rest)
			return end_here(resolving);
		rest = (char *)name_take(rest, name);
		if (!rest)
			return -ENAMETOOLONG;
		if (strcmp(name, ".") && strcmp(name, "..")) {
			result = name_follow(resolving, name, rest);
			continue;
		}
		if (!strcmp(name, "..") && resolving->depth)
			resolving->depth--;
		memmove(resolving->rest, rest, strlen(rest) + 1);
	}
	return result > 0 ? 0 : result;
}

int path_resolve(const struct merged *merged, const char *path, bool follow, struct spot *spot,
		 struct error *err)
{
	struct resolving *resolving;
	int result;

	if (strlen(path) >= REST_MAX)
		return error_set(err, ENAMETOOLONG, "%.100s", path);
	resolving = calloc(1, sizeof(*resolving));
	if (!resolving)
		return error_set(err, ENOMEM, "%.100s", path);
	resolving->merged = merged;
	resolving->follow = follow;
	resolving->spot = spot;
	resolving->err = err;
	resolving->steps[0].ino = MERGED_ROOT;
	resolving->steps[0].volume = -1;
	strcpy(resolving->rest, path);
	err->text[0] = '\0';
	result = follow_all(resolving);
	free(resolving);
	if (result && !err->text[0])
		error_set(err, -result, "%.300s", path);
	else if (result)
		error_context(err, "%.300s", path);
	return result;
}

/* ---- Small files ---- */

static int take_piece(const void *data, size_t size, uint64_t offset, void *user)
{
	memcpy((char *)user + offset, data, size);
	return 0;
}

static int read_whole(const struct merged *merged, const struct merged_inode *inode, char *data,
		      struct error *err)
{
	char *buffer = malloc(MERGED_BUFFER);
	struct merged_file file;
	int result = buffer ? merged_file_open(merged, inode, &file, err)
			    : error_set(err, ENOMEM, "a file of the domain");

	if (!result) {
		result = file.size > inode->size ?
				 error_set(err, EUCLEAN, "a file of the domain") :
				 merged_file_read(&file, buffer, take_piece, data, err);
		merged_file_close(&file);
	}
	free(buffer);
	return result;
}

int path_read(const struct merged *merged, const char *path, size_t size_max, char **data,
	      size_t *size, struct error *err)
{
	struct spot spot;
	int result = path_resolve(merged, path, true, &spot, err);
	char *out;

	if (result == -ENOTDIR || (!result && (!spot.ino || !S_ISREG(spot.inode.mode))))
		return error_set(err, ENOENT, "%.200s", path);
	if (result)
		return result;
	if (spot.volume >= 0)
		return error_set(err, 0, "%.200s: it is in a volume, where it is not looked for",
				 path);
	if (spot.inode.size > size_max)
		return error_set(err, EFBIG, "%.200s", path);
	/* Holes are zeros. */
	out = calloc(1, (size_t)spot.inode.size + 1);
	if (!out)
		return error_set(err, ENOMEM, "%.200s", path);
	result = read_whole(merged, &spot.inode, out, err);
	if (result) {
		free(out);
		error_context(err, "%.200s", path);
		return result;
	}
	*data = out;
	*size = (size_t)spot.inode.size;
	return 0;
}
