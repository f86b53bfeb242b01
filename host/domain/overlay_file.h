/* SPDX-License-Identifier: MIT */
/*
 * The overlay of a lasting domain as a file: `overlay` in its folder, which the system layer fills
 * (boundary/overlay.h).
 */
#ifndef HOST_DOMAIN_OVERLAY_FILE_H
#define HOST_DOMAIN_OVERLAY_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"

/*
 * Opens the overlay in a folder to read and write, one without changes where there is none. It must
 * be one of the image with that hash of its index. Waits for the end of all who have it open or
 * mapped by an earlier call. Returns a descriptor with *size, or -errno:
 * -EUCLEAN, -EPROTO (of another version), -ESTALE (of another image).
 */
int overlay_file_open(int folder_fd, const uint8_t index_hash[32], uint64_t *size,
		      struct error *err);

/*
 * The same to read what is there, and nothing is made: -ENOENT without a message where the domain
 * has no overlay yet. is_live: the domain runs, and may go on writing; else the caller holds its
 * lock, and it is waited as above. index_hash NULL: of any image.
 */
int overlay_file_look(int folder_fd, const uint8_t index_hash[32], bool is_live, uint64_t *size,
		      struct error *err);

/*
 * Makes the file size bytes long, a multiple of the page, with all of its disk space taken, so that
 * who has it mapped can write there whatever happens. Returns 0 or -errno without a message.
 */
int overlay_file_grow(int fd, uint64_t size);
/* Takes the disk space of a part that may be a hole; else nothing changes. Likewise. */
int overlay_file_fill(int fd, uint64_t offset, uint64_t size);

#endif
