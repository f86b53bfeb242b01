/* SPDX-License-Identifier: MIT */
/* Copies of whole host files. */
#ifndef HOST_STORE_SPARSE_H
#define HOST_STORE_SPARSE_H

/*
 * Makes the empty file `to` equal to `from`: shares the blocks where the file system can, else
 * copies what is data and keeps holes. Returns 0 or -errno; offsets of the descriptors are not
 * defined afterwards.
 */
int sparse_copy(int from, int to);

#endif
