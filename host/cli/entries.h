/* SPDX-License-Identifier: MIT */
/* Entries of a domain's output on their way to mezzo's own standard output and error. */
#ifndef HOST_CLI_ENTRIES_H
#define HOST_CLI_ENTRIES_H

#include "host/domain/log.h"

struct entries {
	struct log_reader log;
	bool with_times;		/* each line begins with its time */
	bool is_within[2];		/* of a line of stdout, stderr */
};

/* Print one. Returns 0, or -errno with a message. */
int entries_print(struct entries *entries, const struct log_entry *entry, struct error *err);

/*
 * Print all that is there by now, and flush. Returns 0, -EPIPE where nobody reads it, or -errno
 * with a message.
 */
int entries_print_all(struct entries *entries, struct error *err);

#endif
