/* SPDX-License-Identifier: MIT */
/*
 * Volumes: directories of the host that a domain shares (boundary/abi.h), and the nodes that the
 * domain holds of them. All that a request asks for is done to a node, or to one name in a
 * directory that is a node: no path is walked, so nothing that others move or replace meanwhile can
 * lead out of the volume. What a node is was settled when its name was looked up; it is an O_PATH
 * descriptor, and stays that very file. Used by the monitor's main thread alone: no locks.
 */
#ifndef HOST_MONITOR_VOLUME_H
#define HOST_MONITOR_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/monitor/lower.h"

struct volume {
	struct lower lower;
	bool read_only;
};

struct volume_node {
	int fd;				/* O_PATH; -1: the number is free */
	uint32_t volume;
	uint32_t next_free;
};

struct volumes {
	struct volume list[VOLUME_MAX];
	uint32_t count;
	struct volume_node *nodes;
	uint32_t node_count, node_room, node_max;
	uint32_t first_free;		/* a chain through next_free; 0: none */
};

/*
 * Adds a volume, whose root gets the next number: the directory that directory_fd is open on, which
 * stays the caller's; path is for messages. All are added before the first request. Returns 0 or
 * -errno; volumes_release() is due in any case.
 */
int volumes_add(struct volumes *volumes, int directory_fd, const char *path, bool read_only,
		bool own_ids_are_root, struct error *err);
void volumes_release(struct volumes *volumes);

/* Whether a domain holds a node of this number. */
bool volume_has_node(const struct volumes *volumes, uint32_t number);
/* Whether it may hold one more. */
bool volume_has_room(const struct volumes *volumes);
/* The domain uses it no more; not for roots. */
void volume_node_forget(struct volumes *volumes, uint32_t number);

/*
 * The operations of enum volume_what on nodes that the domain holds, and names that are proper.
 * Each returns 0 or the -errno that becomes reply.error.
 */
int volume_look(struct volumes *volumes, uint32_t number, struct answer *answer);
int volume_lookup(struct volumes *volumes, uint32_t directory, const char *name,
		  struct answer *answer);
int volume_list(struct volumes *volumes, uint32_t directory, uint64_t cookie, uint32_t size,
		struct answer *answer);
int volume_open(struct volumes *volumes, uint32_t number, uint32_t flags, struct answer *answer);
int volume_sync(struct volumes *volumes, uint32_t directory);
int volume_statfs(struct volumes *volumes, uint32_t number, struct answer *answer);
int volume_xattr_get(struct volumes *volumes, uint32_t number, const char *name,
		     struct answer *answer);
int volume_xattr_list(struct volumes *volumes, uint32_t number, struct answer *answer);

/* ---- Changes (volume_change.c); -EROFS where the volume is read-only ---- */

int volume_make(struct volumes *volumes, const struct volume_request *request, const char *name,
		const char *target, struct answer *answer);
int volume_link(struct volumes *volumes, uint32_t file, uint32_t directory, const char *name);
int volume_remove(struct volumes *volumes, uint32_t directory, const char *name, uint32_t flags);
int volume_rename(struct volumes *volumes, uint32_t from, const char *name, uint32_t to,
		  const char *new_name, uint32_t flags);
int volume_change(struct volumes *volumes, const struct volume_request *request);
int volume_allocate(struct volumes *volumes, const struct volume_request *request);
int volume_xattr_set(struct volumes *volumes, const struct volume_request *request,
		     const char *name, const void *value);
int volume_xattr_remove(struct volumes *volumes, uint32_t number, const char *name);

/* ---- Between the two ---- */

#define VOLUME_LINK_SIZE 40

/* The node's descriptor, or -ESTALE where it does not lie in its volume any more. */
int volume_node_use(const struct volumes *volumes, uint32_t number);
/* The same for a change: -EROFS. */
int volume_node_change(const struct volumes *volumes, uint32_t number);
/* A path by which calls that take no O_PATH descriptor reach the very file. */
const char *volume_node_link(int fd, char link[VOLUME_LINK_SIZE]);
/* A node's descriptor opened with flags: the caller's to close, or -errno. */
int volume_node_reopen(int fd, int flags);
static inline const struct volume *volume_of_node(const struct volumes *volumes, uint32_t number)
{
	return &volumes->list[volumes->nodes[number].volume];
}
/*
 * Answer the directory, and the file that fd is open on (O_PATH), as a new node; fd is taken over.
 */
int volume_answer_new(struct volumes *volumes, uint32_t directory, int fd, const char *name,
		      struct answer *answer);

#endif
