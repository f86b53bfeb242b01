/* SPDX-License-Identifier: MIT */
/*
 * The tables as a file: LMDB gets it only if all of its pages are sound. Else a new one is made of
 * the rows that can be read; what these lack and what is wrong in them is for the other passes. The
 * damaged one stays, as tables/damaged.mdb, or damaged-2.mdb and so on. TABLES_UNCHECKED is there
 * before the new one is, and until the other passes are done: a repair that dies in between is
 * begun again by the next one. Under the writer's lock, which is taken here, since the store is not
 * open yet, and kept.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/store/check.h"
#include "host/store/pages.h"

#define TABLES "tables/data.mdb"
#define DAMAGED_NAME_SIZE 32u
#define REBUILT_FOLDER "tables/rebuilt"
#define REBUILT REBUILT_FOLDER "/data.mdb"
#define SETTLED_NAME_SIZE (sizeof("objects/") + COPY_NAME_SIZE)

/* The sizes that rows of a table have: of the key behind the table's byte, and of the value. */
struct shape {
	size_t key_min, key_max, value_min, value_max;
};

static const struct shape shapes[] = {
	[TABLE_COUNTERS] = { 8, 8, 8, 8 },
	[TABLE_OBJECTS] = { 8, 8, sizeof(struct object_row), sizeof(struct object_row) },
	[TABLE_HASHES] = { 32, 32, 8, 8 },
	[TABLE_ATTRIBUTES] = { 9, 8 + KEY_NAME_MAX, 0, RECORD_VALUE_MAX },
	[TABLE_RECORDS] = { 9, 8 + KEY_NAME_MAX, 0, RECORD_VALUE_MAX },
	[TABLE_MAPPINGS] = { 8, 8, sizeof(struct mapping_row), sizeof(struct mapping_row) },
	[TABLE_ENTRIES] = { 16, 16, 8, 8 },
	[TABLE_DOOMED] = { 8, 8, 0, 0 },
	[TABLE_DOOMED_MAPPINGS] = { 8, 8, 0, 0 },
};

#define SHAPE_COUNT (sizeof(shapes) / sizeof(shapes[0]))

struct rebuilding {
	MDB_txn *txn;
	MDB_dbi table;
	uint64_t rows;
	struct error *err;
};

static int mdb_failed(int code, struct error *err)
{
	return error_set(err, code > 0 ? code : 0, "can't make the store's tables anew%s%s",
			 code > 0 ? "" : ": ", code > 0 ? "" : mdb_strerror(code));
}

static bool has_shape(const uint8_t *key, size_t key_size, size_t size)
{
	const struct shape *shape;

	if (!key_size || key[0] >= SHAPE_COUNT)
		return false;
	shape = &shapes[key[0]];
	key_size--;
	return key_size && key_size >= shape->key_min && key_size <= shape->key_max &&
	       size >= shape->value_min && size <= shape->value_max;
}

/* What a damaged page gives may be no row at all. */
static int row_save(const void *key, size_t key_size, const void *value, size_t size, void *data)
{
	struct rebuilding *rebuilding = data;
	MDB_val name = { .mv_size = key_size, .mv_data = (void *)key };
	MDB_val content = { .mv_size = size, .mv_data = (void *)value };
	int error;

	if (!has_shape(key, key_size, size))
		return 0;
	rebuilding->rows++;
	error = mdb_put(rebuilding->txn, rebuilding->table, &name, &content, 0);
	return error ? mdb_failed(error, rebuilding->err) : 0;
}

static int rows_save(MDB_env *env, int fd, struct rebuilding *rebuilding)
{
	char finding[PAGES_FINDING_SIZE];
	int error = mdb_txn_begin(env, NULL, 0, &rebuilding->txn);

	if (error)
		return mdb_failed(error, rebuilding->err);
	error = mdb_dbi_open(rebuilding->txn, NULL, 0, &rebuilding->table);
	if (error)
		error = mdb_failed(error, rebuilding->err);
	else if (fd >= 0)
		error = pages_check(fd, row_save, rebuilding, finding, rebuilding->err);
	if (error < 0) {
		mdb_txn_abort(rebuilding->txn);
		return error;
	}
	error = mdb_txn_commit(rebuilding->txn);
	if (!error)
		error = mdb_env_sync(env, 1);
	return error ? mdb_failed(error, rebuilding->err) : 0;
}

/* Makes REBUILT, in the store at path, of what can be read in fd (-1: nothing). */
static int tables_make(const char *path, int fd, struct rebuilding *rebuilding)
{
	char name[PATH_MAX];
	MDB_env *env;
	int error;

	if (snprintf(name, sizeof(name), "%s/" REBUILT_FOLDER, path) >= (int)sizeof(name))
		return error_set(rebuilding->err, ENAMETOOLONG, "%s", path);
	if (mkdir(name, 0700) && errno != EEXIST)
		return error_set(rebuilding->err, errno, "%s", name);
	error = mdb_env_create(&env);
	if (error)
		return mdb_failed(error, rebuilding->err);
	error = mdb_env_set_mapsize(env, DISK_TABLES_MAX);
	if (!error)
		error = mdb_env_open(env, name, MDB_NOLOCK, 0600);
	error = error ? mdb_failed(error, rebuilding->err) : rows_save(env, fd, rebuilding);
	mdb_env_close(env);
	return error;
}

static int tables_sync(int root_fd, struct error *err)
{
	int error = 0, fd = openat(root_fd, "tables", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		error = error_set(err, errno, "tables");
	fd_close(&fd);
	return error;
}

static int unchecked_mark(int root_fd, struct error *err)
{
	int fd = openat(root_fd, TABLES_UNCHECKED, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, TABLES_UNCHECKED);
	close(fd);
	return tables_sync(root_fd, err);
}

int check_tables_done(struct check *check)
{
	int root_fd = check->disk.root_fd;

	if (!check->rebuilt)
		return 0;
	if (unlinkat(root_fd, TABLES_UNCHECKED, 0))
		return error_set(check->err, errno, TABLES_UNCHECKED);
	return tables_sync(root_fd, check->err);
}

/* A second name for the damaged file, which none had before; empty where there is no file. */
static int damaged_keep(int root_fd, char name[DAMAGED_NAME_SIZE], struct error *err)
{
	snprintf(name, DAMAGED_NAME_SIZE, "tables/damaged.mdb");
	for (unsigned i = 2; linkat(root_fd, TABLES, root_fd, name, 0); i++) {
		if (errno == ENOENT)
			name[0] = '\0';
		if (errno != EEXIST)
			return errno == ENOENT ? 0 : error_set(err, errno, "%s", name);
		snprintf(name, DAMAGED_NAME_SIZE, "tables/damaged-%u.mdb", i);
	}
	return 0;
}

/* At each moment there are tables of this name. */
static int tables_replace(int root_fd, char damaged[DAMAGED_NAME_SIZE], struct error *err)
{
	int error = unchecked_mark(root_fd, err);

	if (!error)
		error = damaged_keep(root_fd, damaged, err);
	if (error)
		return error;
	if (renameat(root_fd, REBUILT, root_fd, TABLES))
		return error_set(err, errno, TABLES);
	unlinkat(root_fd, REBUILT_FOLDER, AT_REMOVEDIR);
	return tables_sync(root_fd, err);
}

static int tables_rebuild(struct check *check, int root_fd, int fd, const char *path)
{
	struct rebuilding rebuilding = { .err = check->err };
	char line[160], damaged[DAMAGED_NAME_SIZE];
	int error;

	/* One that was not finished. */
	unlinkat(root_fd, REBUILT, 0);
	error = tables_make(path, fd, &rebuilding);
	if (!error)
		error = tables_replace(root_fd, damaged, check->err);
	if (error)
		return error;
	check->rebuilt = true;
	snprintf(line, sizeof(line), "the tables are made anew, with %llu rows that could be read; "
		 "the damaged ones are %s", (unsigned long long)rebuilding.rows,
		 damaged[0] ? damaged : "gone");
	check->say(line, check->data);
	return 0;
}

/* Where a file of new/ belongs: of an object, or the copy of a mapping. */
static bool settled_name(const char *name, char to[SETTLED_NAME_SIZE])
{
	object_id id = file_name_id(name);
	mapping_id copy = name[0] == 'm' ? copy_file_id(name + 1) : 0;
	char file[FILE_NAME_SIZE];

	if (id) {
		file_name(id, file);
		snprintf(to, SETTLED_NAME_SIZE, "objects/%s", file);
	} else if (copy) {
		copy_file_name(copy, false, to);
	}
	return id || copy;
}

/* Files in new/ would be swept, as rows that know them are missing. */
static int new_files_move(int root_fd, struct error *err)
{
	int fd = openat(root_fd, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!dir) {
		error = error_set(err, errno, "the store's folder new");
		fd_close(&fd);
		return error;
	}
	while (!error && (entry = readdir(dir))) {
		char to[SETTLED_NAME_SIZE];

		if (settled_name(entry->d_name, to) &&
		    renameat2(dirfd(dir), entry->d_name, root_fd, to, RENAME_NOREPLACE) &&
		    errno != EEXIST)
			error = error_set(err, errno, "can't move new/%s to %s", entry->d_name, to);
	}
	closedir(dir);
	return error;
}

/* Durably, as what is in new/ only is no longer looked for when the tables are checked. */
static int new_files_settle(int root_fd, struct error *err)
{
	int error;

	if (mkdirat(root_fd, "mappings", 0700) && errno != EEXIST)
		return error_set(err, errno, "can't make the store's folder mappings");
	error = new_files_move(root_fd, err);
	if (!error && syncfs(root_fd))
		error = error_set(err, errno, "can't make the store's files durable");
	return error;
}

/* Tables that are sound as a file, but whose repair died before it had compared them. */
static int check_unchecked(struct check *check, int root_fd)
{
	if (faccessat(root_fd, TABLES_UNCHECKED, F_OK, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_set(check->err, errno, TABLES_UNCHECKED);
	check->rebuilt = true;
	if (!check_finding(check, true, "the repair that made the tables anew did not end"))
		return 0;
	return new_files_settle(root_fd, check->err);
}

/* The writer's lock is held. */
static int check_file(struct check *check, int root_fd, const char *path)
{
	char finding[PAGES_FINDING_SIZE] = "there are none";
	int fd = openat(root_fd, TABLES, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	int result = 1;

	if (fd < 0 && errno != ENOENT)
		return error_set(check->err, errno, "%s/" TABLES, path);
	if (fd >= 0)
		result = pages_check(fd, NULL, NULL, finding, check->err);
	if (result > 0 && !check_finding(check, true, "the tables are damaged: %s", finding))
		result = error_set(check->err, EUCLEAN, "%s/" TABLES, path);
	else if (result > 0)
		result = tables_rebuild(check, root_fd, fd, path) ?:
			 new_files_settle(root_fd, check->err);
	else if (!result)
		result = check_unchecked(check, root_fd);
	fd_close(&fd);
	return result;
}

static int lock_open(struct check *check, int root_fd, const char *path)
{
	int fd = fd_open_file(root_fd, "lock", check->repair ? O_RDWR | O_CREAT : O_RDONLY, 0600);

	return fd < 0 ? error_set(check->err, -fd, "%s/lock", path) : fd;
}

int check_tables(struct check *check, const char *path)
{
	int error, lock_fd, root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_set(check->err, errno, "%s", path);
	error = lock_fd = lock_open(check, root_fd, path);
	if (lock_fd >= 0) {
		error = disk_lock(lock_fd, LOCK_WRITER, check->repair, true);
		error = error ? error_set(check->err, -error, "can't lock the store")
			      : check_file(check, root_fd, path);
		if (!error && check->lacks_format)
			error = check_format_mend(check, root_fd, path);
	}
	close(root_fd);
	if (error)
		fd_close(&lock_fd);
	return error ? error : lock_fd;
}
