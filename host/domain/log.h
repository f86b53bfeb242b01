/* SPDX-License-Identifier: MIT */
/* Reading the output of a lasting domain, whose format host/monitor/output.h tells. */
#ifndef HOST_DOMAIN_LOG_H
#define HOST_DOMAIN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/base/error.h"

#define LOG_TIME_SIZE 30u		/* 2026-01-02T03:04:05.123456789Z: in the order of time */

struct log_reader {
	int fd;
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

/* Read the output in a domain's folder, made where there is none. log_close() is due on success. */
int log_open(struct log_reader *log, int folder_fd, struct error *err);
void log_close(struct log_reader *log);

/* Go on at a place where an entry begins. Returns 0 or -errno. */
int log_seek(struct log_reader *log, off_t offset);

/* The next entry. Returns 1, 0 where there is none (yet), or -errno. */
int log_next(struct log_reader *log, struct log_entry *entry);

#endif
