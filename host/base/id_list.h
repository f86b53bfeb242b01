/* SPDX-License-Identifier: MIT */
/* A list of numbers that grows. All zero is an empty one; free(ids) ends it. */
#ifndef HOST_BASE_ID_LIST_H
#define HOST_BASE_ID_LIST_H

#include <stddef.h>
#include <stdint.h>

struct id_list {
	uint64_t *ids;
	size_t count, room;
};

/* -ENOMEM, without a message. */
int id_list_add(struct id_list *list, uint64_t id);

#endif
