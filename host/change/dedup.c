/* SPDX-License-Identifier: MIT */
/*
 * See dedup.h. The locks of all domains that have something to offer are held from the first look
 * to the end: what was compared is what is replaced.
 *
 * The time of a host file's last write means something for its domain only while it is later than
 * what the slot says (boundary/overlay.h). A file that several have can't be right for all; so it
 * gets the earliest time there is, which is never later, and those whose time only their host file
 * knows are left as they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/change/changes.h"
#include "host/change/dedup.h"
#include "host/change/table.h"
#include "host/domain/overlay_file.h"
#include "host/domain/own_objects.h"
#include "host/image/digest.h"

#define SIZE_MIN 4096u			/* below it nothing is saved */
#define BUFFER_SIZE (1u << 20)

/* A domain whose lock is held. */
struct idle {
	int lock;
	struct own_objects own;
};

/* An object of one. */
struct candidate {
	size_t domain;			/* in dedup.idle */
	uint64_t id;
	uint64_t size, device, inode, names;	/* of its file */
	uint8_t hash[DIGEST_SIZE];
};

struct dedup {
	const struct domains *domains;
	struct store *store;
	struct idle *idle;
	size_t idle_count;
	struct candidate *items;
	size_t count;
	uint64_t *sealed_sizes;		/* of the store's sealed objects, rising */
	size_t sealed_count;
	char *buffer;			/* BUFFER_SIZE */
	struct dedup_counts *counts;
	struct error *err;
};

/* The file with which others become one. */
struct target {
	int fd;				/* -1: there is none */
	bool is_settled;
	uint64_t device, inode;
};

static int no_memory(const struct dedup *dedup)
{
	return error_set(dedup->err, ENOMEM, "can't look for equal objects");
}

static int object_error(const struct dedup *dedup, int error)
{
	return error_set(dedup->err, -error, "an object of a domain");
}

/* ---- What there is in domains ---- */

/* Whether the slot knows the time of the file's last write. */
static bool slot_has_time(const struct overlay_slot *slot, const struct stat *status)
{
	int64_t mtime_ns = status->st_mtim.tv_sec * 1000000000ll + status->st_mtim.tv_nsec;

	return slot->flags & OVERLAY_TIMES_SET ||
	       slot->mtime_ns >= mtime_ns - OVERLAY_TIME_SLACK_NS;
}

/*
 * Of a layered file the holes mean something. One that has mostly holes saves little, and takes as
 * long to hash as its domain likes.
 */
static bool is_worthwhile(const struct overlay_slot *slot, const struct stat *status)
{
	return S_ISREG(status->st_mode) && !slot->layer_bits && status->st_size >= SIZE_MIN &&
	       status->st_blocks >= status->st_size / 512 / 2 && slot_has_time(slot, status);
}

/* The last domain in the table has this slot. */
static int slot_consider(struct dedup *dedup, const struct overlay_slot *slot)
{
	struct idle *idle = &dedup->idle[dedup->idle_count - 1];
	struct candidate *item;
	struct stat status;
	int fd;

	if (OVERLAY_PLACE(slot->data) != OVERLAY_OBJECT)
		return 0;
	fd = own_objects_read(&idle->own, OVERLAY_OBJECT_ID(slot->data), false);
	/* What is lost, or no file, is a matter of fsck. */
	if (fd == -ENOENT || fd == -EIO)
		return 0;
	if (fd < 0 || fstat(fd, &status)) {
		int error = fd < 0 ? fd : -errno;

		fd_close(&fd);
		return object_error(dedup, error);
	}
	close(fd);
	if (!is_worthwhile(slot, &status))
		return 0;
	item = TABLE_ADD(dedup->items, dedup->count);
	if (!item)
		return no_memory(dedup);
	*item = (struct candidate){ dedup->idle_count - 1, OVERLAY_OBJECT_ID(slot->data),
				    (uint64_t)status.st_size, status.st_dev, status.st_ino,
				    status.st_nlink, { 0 } };
	return 0;
}

static int slots_consider(struct dedup *dedup, const struct changes *changes)
{
	int result = 0;

	for (size_t i = 0; i < changes->inode_count && !result; i++) {
		if (changes->inodes[i].slot)
			result = slot_consider(dedup, changes->inodes[i].slot);
	}
	return result;
}

/* Nobody has the overlay open any more. */
static int overlay_consider(struct dedup *dedup, int fd, uint64_t size)
{
	void *overlay = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	struct changes changes;
	int result;

	if (overlay == MAP_FAILED)
		return error_set(dedup->err, errno, "can't map a domain's overlay");
	result = changes_read(&changes, overlay, size, NULL, NULL, dedup->err);
	if (!result)
		result = slots_consider(dedup, &changes);
	changes_release(&changes);
	munmap(overlay, size);
	return result;
}

static int objects_sweep(const struct dedup *dedup, const struct own_objects *own)
{
	int error = own_objects_sweep(own);

	return error ? object_error(dedup, error) : 0;
}

/* Takes over the lock. */
static int idle_consider(struct dedup *dedup, int folder_fd, int lock)
{
	struct idle *idle = TABLE_ADD(dedup->idle, dedup->idle_count);
	uint64_t size;
	int fd, result;

	if (!idle) {
		close(lock);
		return no_memory(dedup);
	}
	*idle = (struct idle){ .lock = lock, .own = { .fd = -1 } };
	fd = overlay_file_look(folder_fd, NULL, false, &size, dedup->err);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	result = own_objects_open(&idle->own, folder_fd, dedup->err);
	if (!result)
		result = objects_sweep(dedup, &idle->own);
	if (!result)
		result = overlay_consider(dedup, fd, size);
	close(fd);
	return result;
}

static void idle_release(struct idle *idle)
{
	own_objects_release(&idle->own);
	fd_close(&idle->lock);
}

/* Holds the lock of a domain if it has candidates. Damage of one is no reason to leave others. */
static int domain_consider(const char *name, void *data)
{
	struct dedup *dedup = data;
	size_t count = dedup->count, idle_count = dedup->idle_count;
	struct folder folder;
	int lock, result = folder_open(dedup->domains, name, &folder, dedup->err);

	if (result == -ENOENT || error_is_want(result))
		return result == -ENOENT ? 0 : result;
	/* What lies there is no domain. */
	if (result) {
		dedup->counts->damaged++;
		return 0;
	}
	lock = folder_lock(dedup->domains, &folder, dedup->err);
	dedup->counts->running += lock == -EBUSY;
	if (lock >= 0)
		result = idle_consider(dedup, folder.fd, lock);
	else if (lock != -EBUSY && lock != -ENOENT)
		result = lock;
	folder_close(&folder);
	if (dedup->count == count && dedup->idle_count > idle_count)
		idle_release(&dedup->idle[--dedup->idle_count]);
	if (!result || error_is_want(result) || result == -EROFS)
		return result;
	dedup->counts->damaged++;
	return 0;
}

/* ---- What there is in the store ---- */

static int compare_sizes(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static int sealed_note(const struct object_info *info, void *data)
{
	struct dedup *dedup = data;
	uint64_t *size;

	if (!(info->flags & OBJECT_SEALED) || info->size < SIZE_MIN)
		return 0;
	size = TABLE_ADD(dedup->sealed_sizes, dedup->sealed_count);
	if (!size)
		return no_memory(dedup);
	*size = info->size;
	return 0;
}

static int sealed_gather(struct dedup *dedup)
{
	int result = object_visit(dedup->store, sealed_note, dedup, dedup->err);

	if (!result && dedup->sealed_count)
		qsort(dedup->sealed_sizes, dedup->sealed_count, sizeof(*dedup->sealed_sizes),
		      compare_sizes);
	return result;
}

static bool sealed_has_size(const struct dedup *dedup, uint64_t size)
{
	return dedup->sealed_count && bsearch(&size, dedup->sealed_sizes, dedup->sealed_count,
					      sizeof(size), compare_sizes);
}

/* ---- Hashes ---- */

static int file_digest(const struct dedup *dedup, int fd, struct digest *digest)
{
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, dedup->buffer, BUFFER_SIZE, at))) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(dedup->err, errno, "can't read an object");
		digest_add(digest, dedup->buffer, (size_t)got);
		at += got;
	}
	return 0;
}

static int file_hash(const struct dedup *dedup, int fd, uint8_t hash[DIGEST_SIZE])
{
	struct digest digest;
	int result = digest_init(&digest, dedup->err);

	if (!result)
		result = file_digest(dedup, fd, &digest);
	if (!result)
		digest_end(&digest, hash);
	digest_release(&digest);
	return result;
}

static int item_open(const struct dedup *dedup, const struct candidate *item)
{
	int fd = own_objects_read(&dedup->idle[item->domain].own, item->id, false);

	return fd < 0 ? object_error(dedup, fd) : fd;
}

static bool is_same_file(const struct candidate *a, const struct candidate *b)
{
	return a->device == b->device && a->inode == b->inode;
}

/* Names of one file are neighbours: it is read once. */
static int items_hash(const struct dedup *dedup, struct candidate *items, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && !result; i++) {
		int fd;

		if (i && is_same_file(&items[i], &items[i - 1])) {
			memcpy(items[i].hash, items[i - 1].hash, sizeof(items[i].hash));
			continue;
		}
		fd = item_open(dedup, &items[i]);
		result = fd < 0 ? fd : file_hash(dedup, fd, items[i].hash);
		fd_close(&fd);
	}
	return result;
}

/* ---- Making them one ---- */

static int target_look(const struct dedup *dedup, struct target *target)
{
	struct stat status;

	if (fstat(target->fd, &status))
		return object_error(dedup, -errno);
	target->is_settled = false;
	target->device = status.st_dev;
	target->inode = status.st_ino;
	return 0;
}

/* The bytes must be what they were when they were sealed: damage does not spread. */
static int target_find_sealed(const struct dedup *dedup, const uint8_t hash[DIGEST_SIZE],
			      struct target *target)
{
	uint8_t found[DIGEST_SIZE];
	object_id id;
	int result = object_find_hash(dedup->store, hash, &id, dedup->err);

	if (!result)
		target->fd = object_open(dedup->store, id, false, dedup->err);
	if (!result && target->fd < 0)
		result = target->fd;
	if (result)
		return result == -ENOENT ? 0 : result;
	result = file_hash(dedup, target->fd, found);
	if (!result && memcmp(found, hash, sizeof(found)))
		fd_close(&target->fd);
	return result || target->fd < 0 ? result : target_look(dedup, target);
}

static int target_set(const struct dedup *dedup, const struct candidate *item,
		      struct target *target)
{
	fd_close(&target->fd);
	target->fd = item_open(dedup, item);
	return target->fd < 0 ? target->fd : target_look(dedup, target);
}

static bool is_target(const struct target *target, const struct candidate *item)
{
	return target->device == item->device && target->inode == item->inode;
}

/* What replaces a file that may be durable is durable, and its time is never the later one. */
static int target_settle(const struct dedup *dedup, struct target *target)
{
	static const struct timespec earliest[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };

	if (target->is_settled)
		return 0;
	if (futimens(target->fd, earliest) || fsync(target->fd))
		return object_error(dedup, -errno);
	target->is_settled = true;
	return 0;
}

/* Returns 0, 1 where the two can't become one, or -errno. */
static int item_join(const struct dedup *dedup, const struct candidate *item,
		     struct target *target)
{
	int result = target_settle(dedup, target);

	if (result)
		return result;
	result = own_objects_join(&dedup->idle[item->domain].own, item->id, target->fd);
	if (result == -EXDEV || result == -EMLINK || result == -EPERM || result == -ENOENT)
		return 1;
	return result ? object_error(dedup, result) : 0;
}

/* A file is superfluous when its last name is taken from it. */
static void item_count(const struct dedup *dedup, const struct candidate *items, size_t at)
{
	uint64_t taken = 1;

	while (taken <= at && is_same_file(&items[at - taken], &items[at]))
		taken++;
	if (taken < items[at].names)
		return;
	dedup->counts->files++;
	dedup->counts->bytes += items[at].size;
}

/* count candidates of one content: neighbours where of one file, those with most names first. */
static int items_merge(const struct dedup *dedup, const struct candidate *items, size_t count)
{
	struct target target = { .fd = -1 };
	int result = target_find_sealed(dedup, items[0].hash, &target);

	for (size_t i = 0; i < count && result >= 0; i++) {
		if (target.fd >= 0 && is_target(&target, &items[i]))
			continue;
		result = target.fd < 0 ? 1 : item_join(dedup, &items[i], &target);
		if (!result)
			item_count(dedup, items, i);
		else if (result > 0)
			result = target_set(dedup, &items[i], &target);
	}
	fd_close(&target.fd);
	return result;
}

/* By size, then hash as far as there are any, then file. */
static int compare_items(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int order = memcmp(a->hash, b->hash, sizeof(a->hash));

	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	if (order)
		return order;
	if (a->names != b->names)
		return a->names > b->names ? -1 : 1;
	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return (a->inode > b->inode) - (a->inode < b->inode);
}

/* count candidates of one size, without hashes yet. */
static int size_merge(const struct dedup *dedup, struct candidate *items, size_t count)
{
	bool differ = !is_same_file(&items[0], &items[count - 1]);
	size_t end;
	int result;

	if (!differ && !sealed_has_size(dedup, items[0].size))
		return 0;
	result = items_hash(dedup, items, count);
	if (!result)
		qsort(items, count, sizeof(*items), compare_items);
	for (size_t i = 0; i < count && !result; i = end) {
		end = i + 1;
		while (end < count && !memcmp(items[i].hash, items[end].hash, DIGEST_SIZE))
			end++;
		result = items_merge(dedup, &items[i], end - i);
	}
	return result;
}

static int all_merge(const struct dedup *dedup)
{
	size_t end;
	int result = 0;

	if (dedup->count)
		qsort(dedup->items, dedup->count, sizeof(*dedup->items), compare_items);
	for (size_t i = 0; i < dedup->count && !result; i = end) {
		end = i + 1;
		while (end < dedup->count && dedup->items[end].size == dedup->items[i].size)
			end++;
		result = size_merge(dedup, &dedup->items[i], end - i);
	}
	return result;
}

/* ---- The whole ---- */

/* Each domain takes two descriptors until the end. */
static void limit_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int domains_deduplicate(const struct domains *domains, struct store *store,
			struct dedup_counts *counts, struct error *err)
{
	struct dedup dedup = { .domains = domains, .store = store, .counts = counts, .err = err,
			       .buffer = malloc(BUFFER_SIZE) };
	int result = dedup.buffer ? 0 : no_memory(&dedup);

	*counts = (struct dedup_counts){ 0 };
	limit_raise();
	if (!result)
		result = domains_visit(domains, domain_consider, &dedup, err);
	if (!result && dedup.count)
		result = sealed_gather(&dedup);
	if (!result)
		result = all_merge(&dedup);
	for (size_t i = 0; i < dedup.idle_count; i++)
		idle_release(&dedup.idle[i]);
	free(dedup.idle);
	free(dedup.items);
	free(dedup.sealed_sizes);
	free(dedup.buffer);
	return result;
}
