/* SPDX-License-Identifier: MIT */
/* Reading the output of a domain; see log.h. A reader belongs to one thread: no locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/log.h"

#define ROOM_FIRST 65536u

/* ---- The files ---- */

static int file_open(int folder_fd, const char *name, int flags)
{
	return openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags,
		      0600);
}

/* Where nothing can be made a domain that has never run has printed nothing. */
static int read_only_open(int folder_fd)
{
	int fd = file_open(folder_fd, OUTPUT_NAME, 0);

	return fd < 0 && errno == ENOENT ? open("/dev/null", O_RDONLY | O_CLOEXEC) : fd;
}

static bool is_file(int fd, const struct stat *file)
{
	struct stat status;

	return fd >= 0 && !fstat(fd, &status) && status.st_ino == file->st_ino &&
	       status.st_dev == file->st_dev;
}

/* Whether a name leads to the file. Where it leads nowhere the folder goes, and no more comes. */
static bool is_named(int folder_fd, const char *name, int fd)
{
	struct stat status;

	return fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) || is_file(fd, &status);
}

/*
 * Both as they are at one moment: the later one is still that after the earlier one was opened.
 * flags: O_CREAT, or 0. Returns 0 or -errno.
 */
static int files_open(int folder_fd, int flags, int fds[LOG_FILES])
{
	struct stat last;

	do {
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		fds[1] = file_open(folder_fd, OUTPUT_NAME, flags);
		if (fds[1] < 0 && (errno == EROFS || errno == EACCES))
			fds[1] = read_only_open(folder_fd);
		if (fds[1] < 0 || fstat(fds[1], &last))
			return -errno;
		fds[0] = file_open(folder_fd, OUTPUT_OLD_NAME, 0);
		if (fds[0] < 0 && errno != ENOENT)
			return -errno;
	} while (!is_named(folder_fd, OUTPUT_NAME, fds[1]));
	/* For a moment, or after a crash, it has both names. */
	if (is_file(fds[0], &last))
		fd_close(&fds[0]);
	return 0;
}

static void files_take(struct log_reader *log, const int fds[LOG_FILES])
{
	fd_close(&log->fds[0]);
	fd_close(&log->fds[1]);
	memcpy(log->fds, fds, sizeof(log->fds));
	log->at = fds[0] < 0;
	log->is_complete = false;
}

int log_open(struct log_reader *log, int folder_fd, struct error *err)
{
	int fds[LOG_FILES] = { -1, -1 }, error = 0;

	*log = (struct log_reader)LOG_NONE;
	log->folder_fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
	if (log->folder_fd < 0)
		error = -errno;
	if (!error)
		error = files_open(folder_fd, O_CREAT, fds);
	files_take(log, fds);
	if (!error)
		return 0;
	log_close(log);
	return error_set(err, -error, "output of the domain");
}

void log_close(struct log_reader *log)
{
	fd_close(&log->folder_fd);
	fd_close(&log->fds[0]);
	fd_close(&log->fds[1]);
	free(log->data);
	log->data = NULL;
}

int log_rewind(struct log_reader *log)
{
	log->used = log->taken = 0;
	log->at = log->fds[0] < 0;
	for (unsigned int i = log->at; i < LOG_FILES; i++) {
		if (lseek(log->fds[i], 0, SEEK_SET) < 0)
			return -errno;
	}
	return 0;
}

int log_skip(struct log_reader *log)
{
	log->used = log->taken = 0;
	log->at = 1;
	return lseek(log->fds[1], 0, SEEK_END) < 0 ? -errno : 0;
}

int log_hold(struct log_reader *log)
{
	struct stat status;

	if (fstat(log->fds[1], &status))
		return -errno;
	log->end = status.st_size;
	return 0;
}

void log_go_on(struct log_reader *log)
{
	log->end = -1;
}

/*
 * All that there is was read. Returns 1 where there may be more now, 0, or -errno. What was in
 * between, where the reader was so slow that more than one file was begun, is gone.
 */
static int files_advance(struct log_reader *log)
{
	int fds[LOG_FILES] = { -1, -1 }, error;
	struct stat last;

	if (!log->at) {
		log->at = 1;
		return 1;
	}
	if (!log->is_complete) {
		log->is_complete = log->end < 0 &&
				   !is_named(log->folder_fd, OUTPUT_NAME, log->fds[1]);
		/* What was written before another was begun is to be read first. */
		return log->is_complete;
	}
	error = files_open(log->folder_fd, 0, fds);
	if (!error && fstat(log->fds[1], &last))
		error = -errno;
	if (!error && is_file(fds[0], &last))
		fd_close(&fds[0]);
	if (!error) {
		files_take(log, fds);
		return 1;
	}
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	/* The domain was removed just now. */
	return error == -ENOENT ? 0 : error;
}

/* ---- Entries ---- */

/* How much of the room the file that is read may fill. */
static size_t room_to_read(const struct log_reader *log)
{
	size_t room = log->room - log->used;
	off_t left;

	if (!log->at || log->end < 0)
		return room;
	left = log->end - lseek(log->fds[1], 0, SEEK_CUR);
	if (left < 0)
		return 0;
	return (size_t)left < room ? (size_t)left : room;
}

/* Bytes that were read more, 0 at the end, or -errno. */
static ssize_t read_more(struct log_reader *log)
{
	ssize_t done;

	memmove(log->data, log->data + log->taken, log->used - log->taken);
	log->used -= log->taken;
	log->taken = 0;
	if (log->used == log->room) {
		size_t room = log->room ? 2 * log->room : ROOM_FIRST;
		char *data = realloc(log->data, room);

		if (!data)
			return -ENOMEM;
		log->data = data;
		log->room = room;
	}
	done = read(log->fds[log->at], log->data + log->used, room_to_read(log));
	if (done > 0)
		log->used += (size_t)done;
	return done < 0 ? -errno : done;
}

/* "TIME stdout F TEXT". What is none is given as it is, so that nothing is hidden. */
static void parse(const char *line, size_t size, struct log_entry *entry)
{
	size_t head = LOG_TIME_SIZE + strlen(" stdout F ");

	*entry = (struct log_entry){ .text = line, .size = size };
	if (size < head || line[LOG_TIME_SIZE - 1] != 'Z' ||
	    (memcmp(line + LOG_TIME_SIZE, " stdout ", 8) &&
	     memcmp(line + LOG_TIME_SIZE, " stderr ", 8)) || line[head - 1] != ' ')
		return;
	entry->time = line;
	entry->is_error = line[LOG_TIME_SIZE + 4] == 'e';
	entry->is_partial = line[head - 2] == 'P';
	entry->text += head;
	entry->size -= head;
}

int log_next(struct log_reader *log, struct log_entry *entry)
{
	size_t looked = 0;

	for (;;) {
		char *line = log->data + log->taken;
		size_t size = log->used - log->taken;
		char *end = size > looked ? memchr(line + looked, '\n', size - looked) : NULL;
		ssize_t more;

		if (end) {
			log->taken += (size_t)(end - line) + 1;
			parse(line, (size_t)(end - line), entry);
			return 1;
		}
		looked = size;
		more = read_more(log);
		if (more > 0)
			continue;
		/* An entry that a crash has cut off ends with its file. */
		if (!more && size && (!log->at || log->is_complete)) {
			log->taken = log->used;
			parse(log->data, size, entry);
			return 1;
		}
		if (!more)
			more = files_advance(log);
		if (more <= 0)
			return (int)more;
	}
}
