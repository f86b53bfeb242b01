/* SPDX-License-Identifier: MIT */
/* The string functions the layer needs; the compiler also calls memcpy and friends by itself. */
#ifndef CORE_STRING_H
#define CORE_STRING_H

#include <stdarg.h>

#include "core/types.h"

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Copies at most size - 1 bytes and always ends with NUL; returns strlen(from). */
size_t strlcpy(char *to, const char *from, size_t size);

/*
 * Formats as printf does: %d %i %u %x %X %o %c %s %p %% with flags "0-+ #", width, precision (and *
 * for both), and lengths hh h l ll z. Returns the length the whole text has; at most size - 1 bytes
 * are written and the result ends with NUL where size > 0.
 */
int vformat(char *to, size_t size, const char *format, va_list args) __printf(3, 0);
int format(char *to, size_t size, const char *format, ...) __printf(3, 4);

#endif
