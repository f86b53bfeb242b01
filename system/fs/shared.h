/* SPDX-License-Identifier: MIT */
/*
 * Volumes: directories of the host that the domain shares with it and with other domains. Nothing
 * of them is true here: names are looked up for each walk, attributes are asked for, bytes are read
 * and written by handles on the host's files. An inode stands for a node that the monitor keeps
 * (boundary/abi.h), and there is one for each file, by device and number of the host, so that
 * locks, FIFOs and st_ino mean what they should within the domain.
 *
 *   shared.c		inodes, lookups, listings, mounting
 *   shared_change.c	changes of names and attributes: vfs/foreign.h
 *   shared_data.c	open regular files
 *   shared_request.c	requests about nodes
 */
#ifndef FS_SHARED_H
#define FS_SHARED_H

#include "boundary/abi.h"
#include "core/types.h"
#include "vfs/inode.h"

struct mount;
struct path;

/* How the monitor knows an inode. */
struct shared_node {
	u32 number;
	/* a handle that came when the file was made, for open_flags; -1. Under inode->lock */
	int given;
	u32 given_flags;
	struct shared_node *next;	/* among those that are to be forgotten */
};

struct shared_fs {
	struct file_system fs;
	u32 volume;			/* its number, and its root's node */
};

/* Covers mountpoint by a volume. Mount or ERROR_PTR. */
struct mount *shared_mount(const struct path *mountpoint, u32 volume);

/* ---- Between the parts ---- */

static inline struct shared_fs *shared_fs_of(const struct inode *inode)
{
	return container_of(inode->fs, struct shared_fs, fs);
}

/* One request: what is done, with a name and a value, each NULL or size bytes long. */
struct shared_call {
	struct volume_request request;
	const char *name;
	size_t name_size;
	const void *value;
	size_t value_size;
	struct reply reply;
	int handle;			/* one that came with the answer is the caller's; else -1 */
};

/* A call about an inode's node. */
struct shared_call shared_call_for(const struct inode *inode, u32 what);
/*
 * Makes the request. On success (0) the reply area is the caller's until request_end(). Or -errno.
 */
int shared_call_begin(struct shared_call *call);
/* The same where only the result counts. */
int shared_call_result(struct shared_call *call);

/* A node that the domain needs no more; takes it over. No long locks. */
void shared_node_forget(struct shared_node *node);

/*
 * The inode of the file that a call has given, a lookup or one that made it, with a reference, or
 * ERROR_PTR. Refreshes the directory. Ends the request.
 */
struct inode *shared_call_inode(struct shared_call *call, struct inode *directory);
/* Asks how the file is, and takes that over. 0 or -errno. */
int shared_refresh(struct inode *inode, struct attributes *out);

/*
 * After a change of bytes: the host takes rights (set-user-id and -group-id) off whatever a domain
 * writes to. Who may keep them has kept them in inode->mode, and gets them back.
 */
void shared_rights_restore(struct inode *inode);

/* inode_operations.open of regular files. */
int shared_open_regular(struct inode *inode, struct file *file);

extern const struct file_operations shared_file_operations;
extern const struct foreign shared_foreign;

#endif
