/* SPDX-License-Identifier: MIT */
/* /dev/pts: the names of pseudo-terminals. */
#ifndef TTY_DEVPTS_H
#define TTY_DEVPTS_H

#include "core/types.h"

struct file;
struct inode;
struct mount;
struct path;

/* Once, at start. Mount or ERROR_PTR. */
struct mount *devpts_mount(const struct path *mountpoint);

/* The inode of a new pseudo-terminal, which is the caller's; NULL: out of memory. */
struct inode *devpts_inode_create(u32 number);
/* Opens one by its inode, without its name or a permission: TIOCGPTPEER. 0 or -errno. */
int devpts_open(struct inode *inode, u32 number, u32 flags, struct file **out);

#endif
