/* SPDX-License-Identifier: MIT */
/*
 * Access control lists of a tar's entry, as the bytes of the extended attributes that Linux keeps
 * them in.
 */
#ifndef HOST_IMAGE_ACL_H
#define HOST_IMAGE_ACL_H

#include <archive_entry.h>

#include "host/base/error.h"
#include "host/image/builder.h"

/*
 * Sets system.posix_acl_access and system.posix_acl_default of the builder's entry, where the tar
 * has such lists.
 */
int acl_feed(struct builder *builder, struct archive_entry *entry, struct error *err);

#endif
