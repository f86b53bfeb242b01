/* SPDX-License-Identifier: MIT */
/* Sizes as people write them. */
#ifndef HOST_BASE_SIZE_H
#define HOST_BASE_SIZE_H

#include <stdint.h>

#include "host/base/error.h"

/*
 * A number of bytes, which K, M, G or T may follow; not 0 and below 2^63. option is what it was
 * given with, for the message. Returns 0 or -EINVAL.
 */
int size_parse(const char *text, const char *option, uint64_t *size, struct error *err);

#endif
