/* SPDX-License-Identifier: MIT */
/* A list of strings that grows; see strings.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/strings.h"

int strings_add(struct strings *list, char *text)
{
	if (list->count + 2 > list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		char **items = realloc(list->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = text;
	list->items[list->count] = NULL;
	return 0;
}

static int same_name(const char *assignment, const char *name, size_t name_size)
{
	return !strncmp(assignment, name, name_size) && assignment[name_size] == '=';
}

int strings_set_variable(struct strings *list, char *assignment)
{
	size_t name_size = strcspn(assignment, "=");

	for (size_t i = 0; i < list->count; i++) {
		if (same_name(list->items[i], assignment, name_size)) {
			list->items[i] = assignment;
			return 0;
		}
	}
	return strings_add(list, assignment);
}

const char *strings_variable(const struct strings *list, const char *name)
{
	size_t name_size = strlen(name);

	for (size_t i = 0; i < list->count; i++) {
		if (same_name(list->items[i], name, name_size))
			return list->items[i] + name_size + 1;
	}
	return NULL;
}

void strings_release(struct strings *list)
{
	free(list->items);
	*list = (struct strings){ 0 };
}
