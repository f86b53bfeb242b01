/* SPDX-License-Identifier: MIT */
/*
 * Files whose text is printed at once and then read piece by piece. A read at offset 0 prints
 * anew. reader->lock (LOCK_INODE) guards the text; printing is done without it, as it takes locks
 * of its own.
 */
#include "core/heap.h"
#include "core/string.h"
#include "fs/proc.h"
#include "fs/proc_inode.h"
#include "vfs/file.h"

#define TEXT_FIRST 1024
#define STORE_MAX 4096u

struct proc_reader {
	struct lock lock;
	struct proc_text text;
};

/* ---- Printing ---- */

static bool text_reserve(struct proc_text *text, size_t more)
{
	size_t capacity = text->capacity ? text->capacity : TEXT_FIRST;
	char *grown;

	if (text->size + more <= text->capacity)
		return !text->failed;
	while (capacity < text->size + more)
		capacity *= 2;
	grown = heap_alloc(capacity);
	if (!grown) {
		text->failed = true;
		return false;
	}
	if (text->size)
		memcpy(grown, text->data, text->size);
	heap_free(text->data);
	text->data = grown;
	text->capacity = capacity;
	return !text->failed;
}

void proc_append(struct proc_text *text, const void *data, size_t size)
{
	if (!text_reserve(text, size))
		return;
	memcpy(text->data + text->size, data, size);
	text->size += size;
}

void proc_print(struct proc_text *text, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vformat(NULL, 0, format, args);
	if (text_reserve(text, length + 1)) {
		vformat(text->data + text->size, length + 1, format, again);
		text->size += length;
	}
	va_end(again);
	va_end(args);
}

/* ---- The file ---- */

static int text_make(struct file *file, struct proc_text *text)
{
	const struct proc_inode *node = file->inode->private;
	int error;

	*text = (struct proc_text){ 0 };
	if (node->row->text)
		proc_append(text, node->row->text, strlen(node->row->text));
	error = node->row->show ? node->row->show(text, &node->key) : 0;
	if (!error && text->failed)
		error = -ENOMEM;
	if (error)
		heap_free(text->data);
	return error;
}

static ssize_t text_read(struct file *file, struct iter *to, u64 *offset)
{
	struct proc_reader *reader = file->private;
	struct proc_text fresh, *text = &reader->text;
	bool renew = !*offset || !READ_ONCE(text->data);
	size_t wanted, copied = 0;
	int error = renew ? text_make(file, &fresh) : 0;

	if (error)
		return error;
	lock_acquire(&reader->lock);
	if (renew) {
		heap_free(text->data);
		*text = fresh;
	}
	wanted = *offset < text->size ? MIN(to->left, text->size - *offset) : 0;
	if (wanted)
		copied = iter_copy_to(to, text->data + *offset, wanted);
	lock_release(&reader->lock);
	*offset += copied;
	return copied || !wanted ? (ssize_t)copied : -EFAULT;
}

static ssize_t text_write(struct file *file, struct iter *from, u64 *offset)
{
	const struct proc_inode *node = file->inode->private;
	size_t size = MIN(from->left, STORE_MAX - 1);
	char *data;
	int error;

	if (!node->row->store)
		return -EIO;
	data = heap_alloc(size + 1);
	if (!data)
		return -ENOMEM;
	error = iter_copy_from(from, data, size) == size ? 0 : -EFAULT;
	if (!error) {
		data[size] = '\0';
		error = node->row->store(&node->key, data, size);
	}
	heap_free(data);
	if (error)
		return error;
	*offset += size;
	return size;
}

static void text_release(struct file *file)
{
	struct proc_reader *reader = file->private;

	heap_free(reader->text.data);
	heap_free(reader);
}

int proc_text_open(struct file *file)
{
	struct proc_reader *reader = heap_alloc_zero(sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	lock_init(&reader->lock, LOCK_INODE);
	file->private = reader;
	return 0;
}

const struct file_operations proc_text_operations = {
	.read = text_read,
	.write = text_write,
	.seek = file_seek_endless,
	.release = text_release,
};
