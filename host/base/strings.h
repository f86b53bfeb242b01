/* SPDX-License-Identifier: MIT */
/* A list of strings that grows: argument vectors and environments. */
#ifndef HOST_BASE_STRINGS_H
#define HOST_BASE_STRINGS_H

#include <stddef.h>

struct strings {
	char **items;			/* items[count] is NULL once anything was added */
	size_t count;
	size_t room;
};

/* Append text, which is kept by reference and must outlive the list. Returns 0 or -ENOMEM. */
int strings_add(struct strings *list, char *text);

/*
 * Set a variable in a list of NAME=VALUE strings, replacing a former one of that name. Same rules
 * and results as strings_add().
 */
int strings_set_variable(struct strings *list, char *assignment);

/* The value of a variable, or NULL. */
const char *strings_variable(const struct strings *list, const char *name);

/* Free the list, not the strings. */
void strings_release(struct strings *list);

#endif
