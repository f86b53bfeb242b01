/* SPDX-License-Identifier: MIT */
/* A directory of this machine as a source of an image. */
#ifndef HOST_IMAGE_DIRECTORY_H
#define HOST_IMAGE_DIRECTORY_H

#include "host/base/error.h"
#include "host/image/builder.h"

/*
 * Feeds all that is below a directory, and its own attributes as the root's. Left out are: sockets;
 * what is below a mount of a file system that shows the kernel (/proc, /sys); the directory
 * `except` (the store's own; NULL: none); the attributes security.selinux and trusted.overlay.*,
 * which are this machine's and not the files'.
 */
int directory_feed(struct builder *builder, const char *path, const char *except,
		   struct error *err);

#endif
