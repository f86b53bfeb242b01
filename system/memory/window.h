/* SPDX-License-Identifier: MIT */
/*
 * Windows: mappings of pieces of host files in the layer's own range, through which pieces that are
 * often read or written are copied without a host call. Each address space keeps a few narrow ones,
 * and wide ones onto large files that are read here and there.
 */
#ifndef MEMORY_WINDOW_H
#define MEMORY_WINDOW_H

#include "core/types.h"

struct iter;
struct mm;

/* Larger transfers are as fast by the host. */
#define WINDOW_TRANSFER_MAX (64u << 10)

struct inode;

/* The content of a host file, as windows know it. */
struct window_source {
	struct inode *inode;
	/* Gets the handle, when one is needed: a transfer by a window needs none. Or -errno. */
	int (*open)(struct inode *inode);
	int handle;		/* what open gave, which the caller gives back; -1 before */
	/* the handle is, and all who write to it change this very content */
	bool writable;
	/*
	 * Stands for the content for ever: never used for another file, nor for another handle with
	 * other content.
	 */
	u64 identity;
	u64 size;	/* of the file; no use reaches beyond it */
};

/* The handle, from now on if there was none. Or -errno. */
int window_source_handle(struct window_source *source);

/*
 * Copies up to size bytes at offset between the file and iter, if the calling process reads
 * (writes) around there often enough. The caller has checked that the file is so long. Bytes
 * copied, maybe fewer than size; 0: do it by the host. No short lock may be held.
 */
size_t window_read(struct window_source *source, u64 offset, struct iter *to, size_t size);
size_t window_write(struct window_source *source, u64 offset, struct iter *from, size_t size);

/*
 * Each page of [offset, offset + size) of a memory file gets memory, and keeps what it has; the
 * file is so long. 0, -ENOMEM or -ENOSPC.
 */
int window_fill(int handle, u64 offset, u64 size);

/* An address space is emptied or goes: forgets its windows. unmap: it is the calling process's. */
void windows_drop(struct mm *mm, bool unmap);

#endif
