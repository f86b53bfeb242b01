/* SPDX-License-Identifier: MIT */
/* The forms in which `mezzo stats` shows what domains use. */
#ifndef HOST_CLI_STATS_PRINT_H
#define HOST_CLI_STATS_PRINT_H

#include "host/stats/stats.h"

#define STATS_SIZE_TEXT 24

/* "12.3 MiB" */
const char *stats_size_text(uint64_t bytes, char text[STATS_SIZE_TEXT]);
/* "1 h 02 min", "12.3 s" */
const char *stats_time_text(uint64_t time_ns, char text[STATS_SIZE_TEXT]);

/* To standard output: a table with a line of totals; an object. */
void stats_print_table(const struct stats *stats);
void stats_print_json(const struct stats *stats);

/*
 * A page, whole or not at all: a file beside it takes its place. stats_name_objects() was called.
 * Returns 0 or -errno.
 */
int stats_write_page(const struct stats *stats, const char *path, struct error *err);

#endif
