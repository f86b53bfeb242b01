/* SPDX-License-Identifier: MIT */
/*
 * Sockets that are sent through sockets can come to be led to by each other alone: nobody can
 * receive them any more, and no count of references ever becomes zero. Whenever a local socket is
 * released, or a reference goes on one in flight, those in flight are looked through.
 *
 * A candidate is a socket all of whose file's references are in flight. What waits in the queues of
 * candidates explains some of those; a candidate with others, and all that it leads to, can be
 * reached. The rest is garbage: what waits in it is dropped, and with it the sockets themselves.
 *
 * All of it under unix_lock, which also counts what goes into flight and comes out. Rights are
 * counted before they are queued and until after they were taken from the queue, so that those
 * under way are unexplained. And a candidate's queue can only be used by who has its file.
 */
#include "net/unix_private.h"

#include "vfs/file.h"

static struct list flying = { &flying, &flying };	/* flight_node; unix_lock */

void unix_flight_add_locked(struct unix_socket *socket)
{
	if (!socket->in_flight++)
		list_add_tail(&socket->flight_node, &flying);
}

void unix_flight_remove_locked(struct unix_socket *socket)
{
	if (!--socket->in_flight)
		list_remove(&socket->flight_node);
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

/* The candidate that a file is, or NULL. */
static struct unix_socket *candidate_of(const struct file *file)
{
	struct unix_socket *socket = unix_of_file(file);

	return socket && socket->garbage == GARBAGE_MAYBE ? socket : NULL;
}

static void rights_explain(struct unix_message *message, struct list *found)
{
	(void)found;
	for (u32 i = 0; i < message->rights->count; i++) {
		struct unix_socket *candidate = candidate_of(message->rights->files[i]);

		if (candidate)
			candidate->unexplained--;
	}
}

static void candidate_rescue(struct unix_socket *candidate, struct list *reachable)
{
	candidate->garbage = GARBAGE_NO;
	list_remove(&candidate->garbage_node);
	list_add_tail(&candidate->garbage_node, reachable);
}

static void rights_rescue(struct unix_message *message, struct list *reachable)
{
	for (u32 i = 0; i < message->rights->count; i++) {
		struct unix_socket *candidate = candidate_of(message->rights->files[i]);

		if (candidate)
			candidate_rescue(candidate, reachable);
	}
}

static void rights_take(struct unix_message *message, struct list *freed)
{
	list_add_tail(&message->rights->node, freed);
	message->rights = NULL;
}

/* ---- The collection ---- */

static void candidates_find_locked(struct list *candidates, const struct unix_socket *closing)
{
	struct unix_socket *socket;

	list_for_each(socket, &flying, flight_node) {
		u32 references = READ_ONCE(socket->socket.file->references.count);

		if (references - (socket == closing) != socket->in_flight)
			continue;
		socket->garbage = GARBAGE_MAYBE;
		socket->unexplained = socket->in_flight;
		list_add_tail(&socket->garbage_node, candidates);
	}
}

/* Leaves in the list those that are garbage. */
static void candidates_sift_locked(struct list *candidates)
{
	struct unix_socket *socket, *next;
	struct list reachable;

	list_init(&reachable);
	list_for_each(socket, candidates, garbage_node)
		socket_visit_locked(socket, rights_explain, NULL);
	list_for_each_safe(socket, next, candidates, garbage_node)
		if (socket->unexplained)
			candidate_rescue(socket, &reachable);
	while (!list_empty(&reachable)) {
		socket = list_first(&reachable, struct unix_socket, garbage_node);
		list_remove(&socket->garbage_node);
		socket_visit_locked(socket, rights_rescue, &reachable);
	}
}

void unix_collect(const struct unix_socket *closing)
{
	struct list candidates, freed;

	if (list_empty(&flying))
		return;
	list_init(&candidates);
	list_init(&freed);
	lock_acquire(&unix_lock);
	candidates_find_locked(&candidates, closing);
	candidates_sift_locked(&candidates);
	while (!list_empty(&candidates)) {
		struct unix_socket *socket =
			list_first(&candidates, struct unix_socket, garbage_node);

		list_remove(&socket->garbage_node);
		socket->garbage = GARBAGE_NO;
		socket_visit_locked(socket, rights_take, &freed);
	}
	for (struct list *node = freed.next; node != &freed; node = node->next)
		rights_land_locked(list_entry(node, struct rights, node));
	lock_release(&unix_lock);
	while (!list_empty(&freed)) {
		struct rights *rights = list_first(&freed, struct rights, node);

		list_remove(&rights->node);
		rights_free(rights);
	}
}
