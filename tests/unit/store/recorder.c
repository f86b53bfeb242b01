/* SPDX-License-Identifier: MIT */
/* Recording and replay of what a store writes; see recorder.h. One thread. */
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/store/recorder.h"

#define PATH_SIZE 64
#define FILES_MAX 512
#define CALLS_MAX 20000

enum kind { WRITE, TRUNCATE, CREATE, RENAME, UNLINK, SYNC_FILE, SYNC_DIR, SYNC_ALL, MARK };

struct call {
	enum kind kind;
	int file;			/* number of the file, never used again */
	char path[PATH_SIZE], to[PATH_SIZE];
	size_t offset, size;
	char *data;
	bool durable_at_once;
};

struct file {
	char path[PATH_SIZE];		/* "": has no name */
	char *data;
	size_t size, room;
};

static char directory[256];
static bool recording;
static struct call calls[CALLS_MAX];
static size_t call_count;
/* At the start, and of the replay; the recording itself only needs the names. */
static struct file base[FILES_MAX], now[FILES_MAX], names[FILES_MAX];
static int base_count, name_count;
static bool pending[CALLS_MAX];
static size_t pending_count;

/* ---- Files of a model ---- */

static void file_write(struct file *file, size_t offset, const char *data, size_t size)
{
	if (offset + size > file->room) {
		size_t room = 2 * (offset + size);

		file->data = realloc(file->data, room);
		memset(file->data + file->room, 0, room - file->room);
		file->room = room;
	}
	if (size)
		memcpy(file->data + offset, data, size);
	if (file->size < offset + size)
		file->size = offset + size;
}

static void file_truncate(struct file *file, size_t size)
{
	if (size > file->size)
		file_write(file, size, NULL, 0);
	else
		memset(file->data + size, 0, file->size - size);
	file->size = size;
}

static int find(const struct file *files, int count, const char *path)
{
	for (int i = 0; i < count; i++) {
		if (files[i].path[0] && !strcmp(files[i].path, path))
			return i;
	}
	return -1;
}

/* ---- Recording ---- */

/* The path within the directory of a name at a descriptor; false for what lies outside. */
static bool path_of(int fd, const char *name, char *path)
{
	char link[64], whole[512] = "";
	size_t size = strlen(directory);

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (name && name[0] == '/')
		whole[0] = '\0';
	else if (readlink(link, whole, sizeof(whole) - 1) < 0)
		return false;
	if (name && strcmp(name, ".")) {
		if (name[0] != '/')
			strcat(whole, "/");
		strcat(whole, name);
	}
	if (strncmp(whole, directory, size))
		return false;
	strcpy(path, whole[size] ? whole + size + 1 : ".");
	return true;
}

static struct call *call_add(enum kind kind)
{
	struct call *call = &calls[call_count++];

	if (call_count == CALLS_MAX)
		abort();
	*call = (struct call){ .kind = kind };
	return call;
}

static void note_write(int fd, const void *data, size_t size, size_t offset)
{
	char path[PATH_SIZE + 512];
	struct call *call;
	int file;

	if (!recording || !path_of(fd, NULL, path))
		return;
	file = find(names, name_count, path);
	if (file < 0)
		return;
	call = call_add(WRITE);
	call->file = file;
	call->offset = offset;
	call->size = size;
	call->data = malloc(size + 1);
	memcpy(call->data, data, size);
	call->durable_at_once = fcntl(fd, F_GETFL) & O_DSYNC;
}

static void note_sync(int fd)
{
	char path[PATH_SIZE + 512];
	struct stat status;
	struct call *call;
	int file;

	if (!recording || !path_of(fd, NULL, path) || fstat(fd, &status))
		return;
	file = find(names, name_count, path);
	if (S_ISDIR(status.st_mode)) {
		call = call_add(SYNC_DIR);
		strcpy(call->path, path);
	} else if (file >= 0) {
		call_add(SYNC_FILE)->file = file;
	}
}

static void note_create(const char *path)
{
	struct call *call = call_add(CREATE);

	strcpy(call->path, path);
	call->file = name_count;
	strcpy(names[name_count++].path, path);
	if (name_count == FILES_MAX)
		abort();
}

#define WRAP(result, name, ...)            \
	result __real_##name(__VA_ARGS__); \
	result __wrap_##name(__VA_ARGS__); \
	result __wrap_##name(__VA_ARGS__)

WRAP(ssize_t, pwrite, int fd, const void *data, size_t size, off_t offset)
{
	ssize_t done = __real_pwrite(fd, data, size, offset);

	if (done > 0)
		note_write(fd, data, (size_t)done, (size_t)offset);
	return done;
}

WRAP(ssize_t, writev, int fd, const struct iovec *pieces, int count)
{
	off_t offset = lseek(fd, 0, SEEK_CUR);
	ssize_t done = __real_writev(fd, pieces, count), left = done;

	for (int i = 0; i < count && left > 0; i++) {
		size_t size = pieces[i].iov_len < (size_t)left ? pieces[i].iov_len : (size_t)left;

		note_write(fd, pieces[i].iov_base, size, (size_t)offset);
		offset += (off_t)size;
		left -= (ssize_t)size;
	}
	return done;
}

WRAP(ssize_t, copy_file_range, int from, off_t *in, int to, off_t *out, size_t size, unsigned flags)
{
	off_t offset = *out;
	ssize_t done = __real_copy_file_range(from, in, to, out, size, flags);
	char *data;

	if (done > 0) {
		data = malloc((size_t)done);
		if (pread(to, data, (size_t)done, offset) == done)
			note_write(to, data, (size_t)done, (size_t)offset);
		free(data);
	}
	return done;
}

WRAP(int, ftruncate, int fd, off_t size)
{
	char path[PATH_SIZE + 512];
	int file, result = __real_ftruncate(fd, size);

	if (!result && recording && path_of(fd, NULL, path)) {
		file = find(names, name_count, path);
		if (file >= 0) {
			struct call *call = call_add(TRUNCATE);

			call->file = file;
			call->size = (size_t)size;
		}
	}
	return result;
}

/* The machine does not really die: there is no need to wait for its disk. */
WRAP(int, fsync, int fd)
{
	note_sync(fd);
	return 0;
}

WRAP(int, fdatasync, int fd)
{
	note_sync(fd);
	return 0;
}

WRAP(int, syncfs, int fd)
{
	(void)fd;
	if (recording)
		call_add(SYNC_ALL);
	return 0;
}

int __real_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_openat(int dir_fd, const char *name, int flags, ...)
{
	char path[PATH_SIZE + 512];
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	fd = __real_openat(dir_fd, name, flags, mode);
	if (fd >= 0 && recording && (flags & O_CREAT) && path_of(dir_fd, name, path) &&
	    find(names, name_count, path) < 0)
		note_create(path);
	return fd;
}

WRAP(int, renameat, int from_fd, const char *from, int to_fd, const char *to)
{
	char path[PATH_SIZE + 512], to_path[PATH_SIZE + 512];
	int file, result = __real_renameat(from_fd, from, to_fd, to);

	if (!result && recording && path_of(from_fd, from, path) && path_of(to_fd, to, to_path)) {
		struct call *call = call_add(RENAME);

		strcpy(call->path, path);
		strcpy(call->to, to_path);
		file = find(names, name_count, path);
		call->file = file;
		strcpy(names[file].path, to_path);
	}
	return result;
}

WRAP(int, unlinkat, int dir_fd, const char *name, int flags)
{
	char path[PATH_SIZE + 512];
	int result = __real_unlinkat(dir_fd, name, flags);

	if (!result && recording && path_of(dir_fd, name, path)) {
		struct call *call = call_add(UNLINK);

		strcpy(call->path, path);
		call->file = find(names, name_count, path);
		names[call->file].path[0] = '\0';
	}
	return result;
}

static void base_add(const char *path)
{
	char whole[512], data[1 << 16];
	ssize_t size;
	int fd;

	snprintf(whole, sizeof(whole), "%s/%s", directory, path);
	fd = open(whole, O_RDONLY);
	size = fd < 0 ? -1 : read(fd, data, sizeof(data));
	if (size < 0)
		abort();
	close(fd);
	strcpy(base[base_count].path, path);
	strcpy(names[base_count].path, path);
	file_write(&base[base_count++], 0, data, (size_t)size);
}

void recorder_start(const char *path)
{
	strcpy(directory, path);
	base_add("format");
	base_add("lock");
	base_add("tables/data.mdb");
	name_count = base_count;
	recording = true;
}

void recorder_stop(void)
{
	recording = false;
}

void recorder_mark(void)
{
	call_add(MARK);
}

size_t recorder_count(void)
{
	return call_count;
}

unsigned recorder_marks_before(size_t cut)
{
	unsigned count = 0;

	for (size_t i = 0; i < cut; i++)
		count += calls[i].kind == MARK;
	return count;
}

/* ---- Replay ---- */

static bool lies_in(const char *path, const char *dir)
{
	size_t size = strlen(dir);

	return !strncmp(path, dir, size) && path[size] == '/' && !strchr(path + size + 1, '/');
}

/* Whether a sync makes an earlier call durable. A rename needs both folders. */
static bool settles(const struct call *sync, const struct call *call, bool *half)
{
	switch (call->kind) {
	case WRITE:
	case TRUNCATE:
		return sync->kind == SYNC_ALL ||
		       (sync->kind == SYNC_FILE && sync->file == call->file);
	case CREATE:
	case UNLINK:
		return sync->kind == SYNC_ALL ||
		       (sync->kind == SYNC_DIR && lies_in(call->path, sync->path));
	case RENAME:
		if (sync->kind == SYNC_DIR &&
		    (lies_in(call->path, sync->path) || lies_in(call->to, sync->path))) {
			if (*half)
				return true;
			*half = true;
		}
		return sync->kind == SYNC_ALL;
	default:
		return true;
	}
}

static bool is_pending(size_t number, size_t cut)
{
	const struct call *call = &calls[number];
	bool half = false;

	if (call->kind >= SYNC_FILE || call->durable_at_once)
		return false;
	for (size_t i = number + 1; i < cut; i++) {
		if (calls[i].kind >= SYNC_FILE && calls[i].kind <= SYNC_ALL &&
		    settles(&calls[i], call, &half))
			return false;
	}
	return true;
}

static void apply(const struct call *call)
{
	struct file *file = &now[call->file];

	switch (call->kind) {
	case WRITE:
		file_write(file, call->offset, call->data, call->size);
		break;
	case TRUNCATE:
		file_truncate(file, call->size);
		break;
	case CREATE:
		strcpy(file->path, call->path);
		break;
	case RENAME:
		/* What was never made can't be moved. */
		if (file->path[0])
			strcpy(file->path, call->to);
		break;
	case UNLINK:
		file->path[0] = '\0';
		break;
	default:
		break;
	}
}

static void restart(void)
{
	for (int i = 0; i < name_count; i++) {
		free(now[i].data);
		now[i] = (struct file){ 0 };
		strcpy(now[i].path, base[i].path);
		if (i < base_count)
			file_write(&now[i], 0, base[i].data, base[i].size);
	}
}

static unsigned long hash_more(unsigned long hash, const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3ul;
	return hash;
}

/* Whether these files were seen before with as many marks. */
static bool seen_before(unsigned marks)
{
	static unsigned long seen[1 << 17];
	unsigned long hash = hash_more(0xcbf29ce484222325ul, &marks, sizeof(marks));

	for (int i = 0; i < name_count; i++) {
		if (!now[i].path[0])
			continue;
		hash = hash_more(hash, now[i].path, strlen(now[i].path));
		hash = hash_more(hash, now[i].data, now[i].size);
	}
	for (unsigned long at = hash;; at++) {
		unsigned long *slot = &seen[at % (sizeof(seen) / sizeof(seen[0]))];

		if (*slot == hash)
			return true;
		if (!*slot) {
			*slot = hash;
			return false;
		}
	}
}

static int remove_file(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)where;
	return type == FTW_F ? unlink(path) : 0;
}

/* Files of the last state in target give way to those of this one. */
static void write_out(const char *target)
{
	char path[600];
	int fd;

	if (nftw(target, remove_file, 8, FTW_PHYS))
		abort();
	for (int i = 0; i < name_count; i++) {
		if (!now[i].path[0])
			continue;
		snprintf(path, sizeof(path), "%.500s/%.63s", target, now[i].path);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || write(fd, now[i].data, now[i].size) != (ssize_t)now[i].size)
			abort();
		close(fd);
	}
}

bool recorder_replay(size_t cut, enum survival survival, size_t one, const char *target)
{
	pending_count = 0;
	restart();
	for (size_t i = 0; i < cut; i++) {
		pending[i] = is_pending(i, cut);
		pending_count += pending[i];
	}
	if (survival >= ALL_BUT_ONE && one >= pending_count)
		return false;
	for (size_t i = 0, number = 0; i < cut; i++) {
		bool chosen = pending[i] && number++ == one;

		if (!pending[i] || survival == ALL_SURVIVE ||
		    (survival == ALL_BUT_ONE && !chosen) || (survival == ONLY_ONE && chosen))
			apply(&calls[i]);
	}
	if (seen_before(recorder_marks_before(cut)))
		return false;
	write_out(target);
	return true;
}

size_t recorder_pending(void)
{
	return pending_count;
}
