/* SPDX-License-Identifier: MIT */
/*
 * Programs that clients start in the domain (CONTROL_EXEC): between connections and consoles. All
 * of it is for the monitor's main thread.
 */
#ifndef HOST_MONITOR_CONTROL_EXEC_H
#define HOST_MONITOR_CONTROL_EXEC_H

#include "host/monitor/control_server.h"

/* Who hears what becomes of a program; owners are clients. */
extern const struct console_listener control_exec_listener;

/* CONTROL_EXEC, answered. */
void control_exec_start(struct control_server *server, struct control_client *client,
			struct control_message *message);

/* CONTROL_INPUT_RESUME. */
void control_exec_resume(struct control_server *server, struct control_client *client,
			 struct control_message *message);

/* The client goes, and with it, as a rule, who stands behind the streams of its program. */
void control_exec_leave(struct control_server *server, struct control_client *client);

#endif
