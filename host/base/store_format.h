/* SPDX-License-Identifier: MIT */
/*
 * What makes a directory a store: the file `format` in it, a line with a name and a version. Who
 * reads or writes anything in a store looks first whether it is one that this program knows.
 */
#ifndef HOST_BASE_STORE_FORMAT_H
#define HOST_BASE_STORE_FORMAT_H

#include "host/base/error.h"

#define STORE_FORMAT_LINE "mezzo-object-store %u\n"
#define STORE_FORMAT_VERSION 1u

/* -EUCLEAN for a file of the store's own folder, with a message that says what to do. */
int store_part_damaged(const char *name, const char *how, const char *path, struct error *err);

/*
 * Check the store in a directory, which path names in messages. Returns 0, -ENOENT where it is no
 * store (yet) or the file is gone, -EUCLEAN where the file is damaged, -EPROTO where it needs a
 * newer program, or another -errno.
 */
int store_format_check(int directory, const char *path, struct error *err);

#endif
