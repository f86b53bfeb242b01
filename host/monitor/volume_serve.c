/* SPDX-License-Identifier: MIT */
/*
 * Requests about volumes: checked and served; see boundary/abi.h. The monitor's main thread alone:
 * no locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/xattr.h>
#include <string.h>
#include <sys/stat.h>

#include "host/monitor/request.h"

#define CHANGES_ALL (VOLUME_CHANGE_MODE | VOLUME_CHANGE_UID | VOLUME_CHANGE_GID | \
		     VOLUME_CHANGE_ATIME | VOLUME_CHANGE_MTIME | VOLUME_CHANGE_TO_NOW | \
		     VOLUME_CHANGE_SIZE)

/* O_ACCMODE has more in it with some C libraries. */
#define OPEN_FLAGS (O_RDONLY | O_WRONLY | O_RDWR | O_APPEND)

/* What the texts of each request are. */
enum text { TEXT_NONE, TEXT_NAME, TEXT_ANY, TEXT_STRING };

static const struct rule {
	enum text name, value;
	bool has_other;			/* a second node */
	uint32_t flags;			/* that are allowed */
} rules[] = {
	[VOLUME_LOOKUP] = { TEXT_NAME, TEXT_NONE, false, 0 },
	[VOLUME_LOOK] = { TEXT_NONE, TEXT_NONE, false, 0 },
	[VOLUME_LIST] = { TEXT_NONE, TEXT_NONE, false, 0 },
	[VOLUME_OPEN] = { TEXT_NONE, TEXT_NONE, false, OPEN_FLAGS },
	[VOLUME_MAKE] = { TEXT_NAME, TEXT_STRING, false, OPEN_FLAGS },
	[VOLUME_LINK] = { TEXT_NAME, TEXT_NONE, true, 0 },
	[VOLUME_REMOVE] = { TEXT_NAME, TEXT_NONE, false, AT_REMOVEDIR },
	[VOLUME_RENAME] = { TEXT_NAME, TEXT_NAME, true, RENAME_NOREPLACE | RENAME_EXCHANGE },
	[VOLUME_CHANGE] = { TEXT_NONE, TEXT_NONE, false, CHANGES_ALL },
	[VOLUME_XATTR_GET] = { TEXT_STRING, TEXT_NONE, false, 0 },
	[VOLUME_XATTR_LIST] = { TEXT_NONE, TEXT_NONE, false, 0 },
	[VOLUME_XATTR_SET] = { TEXT_STRING, TEXT_ANY, false, XATTR_CREATE | XATTR_REPLACE },
	[VOLUME_XATTR_REMOVE] = { TEXT_STRING, TEXT_NONE, false, 0 },
	[VOLUME_SYNC] = { TEXT_NONE, TEXT_NONE, false, 0 },
	[VOLUME_STATFS] = { TEXT_NONE, TEXT_NONE, false, 0 },
	[VOLUME_MAKE_NAMELESS] = { TEXT_NONE, TEXT_NONE, false, OPEN_FLAGS | O_EXCL },
	[VOLUME_ALLOCATE] = { TEXT_NONE, TEXT_NONE, false, 0 },
};

/* A request as it is used: a copy, whose texts end in NUL. */
struct call {
	struct volume_request head;
	const char *name, *value;
};

static bool text_is_proper(enum text kind, const char *text, size_t size)
{
	switch (kind) {
	case TEXT_NONE:
		return size == 0;
	case TEXT_ANY:
		return true;
	case TEXT_STRING:
		return strlen(text) == size;
	case TEXT_NAME:
		return size && size <= LOWER_NAME_MAX && strlen(text) == size &&
		       !memchr(text, '/', size) && lower_path_is_proper(text);
	}
	return false;
}

static int call_take(const struct request *request, struct call *call, struct error *err)
{
	const struct volume_request *head = &call->head;
	const struct rule *rule;

	if (request->data_size < sizeof(*head))
		return request_bad(err, "a request for a volume that is cut short");
	memcpy(&call->head, request->data, sizeof(*head));
	if (!head->what || head->what >= sizeof(rules) / sizeof(rules[0]))
		return request_bad(err, "nothing that is done with a volume");
	rule = &rules[head->what];
	if (head->name_size > REQUEST_DATA_MAX || head->value_size > REQUEST_DATA_MAX ||
	    sizeof(*head) + head->name_size + head->value_size + 2 != request->data_size)
		return request_bad(err, "texts of a wrong size");
	call->name = request->data + sizeof(*head);
	call->value = call->name + head->name_size + 1;
	if (call->name[head->name_size] || call->value[head->value_size] ||
	    !text_is_proper(rule->name, call->name, head->name_size) ||
	    !text_is_proper(rule->value, call->value, head->value_size))
		return request_bad(err, "an improper name");
	if (head->flags & ~rule->flags)
		return request_bad(err, "unknown flags");
	/* One that fails behind the other would leave half of it done. */
	if (head->what == VOLUME_CHANGE && head->flags & VOLUME_CHANGE_SIZE &&
	    head->flags != VOLUME_CHANGE_SIZE)
		return request_bad(err, "a size and other attributes at once");
	return 0;
}

static int check_nodes(const struct volumes *volumes, const struct volume_request *head,
		       struct error *err)
{
	if (!volume_has_node(volumes, head->node) ||
	    (rules[head->what].has_other && !volume_has_node(volumes, head->other)))
		return request_bad(err, "a file of a volume that it does not hold");
	return 0;
}

static int carry_out(struct volumes *volumes, const struct call *call, struct answer *answer)
{
	const struct volume_request *head = &call->head;

	switch (head->what) {
	case VOLUME_LOOKUP:
		return volume_lookup(volumes, head->node, call->name, answer);
	case VOLUME_LOOK:
		return volume_look(volumes, head->node, answer);
	case VOLUME_LIST:
		return volume_list(volumes, head->node, head->size, head->mode, answer);
	case VOLUME_OPEN:
		return volume_open(volumes, head->node, head->flags, answer);
	case VOLUME_MAKE:
	case VOLUME_MAKE_NAMELESS:
		return volume_make(volumes, head, call->name, call->value, answer);
	case VOLUME_LINK:
		return volume_link(volumes, head->other, head->node, call->name);
	case VOLUME_REMOVE:
		return volume_remove(volumes, head->node, call->name, head->flags);
	case VOLUME_RENAME:
		return volume_rename(volumes, head->node, call->name, head->other, call->value,
				     head->flags);
	case VOLUME_CHANGE:
		return volume_change(volumes, head);
	case VOLUME_ALLOCATE:
		return volume_allocate(volumes, head);
	case VOLUME_XATTR_GET:
		return volume_xattr_get(volumes, head->node, call->name, answer);
	case VOLUME_XATTR_LIST:
		return volume_xattr_list(volumes, head->node, answer);
	case VOLUME_XATTR_SET:
		return volume_xattr_set(volumes, head, call->name, call->value);
	case VOLUME_XATTR_REMOVE:
		return volume_xattr_remove(volumes, head->node, call->name);
	case VOLUME_SYNC:
		return volume_sync(volumes, head->node);
	default:
		return volume_statfs(volumes, head->node, answer);
	}
}

int volumes_serve(struct volumes *volumes, const struct request *request, struct answer *answer,
		  int32_t *result, struct error *err)
{
	struct call call;

	if (call_take(request, &call, err) || check_nodes(volumes, &call.head, err))
		return -EINVAL;
	*result = carry_out(volumes, &call, answer);
	return 0;
}

int volumes_serve_forget(struct volumes *volumes, const struct request *request,
			 struct error *err)
{
	uint32_t number;

	if (request->data_size != (uint64_t)request->count * sizeof(number))
		return request_bad(err, "a wrong number of files of volumes");
	for (uint32_t i = 0; i < request->count; i++) {
		memcpy(&number, request->data + i * sizeof(number), sizeof(number));
		if (number < volumes->count || !volume_has_node(volumes, number))
			return request_bad(err, "a file of a volume that it does not hold");
		volume_node_forget(volumes, number);
	}
	return 0;
}
