/* SPDX-License-Identifier: MIT */
/*
 * What of the overlay waits to be free.
 *
 * What a change frees may be used again only when that change is durable: until then it waits in a
 * list, and moves on with the sync that began after it came. Where much waits, whoever frees more
 * makes the sync.
 *
 * Locks: overlay_lock; what moves on with a sync belongs to whoever holds that.
 */
#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/list.h"
#include "core/lock.h"
#include "fs/overlay_parts.h"

#define WAITING_MAX	(64ull << 20)	/* bytes that wait before a sync is made for them */

/* A run, a slot or an object. */
struct waiting {
	struct list node;
	u64 offset, size;
	struct overlay_slot *slot;
	u64 object;
};

static struct list waiting = { &waiting, &waiting };	/* for the next sync to begin */
static struct list syncing = { &syncing, &syncing };	/* for the sync that runs */
static u64 waiting_bytes;

static void wait_for_sync(const struct waiting *what, u64 bytes)
{
	struct waiting *item = heap_alloc(sizeof(*item));

	/* Without memory it comes back at the next start, which finds it unused. */
	if (!item)
		return;
	*item = *what;
	lock_acquire(&overlay_lock);
	list_add_tail(&item->node, &waiting);
	waiting_bytes += bytes;
	lock_release(&overlay_lock);
}

void space_free_later(u64 offset, u64 size)
{
	wait_for_sync(&(struct waiting){ .offset = offset, .size = size }, size);
}

void slot_put_later(struct overlay_slot *slot)
{
	wait_for_sync(&(struct waiting){ .slot = slot }, 0);
}

void overlay_object_free(u64 id, u64 bytes)
{
	wait_for_sync(&(struct waiting){ .object = id }, bytes);
}

bool space_sync(void)
{
	bool waits;

	lock_acquire(&overlay_lock);
	waits = !list_empty(&waiting);
	lock_release(&overlay_lock);
	/* Also where all changes are durable already: what waits came after that. */
	return waits && !overlay_sync_now();
}

u64 space_waiting_bytes(void)
{
	return READ_ONCE(waiting_bytes);
}

bool space_waits_for_sync(void)
{
	return space_waiting_bytes() > WAITING_MAX;
}

void space_sync_begin(void)
{
	lock_acquire(&overlay_lock);
	list_splice_tail(&waiting, &syncing);
	waiting_bytes = 0;
	lock_release(&overlay_lock);
}

static struct waiting *synced_take(void)
{
	struct waiting *item = NULL;

	lock_acquire(&overlay_lock);
	if (!list_empty(&syncing)) {
		item = list_first(&syncing, struct waiting, node);
		list_remove(&item->node);
	}
	lock_release(&overlay_lock);
	return item;
}

static void objects_delete(const u64 *ids, u32 count)
{
	struct request request = { .op = REQ_OBJECT_DELETE, .count = count,
				   .data_size = count * sizeof(*ids) };
	struct reply reply;

	if (count && !request_begin(&request, (const char *)ids, &reply, NULL, 0))
		request_end();
}

void space_sync_end(bool done)
{
	u64 ids[REQUEST_OPEN_MAX];
	struct waiting *item;
	u32 count = 0;

	/* What did not get to the disk waits for a sync that does. */
	while (done && (item = synced_take())) {
		if (item->size) {
			holes_note_freed(item->offset, item->size);
			space_free(item->offset, item->size);
		} else if (item->slot) {
			slot_put(item->slot);
		} else {
			ids[count++] = item->object;
		}
		heap_free(item);
		if (count == ARRAY_SIZE(ids)) {
			objects_delete(ids, count);
			count = 0;
		}
	}
	objects_delete(ids, count);
}
