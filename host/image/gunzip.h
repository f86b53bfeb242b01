/* SPDX-License-Identifier: MIT */
/*
 * Unpacks gzip with all that it checks: the CRC and the size of each member, and that nothing but
 * zeros is behind the last one. The filter of libarchive looks at none of these.
 */
#ifndef HOST_IMAGE_GUNZIP_H
#define HOST_IMAGE_GUNZIP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <zlib.h>

#include "host/base/error.h"

struct gunzip {
	z_stream stream;
	unsigned char *room; /* for what comes out; NULL: not in use */
	bool within;	     /* a member has begun, and not ended */
	uint64_t padding;    /* zeros behind the last one */
};

/* Whether bytes begin as gzip does; two are enough to tell. */
bool gunzip_is_for(const unsigned char *data, size_t size);

/* Returns 0 or -errno; gunzip_release() is due on success. */
int gunzip_init(struct gunzip *gunzip, struct error *err);
void gunzip_release(struct gunzip *gunzip);

/* The next bytes that are packed, once all before are used up; they stay the caller's. */
void gunzip_put(struct gunzip *gunzip, const void *data, size_t size);
/* The next bytes that come out: how many, 0 where more must be put in first, or -errno. */
ssize_t gunzip_take(struct gunzip *gunzip, const void **data, struct error *err);
/* No more will be put in. Returns 0, or -errno: it is truncated. */
int gunzip_finish(const struct gunzip *gunzip, struct error *err);

#endif
