/* SPDX-License-Identifier: MIT */
/*
 * See granted.h. The bytes are copied into a file of the domain's own: so it is like any other to
 * all that executes, maps and shows files, and the handle is given back at once. No locks: nobody
 * else has the file yet.
 */
#include "fs/granted.h"

#include "boundary/abi.h"
#include "core/channel.h"
#include "core/handle.h"
#include "core/host.h"
#include "core/heap.h"
#include "fs/tree.h"
#include "memory/iter.h"
#include "vfs/file.h"

#define PIECE_PAGES 16

static int piece_write(struct file *file, char *piece, size_t size, u64 *offset)
{
	struct iter from;
	ssize_t done;

	iter_init_kernel(&from, piece, size);
	done = file->operations->write(file, &from, offset);
	if (done < 0)
		return (int)done;
	return (size_t)done == size ? 0 : -ENOSPC;
}

static int bytes_copy(struct file *file, int handle)
{
	char *piece = pages_alloc(PIECE_PAGES, 1);
	long size = piece ? 1 : -ENOMEM;
	u64 offset = 0;

	while (size > 0) {
		size = host_pread(handle, (u64)(uptr)piece, PIECE_PAGES * PAGE_SIZE, offset);
		if (size > 0)
			size = piece_write(file, piece, size, &offset) ?: size;
	}
	if (piece)
		pages_free(piece, PIECE_PAGES);
	return (int)size;
}

static int handle_get(void)
{
	struct request request = { .op = REQ_PROGRAM };
	struct reply reply;
	int handle = -1, error = request_begin(&request, NULL, &reply, &handle, 1);

	if (error)
		return error;
	request_end();
	return reply.handles ? handle : -EIO;
}

struct file *granted_program_open(const char *name)
{
	struct file *file = tree_create_memfd(name, 0);
	int handle, error;

	if (IS_ERROR(file))
		return file;
	handle = handle_get();
	error = handle < 0 ? handle : bytes_copy(file, handle);
	if (handle >= 0)
		handle_close(handle);
	if (!error)
		return file;
	file_put(file);
	return ERROR_PTR(error);
}
