/* SPDX-License-Identifier: MIT */
/*
 * Handles on the host files behind regular files: lower files, and objects of the domain's own.
 * They stay open after use, to be used again, as long as there are not too many; one that nobody
 * uses at this moment can be closed at any time, and is asked for again from the monitor. What is
 * mapped needs no handle.
 */
#ifndef FS_FILE_HANDLE_H
#define FS_FILE_HANDLE_H

#include "core/list.h"
#include "core/types.h"

struct inode;

/* A handle that may be closed while nobody uses it. */
struct file_handle {
	int handle;		/* or -1 */
	u32 users;		/* atomic */
	struct list node;	/* in the list of open ones; under LOCK_INODE_CACHE */
};

/* There is none. */
void file_handle_init(struct file_handle *kept);
/* Takes over a handle; closed where there is one already. The one that there is now. */
int file_handle_record(struct file_handle *kept, int handle);
/* Closes the handle for good: the inode goes away, nobody uses it. */
void file_handle_forget(struct file_handle *kept);

/*
 * The handle on inode's lower file, held open until lower_handle_done(); gets one from the monitor
 * where there is none. Or -errno. inode->lock may be held.
 */
int lower_handle_use(struct inode *inode);
void lower_handle_done(struct inode *inode);
/* Likewise the handle on a file's own host file, for PLACE_OWN and PLACE_LAYERED. */
int own_handle_use(struct inode *inode);
void own_handle_done(struct inode *inode);

/* Closes one that nobody uses, as the host gives no more. False: there is none. */
bool file_handle_spare(void);
/* How many handles there are. */
u32 file_handles_kept(void);
/* How many unused handles are kept at the most. */
u32 file_handles_limit(void);

#endif
