/* SPDX-License-Identifier: MIT */
/* See keep.h. No locks of its own. */
#include "vfs/keep.h"

int keep_begin(struct inode *const *inodes, u32 count, bool frees)
{
	const struct keeper *keeper = inodes[0]->fs->keeper;
	int error = 0;

	if (!keeper)
		return 0;
	for (u32 i = 0; i < count && !error; i++) {
		if (inodes[i])
			error = keeper->prepare(inodes[i], frees);
	}
	return error ? error : keeper->begin(frees);
}

void keep_end(const struct file_system *fs, const struct name_change *changes, u32 count)
{
	if (fs->keeper)
		fs->keeper->end(changes, count);
}
