/* SPDX-License-Identifier: MIT */
/*
 * Messages of POSIX queues: sending, receiving, and telling of one that came. As in msg_transfer.c
 * a receiver that waits is given the message directly, and whoever makes room puts the message of
 * the first sender that waits in the queue. Lock: mq_lock (LOCK_IPC).
 */
#include <asm/poll.h>
#include <linux/time_types.h>

#include "core/futex.h"
#include "core/heap.h"
#include "core/string.h"
#include "core/timer.h"
#include "ipc/mq_private.h"
#include "ipc/sysv_ids.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"
#include "syscalls.h"

struct mq_message {
	struct list node;
	u32 priority;
	size_t size;
	char text[];
};

/* Sends message (NULL: it was taken), or waits for one. */
struct mq_sleeper {
	struct ipc_waiter waiter;	/* first */
	struct mq_message *message;
};

/* ---- Notification ---- */

static void notify_end_locked(struct mq *mq)
{
	process_put(mq->notified);
	mq->notified = NULL;
}

/* Once: then the process is free to ask again. */
static void notify_locked(struct mq *mq)
{
	const struct process *sender = process_current();
	signal_info info = {
		.si_signo = mq->notify_signal, .si_code = SI_MESGQ, .si_pid = (int)sender->pid,
		.si_uid = sender->credentials->uid,
	};

	info.si_value.sival_ptr = (void *)mq->notify_value;
	if (mq->notify_kind == SIGEV_SIGNAL && mq->notify_signal)
		signal_send_process(mq->notified, &info);
	notify_end_locked(mq);
}

static long notify_request_locked(struct mq *mq, const struct sigevent *event)
{
	if (mq->notified)
		return -EBUSY;
	mq->notified = process_current();
	process_get(mq->notified);
	mq->notify_kind = event->sigev_notify;
	mq->notify_signal = event->sigev_signo;
	mq->notify_value = (u64)event->sigev_value.sival_ptr;
	return 0;
}

static void notify_withdraw(struct mq *mq)
{
	lock_acquire(&mq_lock);
	if (mq->notified == process_current())
		notify_end_locked(mq);
	lock_release(&mq_lock);
}

/* SIGEV_THREAD is told by a netlink socket, of which there are none. */
static long notify_check(const struct sigevent *event)
{
	switch (event->sigev_notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL:
		return event->sigev_signo < 0 || event->sigev_signo > SIGNAL_COUNT ? -EINVAL : 0;
	case SIGEV_THREAD:
		return -EBADF;
	default:
		return -EINVAL;
	}
}

long sys_mq_notify(int fd, uptr address)
{
	struct sigevent event;
	struct file *file;
	long result = 0;

	if (address && get_user(event, address))
		return -EFAULT;
	if (address)
		result = notify_check(&event);
	if (result)
		return result;
	file = current_fd_get(fd);
	if (!file)
		return -EBADF;
	if (!mq_of(file)) {
		result = -EBADF;
	} else if (!address) {
		notify_withdraw(mq_of(file));
	} else {
		lock_acquire(&mq_lock);
		result = notify_request_locked(mq_of(file), &event);
		lock_release(&mq_lock);
	}
	file_put(file);
	return result;
}

/* ---- Queues ---- */

static void message_insert_locked(struct mq *mq, struct mq_message *message)
{
	struct list *place = mq->messages.prev;

	while (place != &mq->messages &&
	       list_entry(place, struct mq_message, node)->priority < message->priority)
		place = place->prev;
	list_add(&message->node, place);
	mq->count++;
	mq->bytes += message->size;
}

/* To the first who waits for one, else into the queue. */
static void message_put_locked(struct mq *mq, struct mq_message *message)
{
	if (!list_empty(&mq->receivers)) {
		struct mq_sleeper *receiver = (struct mq_sleeper *)list_first(
			&mq->receivers, struct ipc_waiter, node);

		receiver->message = message;
		ipc_waiter_end(&receiver->waiter, 0);
		return;
	}
	message_insert_locked(mq, message);
	if (mq->count == 1 && mq->notified)
		notify_locked(mq);
}

static struct mq_message *message_take_locked(struct mq *mq)
{
	struct mq_message *message = list_first(&mq->messages, struct mq_message, node);

	list_remove(&message->node);
	mq->count--;
	mq->bytes -= message->size;
	if (!list_empty(&mq->senders)) {
		struct mq_sleeper *sender = (struct mq_sleeper *)list_first(
			&mq->senders, struct ipc_waiter, node);

		message_put_locked(mq, sender->message);
		sender->message = NULL;
		ipc_waiter_end(&sender->waiter, 0);
	}
	return message;
}

void mq_release_content(struct mq *mq)
{
	struct mq_message *message, *next;

	list_for_each_safe(message, next, &mq->messages, node)
		heap_free(message);
	if (mq->notified)
		process_put(mq->notified);
}

/* ---- Sending and receiving ---- */

/* 0, IPC_WAITING or -EAGAIN. */
static int send_begin_locked(struct mq *mq, struct mq_sleeper *sender, bool nonblock)
{
	if (mq->count < mq->messages_max) {
		message_put_locked(mq, sender->message);
		sender->message = NULL;
		return 0;
	}
	if (nonblock)
		return -EAGAIN;
	ipc_waiter_begin(&sender->waiter, &mq->senders);
	return IPC_WAITING;
}

static int receive_begin_locked(struct mq *mq, struct mq_sleeper *receiver, bool nonblock)
{
	if (mq->count) {
		receiver->message = message_take_locked(mq);
		return 0;
	}
	if (nonblock)
		return -EAGAIN;
	ipc_waiter_begin(&receiver->waiter, &mq->receivers);
	return IPC_WAITING;
}

/* The two directions have all but their first step in common. */
static long transfer(struct file *file, struct mq_sleeper *sleeper, u64 deadline_ns,
		     int (*begin_locked)(struct mq *mq, struct mq_sleeper *sleeper, bool nonblock))
{
	struct mq *mq = mq_of(file);
	struct wake_list wakes;
	int result;

	wake_list_begin(&wakes);
	lock_acquire(&mq_lock);
	result = begin_locked(mq, sleeper, file->flags & O_NONBLOCK);
	lock_release(&mq_lock);
	wake_list_end(&wakes);
	if (result == IPC_WAITING)
		result = ipc_waiter_sleep(&sleeper->waiter, &mq_lock, deadline_ns);
	if (!result) {
		if (!wait_queue_idle(&mq->poll_queue))
			wait_queue_wake_all(&mq->poll_queue, 0);
		inode_touch_modified(file->inode);
	}
	return result == -EINTR ? -ERESTARTSYS : result;
}

/* An instant of CLOCK_REALTIME as one of CLOCK_MONOTONIC; FOREVER where none is given. */
static long deadline_read(uptr timeout, u64 *deadline_ns)
{
	struct __kernel_timespec time;
	u64 now = clock_realtime_ns(), until;

	*deadline_ns = FOREVER;
	if (!timeout)
		return 0;
	if (get_user(time, timeout))
		return -EFAULT;
	if (time.tv_sec < 0 || (u64)time.tv_nsec >= NS_PER_SECOND)
		return -EINVAL;
	if (time.tv_sec >= (s64)(FOREVER / 2 / NS_PER_SECOND))
		return 0;
	until = (u64)time.tv_sec * NS_PER_SECOND + (u64)time.tv_nsec;
	*deadline_ns = clock_monotonic_ns() + (until > now ? until - now : 0);
	return 0;
}

static struct file *queue_get(int fd, bool to_write)
{
	struct file *file = current_fd_get(fd);

	if (!file)
		return NULL;
	if (mq_of(file) && (to_write ? FILE_WRITABLE(file) : FILE_READABLE(file)))
		return file;
	file_put(file);
	return NULL;
}

static struct mq_message *message_from_user(uptr text, size_t size, u32 priority)
{
	struct mq_message *message = heap_alloc(sizeof(*message) + size);

	if (!message)
		return ERROR_PTR(-ENOMEM);
	message->priority = priority;
	message->size = size;
	if (!copy_from_user(message->text, text, size))
		return message;
	heap_free(message);
	return ERROR_PTR(-EFAULT);
}

static long message_send(struct file *file, uptr text, size_t size, u32 priority, u64 deadline_ns)
{
	struct mq_sleeper sender = { 0 };
	long result;

	if (size > mq_of(file)->size_max)
		return -EMSGSIZE;
	sender.message = message_from_user(text, size, priority);
	if (IS_ERROR(sender.message))
		return PTR_ERROR(sender.message);
	result = transfer(file, &sender, deadline_ns, send_begin_locked);
	heap_free(sender.message);
	return result;
}

long sys_mq_timedsend(int fd, uptr text, size_t size, u32 priority, uptr timeout)
{
	struct file *file;
	u64 deadline_ns;
	long result = deadline_read(timeout, &deadline_ns);

	if (result)
		return result;
	if (priority >= MQ_PRIORITY_COUNT)
		return -EINVAL;
	file = queue_get(fd, true);
	if (!file)
		return -EBADF;
	result = message_send(file, text, size, priority, deadline_ns);
	file_put(file);
	return result;
}

static long message_receive(struct file *file, uptr text, size_t size, uptr priority,
			    u64 deadline_ns)
{
	struct mq_sleeper receiver = { 0 };
	const struct mq_message *message;
	long result;

	if (size < mq_of(file)->size_max)
		return -EMSGSIZE;
	result = transfer(file, &receiver, deadline_ns, receive_begin_locked);
	if (result)
		return result;
	message = receiver.message;
	result = (priority && put_user(message->priority, priority)) ||
				 copy_to_user(text, message->text, message->size)
			 ? -EFAULT
			 : (long)message->size;
	heap_free(receiver.message);
	return result;
}

long sys_mq_timedreceive(int fd, uptr text, size_t size, uptr priority, uptr timeout)
{
	struct file *file;
	u64 deadline_ns;
	long result = deadline_read(timeout, &deadline_ns);

	if (result)
		return result;
	file = queue_get(fd, false);
	if (!file)
		return -EBADF;
	result = message_receive(file, text, size, priority, deadline_ns);
	file_put(file);
	return result;
}

/* ---- The file ---- */

static u32 mq_poll(struct file *file, struct poll_request *request)
{
	struct mq *mq = mq_of(file);
	u32 state = 0;

	poll_wait(request, &mq->poll_queue);
	lock_acquire(&mq_lock);
	if (mq->count)
		state |= POLLIN | POLLRDNORM;
	if (mq->count < mq->messages_max)
		state |= POLLOUT | POLLWRNORM;
	lock_release(&mq_lock);
	return state;
}

static ssize_t mq_read(struct file *file, struct iter *to, u64 *offset)
{
	struct mq *mq = mq_of(file);
	size_t size, copied;
	char text[96];
	bool by_signal;

	lock_acquire(&mq_lock);
	by_signal = mq->notified && mq->notify_kind == SIGEV_SIGNAL;
	size = (size_t)format(text, sizeof(text),
			      "QSIZE:%-10llu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6u\n",
			      (unsigned long long)mq->bytes, mq->notified ? mq->notify_kind : 0,
			      by_signal ? mq->notify_signal : 0,
			      mq->notified ? mq->notified->pid : 0);
	lock_release(&mq_lock);
	if (*offset >= size)
		return 0;
	copied = iter_copy_to(to, text + *offset, MIN(to->left, size - *offset));
	*offset += copied;
	return copied ? (ssize_t)copied : -EFAULT;
}

static loff_t mq_seek(struct file *file, loff_t offset, int whence)
{
	if (whence == 1)
		offset += (loff_t)file->position;
	else if (whence != 0)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	file->position = (u64)offset;
	return offset;
}

static void mq_closing(struct file *file)
{
	notify_withdraw(mq_of(file));
}

const struct file_operations mq_operations = {
	.read = mq_read,
	.seek = mq_seek,
	.poll = mq_poll,
	.closing = mq_closing,
};
