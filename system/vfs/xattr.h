/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of files, kept in a list on the inode. Those of a lower directory's files are
 * not shown: such a file has the attributes that it was given in the domain. All results are those
 * of the calls of these names. Locks: inode->lock, taken here.
 */
#ifndef VFS_XATTR_H
#define VFS_XATTR_H

#include "vfs/inode.h"

#define XATTR_NAME_LENGTH_MAX 255u
#define XATTR_VALUE_MAX 65536u
#define XATTR_LIST_LENGTH_MAX 65536u

struct xattr;

/* The value's length; copied to value where it fits size, else -ERANGE; size 0 only asks. */
ssize_t xattr_get(struct inode *inode, const struct credentials *credentials, const char *name,
		  void *value, size_t size);
/* flags: XATTR_CREATE, XATTR_REPLACE. read_only: of the mount. */
int xattr_set(struct inode *inode, const struct credentials *credentials, bool read_only,
	      const char *name, const void *value, size_t size, u32 flags);
int xattr_remove(struct inode *inode, const struct credentials *credentials, bool read_only,
		 const char *name);
/* The names one after the other, each with its NUL; as xattr_get. */
ssize_t xattr_list(struct inode *inode, const struct credentials *credentials, char *list,
		   size_t size);
/*
 * Gives an inode that nobody else knows yet an attribute that it has from its file system. name is
 * cut at size. 0 or -ENOMEM.
 */
int xattr_preset(struct inode *inode, const char *name, size_t name_size, const void *value,
		 size_t size);
/* Takes an attribute off, if it is there. Likewise. */
void xattr_unset(struct inode *inode, const char *name, size_t name_size);
/* The inode goes. */
void xattr_free_all(struct inode *inode);

#endif
