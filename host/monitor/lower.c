/* SPDX-License-Identifier: MIT */
/*
 * Rules for what comes from a domain and what goes to it: paths, answers, names of attributes; see
 * lower.h. Used by the monitor's main thread alone: no locks.
 */
#include <errno.h>
#include <string.h>

#include "host/monitor/lower.h"

/* ---- Paths ---- */

bool lower_path_is_proper(const char *path)
{
	if (!*path)
		return true;
	for (;;) {
		size_t size = strcspn(path, "/");

		if (!size || (size == 1 && path[0] == '.') ||
		    (size == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[size])
			return true;
		path += size + 1;
	}
}

int lower_path_split(const char *path, uint32_t skip, char *prefix, const char **rest)
{
	const char *at = path;

	for (uint32_t i = 0; i < skip; i++) {
		at = strchr(at, '/');
		if (!at)
			return -EINVAL;
		at++;
	}
	memcpy(prefix, path, (size_t)(at - path));
	prefix[at == path ? 0 : at - path - 1] = '\0';
	*rest = at;
	return 0;
}

int lower_path_next(const char **path, char name[LOWER_NAME_MAX + 1], bool *more)
{
	size_t size = strcspn(*path, "/");

	if (size > LOWER_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, *path, size);
	name[size] = '\0';
	*more = (*path)[size];
	*path += size + *more;
	return 0;
}

/* ---- Answers ---- */

bool answer_node(struct answer *answer, struct node *node, const char *name, const char *target)
{
	size_t size = sizeof(*node) + node->name_size + 1u + node->target_size + 1u;
	char *to = answer->area + answer->used;

	size = (size + 7) & ~7ul;
	if (size > answer->room - answer->used)
		return false;
	node->record_size = (uint32_t)size;
	memcpy(to, node, sizeof(*node));
	to += sizeof(*node);
	memcpy(to, name, node->name_size);
	to[node->name_size] = '\0';
	to += node->name_size + 1;
	memcpy(to, target, node->target_size);
	to[node->target_size] = '\0';
	answer->used += size;
	answer->count++;
	return true;
}

/* ---- Extended attributes ---- */

bool lower_xattr_is_shown(const char *name)
{
	/* The host's own (trusted, system.nfs4_acl and so on) are not a domain's business. */
	return !strncmp(name, "user.", 5) || !strcmp(name, "security.capability") ||
	       !strncmp(name, "system.posix_acl_", 17);
}
