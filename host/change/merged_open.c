/* SPDX-License-Identifier: MIT */
/* Opening the merged tree of a domain; see merged.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/change/merged.h"
#include "host/domain/overlay_file.h"
#include "host/image/record.h"

#define SEND_MAX (1l << 30)
#define COPY_TRIES 100

/* ---- The overlay ---- */

/* A file without a name in the domain's folder, or in memory where there can be none. */
static int copy_create(int folder_fd)
{
	int fd = openat(folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EROFS || errno == EACCES))
		fd = memfd_create("overlay", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What is between two offsets. */
static int copy_part(int to, int from, off_t at, off_t end)
{
	if (lseek(to, at, SEEK_SET) < 0)
		return -errno;
	while (at < end) {
		off_t left = end - at;
		ssize_t count = sendfile(to, from, &at, left < SEND_MAX ? left : SEND_MAX);

		if (count < 0 && errno != EINTR)
			return -errno;
		if (!count)
			return -EIO;
	}
	return 0;
}

/* Without holes: a domain can make its overlay as long as it likes, at no cost. */
static int copy_fill(int to, int from, uint64_t size)
{
	off_t at = 0, end;
	int result = 0;

	if (!ioctl(to, FICLONE, from))
		return 0;
	while (!result && (at = lseek(from, at, SEEK_DATA)) >= 0 && (uint64_t)at < size) {
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return -errno;
		if ((uint64_t)end > size)
			end = (off_t)size;
		result = copy_part(to, from, at, end);
		at = end;
	}
	if (!result && at < 0 && errno != ENXIO)
		result = -errno;
	return result;
}

/*
 * A log that was written anew meanwhile was copied in part, perhaps, and what came after it in its
 * place. The mark of what is durable may be newer than what was copied.
 */
static int copy_settle(int copy, int from, bool *again)
{
	struct overlay_header copied, now;

	if (pread(copy, &copied, sizeof(copied), 0) != (ssize_t)sizeof(copied) ||
	    pread(from, &now, sizeof(now), 0) != (ssize_t)sizeof(now))
		return errno ? -errno : -EIO;
	*again = copied.log != now.log;
	copied.synced = 0;
	return fd_pwrite_all(copy, &copied, sizeof(copied), 0);
}

static int copy_once(int copy, int from, uint64_t size, bool *again)
{
	int result = ftruncate(copy, 0) ? -errno : copy_fill(copy, from, size);

	/* A clone may be longer, as the overlay grew meanwhile. */
	if (!result && ftruncate(copy, (off_t)size))
		result = -errno;
	return result ? result : copy_settle(copy, from, again);
}

/* Replaces *fd by a copy that nobody writes, of size bytes. */
static int overlay_copy(const struct merged *merged, int *fd, uint64_t size, struct error *err)
{
	int copy = copy_create(merged->folder.fd), tries = COPY_TRIES;
	int result = copy < 0 ? copy : 0;
	bool again = true;

	while (!result && again && tries--)
		result = copy_once(copy, *fd, size, &again);
	if (!result && again)
		result = -EAGAIN;
	fd_close(fd);
	*fd = copy;
	return result ? error_set(err, -result, "can't copy the domain's overlay") : 0;
}

static int overlay_map(struct merged *merged, int fd, uint64_t size, struct error *err)
{
	merged->overlay = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (merged->overlay != MAP_FAILED)
		return 0;
	merged->overlay = NULL;
	return error_set(err, errno, "can't map the domain's overlay");
}

static int overlay_read(struct merged *merged, void (*say)(const char *line, void *data),
			void *say_data, struct error *err)
{
	uint64_t size;
	int fd = overlay_file_look(merged->folder.fd, merged->index.header->hash, merged->is_live,
				   &size, err);
	int result = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (merged->is_live)
		result = overlay_copy(merged, &fd, size, err);
	if (!result)
		result = overlay_map(merged, fd, size, err);
	fd_close(&fd);
	if (!result)
		result = changes_read(&merged->changes, merged->overlay, size, say, say_data, err);
	/* Who only wants to use what there is must not take a part for the whole. */
	if (!result && merged->changes.is_cut && !say)
		result = error_set(err, EUCLEAN, "this domain's log is damaged: see mezzo store "
				   "fsck");
	return result;
}

/* ---- The image ---- */

static int image_open(struct merged *merged, const char *store, unsigned flags,
		      struct error *err)
{
	int result = store_open_disk(store, flags, &merged->store, err);

	if (result)
		return result;
	merged->mapping = merged->record.mapping;
	result = mapping_pin(merged->store, merged->mapping, err);
	if (!result)
		result = image_index(merged->store, merged->mapping, &merged->index, err);
	if (result == -ENOENT)
		error_set(err, 0, "image %s, as the domain was made from it, is no longer in the "
			  "store", merged->record.image);
	return result;
}

/* ---- The domain ---- */

static int folder_take(struct merged *merged, const struct domains *domains, const char *name,
		       enum merged_hold hold, struct error *err)
{
	int result = folder_open(domains, name, &merged->folder, err);

	if (result)
		return result;
	if (hold == MERGED_ALONE)
		merged->lock = folder_lock(domains, &merged->folder, err);
	else
		merged->lock = folder_lock_shared(domains, &merged->folder, err);
	merged->is_live = merged->lock == -EBUSY ? hold == MERGED_LIVE :
						   merged->lock == -EROFS && hold != MERGED_ALONE;
	if (merged->lock < 0 && !merged->is_live)
		return merged->lock;
	result = domain_record_load(merged->folder.fd, &merged->record, err);
	if (result)
		error_context(err, "domain %s", name);
	if (result || merged->record.image)
		return result;
	error_set(err, 0, "domain %s: its root file system is a directory of the host, and what "
		  "it changes is not kept", name);
	return -EOPNOTSUPP;
}

/* ---- All ---- */

int merged_open(struct merged *merged, const struct domains *domains, const char *name,
		unsigned store_flags, enum merged_hold hold,
		void (*say)(const char *line, void *data), void *say_data, struct error *err)
{
	int result;

	*merged = (struct merged){ .lock = -1, .own = { .fd = -1 }, .folder = { .fd = -1 } };
	result = folder_take(merged, domains, name, hold, err);
	if (!result)
		result = image_open(merged, domains->store, store_flags, err);
	if (!result)
		result = overlay_read(merged, say, say_data, err);
	if (!result && merged->overlay)
		result = own_objects_open(&merged->own, merged->folder.fd, err);
	if (!result)
		result = merged_volumes_find(merged, domains->store, err);
	if (!result)
		return 0;
	merged_close(merged);
	return result;
}

void merged_close(struct merged *merged)
{
	uint64_t size = merged->changes.size;

	changes_release(&merged->changes);
	if (merged->overlay)
		munmap(merged->overlay, size);
	index_release(&merged->index);
	own_objects_release(&merged->own);
	merged_volumes_release(merged);
	domain_record_release(&merged->record);
	if (merged->store)
		store_close(merged->store);
	fd_close(&merged->lock);
	folder_close(&merged->folder);
}
