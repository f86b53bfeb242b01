/* SPDX-License-Identifier: MIT */
/*
 * String functions. The compiler calls memcpy, memmove, memset and memcmp by itself, so these may
 * not be compiled into calls of themselves. Only general registers: vector registers belong to the
 * program.
 */
#include "core/string.h"

#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* Loads and stores of any alignment and type. */
typedef u64 __attribute__((may_alias, aligned(1))) word64;
typedef u32 __attribute__((may_alias, aligned(1))) word32;
typedef u16 __attribute__((may_alias, aligned(1))) word16;

/* From here on the processor's own copy wins over a loop of words. */
#define STRING_INSTRUCTION_MIN 192

/* All is loaded before anything is stored, so that the ranges may overlap. */
static inline void copy_small(char *to, const char *from, size_t n)
{
	if (n >= 16) {
		u64 a = *(const word64 *)from, b = *(const word64 *)(from + 8);
		u64 c = *(const word64 *)(from + n - 16), d = *(const word64 *)(from + n - 8);

		*(word64 *)to = a;
		*(word64 *)(to + 8) = b;
		*(word64 *)(to + n - 16) = c;
		*(word64 *)(to + n - 8) = d;
	} else if (n >= 8) {
		u64 a = *(const word64 *)from, b = *(const word64 *)(from + n - 8);

		*(word64 *)to = a;
		*(word64 *)(to + n - 8) = b;
	} else if (n >= 4) {
		u32 a = *(const word32 *)from, b = *(const word32 *)(from + n - 4);

		*(word32 *)to = a;
		*(word32 *)(to + n - 4) = b;
	} else if (n >= 2) {
		u16 a = *(const word16 *)from, b = *(const word16 *)(from + n - 2);

		*(word16 *)to = a;
		*(word16 *)(to + n - 2) = b;
	} else if (n) {
		*to = *from;
	}
}

static inline void copy_forward(char *to, const char *from, size_t n)
{
	for (; n > 32; n -= 32, to += 32, from += 32) {
		u64 a = ((const word64 *)from)[0], b = ((const word64 *)from)[1];
		u64 c = ((const word64 *)from)[2], d = ((const word64 *)from)[3];

		((word64 *)to)[0] = a;
		((word64 *)to)[1] = b;
		((word64 *)to)[2] = c;
		((word64 *)to)[3] = d;
	}
	copy_small(to, from, n);
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *start = to;

	if (n <= 32)
		copy_small(to, from, n);
	else if (n < STRING_INSTRUCTION_MIN)
		copy_forward(to, from, n);
	else
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (n <= 32) {
		copy_small(t, f, n);
		return to;
	}
	if ((u64)(t - f) >= n)
		return memcpy(to, from, n);
	for (; n > 32; n -= 32) {
		u64 a = *(const word64 *)(f + n - 8), b = *(const word64 *)(f + n - 16);
		u64 c = *(const word64 *)(f + n - 24), d = *(const word64 *)(f + n - 32);

		*(word64 *)(t + n - 8) = a;
		*(word64 *)(t + n - 16) = b;
		*(word64 *)(t + n - 24) = c;
		*(word64 *)(t + n - 32) = d;
	}
	copy_small(t, f, n);
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *start = to;
	char *t = to;
	u64 word = (u8)byte * 0x0101010101010101ul;

	if (n >= STRING_INSTRUCTION_MIN) {
		__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
		return start;
	}
	if (n < 8) {
		while (n--)
			*t++ = (char)byte;
		return start;
	}
	for (size_t i = 0; i + 8 < n; i += 8)
		*(word64 *)(t + i) = word;
	*(word64 *)(t + n - 8) = word;
	return start;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8 && *(const word64 *)x == *(const word64 *)y; n -= 8) {
		x += 8;
		y += 8;
	}
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return p - s;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);

	if (size) {
		size_t n = length < size ? length : size - 1;

		memcpy(to, from, n);
		to[n] = 0;
	}
	return length;
}
