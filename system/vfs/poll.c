/* SPDX-License-Identifier: MIT */
/*
 * The sleep of poll and select: a waiter in each queue of each file, all of them unparking the
 * one thread. Waiters live in a table on the thread's stack, with further ones in heap chunks.
 * The caller's references keep the queues alive. No locks of its own.
 */
#include "vfs/poll.h"

#include "core/heap.h"

#define TABLE_INLINE	8
#define TABLE_CHUNK	60

struct table_entry {
	struct waiter waiter;
	struct wait_queue *queue;
};

struct table_chunk {
	struct table_chunk *next;
	u32 used;
	struct table_entry entries[TABLE_CHUNK];
};

struct poll_table {
	struct poll_request request;
	struct thread *thread;
	u32 mask;		/* what the file in hand is asked for */
	bool failed;		/* out of memory */
	u32 used;
	struct table_chunk *chunks;
	struct table_entry entries[TABLE_INLINE];
};

void poll_wait(struct poll_request *request, struct wait_queue *queue)
{
	if (request)
		request->link(request, queue);
}

static struct table_entry *table_entry_next(struct poll_table *table)
{
	struct table_chunk *chunk = table->chunks;

	if (table->used < TABLE_INLINE)
		return &table->entries[table->used++];
	if (!chunk || chunk->used == TABLE_CHUNK) {
		chunk = heap_alloc(sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->used = 0;
		chunk->next = table->chunks;
		table->chunks = chunk;
	}
	return &chunk->entries[chunk->used++];
}

static void table_link(struct poll_request *request, struct wait_queue *queue)
{
	struct poll_table *table = container_of(request, struct poll_table, request);
	struct table_entry *entry = table_entry_next(table);

	if (!entry) {
		table->failed = true;
		return;
	}
	entry->waiter = (struct waiter){ .thread = table->thread, .mask = table->mask };
	entry->queue = queue;
	wait_queue_add(queue, &entry->waiter);
}

static void table_release(struct poll_table *table)
{
	for (u32 i = 0; i < table->used; i++)
		wait_queue_remove(table->entries[i].queue, &table->entries[i].waiter);
	while (table->chunks) {
		struct table_chunk *chunk = table->chunks;

		for (u32 i = 0; i < chunk->used; i++)
			wait_queue_remove(chunk->entries[i].queue, &chunk->entries[i].waiter);
		table->chunks = chunk->next;
		heap_free(chunk);
	}
}

static int targets_look(struct poll_target *targets, u32 count, struct poll_table *table)
{
	int ready = 0;

	for (u32 i = 0; i < count; i++) {
		struct poll_target *target = &targets[i];

		if (target->file) {
			if (table)
				table->mask = target->wanted;
			target->found = target->wanted &
					file_poll(target->file, table ? &table->request : NULL);
		}
		ready += target->found != 0;
	}
	return ready;
}

int poll_targets(struct poll_target *targets, u32 count, u64 deadline_ns)
{
	struct poll_table table;
	int ready = targets_look(targets, count, NULL), parked = 0;
	u32 seen;

	if (ready || !deadline_ns)
		return ready;
	table.request = (struct poll_request){ .link = table_link };
	table.thread = thread_current();
	table.failed = false;
	table.used = 0;
	table.chunks = NULL;
	seen = thread_park_begin();
	ready = targets_look(targets, count, &table);
	if (!ready && table.failed)
		ready = -ENOMEM;
	while (!ready && parked != -ETIMEDOUT) {
		if (thread_interrupted()) {
			ready = -EINTR;
			break;
		}
		parked = thread_park(seen, deadline_ns);
		seen = thread_park_begin();
		ready = targets_look(targets, count, NULL);
	}
	table_release(&table);
	return ready;
}
