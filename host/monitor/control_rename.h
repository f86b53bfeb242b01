/* SPDX-License-Identifier: MIT */
/*
 * Another name for a domain that runs (CONTROL_RENAME). The holder of the lock alone gives one, so
 * its monitor does. For the monitor's main thread.
 */
#ifndef HOST_MONITOR_CONTROL_RENAME_H
#define HOST_MONITOR_CONTROL_RENAME_H

#include "host/monitor/control_server.h"

/* CONTROL_RENAME, answered. */
void control_rename(struct control_server *server, struct control_client *client,
		    struct control_message *message);

#endif
