/* SPDX-License-Identifier: MIT */
/*
 * Reading directories: entries are laid out in a buffer of the layer, since the file system may
 * hold locks while it lists, and copied to the program at the end. Offsets are used under
 * file->position_lock.
 */
#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscall/syscall.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/notify.h"

#define BUFFER_MAX (64u << 10)

/*
 * Both kinds begin alike: number, offset of the next, length. getdents64 then has type and name,
 * getdents the name, with the type in the record's last byte.
 */
struct record_head {
	u64 ino;
	u64 next;
	u16 size;
} __packed;

struct record_sink {
	struct directory_sink sink;
	char *buffer;
	u32 size, used;
	bool modern;		/* getdents64 */
	bool too_small;		/* not even the first entry fits */
};

static bool record_emit(struct directory_sink *sink, const char *name, size_t size, u64 ino,
			u32 type, u64 next)
{
	struct record_sink *records = container_of(sink, struct record_sink, sink);
	size_t head = sizeof(struct record_head) + records->modern;
	/* The name with its NUL; the old kind has one more byte behind it. */
	size_t whole = ROUND_UP(head + size + 1 + !records->modern, 8);
	char *at = records->buffer + records->used;
	struct record_head record = { ino, next, whole };

	if (records->used + whole > records->size) {
		records->too_small = !records->used;
		return false;
	}
	memset(at + whole - 8, 0, 8);
	memcpy(at, &record, sizeof(record));
	memcpy(at + head, name, size);
	at[head + size] = '\0';
	at[records->modern ? sizeof(record) : whole - 1] = type;
	records->used += whole;
	return true;
}

static long list(struct file *file, uptr to, struct record_sink *records)
{
	int error;

	lock_acquire(&file->position_lock);
	error = file->operations->iterate(file, &records->sink, &file->position);
	lock_release(&file->position_lock);
	if (error)
		return error;
	notify_file(file, IN_ACCESS);
	if (records->too_small)
		return -EINVAL;
	if (copy_to_user(to, records->buffer, records->used))
		return -EFAULT;
	return records->used;
}

static long getdents(int fd, uptr to, u32 size, bool modern)
{
	struct record_sink records = {
		.sink.emit = record_emit,
		.size = MIN(size, BUFFER_MAX),
		.modern = modern,
	};
	struct file *file = current_fd_get(fd);
	long result = -ENOMEM;

	if (!file)
		return -EBADF;
	if (file->flags & O_PATH) {
		result = -EBADF;
		goto out;
	}
	if (!file->operations->iterate) {
		result = -ENOTDIR;
		goto out;
	}
	records.buffer = heap_alloc(MAX(records.size, 8u));
	if (records.buffer)
		result = list(file, to, &records);
	heap_free(records.buffer);
out:
	file_put(file);
	return result;
}

long sys_getdents64(int fd, uptr to, u32 size)
{
	return getdents(fd, to, size, true);
}

long sys_getdents(int fd, uptr to, u32 size)
{
	return getdents(fd, to, size, false);
}
