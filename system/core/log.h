/* SPDX-License-Identifier: MIT */
/* What the crash report needs of the log besides core/report.h. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdarg.h>

#include "core/types.h"

/* A line with its prefix and its newline in a buffer of size bytes; returns its length. */
size_t log_format(char *line, size_t size, const char *format, va_list args) __printf(3, 0);
/* Writes although another thread may be writing: for a layer that is broken anyway. */
void log_write_unlocked(const char *text, size_t size);

#endif
