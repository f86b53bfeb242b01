/* SPDX-License-Identifier: MIT */
/*
 * Reading the output of a lasting domain, whose files and format host/monitor/output.h tells. Who
 * reads has the files open: what he began to read is not lost to him when it is thrown away.
 */
#ifndef HOST_DOMAIN_LOG_H
#define HOST_DOMAIN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/base/error.h"

/* In a domain's folder: what was printed last, and what was before that. */
#define OUTPUT_NAME	"output"
#define OUTPUT_OLD_NAME	"output.old"

#define LOG_TIME_SIZE 30u		/* 2026-01-02T03:04:05.123456789Z: in the order of time */

#define LOG_FILES 2u			/* at most at a time: output.old and output */

struct log_reader {
	int folder_fd;
	int fds[LOG_FILES];		/* in the order of time; -1: there is none */
	unsigned int at;		/* the one that is read */
	bool is_complete;		/* no more comes to the last one: there is a later one */
	off_t end;			/* of the last one, for who holds it; -1: it goes on */
	char *data;			/* bytes that were read, and of those ... */
	size_t used, taken, room;
};

struct log_entry {
	const char *time;		/* LOG_TIME_SIZE bytes; NULL: what is no entry, as it is */
	const char *text;		/* size bytes; good until the next entry is asked for */
	size_t size;
	bool is_error;			/* of stderr */
	bool is_partial;		/* its line goes on in the next entry of its stream */
};

/* A reader that log_close() may be given. */
#define LOG_NONE { .folder_fd = -1, .fds = { -1, -1 }, .end = -1 }

/* Read the output in a domain's folder, made where there is none. log_close() is due on success. */
int log_open(struct log_reader *log, int folder_fd, struct error *err);
void log_close(struct log_reader *log);

/* To where the first file begins, or the last one ends. Returns 0 or -errno. */
int log_rewind(struct log_reader *log);
int log_skip(struct log_reader *log);

/*
 * Hold it as it is by now, so that it ends there, and can be read more than once; or let it go on
 * behind what was read. Returns 0 or -errno.
 */
int log_hold(struct log_reader *log);
void log_go_on(struct log_reader *log);

/*
 * The next entry, also of files that are begun meanwhile, unless it is held. Returns 1, 0 where
 * there is none (yet), or -errno.
 */
int log_next(struct log_reader *log, struct log_entry *entry);

#endif
