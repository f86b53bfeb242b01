/* SPDX-License-Identifier: MIT */
/* From file to file: the side that is no pipe. Used by the transfer calls only. */
#ifndef SYSCALL_TRANSFER_H
#define SYSCALL_TRANSFER_H

#include "core/types.h"

struct file;
struct pipe;

#define TRANSFER_BUFFER (64ul << 10)
#define TRANSFER_MAX 0x7ffff000ul

/* One side: a file, and where in it. */
struct side {
	struct file *file;
	uptr offset_address;	/* the program's offset; 0: the file's own */
	u64 offset;
	bool seekable;
};

/*
 * A file with a reference, which side_close() drops, also after an error. -EBADF, -EFAULT, -ESPIPE,
 * -EINVAL.
 */
int side_open(struct side *side, int fd, uptr offset_address, bool writing);
void side_close(struct side *side);
/* Gives the new offset to whom it belongs. 0 or -EFAULT. */
int side_store(struct side *side);
/* At the offset, which moves on. Bytes or -errno. */
ssize_t side_read(struct side *side, char *buffer, size_t size);
ssize_t side_write(struct side *side, char *buffer, size_t size);
/*
 * Moves what there is and fits, once there is room; stores no offset. Bytes, or -errno: -EPIPE
 * comes with its signal.
 */
ssize_t side_to_pipe(struct side *in, struct pipe *out, size_t size, bool nonblock);

#endif
