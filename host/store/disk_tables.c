/* SPDX-License-Identifier: MIT */
/*
 * The tables of a store on disk: one LMDB database, DIR/tables/data.mdb. Locks: those of
 * disk_lock.c, which also tells why LMDB's own are not used.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "host/store/disk.h"
#include "host/store/guard.h"
#include "host/store/pages.h"

#define RETRY_NS 100000			/* a commit that is just being written takes longer */
#define MAIN_TABLE 1u			/* LMDB's number of the unnamed database */
#define VALUE_STEP 4096u		/* no page of memory is smaller */

/* As one line, without the code's own text. */
static int tables_damaged(const char *finding, struct error *err)
{
	error_set(err, 0, "the store's tables are damaged (%s): run `mezzo store fsck`", finding);
	err->code = EUCLEAN;
	return -EUCLEAN;
}

static int tables_error(int code, struct error *err)
{
	if (code > 0)
		return error_set(err, code, "the store's tables");
	if (code == MDB_MAP_FULL)
		return error_set(err, ENOSPC, "the store's tables can't grow further");
	/* LMDB takes no more from a process that could not write which commit is the last. */
	if (code == MDB_PANIC)
		return error_set(err, EIO, "the store's tables can't be written: open it again");
	return tables_damaged(mdb_strerror(code), err);
}

/* After a guard has tripped. */
static int tables_tripped(struct error *err)
{
	return tables_error(MDB_CORRUPTED, err);
}

/*
 * Commits that are made while their names are read look like damage. That is rare, and no reason to
 * wait for a writer at once; but only what is seen while there is none is believed.
 */
static int look_again(struct disk *disk, int fd, char finding[PAGES_FINDING_SIZE],
		      struct error *err)
{
	int error, result = pages_look(fd, finding, err);

	if (result <= 0 || disk->is_checked)
		return result;
	error = disk_lock(disk->lock_fd, LOCK_WRITER, false, true);
	if (error)
		return error_set(err, -error, "can't lock the store");
	result = pages_look(fd, finding, err);
	disk_unlock(disk->lock_fd, LOCK_WRITER);
	return result;
}

/* What LMDB itself would find out by a signal, as far as a quick look tells. */
static int tables_look(struct disk *disk, const char *path, struct error *err)
{
	char name[PATH_MAX + sizeof("/data.mdb")], finding[PAGES_FINDING_SIZE];
	int result, fd;

	snprintf(name, sizeof(name), "%s/data.mdb", path);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : tables_error(errno, err);
	result = pages_look(fd, finding, err);
	if (result > 0)
		result = look_again(disk, fd, finding, err);
	close(fd);
	return result > 0 ? tables_damaged(finding, err) : result;
}

static void assertion_failed(MDB_env *env, const char *text)
{
	(void)env;
	(void)text;
	guard_trip();
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

static int env_open(MDB_env **env, const char *path, bool read_only)
{
	int error = mdb_env_create(env);

	if (!error)
		error = mdb_env_set_assert(*env, assertion_failed);
	if (!error)
		error = mdb_env_set_mapsize(*env, DISK_TABLES_MAX);
	if (!error)
		error = mdb_env_open(*env, path, MDB_NOLOCK | (read_only ? MDB_RDONLY : 0), 0600);
	return error ? error : name_table(*env);
}

int tables_open(struct disk *disk, const char *store_path, bool read_only, struct error *err)
{
	char path[PATH_MAX];
	struct guard guard;
	int error;

	if (snprintf(path, sizeof(path), "%s/tables", store_path) >= (int)sizeof(path))
		return error_set(err, ENAMETOOLONG, "%s", store_path);
	error = tables_look(disk, path, err);
	if (error)
		return error;
	guard_install();
	if (guard_trips(&guard)) {
		disk->env = NULL;
		return tables_tripped(err);
	}
	error = env_open(&disk->env, path, read_only);
	guard_leave(&guard);
	if (error)
		tables_close(disk);
	return error ? tables_error(error, err) : 0;
}

void tables_close(struct disk *disk)
{
	struct guard guard;

	/* What is left of damaged tables goes with the process. */
	if (!guard_trips(&guard)) {
		if (disk->view)
			mdb_txn_abort(disk->view);
		if (disk->env)
			mdb_env_close(disk->env);
		guard_leave(&guard);
	}
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
	struct guard guard;
	int error;

	if (guard_trips(&guard))
		return MDB_CORRUPTED;
	if (disk->view)
		error = mdb_txn_renew(disk->view);
	else
		error = mdb_txn_begin(disk->env, NULL, MDB_RDONLY, &disk->view);
	guard_leave(&guard);
	return error;
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

/* A repair puts another file in its place. */
static int check_current(struct disk *disk, int fd, struct error *err)
{
	struct stat own, named;

	if (fstat(fd, &own) || fstatat(disk->root_fd, "tables/data.mdb", &named, 0))
		return tables_error(errno, err);
	if (own.st_ino == named.st_ino && own.st_dev == named.st_dev)
		return 0;
	return error_set(err, ESTALE, "the store's tables were mended meanwhile: try again");
}

/* What tables lack that were made anew is not deleted: a check knows that, and nobody else. */
static int check_finished(struct disk *disk, struct error *err)
{
	if (disk->is_checked)
		return 0;
	if (!faccessat(disk->root_fd, TABLES_UNCHECKED, F_OK, AT_SYMLINK_NOFOLLOW)) {
		error_set(err, 0, "the store's tables were made anew, but not compared with its "
			  "files: run `mezzo store fsck --repair`");
		err->code = EUCLEAN;
		return -EUCLEAN;
	}
	return errno == ENOENT ? 0 : error_set(err, errno, TABLES_UNCHECKED);
}

/* Nothing is written into tables that are damaged: that would damage more. */
static int check_whole(struct disk *disk, struct error *err)
{
	char finding[PAGES_FINDING_SIZE];
	int fd, result = mdb_env_get_fd(disk->env, &fd);

	if (result)
		return tables_error(result, err);
	result = check_current(disk, fd, err) ?: check_finished(disk, err);
	if (result || disk->tables_checked)
		return result;
	result = pages_check(fd, NULL, NULL, finding, err);
	disk->tables_checked = !result;
	return result > 0 ? tables_damaged(finding, err) : result;
}

static int txn_begin(struct disk *disk)
{
	struct guard guard;
	int error;

	if (guard_trips(&guard)) {
		disk->txn = NULL;
		return MDB_CORRUPTED;
	}
	error = mdb_txn_begin(disk->env, NULL, 0, &disk->txn);
	guard_leave(&guard);
	return error;
}

int tables_begin(struct disk *disk, struct error *err)
{
	int error = check_whole(disk, err);

	if (error)
		return error;
	disk->txn_lock = view_lock(last_commit(disk) + 1);
	error = disk_lock(disk->lock_fd, disk->txn_lock, true, true);
	if (error)
		return error_set(err, -error, "can't lock the store");
	error = txn_begin(disk);
	if (error)
		disk_unlock(disk->lock_fd, disk->txn_lock);
	return error ? tables_error(error, err) : 0;
}

/* LMDB takes a write that was cut short, as where the disk becomes full, for an I/O error. */
static bool disk_is_full(struct disk *disk)
{
	struct statvfs status;

	return !fstatvfs(disk->root_fd, &status) && !status.f_bavail;
}

int tables_commit(struct disk *disk, struct error *err)
{
	struct guard guard;
	int error;

	if (guard_trips(&guard)) {
		error = MDB_CORRUPTED;
	} else {
		error = mdb_txn_commit(disk->txn);
		guard_leave(&guard);
	}
	if (error == EIO && disk_is_full(disk))
		error = ENOSPC;
	disk->txn = NULL;
	disk_unlock(disk->lock_fd, disk->txn_lock);
	return error ? tables_error(error, err) : 0;
}

void tables_abort(struct disk *disk)
{
	struct guard guard;

	if (!guard_trips(&guard)) {
		mdb_txn_abort(disk->txn);
		guard_leave(&guard);
	}
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

/* Touches all pages of a value, and gives it out. No value is larger than a record's. */
static int value_take(const MDB_val *found, struct slice *value)
{
	const volatile char *bytes = found->mv_data;

	if (found->mv_size > RECORD_VALUE_MAX)
		return MDB_CORRUPTED;
	for (size_t i = 0; i < found->mv_size; i += VALUE_STEP)
		(void)bytes[i];
	if (found->mv_size)
		(void)bytes[found->mv_size - 1];
	*value = (struct slice){ found->mv_data, found->mv_size };
	return 0;
}

int tables_row_get(struct store *store, const struct key *key, struct slice *value,
		   struct error *err)
{
	MDB_val name = key_value(key), found;
	struct guard guard;
	int error;

	if (guard_trips(&guard))
		return tables_tripped(err);
	error = mdb_get(current(store), MAIN_TABLE, &name, &found);
	if (!error)
		error = value_take(&found, value);
	guard_leave(&guard);
	if (error == MDB_NOTFOUND)
		return -ENOENT;
	return error ? tables_error(error, err) : 0;
}

static bool is_key(const MDB_val *name, const struct key *key)
{
	return name->mv_size == key->size && !memcmp(name->mv_data, key->bytes, key->size);
}

/* Damaged branches could lead back: keys rise, or a walk would not end. */
static int key_take(const MDB_val *name, const struct key *key, bool after, struct key *found)
{
	struct key next;
	int order;

	if (name->mv_size > KEY_SIZE_MAX)
		return MDB_CORRUPTED;
	memcpy(next.bytes, name->mv_data, name->mv_size);
	next.size = name->mv_size;
	order = key_compare(&next, key);
	if (order < 0 || (!order && after))
		return MDB_CORRUPTED;
	*found = next;
	return 0;
}

static int cursor_next(MDB_cursor *cursor, const struct key *key, bool after, struct key *found,
		       struct slice *value)
{
	MDB_val name = key_value(key), data;
	int error = mdb_cursor_get(cursor, &name, &data, MDB_SET_RANGE);

	if (!error && after && is_key(&name, key))
		error = mdb_cursor_get(cursor, &name, &data, MDB_NEXT);
	if (!error)
		error = key_take(&name, key, after, found);
	return error ? error : value_take(&data, value);
}

int tables_row_next(struct store *store, const struct key *key, bool after, struct key *found,
		    struct slice *value, struct error *err)
{
	struct guard guard;
	MDB_cursor *cursor;
	int error;

	if (guard_trips(&guard))
		return tables_tripped(err);
	error = mdb_cursor_open(current(store), MAIN_TABLE, &cursor);
	if (!error) {
		error = cursor_next(cursor, key, after, found, value);
		mdb_cursor_close(cursor);
	}
	guard_leave(&guard);
	if (error == MDB_NOTFOUND)
		return -ENOENT;
	return error ? tables_error(error, err) : 0;
}

int tables_row_put(struct store *store, const struct key *key, const void *value, size_t size,
		   struct error *err)
{
	MDB_val name = key_value(key), data = { .mv_size = size, .mv_data = (void *)value };
	struct guard guard;
	int error;

	if (guard_trips(&guard))
		return tables_tripped(err);
	error = mdb_put(disk_of(store)->txn, MAIN_TABLE, &name, &data, 0);
	guard_leave(&guard);
	return error ? tables_error(error, err) : 0;
}

int tables_row_remove(struct store *store, const struct key *key, struct error *err)
{
	MDB_val name = key_value(key);
	struct guard guard;
	int error;

	if (guard_trips(&guard))
		return tables_tripped(err);
	error = mdb_del(disk_of(store)->txn, MAIN_TABLE, &name, NULL);
	guard_leave(&guard);
	return error ? tables_error(error, err) : 0;
}
