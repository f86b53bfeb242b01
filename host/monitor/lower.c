/* SPDX-License-Identifier: MIT */
/*
 * What all kinds of lower tree share: rules for paths, building of answers, and the choice of kind; see lower.h. Used by the
 * monitor's main thread alone: no locks.
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

/* ---- The kinds ---- */

void lower_release(struct lower *lower)
{
	if (lower->operations)
		lower->operations->release(lower);
	lower->operations = NULL;
}

int lower_walk(const struct lower *lower, const char *path, uint32_t skip, bool open_last,
	       struct answer *answer)
{
	return lower->operations->walk(lower, path, skip, open_last, answer);
}

int lower_list(const struct lower *lower, const char *path, uint64_t cookie, struct answer *answer)
{
	return lower->operations->list(lower, path, cookie, answer);
}

int lower_open_file(const struct lower *lower, const char *path, struct answer *answer)
{
	return lower->operations->open_file(lower, path, answer);
}

int lower_xattr(const struct lower *lower, const char *path, const char *name,
		struct answer *answer)
{
	/* The host's own namespaces (trusted, system.nfs4_acl and so on) are not a domain's business. */
	if (strncmp(name, "user.", 5) && strcmp(name, "security.capability") &&
	    strncmp(name, "system.posix_acl_", 17))
		return -ENODATA;
	return lower->operations->xattr(lower, path, name, answer);
}
