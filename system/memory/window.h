/* SPDX-License-Identifier: MIT */
/*
 * Windows: read-only mappings of pieces of host files in the layer's own range, through which often
 * read pieces are copied to programs without a host call. Each address space keeps a few.
 */
#ifndef MEMORY_WINDOW_H
#define MEMORY_WINDOW_H

#include "core/types.h"

struct iter;
struct mm;

/* Larger reads are as fast by pread. */
#define WINDOW_READ_MAX (32u << 10)

/*
 * Copies up to size bytes at offset of a host file, if the calling process reads around there often
 * enough. identity stands for the file's content for ever: never used for another file, and not for
 * another handle with other content. The caller has checked that the file is long enough and keeps
 * the handle open. Bytes copied, maybe fewer than size; 0: read by another way. No short lock may be
 * held.
 */
size_t window_read(int handle, u64 identity, u64 offset, struct iter *to, size_t size);

/* An address space is emptied or goes: forgets its windows. unmap: it is the calling process's. */
void windows_drop(struct mm *mm, bool unmap);

#endif
