/* SPDX-License-Identifier: MIT */
/*
 * Rights: lists of open files on their way. How many each user has in flight is guarded by
 * unix_lock; a user without any is not kept.
 */
#include "net/rights.h"

#include <linux/capability.h>

#include "core/heap.h"
#include "net/unix_private.h"
#include "process/process.h"

struct rights_user {
	struct rights_user *next;
	u32 uid, count;
};

static struct rights_user *users;	/* unix_lock */

struct rights *rights_create(u32 room)
{
	struct rights *rights = heap_alloc(sizeof(*rights) + room * sizeof(rights->entries[0]));

	if (rights)
		*rights = (struct rights){ 0 };
	return rights;
}

struct rights *rights_copy(const struct rights *rights)
{
	struct rights *copy = rights_create(rights->count);

	if (!copy)
		return NULL;
	for (; copy->count < rights->count; copy->count++) {
		copy->entries[copy->count].file = rights->entries[copy->count].file;
		file_get(copy->entries[copy->count].file);
	}
	return copy;
}

static void rights_put(struct rights *rights)
{
	for (u32 i = 0; i < rights->count; i++)
		file_put(rights->entries[i].file);
	heap_free(rights);
}

void rights_free(struct rights *rights)
{
	struct thread *self = thread_current();
	struct list freed;

	if (rights->in_flight)
		rights_land(rights);
	if (self->freed_rights) {
		list_add_tail(&rights->node, self->freed_rights);
		return;
	}
	list_init(&freed);
	list_add_tail(&rights->node, &freed);
	self->freed_rights = &freed;
	/* What the collector finds comes into the same list. */
	while (!list_empty(&freed)) {
		rights = list_first(&freed, struct rights, node);
		list_remove(&rights->node);
		rights_put(rights);
	}
	self->freed_rights = NULL;
}

/* ---- In flight; unix_lock is held ---- */

static struct rights_user **user_find_locked(u32 uid)
{
	struct rights_user **link = &users;

	while (*link && (*link)->uid != uid)
		link = &(*link)->next;
	return link;
}

static bool user_has_too_many(const struct rights_user *user)
{
	const struct process *process = process_current();

	return user && user->count > process->limits[RLIMIT_NOFILE].rlim_cur &&
	       !credentials_capable(process->credentials, CAP_SYS_RESOURCE) &&
	       !credentials_capable(process->credentials, CAP_SYS_ADMIN);
}

static int user_charge_locked(u32 uid, u32 count)
{
	struct rights_user **link = user_find_locked(uid), *user = *link;

	if (user_has_too_many(user))
		return -ETOOMANYREFS;
	if (!user) {
		user = heap_alloc_zero(sizeof(*user));
		if (!user)
			return -ENOMEM;
		user->uid = uid;
		*link = user;
	}
	user->count += count;
	return 0;
}

static void user_uncharge_locked(u32 uid, u32 count)
{
	struct rights_user **link = user_find_locked(uid), *user = *link;

	user->count -= count;
	if (user->count)
		return;
	*link = user->next;
	heap_free(user);
}

int rights_launch(struct rights *rights)
{
	int error;

	rights->sender_uid = process_current()->credentials->uid;
	lock_acquire(&unix_lock);
	error = user_charge_locked(rights->sender_uid, rights->count);
	for (u32 i = 0; !error && i < rights->count; i++) {
		struct unix_socket *socket = unix_of_file(rights->entries[i].file);

		rights->entries[i].rights = rights;
		if (socket)
			unix_flight_add_locked(socket, &rights->entries[i]);
	}
	rights->in_flight = !error;
	lock_release(&unix_lock);
	return error;
}

void rights_land_locked(struct rights *rights)
{
	for (u32 i = 0; i < rights->count; i++) {
		struct unix_socket *socket = unix_of_file(rights->entries[i].file);

		if (socket)
			unix_flight_remove_locked(socket, &rights->entries[i]);
	}
	user_uncharge_locked(rights->sender_uid, rights->count);
	rights->in_flight = false;
}

void rights_land(struct rights *rights)
{
	lock_acquire(&unix_lock);
	rights_land_locked(rights);
	lock_release(&unix_lock);
}
