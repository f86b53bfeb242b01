/* SPDX-License-Identifier: MIT */
/* Tables of System V IPC objects, who may do what with one, and sleeping on one; see sysv_ids.h. */
#include "ipc/sysv_ids.h"

#include <linux/capability.h>

#include "core/heap.h"
#include "core/string.h"
#include "core/timer.h"
#include "core/wait.h"
#include "process/process.h"

#define CAPACITY_FIRST 16u
#define SEQUENCE_MAX (0x7fffffffu / IPC_INDEX_MAX)
#define NO_ID 0xffffffffu

/* ---- Finding ---- */

struct ipc_object *ipc_at_locked(struct ipc_table *table, s32 index)
{
	return index >= 0 && (u32)index < table->end ? table->objects[index] : NULL;
}

struct ipc_object *ipc_find_locked(struct ipc_table *table, s32 id)
{
	struct ipc_object *object = id < 0 ? NULL : ipc_at_locked(table, id % IPC_INDEX_MAX);

	if (!object)
		return ERROR_PTR(-EINVAL);
	return object->id == id ? object : ERROR_PTR(-EIDRM);
}

s32 ipc_highest_locked(const struct ipc_table *table)
{
	return table->end ? (s32)table->end - 1 : 0;
}

static struct ipc_object *key_find(struct ipc_table *table, s32 key)
{
	for (u32 i = 0; i < table->end; i++)
		if (table->objects[i] && table->objects[i]->key == key)
			return table->objects[i];
	return NULL;
}

long ipc_get_locked(struct ipc_table *table, s32 key, u32 flags,
		    int (*check)(const struct ipc_object *object, u64 size), u64 size, bool *make)
{
	struct ipc_object *found = key == IPC_PRIVATE ? NULL : key_find(table, key);
	int error;

	*make = !found && (key == IPC_PRIVATE || (flags & IPC_CREAT));
	if (!found)
		return -ENOENT;
	if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		return -EEXIST;
	error = check ? check(found, size) : 0;
	if (!error)
		error = ipc_permission(found, flags);
	return error ? error : found->id;
}

/* ---- Coming and going ---- */

static int table_grow(struct ipc_table *table)
{
	u32 capacity = MIN(MAX(table->capacity * 2, CAPACITY_FIRST), table->max);
	struct ipc_object **objects = heap_alloc_zero(capacity * sizeof(*objects));

	if (!objects)
		return -ENOMEM;
	if (table->end)
		memcpy(objects, table->objects, table->end * sizeof(*objects));
	heap_free(table->objects);
	table->objects = objects;
	table->capacity = capacity;
	return 0;
}

/* Of ids that follow each other none is the same soon, whatever was removed between. */
static s32 id_choose(struct ipc_table *table, u32 index)
{
	if (index < table->next_index)
		table->sequence = table->sequence >= SEQUENCE_MAX ? 0 : table->sequence + 1;
	table->next_index = index + 1;
	return (s32)(table->sequence * IPC_INDEX_MAX + index);
}

static void owner_set(struct ipc_object *object, s32 key, u32 flags)
{
	const struct credentials *credentials = process_current()->credentials;

	object->key = key;
	object->uid = object->cuid = credentials->euid;
	object->gid = object->cgid = credentials->egid;
	object->mode = (object->mode & ~0777u) | (flags & 0777);
	object->changed_s = ipc_now_s();
}

long ipc_add_locked(struct ipc_table *table, struct ipc_object *object, s32 key, u32 flags)
{
	u32 index = 0;

	lock_assert_held(&table->lock);
	if (table->count >= table->max)
		return -ENOSPC;
	while (index < table->end && table->objects[index])
		index++;
	if (index == table->capacity && table_grow(table))
		return -ENOMEM;
	owner_set(object, key, flags);
	object->id = id_choose(table, index);
	table->objects[index] = object;
	table->end = MAX(table->end, index + 1);
	table->count++;
	return object->id;
}

void ipc_remove_locked(struct ipc_table *table, struct ipc_object *object)
{
	lock_assert_held(&table->lock);
	table->objects[object->id % IPC_INDEX_MAX] = NULL;
	while (table->end && !table->objects[table->end - 1])
		table->end--;
	if (--table->count)
		return;
	/* A domain that uses none keeps none. */
	heap_free(table->objects);
	table->objects = NULL;
	table->capacity = 0;
}

/* ---- Rights ---- */

int ipc_permission(const struct ipc_object *object, u32 flags)
{
	const struct credentials *who = process_current()->credentials;
	u32 wanted = (flags >> 6 | flags >> 3 | flags) & 7, granted = object->mode;

	if (who->euid == object->uid || who->euid == object->cuid)
		granted >>= 6;
	else if (credentials_in_group(who, object->gid) || credentials_in_group(who, object->cgid))
		granted >>= 3;
	if ((wanted & ~granted & 7) && !credentials_capable(who, CAP_IPC_OWNER))
		return -EACCES;
	return 0;
}

int ipc_may_change(const struct ipc_object *object)
{
	const struct credentials *who = process_current()->credentials;

	if (who->euid == object->uid || who->euid == object->cuid ||
	    credentials_capable(who, CAP_SYS_ADMIN))
		return 0;
	return -EPERM;
}

/* ---- struct ipc64_perm ---- */

void ipc_show(const struct ipc_object *object, struct ipc64_perm *shown)
{
	*shown = (struct ipc64_perm){
		.key = object->key, .uid = object->uid, .gid = object->gid, .cuid = object->cuid,
		.cgid = object->cgid, .mode = object->mode,
		.seq = (u32)object->id / IPC_INDEX_MAX,
	};
}

int ipc_change(struct ipc_object *object, const struct ipc64_perm *wanted)
{
	if (wanted->uid == NO_ID || wanted->gid == NO_ID)
		return -EINVAL;
	object->uid = wanted->uid;
	object->gid = wanted->gid;
	object->mode = (object->mode & ~0777u) | (wanted->mode & 0777);
	object->changed_s = ipc_now_s();
	return 0;
}

s64 ipc_now_s(void)
{
	return (s64)(clock_realtime_coarse_ns() / 1000000000ull);
}

/* ---- Sleeping ---- */

void ipc_waiter_begin(struct ipc_waiter *waiter, struct list *list)
{
	waiter->thread = thread_current();
	waiter->status = IPC_WAITING;
	list_add_tail(&waiter->node, list);
}

/* With its status set the sleeper may go, and its stack with it. */
void ipc_waiter_end(struct ipc_waiter *waiter, int status)
{
	struct thread *thread = waiter->thread;

	list_remove(&waiter->node);
	store_release(&waiter->status, status);
	thread_unpark(thread);
}

int ipc_waiter_sleep(struct ipc_waiter *waiter, struct lock *lock, u64 deadline_ns)
{
	int result = 0;

	for (;;) {
		u32 seen = thread_park_begin();
		int status = load_acquire(&waiter->status);

		if (status != IPC_WAITING)
			return status;
		if (result == -ETIMEDOUT)
			break;
		if (thread_interrupted()) {
			result = -EINTR;
			break;
		}
		result = thread_park(seen, deadline_ns);
	}
	/* Who ends it meanwhile is believed. */
	lock_acquire(lock);
	if (waiter->status == IPC_WAITING) {
		list_remove(&waiter->node);
		waiter->status = result;
	}
	lock_release(lock);
	return waiter->status;
}
