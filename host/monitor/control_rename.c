/* SPDX-License-Identifier: MIT */
/* Another name; see control_rename.h. No locks but the folder's, which the monitor holds. */
#include <stdio.h>
#include <string.h>

#include "host/monitor/control_rename.h"

/* What is meant is the domain of that name, which another client may just have changed. */
static int rename_from(struct control_server *server, const char *from, const char *to,
		       struct error *err)
{
	struct folder *folder = server->folder;
	int error;

	if (strcmp(from, folder->name))
		return error_set(err, 0, "there is no domain %.*s any more: its name is %s",
				 (int)DOMAIN_NAME_MAX, from, folder->name);
	error = folder_rename(server->domains, folder, to, err);
	if (!error)
		snprintf(folder->name, sizeof(folder->name), "%s", to);
	return error;
}

void control_rename(struct control_server *server, struct control_client *client,
		    struct control_message *message)
{
	size_t size = strlen(message->data);
	struct error err;
	int error;

	/* Of text without an end the second one is empty, as there is a NUL behind all of it. */
	if (size >= message->size)
		error = error_set(&err, 0, "it takes two names");
	else
		error = rename_from(server, message->data, message->data + size + 1, &err);
	control_answer(client, error ? CONTROL_FAILED : CONTROL_DONE, error ? err.text : NULL);
}
