/* SPDX-License-Identifier: MIT */
/* Who opens FIFOs and devices. The tables are filled at start and constant from then on. */
#include "vfs/special.h"

#include "core/report.h"
#include "vfs/file.h"
#include "vfs/inode.h"

#define MAJORS 256

static const struct special_operations *fifo;
static const struct special_operations *devices[2][MAJORS];	/* character, block */

void special_register_fifo(const struct special_operations *operations)
{
	fifo = operations;
}

void special_register_device(bool block, u32 major, const struct special_operations *operations)
{
	BUG_ON(major >= MAJORS);
	devices[block][major] = operations;
}

static const struct special_operations *special_find(const struct inode *inode)
{
	u32 major = DEVICE_MAJOR(inode->rdev);

	switch (inode->mode & S_IFMT) {
	case S_IFIFO:
		return fifo;
	case S_IFCHR:
		return major < MAJORS ? devices[0][major] : NULL;
	case S_IFBLK:
		return major < MAJORS ? devices[1][major] : NULL;
	default:
		return NULL;
	}
}

int special_open(struct inode *inode, struct file *file)
{
	const struct special_operations *operations = special_find(inode);

	return operations ? operations->open(inode, file) : -ENXIO;
}

void special_release_inode(struct inode *inode)
{
	const struct special_operations *operations = special_find(inode);

	if (operations)
		operations->release_inode(inode);
}
