/* SPDX-License-Identifier: MIT */
/*
 * Handles on lower files. The monitor grants them by path; they are kept after use, and the oldest
 * unused ones are closed when there are too many.
 */
#ifndef FS_LOWER_HANDLE_H
#define FS_LOWER_HANDLE_H

#include "core/types.h"

struct file_data;
struct inode;

/*
 * The handle on inode's lower file, held open until lower_handle_done(); gets one from the monitor
 * where there is none. Or -errno. inode->lock may be held.
 */
int lower_handle_use(struct inode *inode);
void lower_handle_done(struct inode *inode);
/* Takes over a handle; closed where there is one already. The one that there is now. */
int lower_handle_record(struct file_data *data, int handle);
/* Closes one that nobody uses, as the host gives no more. False: there is none. */
bool lower_handle_spare(void);
/* How many handles there are. */
u32 lower_handles_kept(void);
/* How many unused handles are kept at the most. */
u32 lower_handles_limit(void);
/* Closes the handle for good: the inode goes away, nobody uses it. */
void lower_handle_forget(struct file_data *data);

#endif
