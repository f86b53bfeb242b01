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

/*
 * Check the store in a directory, which path names in messages. Returns 0, -ENOENT where it is no
 * store (yet), -EPROTO where it needs a newer program, or another -errno.
 */
int store_format_check(int directory, const char *path, struct error *err);

#endif
