/* SPDX-License-Identifier: MIT */
/* Mounting the volumes that the domain was given. Runs before any program does: no locks. */
#include <linux/stat.h>

#include "core/channel.h"
#include "core/string.h"
#include "fs/shared.h"
#include "fs/start.h"
#include "process/credentials.h"
#include "vfs/fs_context.h"
#include "vfs/mount.h"
#include "vfs/names.h"

static const struct credentials everything = {
	.cap_effective = CAP_ALL, .cap_permitted = CAP_ALL, .cap_bounding = CAP_ALL,
};

/* The directory, made with those above it where they are missing. */
static int directory_reach(const struct walker *walker, const char *path, struct path *out)
{
	char part[PATH_MAX];
	size_t size = 0;
	int error;

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	do {
		do
			part[size] = path[size];
		while (path[++size] && path[size] != '/');
		part[size] = '\0';
		error = path_walk(walker, NULL, part, WALK_FOLLOW | WALK_DIRECTORY, out);
		if (error == -ENOENT) {
			error = path_make(walker, NULL, part, S_IFDIR | 0755, 0);
			if (!error)
				error = path_walk(walker, NULL, part, WALK_DIRECTORY, out);
		}
		if (!error && path[size])
			path_put(out);
	} while (!error && path[size]);
	return error;
}

static int volume_start(const struct walker *walker, u32 volume, const char *path)
{
	struct path mountpoint;
	struct mount *mount;
	int error = directory_reach(walker, path, &mountpoint);

	if (error)
		return error;
	mount = shared_mount(&mountpoint, volume);
	path_put(&mountpoint);
	return IS_ERROR(mount) ? (int)PTR_ERROR(mount) : 0;
}

int volumes_start(const char **path)
{
	struct walker walker = { .credentials = &everything };
	int error = 0;

	*path = "";
	if (!config()->volume_count)
		return 0;
	walker.fs = fs_context_create();
	if (!walker.fs)
		return -ENOMEM;
	for (u32 i = 0; i < config()->volume_count && !error; i++) {
		*path = (const char *)channel() + config()->volumes[i].path_offset;
		error = volume_start(&walker, i, *path);
	}
	fs_context_put(walker.fs);
	return error;
}
