/* SPDX-License-Identifier: MIT */
/* Lists of numbers; see id_list.h. No locks. */
#include <errno.h>
#include <stdlib.h>

#include "host/base/id_list.h"

int id_list_add(struct id_list *list, uint64_t id)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		uint64_t *ids = realloc(list->ids, room * sizeof(*ids));

		if (!ids)
			return -ENOMEM;
		list->ids = ids;
		list->room = room;
	}
	list->ids[list->count++] = id;
	return 0;
}
