/* SPDX-License-Identifier: MIT */
/*
 * Arguments and environment of a new program, gathered in pages of the heap. Private to the caller:
 * no locks.
 */
#include "boundary/layout.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "process/exec.h"

int text_reserve(struct text *text, size_t more)
{
	size_t capacity = MAX(text->capacity * 2, PAGE_SIZE);
	char *data;

	if (text->size + more <= text->capacity)
		return 0;
	while (capacity < text->size + more)
		capacity *= 2;
	data = pages_alloc(capacity / PAGE_SIZE, 1);
	if (!data)
		return -ENOMEM;
	if (text->size)
		memcpy(data, text->data, text->size);
	if (text->data)
		pages_free(text->data, text->capacity / PAGE_SIZE);
	text->data = data;
	text->capacity = capacity;
	return 0;
}

void text_release(struct text *text)
{
	if (text->data)
		pages_free(text->data, text->capacity / PAGE_SIZE);
	*text = (struct text){ 0 };
}

int text_add(struct text *text, const char *string, size_t max)
{
	size_t size = strlen(string) + 1;

	if (text->size + size > max)
		return -E2BIG;
	if (text_reserve(text, size))
		return -ENOMEM;
	memcpy(text->data + text->size, string, size);
	text->size += size;
	text->count++;
	return 0;
}

static int text_add_user(struct text *text, uptr string, size_t max)
{
	size_t room = PAGE_SIZE;
	ssize_t length;

	for (;;) {
		if (text_reserve(text, room))
			return -ENOMEM;
		room = MIN(text->capacity - text->size, EXEC_STRING_MAX);
		length = copy_string_from_user(text->data + text->size, string, room);
		if (length != -ENAMETOOLONG)
			break;
		if (room >= EXEC_STRING_MAX || text->size + room > max)
			return -E2BIG;
		room = room + 1;
	}
	if (length < 0)
		return (int)length;
	text->size += length + 1;
	text->count++;
	return text->size > max ? -E2BIG : 0;
}

/* An array of pointers to strings that ends in NULL. Each pointer counts for its own size. */
int text_add_user_array(struct text *text, uptr array, size_t max)
{
	uptr string;

	for (u64 i = 0; array; i++) {
		int error;

		if (get_user(string, array + i * sizeof(string)))
			return -EFAULT;
		if (!string)
			break;
		if (text->size + (i + 1) * sizeof(string) > max)
			return -E2BIG;
		error = text_add_user(text, string, max);
		if (error)
			return error;
	}
	return 0;
}

int text_copy(struct text *to, const struct text *from)
{
	int error = text_reserve(to, from->size);

	if (error)
		return error;
	memcpy(to->data, from->data, from->size);
	to->size = from->size;
	to->count = from->count;
	return 0;
}
