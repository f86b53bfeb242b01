/* SPDX-License-Identifier: MIT */
/* Printing JSON, to standard output. */
#ifndef HOST_CLI_JSON_H
#define HOST_CLI_JSON_H

#include <stddef.h>
#include <stdint.h>

/* A string, or null. Bytes that are no UTF-8 become U+FFFD. */
void json_print_text(const char *text);

/* "name": and a comma before it, but for the first member of an object. */
void json_print_name(const char *name, int first);

/* A time as RFC 3339 has it; for 0 the year 1, as Go has it. */
void time_print_plain(int64_t time_ns);

/* The same as a string, or null for 0. */
void json_print_time(int64_t time_ns);

#endif
