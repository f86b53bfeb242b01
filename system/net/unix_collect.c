/* SPDX-License-Identifier: MIT */
/*
 * Sockets that are sent through sockets can come to be led to by each other alone: nobody can
 * receive them any more, and no count of references ever becomes zero.
 *
 * A socket is rooted that is not in flight, or whose file has references that are not. What waits
 * in a queue is led to by its holder, the queue's socket; for a connection that nobody accepted yet
 * that is the listener. Rights under way into a queue are led to by their sender. That something
 * loses its last root happens in two ways, and then it is searched backwards from there, over
 * flights and their holders, until the first root:
 *
 * - A reference from outside is dropped on a socket in flight. Its file is watched (vfs/file.h), so
 *   that the count and the flights are looked at together.
 * - Rights under way come into a queue, and one of the sockets among them has no root left.
 *
 * Where the search finds no root, all that it came over are suspects. What waits in their queues
 * explains their references; a suspect with others, and all that it leads to, is none. From the
 * rest all that waits is dropped, and with it the sockets themselves. Things that those alone led
 * to lose a reference by that, and are searched from in turn.
 *
 * All of it under unix_lock, which also counts what goes into flight and comes out, and under which
 * rights are queued. They are taken from a queue without it, by who has a reference on its file or
 * has ended it, and count as waiting there until they have landed: so long their holder is rooted.
 * A root that is about to go, such as a socket that ends, gives back what it led to, which is one
 * of the two ways. And that a socket has no root can't change under unix_lock: references on its
 * file come from others, or from a queue, where who peeks has one on the holder.
 */
#include "net/unix_private.h"

#include "vfs/file.h"

void unix_flight_add_locked(struct unix_socket *socket, struct right *right)
{
	list_add_tail(&right->flight_node, &socket->flights);
	if (!socket->in_flight++)
		file_watch(socket->socket.file);
}

void unix_flight_remove_locked(struct unix_socket *socket, struct right *right)
{
	list_remove(&right->flight_node);
	if (!--socket->in_flight)
		file_unwatch(socket->socket.file);
}

static bool is_rooted_locked(const struct unix_socket *socket)
{
	return !socket->in_flight || file_references(socket->socket.file) != socket->in_flight;
}

bool unix_rights_wait_locked(struct rights *rights, struct unix_socket *holder)
{
	rights->holder = holder;
	for (u32 i = 0; i < rights->count; i++) {
		struct unix_socket *socket = unix_of_file(rights->entries[i].file);

		if (socket && !is_rooted_locked(socket))
			return true;
	}
	return false;
}

/* ---- The search ---- */

/* Who leads to them, or NULL: they are under way. */
static struct unix_socket *holder_of_locked(const struct rights *rights)
{
	struct unix_socket *holder = rights->holder;

	return holder && holder->listener ? holder->listener : holder;
}

/* False: it is rooted. */
static bool suspect_add_locked(struct unix_socket *socket, struct list *suspects)
{
	if (is_rooted_locked(socket))
		return false;
	if (socket->garbage == GARBAGE_MAYBE)
		return true;
	socket->garbage = GARBAGE_MAYBE;
	socket->unexplained = socket->in_flight;
	list_add_tail(&socket->garbage_node, suspects);
	return true;
}

/* False: it leads back to a root. Adds to the list that it goes through. */
static bool suspects_search_locked(struct unix_socket *socket, struct list *suspects)
{
	struct right *right;

	if (!suspect_add_locked(socket, suspects))
		return false;
	list_for_each(socket, suspects, garbage_node) {
		list_for_each(right, &socket->flights, flight_node) {
			struct unix_socket *holder = holder_of_locked(right->rights);

			if (!holder || !suspect_add_locked(holder, suspects))
				return false;
		}
	}
	return true;
}

/* The first of them, which is none any more. */
static struct unix_socket *suspect_take(struct list *suspects)
{
	struct unix_socket *socket = list_first(suspects, struct unix_socket, garbage_node);

	list_remove(&socket->garbage_node);
	socket->garbage = GARBAGE_NO;
	return socket;
}

/* ---- Visiting the rights that wait in a socket ---- */

typedef void visit_rights(struct unix_message *message, struct list *found);

static void queue_visit(struct unix_queue *queue, visit_rights *visit, struct list *found)
{
	struct unix_message *message;

	lock_acquire(&queue->lock);
	list_for_each(message, &queue->messages, node)
		if (message->rights)
			visit(message, found);
	lock_release(&queue->lock);
}

/* What waits in sockets that a listener has not given to anybody yet waits in the listener. */
static void socket_visit_locked(struct unix_socket *socket, visit_rights *visit,
				struct list *found)
{
	struct unix_socket *ready;

	queue_visit(&socket->queue, visit, found);
	list_for_each(ready, &socket->ready, ready_node)
		queue_visit(&ready->queue, visit, found);
}

/* The suspect that a file is, or NULL. */
static struct unix_socket *suspect_of(const struct file *file)
{
	struct unix_socket *socket = unix_of_file(file);

	return socket && socket->garbage == GARBAGE_MAYBE ? socket : NULL;
}

static void rights_explain(struct unix_message *message, struct list *found)
{
	(void)found;
	for (u32 i = 0; i < message->rights->count; i++) {
		struct unix_socket *suspect = suspect_of(message->rights->entries[i].file);

		if (suspect)
			suspect->unexplained--;
	}
}

static void suspect_rescue(struct unix_socket *suspect, struct list *reachable)
{
	suspect->garbage = GARBAGE_NO;
	list_remove(&suspect->garbage_node);
	list_add_tail(&suspect->garbage_node, reachable);
}

static void rights_rescue(struct unix_message *message, struct list *reachable)
{
	for (u32 i = 0; i < message->rights->count; i++) {
		struct unix_socket *suspect = suspect_of(message->rights->entries[i].file);

		if (suspect)
			suspect_rescue(suspect, reachable);
	}
}

static void rights_take(struct unix_message *message, struct list *freed)
{
	list_add_tail(&message->rights->node, freed);
	message->rights = NULL;
}

/* ---- The collection ---- */

/* Leaves in the list those that are garbage. */
static void suspects_sift_locked(struct list *suspects)
{
	struct unix_socket *socket, *next;
	struct list reachable;

	list_init(&reachable);
	list_for_each(socket, suspects, garbage_node)
		socket_visit_locked(socket, rights_explain, NULL);
	list_for_each_safe(socket, next, suspects, garbage_node)
		if (socket->unexplained)
			suspect_rescue(socket, &reachable);
	while (!list_empty(&reachable)) {
		socket = list_first(&reachable, struct unix_socket, garbage_node);
		list_remove(&socket->garbage_node);
		socket_visit_locked(socket, rights_rescue, &reachable);
	}
}

/* Puts the rights that only suspects which are garbage led to into freed. */
static void garbage_find_locked(struct unix_socket *socket, struct list *freed)
{
	struct list suspects;

	list_init(&suspects);
	if (!suspects_search_locked(socket, &suspects)) {
		while (!list_empty(&suspects))
			suspect_take(&suspects);
		return;
	}
	suspects_sift_locked(&suspects);
	while (!list_empty(&suspects))
		socket_visit_locked(suspect_take(&suspects), rights_take, freed);
	for (struct list *node = freed->next; node != freed; node = node->next)
		rights_land_locked(list_entry(node, struct rights, node));
}

void unix_collect(struct unix_socket *socket)
{
	struct list freed;

	list_init(&freed);
	lock_acquire(&unix_lock);
	garbage_find_locked(socket, &freed);
	lock_release(&unix_lock);
	while (!list_empty(&freed)) {
		struct rights *rights = list_first(&freed, struct rights, node);

		list_remove(&rights->node);
		rights_free(rights);
	}
}

bool unix_put_watched(struct socket *socket)
{
	struct unix_socket *self = unix_of(socket);
	bool watched, stranded;

	lock_acquire(&unix_lock);
	watched = self->in_flight;
	if (watched)
		atomic_sub(&socket->file->references.count, 1);
	stranded = watched && !is_rooted_locked(self);
	if (stranded)
		unix_get(self);
	lock_release(&unix_lock);
	if (stranded) {
		unix_collect(self);
		unix_put(self);
	}
	return watched;
}
