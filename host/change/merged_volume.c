/* SPDX-License-Identifier: MIT */
/* The volumes of a merged tree; see merged.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/change/merged.h"
#include "host/change/resolve.h"
#include "host/domain/volumes.h"

/* Returns a descriptor or -errno. */
static int open_resolved(int directory, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	int fd;

	do {
		fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* ---- Their directories ---- */

/* That of the store's volume of this name. Returns 0 or -errno. */
static int path_of_name(const char *store, const char *name, char path[PLACE_SIZE],
			struct error *err)
{
	struct store_volumes volumes;
	int64_t created_ns;
	int error = store_volumes_open(&volumes, store, false, err);

	if (error)
		return error;
	error = store_volume_find(&volumes, name, path, &created_ns, err);
	store_volumes_close(&volumes);
	return error;
}

/* The very one that the domain was given: no link by now, nor behind one. */
static int root_open(const char *store, const char *source)
{
	char path[PLACE_SIZE];
	struct error why;
	int error = 0;

	if (source[0] != '/')
		error = path_of_name(store, source, path, &why);
	return error ? error : open_resolved(AT_FDCWD, source[0] == '/' ? source : path,
					     O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

int merged_volume_open(const struct merged *merged, int number, const char *path, uint64_t flags)
{
	int root = merged->volumes[number].root;

	return root < 0 ? root : open_resolved(root, *path ? path : ".", flags | O_NOFOLLOW,
					       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					       RESOLVE_NO_MAGICLINKS);
}

/* ---- Where they are ---- */

int merged_volume_in_tree(const struct merged *merged, uint64_t ino)
{
	for (size_t i = merged->volume_count; i-- > 0;) {
		if (merged->volumes[i].outer < 0 && merged->volumes[i].ino == ino)
			return (int)i;
	}
	return -1;
}

int merged_volume_in_volume(const struct merged *merged, int outer, const struct stat *status)
{
	for (size_t i = merged->volume_count; i-- > 0;) {
		const struct merged_volume *volume = &merged->volumes[i];

		if (volume->outer == outer && volume->ino == status->st_ino &&
		    volume->dev == status->st_dev)
			return (int)i;
	}
	return -1;
}

/*
 * The next one, at a place that those before it may have. What can't be found, as in a tree that is
 * damaged, nobody else finds either.
 */
static int volume_add(struct merged *merged, const char *store, const char *text,
		      struct spot *spot)
{
	struct merged_volume *volume = &merged->volumes[merged->volume_count];
	size_t source_size = strcspn(text, ":");
	char *path = strdup(text + source_size + (text[source_size] == ':'));
	struct error why;
	int result;

	if (!path)
		return -ENOMEM;
	path[strcspn(path, ":")] = '\0';
	result = path_resolve(merged, path, true, spot, &why);
	free(path);
	if (result || !spot->ino)
		return result == -ENOMEM ? result : 0;
	volume->source = strndup(text, source_size);
	if (!volume->source)
		return -ENOMEM;
	volume->ino = spot->ino;
	volume->outer = spot->volume;
	volume->dev = spot->dev;
	volume->root = root_open(store, volume->source);
	merged->volume_count++;
	return 0;
}

int merged_volumes_find(struct merged *merged, const char *store, struct error *err)
{
	const struct strings *volumes = &merged->record.volumes;
	struct spot *spot;
	int result = 0;

	if (!volumes->count)
		return 0;
	spot = malloc(sizeof(*spot));
	merged->volumes = calloc(volumes->count, sizeof(*merged->volumes));
	if (!spot || !merged->volumes)
		result = -ENOMEM;
	for (size_t i = 0; i < volumes->count && !result; i++)
		result = volume_add(merged, store, volumes->items[i], spot);
	free(spot);
	return result ? error_set(err, -result, "volumes of a domain") : 0;
}

void merged_volumes_release(struct merged *merged)
{
	for (size_t i = 0; i < merged->volume_count; i++) {
		fd_close(&merged->volumes[i].root);
		free(merged->volumes[i].source);
	}
	free(merged->volumes);
}
