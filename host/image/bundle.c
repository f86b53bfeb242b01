/* SPDX-License-Identifier: MIT */
/*
 * Bundles; see bundle.h. An archive may be a stream and name its parts in any order, so it is
 * spooled. No locks.
 */
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
#include "host/image/bundle.h"
#include "host/image/paths.h"

#define MEMBERS_MAX 100000u
#define LINKS_MAX 8
#define HEX_DIGITS 64u

int bundle_open(struct bundle *bundle, const char *path, struct error *err)
{
	*bundle = (struct bundle){ .name = path };
	bundle->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return bundle->fd < 0 ? error_set(err, errno, "%s", path) : 0;
}

int bundle_open_spool(struct error *err)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	if (!dir || !dir[0])
		dir = "/tmp";
	fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return fd < 0 ? error_set(err, errno, "a temporary file in %s (TMPDIR)", dir) : fd;
}

static const char *without_dot(const char *path)
{
	while (path[0] == '.' && path[1] == '/') {
		path += 2;
		path += strspn(path, "/");
	}
	return path;
}

/*
 * The path that a link at `name` leads to, without "." and "..". NULL where it leads out of the
 * bundle.
 */
static char *resolve_link(const char *name, const char *target, bool from_root)
{
	char *path = calloc(1, strlen(name) + strlen(target) + 2), *end = path;
	const char *parts[2] = { name, target };

	for (size_t i = from_root; path && i < 2; i++) {
		const char *at = parts[i];
		size_t size;

		for (at += strspn(at, "/"); *at; at += size, at += strspn(at, "/")) {
			size = strcspn(at, "/");
			if (!i && !at[size])
				break;
			if (size == 1 && at[0] == '.')
				continue;
			if (size == 2 && !memcmp(at, "..", 2)) {
				char *slash;

				if (end == path) {
					free(path);
					return NULL;
				}
				*end = '\0';
				slash = strrchr(path, '/');
				end = slash ? slash : path;
				continue;
			}
			if (end != path)
				*end++ = '/';
			end = mempcpy(end, at, size);
		}
	}
	if (path)
		*end = '\0';
	return path;
}

static int add_member(struct bundle *bundle, const char *path, struct bundle_member *member,
		      struct error *err)
{
	if (bundle->member_count == bundle->member_room) {
		size_t room = bundle->member_room ? 2 * bundle->member_room : 64;
		struct bundle_member *members = realloc(bundle->members, room * sizeof(*members));

		if (!members)
			return entry_error(err, ENOMEM, path, "it finds no room");
		bundle->members = members;
		bundle->member_room = room;
	}
	member->name = strdup(without_dot(path));
	if (!member->name)
		return entry_error(err, ENOMEM, path, "it finds no room");
	bundle->members[bundle->member_count++] = *member;
	return 0;
}

static int spool_bytes(struct bundle *bundle, struct tar_stream *stream, const char *path,
		       struct bundle_member *member, struct error *err)
{
	const void *data;
	uint64_t offset;
	size_t size;
	int result;

	while ((result = tar_data(stream, &data, &size, &offset, err)) > 0) {
		result = fd_pwrite_all(bundle->fd, data, size, (long)(member->start + offset));
		if (result)
			return entry_error(err, -result, path,
					   "can't be written to the temporary file (TMPDIR)");
		if (offset + size > member->size)
			member->size = offset + size;
	}
	if (result)
		error_context(err, "entry %.200s", path);
	return result;
}

static int spool_entry(struct bundle *bundle, struct tar_stream *stream,
		       struct archive_entry *entry, uint64_t *end, struct error *err)
{
	struct bundle_member member = { .start = *end };
	const char *path, *hard = archive_entry_hardlink(entry),
			  *soft = archive_entry_symlink(entry);
	int result = tar_path(entry, &path, err);

	if (result)
		return result;
	if (!hard && !soft && archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	if (bundle->member_count == MEMBERS_MAX)
		return entry_error(err, E2BIG, path, "more than %u files", MEMBERS_MAX);
	if (hard || soft) {
		member.target = resolve_link(without_dot(path), hard ? hard : soft, hard);
		if (!member.target)
			return entry_error(err, 0, path, "a link out of the archive");
	} else {
		result = spool_bytes(bundle, stream, path, &member, err);
	}
	*end += member.size;
	if (!result)
		result = add_member(bundle, path, &member, err);
	if (result)
		free(member.target);
	return result;
}

int bundle_spool(struct bundle *bundle, struct tar_stream *stream, struct archive_entry *entry,
		 struct error *err)
{
	uint64_t end = 0;
	int result;

	*bundle = (struct bundle){ .name = stream->blob->name, .archive = true };
	bundle->fd = bundle_open_spool(err);
	if (bundle->fd < 0)
		return bundle->fd;
	do {
		result = spool_entry(bundle, stream, entry, &end, err);
		if (result) {
			error_context(err, "%s", bundle->name);
			bundle_release(bundle);
			return result;
		}
		result = tar_next(stream, &entry, err);
	} while (result > 0);
	if (result)
		bundle_release(bundle);
	return result;
}

/* The last one of a name counts, as with tar. */
static const struct bundle_member *find_member(const struct bundle *bundle, const char *name)
{
	for (int links = 0; name && links <= LINKS_MAX; links++) {
		const struct bundle_member *found = NULL;

		for (size_t i = bundle->member_count; i && !found; i--) {
			if (!strcmp(bundle->members[i - 1].name, name))
				found = &bundle->members[i - 1];
		}
		if (!found || !found->target)
			return found;
		name = found->target;
	}
	return NULL;
}

static int find_in_directory(const struct bundle *bundle, const char *name, struct blob *blob,
			     struct error *err)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	struct stat status;
	int fd = (int)syscall(SYS_openat2, bundle->fd, name, &how, sizeof(how));

	if (fd < 0)
		return error_set(err, errno, "%s: %.200s", bundle->name, name);
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		return error_set(err, 0, "%s: %.200s is no file", bundle->name, name);
	}
	*blob = (struct blob){
		.name = name, .fd = fd, .owned = true, .size = (uint64_t)status.st_size
	};
	return 0;
}

int bundle_find(struct bundle *bundle, const char *name, struct blob *blob, struct error *err)
{
	const struct bundle_member *member;

	if (!bundle->archive)
		return find_in_directory(bundle, name, blob, err);
	member = find_member(bundle, without_dot(name));
	if (!member)
		return error_set(err, ENOENT, "%s: %.200s", bundle->name, name);
	*blob = (struct blob){
		.name = name, .fd = bundle->fd, .start = member->start, .size = member->size
	};
	return 0;
}

bool bundle_has(struct bundle *bundle, const char *name)
{
	struct error ignored;
	struct blob blob;

	if (bundle_find(bundle, name, &blob, &ignored))
		return false;
	blob_release(&blob);
	return true;
}

void bundle_release(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->member_count; i++) {
		free(bundle->members[i].name);
		free(bundle->members[i].target);
	}
	free(bundle->members);
	fd_close(&bundle->fd);
	*bundle = (struct bundle){ .fd = -1 };
}

bool bundle_is_likely(const char *path)
{
	static const char *const names[] = { "blobs", "oci-layout", "index.json", "manifest.json",
					     "repositories" };
	const char *first = without_dot(path);
	size_t size = strcspn(first, "/");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == size && !memcmp(first, names[i], size))
			return true;
	}
	return strspn(first, "0123456789abcdef") == HEX_DIGITS &&
	       (size == HEX_DIGITS || !strcmp(first + HEX_DIGITS, ".json") ||
		!strcmp(first + HEX_DIGITS, ".tar"));
}
