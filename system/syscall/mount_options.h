/* SPDX-License-Identifier: MIT */
/* The options of file systems that programs mount, as mount(2) gets them. */
#ifndef SYSCALL_MOUNT_OPTIONS_H
#define SYSCALL_MOUNT_OPTIONS_H

struct tree_options;

/* Cuts the text at its commas. 0, or -EINVAL for what tmpfs does not know. */
int tmpfs_options_parse(char *text, struct tree_options *options);

#endif
