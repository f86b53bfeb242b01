/* SPDX-License-Identifier: MIT */
/* Programs beside others in a domain that runs: what exec and cp have in common. */
#ifndef HOST_CLI_EXEC_H
#define HOST_CLI_EXEC_H

#include "host/domain/exec.h"
#include "host/domain/folder.h"

/*
 * Has the domain's monitor start a program with our standard streams, passes signals on and waits
 * for its end. What goes wrong is said on standard error. Returns its exit status, or mezzo's.
 */
int exec_in(const struct folder *folder, const struct exec_wish *wish);

#endif
