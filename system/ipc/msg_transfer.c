/* SPDX-License-Identifier: MIT */
/*
 * msgsnd(2) and msgrcv(2). A message is copied into the heap before the lock is taken; a receiver
 * that waits is given it directly, and a sender that waits has its own put in the queue by whoever
 * made room: so both are served in their order. Lock: msg_table.lock (LOCK_IPC).
 */
#include "core/heap.h"
#include "core/string.h"
#include "core/wait.h"
#include "ipc/msg_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

/* What a receiver wants. */
struct selection {
	enum { SELECT_ANY, SELECT_EQUAL, SELECT_OTHER, SELECT_LOWEST, SELECT_NTH } kind;
	long type;		/* SELECT_NTH: how many come before it */
	size_t size_max;
	bool cut;		/* MSG_NOERROR */
};

struct sender {
	struct ipc_waiter waiter;	/* first */
	struct message *message;	/* NULL: the queue has it */
	u32 pid;
};

struct receiver {
	struct ipc_waiter waiter;	/* first */
	struct selection selection;
	struct message *message;
	u32 pid;
};

/* ---- Queues ---- */

static bool message_matches(const struct message *message, const struct selection *selection)
{
	switch (selection->kind) {
	case SELECT_EQUAL:
		return message->type == selection->type;
	case SELECT_OTHER:
		return message->type != selection->type;
	case SELECT_LOWEST:
		return message->type <= selection->type;
	default:
		return true;
	}
}

static struct message *message_select(struct msg_queue *queue, const struct selection *selection)
{
	struct message *message, *found = NULL;
	long skipped = 0;

	list_for_each(message, &queue->messages, node) {
		if (!message_matches(message, selection))
			continue;
		if (selection->kind == SELECT_NTH && skipped++ < selection->type)
			continue;
		if (selection->kind != SELECT_LOWEST)
			return message;
		if (!found || message->type < found->type)
			found = message;
	}
	return found;
}

static bool message_fits(const struct msg_queue *queue, const struct message *message)
{
	return queue->bytes + message->size <= queue->bytes_max &&
	       queue->message_count + 1ul <= queue->bytes_max;
}

static void message_enqueue_locked(struct msg_queue *queue, struct message *message)
{
	list_add_tail(&message->node, &queue->messages);
	queue->message_count++;
	queue->bytes += message->size;
	msg_count_total++;
	msg_bytes_total += message->size;
}

static void message_dequeue_locked(struct msg_queue *queue, struct message *message)
{
	list_remove(&message->node);
	queue->message_count--;
	queue->bytes -= message->size;
	msg_count_total--;
	msg_bytes_total -= message->size;
}

static void note_received_locked(struct msg_queue *queue, u32 pid)
{
	queue->last_receiver = pid;
	queue->received_s = ipc_now_s();
}

/* To the first receiver that wants it; those that want it and are too small for it end. */
static bool message_hand_over_locked(struct msg_queue *queue, struct message *message)
{
	struct receiver *receiver, *next;

	list_for_each_safe(receiver, next, &queue->receivers, waiter.node) {
		if (!message_matches(message, &receiver->selection))
			continue;
		if (message->size > receiver->selection.size_max && !receiver->selection.cut) {
			ipc_waiter_end(&receiver->waiter, -E2BIG);
			continue;
		}
		receiver->message = message;
		note_received_locked(queue, receiver->pid);
		ipc_waiter_end(&receiver->waiter, 0);
		return true;
	}
	return false;
}

static void message_put_locked(struct msg_queue *queue, struct message *message, u32 pid)
{
	queue->last_sender = pid;
	queue->sent_s = ipc_now_s();
	if (!message_hand_over_locked(queue, message))
		message_enqueue_locked(queue, message);
}

/* A long message that waits does not hold up shorter ones behind it. */
void msg_senders_look_locked(struct msg_queue *queue)
{
	struct sender *sender, *next;

	list_for_each_safe(sender, next, &queue->senders, waiter.node) {
		if (!message_fits(queue, sender->message))
			continue;
		message_put_locked(queue, sender->message, sender->pid);
		sender->message = NULL;
		ipc_waiter_end(&sender->waiter, 0);
	}
}

void msg_sleepers_end_locked(struct msg_queue *queue, int error)
{
	struct list *const lists[] = { &queue->senders, &queue->receivers };

	for (u32 i = 0; i < ARRAY_SIZE(lists); i++)
		while (!list_empty(lists[i]))
			ipc_waiter_end(list_first(lists[i], struct ipc_waiter, node), error);
}

/* ---- msgsnd ---- */

/* The message is the queue's: 0; IPC_WAITING; or -errno. */
static int send_begin_locked(s32 id, struct sender *sender, bool nonblock)
{
	struct msg_queue *queue = (struct msg_queue *)ipc_find_locked(&msg_table, id);
	int error;

	if (IS_ERROR(queue))
		return (int)PTR_ERROR(queue);
	error = ipc_permission(&queue->object, IPC_MAY_WRITE);
	if (error)
		return error;
	if (!message_fits(queue, sender->message)) {
		if (nonblock)
			return -EAGAIN;
		ipc_waiter_begin(&sender->waiter, &queue->senders);
		return IPC_WAITING;
	}
	message_put_locked(queue, sender->message, sender->pid);
	sender->message = NULL;
	return 0;
}

/* Takes over the message. */
static long message_send(s32 id, struct message *message, bool nonblock)
{
	struct sender sender = { .message = message, .pid = process_current()->pid };
	struct wake_list wakes;
	int result;

	wake_list_begin(&wakes);
	lock_acquire(&msg_table.lock);
	result = send_begin_locked(id, &sender, nonblock);
	lock_release(&msg_table.lock);
	wake_list_end(&wakes);
	if (result == IPC_WAITING)
		result = ipc_waiter_sleep(&sender.waiter, &msg_table.lock, FOREVER);
	heap_free(sender.message);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

long sys_msgsnd(int id, uptr from, size_t size, u64 flags)
{
	struct message *message;
	long type;

	if (get_user(type, from))
		return -EFAULT;
	if (size > MSGMAX || id < 0 || type < 1)
		return -EINVAL;
	message = heap_alloc(sizeof(*message) + size);
	if (!message)
		return -ENOMEM;
	message->type = type;
	message->size = size;
	if (copy_from_user(message->text, from + sizeof(type), size)) {
		heap_free(message);
		return -EFAULT;
	}
	return message_send(id, message, (int)flags & IPC_NOWAIT);
}

/* ---- msgrcv ---- */

static struct selection selection_of(long type, size_t size, int flags)
{
	struct selection selection = {
		.kind = SELECT_EQUAL, .type = type, .size_max = size, .cut = flags & MSG_NOERROR,
	};

	if (flags & MSG_COPY) {
		selection.kind = SELECT_NTH;
	} else if (!type) {
		selection.kind = SELECT_ANY;
	} else if (type < 0) {
		selection.kind = SELECT_LOWEST;
		selection.type = type == INT64_MIN ? INT64_MAX : -type;
	} else if (flags & MSG_EXCEPT) {
		selection.kind = SELECT_OTHER;
	}
	return selection;
}

/* For MSG_COPY: in the place of one that was taken. */
static struct message *message_copy(const struct message *message)
{
	struct message *copy = heap_alloc(sizeof(*copy) + message->size);

	if (!copy)
		return NULL;
	memcpy(copy, message, sizeof(*copy) + message->size);
	return copy;
}

/* 0 with receiver->message; IPC_WAITING; or -errno. */
static int receive_begin_locked(s32 id, struct receiver *receiver, bool nonblock)
{
	struct msg_queue *queue = (struct msg_queue *)ipc_find_locked(&msg_table, id);
	const struct selection *selection = &receiver->selection;
	struct message *message;
	int error;

	if (IS_ERROR(queue))
		return (int)PTR_ERROR(queue);
	error = ipc_permission(&queue->object, IPC_MAY_READ);
	if (error)
		return error;
	message = message_select(queue, selection);
	if (!message) {
		if (nonblock)
			return -ENOMSG;
		ipc_waiter_begin(&receiver->waiter, &queue->receivers);
		return IPC_WAITING;
	}
	if (message->size > selection->size_max && !selection->cut)
		return -E2BIG;
	if (selection->kind == SELECT_NTH) {
		if (message->size > selection->size_max)
			return -EINVAL;
		receiver->message = message_copy(message);
		return receiver->message ? 0 : -ENOMEM;
	}
	message_dequeue_locked(queue, message);
	note_received_locked(queue, receiver->pid);
	receiver->message = message;
	msg_senders_look_locked(queue);
	return 0;
}

static long message_deliver(const struct message *message, size_t size, uptr to)
{
	size = MIN(size, message->size);
	if (put_user(message->type, to) ||
	    copy_to_user(to + sizeof(message->type), message->text, size))
		return -EFAULT;
	return (long)size;
}

static long message_receive(s32 id, uptr to, const struct selection *selection, bool nonblock)
{
	struct receiver receiver = { .selection = *selection, .pid = process_current()->pid };
	struct wake_list wakes;
	long result;

	wake_list_begin(&wakes);
	lock_acquire(&msg_table.lock);
	result = receive_begin_locked(id, &receiver, nonblock);
	lock_release(&msg_table.lock);
	wake_list_end(&wakes);
	if (result == IPC_WAITING)
		result = ipc_waiter_sleep(&receiver.waiter, &msg_table.lock, FOREVER);
	if (!result)
		result = message_deliver(receiver.message, selection->size_max, to);
	heap_free(receiver.message);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

long sys_msgrcv(int id, uptr to, size_t size, long type, u64 flags_argument)
{
	int flags = (int)flags_argument;
	struct selection selection = selection_of(type, size, flags);

	if (id < 0 || (long)size < 0)
		return -EINVAL;
	if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	return message_receive(id, to, &selection, flags & IPC_NOWAIT);
}
