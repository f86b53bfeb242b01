/* SPDX-License-Identifier: MIT */
/*
 * The tables of a store on disk: one LMDB database, DIR/tables/data.mdb. Locks: those of
 * disk_lock.c, which also tells why LMDB's own are not used.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "host/store/disk.h"

#define RETRY_NS 100000			/* a commit that is just being written takes longer */
#define MAIN_TABLE 1u			/* LMDB's number of the unnamed database */

static int tables_error(int code, struct error *err)
{
	if (code > 0)
		return error_set(err, code, "the store's tables");
	if (code == MDB_MAP_FULL)
		return error_set(err, ENOSPC, "the store's tables can't grow further");
	/* LMDB takes no more from a process that could not write which commit is the last. */
	if (code == MDB_PANIC)
		return error_set(err, EIO, "the store's tables can't be written: open it again");
	return error_set(err, EUCLEAN, "the store's tables are damaged (%s): run fsck",
			 mdb_strerror(code));
}

/*
 * LMDB reads its file through a mapping: a page that is missing at the end would be a signal. The
 * greatest page number is no measure, since pages that a transaction both took and gave back are
 * never written; but the pages that are in use must have room.
 */
static int check_size(MDB_env *env, struct error *err)
{
	struct stat status;
	MDB_stat stat;
	size_t pages;
	int fd, error = mdb_env_get_fd(env, &fd);

	if (!error)
		error = mdb_env_stat(env, &stat);
	if (error)
		return tables_error(error, err);
	if (fstat(fd, &status))
		return tables_error(errno, err);
	pages = 2 + stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
	if ((size_t)status.st_size / stat.ms_psize >= pages)
		return 0;
	return error_set(err, EUCLEAN, "the store's tables are cut off: run fsck");
}

/* Tells LMDB that keys are compared as bytes; it reads no page for that, and remembers it. */
static int name_table(MDB_env *env)
{
	MDB_dbi number;
	MDB_txn *txn;
	int error = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

	if (error)
		return error;
	error = mdb_dbi_open(txn, NULL, 0, &number);
	mdb_txn_abort(txn);
	return error;
}

int tables_open(struct disk *disk, const char *store_path, bool read_only, struct error *err)
{
	char path[PATH_MAX];
	int error;

	if (snprintf(path, sizeof(path), "%s/tables", store_path) >= (int)sizeof(path))
		return error_set(err, ENAMETOOLONG, "%s", store_path);
	error = mdb_env_create(&disk->env);
	if (error)
		return tables_error(error, err);
	error = mdb_env_set_mapsize(disk->env, DISK_TABLES_MAX);
	if (!error)
		error = mdb_env_open(disk->env, path, MDB_NOLOCK | (read_only ? MDB_RDONLY : 0),
				     0600);
	if (!error)
		error = name_table(disk->env);
	error = error ? tables_error(error, err) : check_size(disk->env, err);
	if (error)
		tables_close(disk);
	return error;
}

void tables_close(struct disk *disk)
{
	if (disk->view)
		mdb_txn_abort(disk->view);
	if (disk->env)
		mdb_env_close(disk->env);
	disk->view = NULL;
	disk->env = NULL;
}

static enum disk_lock view_lock(size_t commit)
{
	return commit & 1 ? LOCK_VIEW_ODD : LOCK_VIEW_EVEN;
}

static size_t last_commit(struct disk *disk)
{
	MDB_envinfo info;

	mdb_env_info(disk->env, &info);
	return info.me_last_txnid;
}

static int view_renew(struct disk *disk)
{
	if (disk->view)
		return mdb_txn_renew(disk->view);
	return mdb_txn_begin(disk->env, NULL, MDB_RDONLY, &disk->view);
}

/*
 * A view of the last commit under the lock of its parity; again if there was another one meanwhile.
 */
int tables_view_begin(struct store *store, struct error *err)
{
	const struct timespec pause = { .tv_nsec = RETRY_NS };
	struct disk *disk = disk_of(store);
	int error;

	for (;;) {
		disk->view_lock = view_lock(last_commit(disk));
		error = disk_lock(disk->lock_fd, disk->view_lock, false, false);
		if (error == -EAGAIN) {
			nanosleep(&pause, NULL);
			continue;
		}
		if (error)
			return error_set(err, -error, "can't lock the store");
		error = view_renew(disk);
		if (error)
			break;
		if (view_lock(mdb_txn_id(disk->view)) == disk->view_lock)
			return 0;
		mdb_txn_reset(disk->view);
		disk_unlock(disk->lock_fd, disk->view_lock);
	}
	disk_unlock(disk->lock_fd, disk->view_lock);
	return tables_error(error, err);
}

void tables_view_end(struct store *store)
{
	struct disk *disk = disk_of(store);

	mdb_txn_reset(disk->view);
	disk_unlock(disk->lock_fd, disk->view_lock);
}

int tables_begin(struct disk *disk, struct error *err)
{
	int error;

	disk->txn_lock = view_lock(last_commit(disk) + 1);
	error = disk_lock(disk->lock_fd, disk->txn_lock, true, true);
	if (error)
		return error_set(err, -error, "can't lock the store");
	error = mdb_txn_begin(disk->env, NULL, 0, &disk->txn);
	if (error) {
		disk_unlock(disk->lock_fd, disk->txn_lock);
		return tables_error(error, err);
	}
	return 0;
}

/* LMDB takes a write that was cut short, as where the disk becomes full, for an I/O error. */
static bool disk_is_full(struct disk *disk)
{
	struct statvfs status;

	return !fstatvfs(disk->root_fd, &status) && !status.f_bavail;
}

int tables_commit(struct disk *disk, struct error *err)
{
	int error = mdb_txn_commit(disk->txn);

	if (error == EIO && disk_is_full(disk))
		error = ENOSPC;
	disk->txn = NULL;
	disk_unlock(disk->lock_fd, disk->txn_lock);
	return error ? tables_error(error, err) : 0;
}

void tables_abort(struct disk *disk)
{
	mdb_txn_abort(disk->txn);
	disk->txn = NULL;
	disk_unlock(disk->lock_fd, disk->txn_lock);
}

static MDB_txn *current(struct store *store)
{
	struct disk *disk = disk_of(store);

	return disk->txn ? disk->txn : disk->view;
}

static MDB_val key_value(const struct key *key)
{
	return (MDB_val){ .mv_size = key->size, .mv_data = (void *)key->bytes };
}

int tables_row_get(struct store *store, const struct key *key, struct slice *value,
		   struct error *err)
{
	MDB_val name = key_value(key), found;
	int error = mdb_get(current(store), MAIN_TABLE, &name, &found);

	if (error == MDB_NOTFOUND)
		return -ENOENT;
	if (error)
		return tables_error(error, err);
	*value = (struct slice){ found.mv_data, found.mv_size };
	return 0;
}

static int cursor_next(MDB_cursor *cursor, const struct key *key, bool after, MDB_val *name,
		       MDB_val *found)
{
	int error;

	*name = key_value(key);
	error = mdb_cursor_get(cursor, name, found, MDB_SET_RANGE);
	if (!error && after && name->mv_size == key->size &&
	    !memcmp(name->mv_data, key->bytes, key->size))
		error = mdb_cursor_get(cursor, name, found, MDB_NEXT);
	return error;
}

int tables_row_next(struct store *store, const struct key *key, bool after, struct key *found,
		    struct slice *value, struct error *err)
{
	MDB_val name, data;
	MDB_cursor *cursor;
	int error = mdb_cursor_open(current(store), MAIN_TABLE, &cursor);

	if (error)
		return tables_error(error, err);
	error = cursor_next(cursor, key, after, &name, &data);
	mdb_cursor_close(cursor);
	if (error == MDB_NOTFOUND)
		return -ENOENT;
	if (error)
		return tables_error(error, err);
	if (name.mv_size > KEY_SIZE_MAX)
		return error_set(err, EUCLEAN, "the store's tables are damaged: run fsck");
	memcpy(found->bytes, name.mv_data, name.mv_size);
	found->size = name.mv_size;
	*value = (struct slice){ data.mv_data, data.mv_size };
	return 0;
}

int tables_row_put(struct store *store, const struct key *key, const void *value, size_t size,
		   struct error *err)
{
	MDB_val name = key_value(key), data = { .mv_size = size, .mv_data = (void *)value };
	int error = mdb_put(disk_of(store)->txn, MAIN_TABLE, &name, &data, 0);

	return error ? tables_error(error, err) : 0;
}

int tables_row_remove(struct store *store, const struct key *key, struct error *err)
{
	MDB_val name = key_value(key);
	int error = mdb_del(disk_of(store)->txn, MAIN_TABLE, &name, NULL);

	return error ? tables_error(error, err) : 0;
}
