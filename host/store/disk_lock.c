/* SPDX-License-Identifier: MIT */
/*
 * Locks between the processes that use one store: bytes of DIR/lock, as locks of the open file
 * (OFD), which end with it. LMDB's own lock file is not used: its contents depend on the C library,
 * and `mezzo` and mezzo-image have different ones. What LMDB needs is given by three locks:
 *
 * - Transactions exclude each other: LOCK_WRITER.
 * - A transaction may overwrite pages that only commits before the last one used, so it must know
 *   that nobody reads these. A view of commit N shares the lock of N's parity. Transaction N holds
 *   that lock alone from its begin to its commit: at begin this waits for views of commit N - 2 and
 *   older; new ones are of N - 1 and use the other lock. So readers never wait for a writer, and a
 *   writer waits only for views that two commits have left behind.
 * - Each mapping has a byte, from LOCK_MAPPINGS on: who uses the mapping shares it, who deletes it
 *   holds it alone until that is committed.
 * - The page that names the last commit is written while that lock is held, so that no view begins
 *   with half of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "host/store/disk.h"

#define LOCK_MAPPINGS (1ll << 32)
#define MAPPING_MAX (1ull << 62)

static int lock_set(int lock_fd, off_t byte, short type, int command)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	while (fcntl(lock_fd, command, &range)) {
		if (errno != EINTR)
			return errno == EACCES ? -EAGAIN : -errno;
	}
	return 0;
}

int disk_lock(int lock_fd, enum disk_lock lock, bool exclusive, bool wait)
{
	return lock_set(lock_fd, lock, exclusive ? F_WRLCK : F_RDLCK,
			wait ? F_OFD_SETLKW : F_OFD_SETLK);
}

void disk_unlock(int lock_fd, enum disk_lock lock)
{
	lock_set(lock_fd, lock, F_UNLCK, F_OFD_SETLK);
}

static off_t mapping_byte(mapping_id id)
{
	return LOCK_MAPPINGS + (off_t)(id % MAPPING_MAX);
}

int lock_mapping_share(struct store *store, mapping_id id, struct error *err)
{
	int error = lock_set(disk_of(store)->lock_fd, mapping_byte(id), F_RDLCK, F_OFD_SETLKW);

	return error ? error_set(err, -error, "can't lock mapping %" PRIu64, id) : 0;
}

void lock_mapping_unshare(struct store *store, mapping_id id)
{
	lock_set(disk_of(store)->lock_fd, mapping_byte(id), F_UNLCK, F_OFD_SETLK);
}

int lock_mapping_claim(struct store *store, mapping_id id, struct error *err)
{
	struct disk *disk = disk_of(store);
	int error = lock_set(disk->lock_fd, mapping_byte(id), F_WRLCK, F_OFD_SETLK);

	if (error == -EAGAIN)
		return 0;
	if (!error && id_list_add(&disk->claimed, id))
		error = -ENOMEM;
	return error ? error_set(err, -error, "can't lock mapping %" PRIu64, id) : 1;
}

void lock_claims_end(struct disk *disk)
{
	for (size_t i = 0; i < disk->claimed.count; i++)
		lock_mapping_unshare(&disk->store, disk->claimed.ids[i]);
	disk->claimed.count = 0;
}

int lock_pins_keep(struct store *store, struct error *err)
{
	int fd = fcntl(disk_of(store)->lock_fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? error_set(err, errno, "can't keep the store's locks") : fd;
}
