/* SPDX-License-Identifier: MIT */
/* Running the receiver of files (host/receive/) in a domain. */
#ifndef HOST_CLI_RECEIVE_H
#define HOST_CLI_RECEIVE_H

#include "host/domain/folder.h"

/*
 * Runs the receiver in a domain, whether that runs or not, with our standard streams: a stream
 * comes in, answers go out. path: where the copy goes. One that does not run is started with the
 * receiver in place of its command, under its lock; its record and its output stay as they are.
 * What goes wrong is said on standard error. Returns mezzo's exit status.
 */
int receiver_run(const struct domains *domains, const struct folder *folder, const char *path);

#endif
