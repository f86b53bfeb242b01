/* SPDX-License-Identifier: MIT */
/* /proc/net: what there is of sockets. No locks of its own. */
#include "fs/proc.h"
#include "net/unix.h"

/* A NUL in front of an abstract name, and any in it, is shown as '@'. */
static void name_show(struct proc_text *text, const struct unix_view *view)
{
	bool is_path = view->name[0];

	proc_append(text, " ", 1);
	for (u32 i = 0; i < view->name_size - is_path; i++)
		proc_append(text, view->name[i] ? &view->name[i] : "@", 1);
}

static void socket_show(const struct unix_view *view, void *data)
{
	struct proc_text *text = data;

	/* No address of the layer is shown; Linux counts one reference more. */
	proc_print(text, "%016x: %08X %08X %08X %04X %02X %5llu", 0u, view->references + 1, 0u,
		   view->accepts ? 0x10000u : 0u, view->type, view->state,
		   (unsigned long long)view->ino);
	if (view->name)
		name_show(text, view);
	proc_append(text, "\n", 1);
}

static int unix_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	unix_for_each(socket_show, text);
	return 0;
}

static const struct proc_row net_rows[] = {
	PROC_FILE("unix", 0444, unix_show),
};

const struct proc_directory proc_net_directory = PROC_TABLE(net_rows);
