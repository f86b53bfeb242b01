/* SPDX-License-Identifier: MIT */
/* Messages of local sockets, and emptying queues of them. Locks: unix_queue.lock. */
#include "core/heap.h"
#include "net/unix_private.h"

struct unix_message *unix_message_create(u32 size)
{
	struct unix_message *message = heap_alloc(sizeof(*message) + size);

	if (!message)
		return NULL;
	*message = (struct unix_message){ .size = size };
	refcount_init(&message->references, 1);
	list_init(&message->node);
	return message;
}

static void message_uncharge(struct unix_message *message)
{
	struct unix_socket *sender = message->sender;

	atomic_sub(&sender->sent, message->charge);
	if (unix_is_writable(sender))
		unix_wake_writer(sender);
	unix_put(sender);
}

void unix_message_put(struct unix_message *message)
{
	if (!refcount_put(&message->references))
		return;
	if (message->sender)
		message_uncharge(message);
	if (message->rights)
		rights_free(message->rights);
	heap_free(message);
}

/* Whether there was anything. close: and nothing is let in from now on. */
static bool queue_empty(struct unix_queue *queue, bool close)
{
	struct list dropped;
	bool any;

	list_init(&dropped);
	lock_acquire(&queue->lock);
	queue->closed |= close;
	queue->count = 0;
	list_splice_tail(&queue->messages, &dropped);
	lock_release(&queue->lock);
	any = !list_empty(&dropped);
	while (!list_empty(&dropped)) {
		struct unix_message *message = list_first(&dropped, struct unix_message, node);

		list_remove(&message->node);
		unix_message_put(message);
	}
	return any;
}

bool unix_queue_empty(struct unix_queue *queue)
{
	return queue_empty(queue, false);
}

bool unix_queue_close(struct unix_queue *queue)
{
	return queue_empty(queue, true);
}
