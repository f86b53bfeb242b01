/* SPDX-License-Identifier: MIT */
/*
 * Finding the inode of a file that is known already: by device and inode number, for files that can
 * be come upon by several names.
 */
#ifndef FS_IDENTITY_H
#define FS_IDENTITY_H

#include "core/types.h"

struct inode;

/* The inode with inode->lower_dev and inode->ino as told, with a reference; NULL: not known. */
struct inode *identity_find(u32 device, u64 ino);
/*
 * Makes an inode known. Where somebody else has made one known meanwhile, drops the caller's
 * reference and returns that one with a reference; else returns inode.
 */
struct inode *identity_add(struct inode *inode);
/* The inode goes away. */
void identity_forget(struct inode *inode);

#endif
