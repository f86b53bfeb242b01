/* SPDX-License-Identifier: MIT */
/*
 * Whose files Mezzo believes. What lies in a store is obeyed: a domain's record says which files of
 * the host it may use. So a store of somebody else is that one's word, with the rights of whoever
 * runs Mezzo.
 */
#ifndef HOST_BASE_OWNER_H
#define HOST_BASE_OWNER_H

#include "host/base/error.h"

/*
 * An open file or directory, which `what` names, must belong to the caller, to root, or to the user
 * of whom $MEZZO_STORE_OWNER has the number, and nobody else may write to it. Returns 0 or -EPERM,
 * and err says how it can be used all the same.
 */
int owner_check(int fd, const char *what, struct error *err);

#endif
