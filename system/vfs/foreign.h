/* SPDX-License-Identifier: MIT */
/*
 * File systems whose files are somebody else's, who may change them at any time (fs/shared.c).
 * Their names are looked up for each walk (inode_operations.lookup), and changes of names and
 * attributes are made where the files are. Linux's checks of what a program may do are made here
 * all the same, by what was found last; whether the file is still so is for the other side to say.
 *
 * All results are those of the system calls. Names are size bytes and need not end there. The
 * directories that a change is made in are locked (LOCK_DIRECTORY), files are not.
 */
#ifndef VFS_FOREIGN_H
#define VFS_FOREIGN_H

#include "vfs/names.h"

/* A file that is to be made. */
struct foreign_file {
	u32 mode;			/* type and permissions, umask applied */
	u32 uid, gid;
	const char *target;		/* of a symbolic link; else NULL */
	u32 open_flags;			/* of a regular file that is opened next, by the caller */
};

struct foreign_space {
	u64 type, block_size, blocks, blocks_free, blocks_available, files, files_free;
};

struct foreign {
	/* The new inode with a reference, or ERROR_PTR. -EPERM: no files of this type. */
	struct inode *(*make)(struct inode *directory, const char *name, size_t size,
			      const struct foreign_file *file);
	/* A regular file that has no name; as above. open_flags: O_EXCL, it is not to get one. */
	struct inode *(*make_nameless)(struct inode *directory, const struct foreign_file *file);
	int (*link)(struct inode *inode, struct inode *directory, const char *name, size_t size);
	int (*remove)(struct inode *directory, const char *name, size_t size, bool is_directory);
	int (*rename)(struct inode *from, const struct last_name *name, struct inode *to,
		      const struct last_name *new_name, u32 flags);
	/* The inode's own fields become true at the next look. */
	int (*change)(struct inode *inode, const struct attribute_change *change);
	/* As vfs/xattr.h has them. */
	ssize_t (*xattr_get)(struct inode *inode, const char *name, void *value, size_t size);
	ssize_t (*xattr_list)(struct inode *inode, char *list, size_t size);
	int (*xattr_set)(struct inode *inode, const char *name, const void *value, size_t size,
			 u32 flags);
	int (*xattr_remove)(struct inode *inode, const char *name);
	int (*space)(struct inode *inode, struct foreign_space *out);
	/* All of the file system is durable. */
	int (*sync_all)(struct file_system *fs);
};

/* The inode has lost rights by a change of its mode: so has the file. */
void foreign_drop_mode(struct inode *inode);

#endif
