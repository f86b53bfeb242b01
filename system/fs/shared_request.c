/* SPDX-License-Identifier: MIT */
/*
 * Requests about nodes of volumes; see shared.h.
 *
 * Nodes that are not needed any more are told of by the dozen, before a request: who lets go of an
 * inode may hold locks, and must not wait. Locks: forget_lock (LOCK_INODE_CACHE) for their list;
 * LOCK_CHANNEL from an answer to request_end().
 */
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/file_handle.h"
#include "fs/shared.h"

#define FORGET_BATCH	32u
#define FORGET_MAX	1024u		/* in one message */

static struct lock forget_lock = LOCK_INIT(LOCK_INODE_CACHE);
static struct shared_node *forgotten;
static u32 forgotten_count;

void shared_node_forget(struct shared_node *node)
{
	lock_acquire(&forget_lock);
	node->next = forgotten;
	forgotten = node;
	forgotten_count++;
	lock_release(&forget_lock);
}

/* Tells the monitor of some nodes. False: there are none, or no memory to do it. */
static bool forget_some(void)
{
	u32 *numbers = heap_alloc(FORGET_MAX * sizeof(*numbers)), count = 0;
	struct shared_node *nodes = NULL;

	if (!numbers)
		return false;
	lock_acquire(&forget_lock);
	while (forgotten && count < FORGET_MAX) {
		struct shared_node *node = forgotten;

		forgotten = node->next;
		forgotten_count--;
		numbers[count++] = node->number;
		node->next = nodes;
		nodes = node;
	}
	lock_release(&forget_lock);
	if (count)
		request_tell(REQ_VOLUME_FORGET, count, numbers, count * sizeof(*numbers));
	heap_free(numbers);
	while (nodes) {
		struct shared_node *next = nodes->next;

		heap_free(nodes);
		nodes = next;
	}
	return count;
}

struct shared_call shared_call_for(const struct inode *inode, u32 what)
{
	return (struct shared_call){ .request = { .what = what, .node = inode->node->number },
				     .handle = -1 };
}

static int call_send(struct shared_call *call, const char *data, u32 size)
{
	struct request request = { .op = REQ_VOLUME, .data_size = size };
	int error;

	do {
		error = request_begin(&request, data, &call->reply, &call->handle, 1);
		if (!error && !call->reply.handles)
			call->handle = -1;
		/* Too many nodes: some of them may be needed no more. */
	} while (error == -ENFILE && forget_some());
	return error;
}

int shared_call_begin(struct shared_call *call)
{
	size_t size = sizeof(call->request) + call->name_size + call->value_size + 2;
	char *data, *at;
	int error;

	if (size > REQUEST_DATA_MAX)
		return -ENAMETOOLONG;
	if (READ_ONCE(forgotten_count) >= FORGET_BATCH)
		forget_some();
	data = heap_alloc(size);
	if (!data)
		return -ENOMEM;
	call->request.name_size = (u32)call->name_size;
	call->request.value_size = (u32)call->value_size;
	memcpy(data, &call->request, sizeof(call->request));
	at = data + sizeof(call->request);
	memcpy(at, call->name, call->name_size);
	at += call->name_size;
	*at++ = '\0';
	memcpy(at, call->value, call->value_size);
	at[call->value_size] = '\0';
	error = call_send(call, data, (u32)size);
	heap_free(data);
	return error;
}

int shared_call_result(struct shared_call *call)
{
	int error = shared_call_begin(call);

	if (!error)
		request_end();
	return error;
}
