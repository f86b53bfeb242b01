/* SPDX-License-Identifier: MIT */
/* Removing what is below a directory, without following a link. */
#ifndef HOST_DOMAIN_TREE_H
#define HOST_DOMAIN_TREE_H

/* Remove all in a directory; what can't be removed stays. Returns 0 or the last -errno. */
int tree_empty(int parent_fd, const char *name);

/* Remove a directory with all in it. Returns 0 or -errno. */
int tree_remove(int parent_fd, const char *name);

#endif
