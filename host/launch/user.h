/* SPDX-License-Identifier: MIT */
/*
 * Who a command starts as: "USER[:GROUP]", numbers or names, looked up in the passwd and group
 * files of the root file system that it starts in. Those are hostile text: lines that are not of
 * their form are passed over. The rules are those of docker and podman.
 */
#ifndef HOST_LAUNCH_USER_H
#define HOST_LAUNCH_USER_H

#include <stddef.h>
#include <sys/types.h>

#include "boundary/abi.h"
#include "host/base/error.h"

#define USER_FILE_MAX (4u << 20)	/* bytes of a file; a longer one is refused */
#define USER_HOME_MAX 1024u

/* The files, whole; a size of 0 where there is none. */
struct user_files {
	char *passwd, *group;
	size_t passwd_size, group_size;
};

struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[CONFIG_GROUPS_MAX];
	size_t group_count;
	char home[USER_HOME_MAX];	/* "" where it is not told */
};

/*
 * text: "" is user 0. A number is an id, whether or not the files know it; its group is that of its
 * line in passwd, else 0. Without a GROUP the user gets the groups that name it as a member, as
 * many as the boundary carries. -EINVAL with a message for a name that the files do not have, or an
 * id that is too large.
 */
int user_find(const char *text, const struct user_files *files, struct user *user,
	      struct error *err);

/*
 * The files of a root file system in a directory, links in it followed within it. Returns 0 or
 * -errno; user_files_release() is due.
 */
int user_files_read(struct user_files *files, const char *rootfs, struct error *err);
void user_files_release(struct user_files *files);

#endif
