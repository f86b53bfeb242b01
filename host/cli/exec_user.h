/* SPDX-License-Identifier: MIT */
/* Who a program starts as in a domain that runs, by name. */
#ifndef HOST_CLI_EXEC_USER_H
#define HOST_CLI_EXEC_USER_H

#include "host/domain/folder.h"
#include "host/launch/user.h"

/*
 * Finds USER[:GROUP] (user_find()) in passwd and group of the domain: for one over an image as its
 * programs have left them (merged.h), for one over a directory as they are there. Returns 0 or
 * -errno.
 */
int exec_user_find(const struct domains *domains, const struct folder *folder, const char *text,
		   struct user *user, struct error *err);

#endif
