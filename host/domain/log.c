/* SPDX-License-Identifier: MIT */
/* Reading the output of a domain; see log.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/log.h"

#define ROOM_FIRST 65536u

int log_open(struct log_reader *log, int folder_fd, struct error *err)
{
	*log = (struct log_reader){
		.fd = openat(folder_fd, "output",
			     O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600),
	};
	if (log->fd < 0 && errno == EROFS)
		log->fd = openat(folder_fd, "output",
				 O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return log->fd < 0 ? error_set(err, errno, "output of the domain") : 0;
}

void log_close(struct log_reader *log)
{
	fd_close(&log->fd);
	free(log->data);
	log->data = NULL;
}

int log_seek(struct log_reader *log, off_t offset)
{
	log->used = log->taken = 0;
	return lseek(log->fd, offset, SEEK_SET) < 0 ? -errno : 0;
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
	done = read(log->fd, log->data + log->used, log->room - log->used);
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
		if (more <= 0)
			return (int)more;
	}
}
