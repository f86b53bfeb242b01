/* SPDX-License-Identifier: MIT */
/* System V message queues: making them, and msgctl(2). Lock: msg_table.lock (LOCK_IPC). */
#include "ipc/sysv_msg.h"

#include <linux/capability.h>

#include "core/heap.h"
#include "core/wait.h"
#include "ipc/msg_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

struct ipc_table msg_table = IPC_TABLE(MSGMNI);
u32 msg_count_total;
u64 msg_bytes_total;

/* ---- msgget ---- */

static long queue_add(s32 key, u32 flags)
{
	struct msg_queue *queue = heap_alloc_zero(sizeof(*queue));
	bool make;
	long id;

	if (!queue)
		return -ENOMEM;
	queue->bytes_max = MSGMNB;
	list_init(&queue->messages);
	list_init(&queue->senders);
	list_init(&queue->receivers);
	lock_acquire(&msg_table.lock);
	/* Another one may have made it meanwhile. */
	id = ipc_get_locked(&msg_table, key, flags, NULL, 0, &make);
	if (make)
		id = ipc_add_locked(&msg_table, &queue->object, key, flags);
	if (make && id >= 0)
		queue = NULL;
	lock_release(&msg_table.lock);
	heap_free(queue);
	return id;
}

long sys_msgget(int key, u64 flags)
{
	bool make;
	long id;

	lock_acquire(&msg_table.lock);
	id = ipc_get_locked(&msg_table, key, (u32)flags, NULL, 0, &make);
	lock_release(&msg_table.lock);
	return make ? queue_add(key, (u32)flags) : id;
}

/* ---- What is there ---- */

static void state_show(const struct msg_queue *queue, struct msqid64_ds *state)
{
	*state = (struct msqid64_ds){
		.msg_stime = queue->sent_s, .msg_rtime = queue->received_s,
		.msg_ctime = queue->object.changed_s, .msg_cbytes = queue->bytes,
		.msg_qnum = queue->message_count, .msg_qbytes = queue->bytes_max,
		.msg_lspid = (int)queue->last_sender, .msg_lrpid = (int)queue->last_receiver,
	};
	ipc_show(&queue->object, &state->msg_perm);
}

bool msg_next(u32 *index, struct msg_view *view)
{
	struct msg_queue *queue = NULL;

	lock_acquire(&msg_table.lock);
	while (!queue && *index < msg_table.end)
		queue = (struct msg_queue *)ipc_at_locked(&msg_table, (s32)(*index)++);
	if (queue) {
		view->id = queue->object.id;
		state_show(queue, &view->state);
	}
	lock_release(&msg_table.lock);
	return queue != NULL;
}

static long limits_show(int command, uptr buffer)
{
	struct msginfo info = {
		.msgpool = MSGPOOL, .msgmap = MSGMAP, .msgmax = MSGMAX, .msgmnb = MSGMNB,
		.msgmni = MSGMNI, .msgssz = MSGSSZ, .msgtql = MSGTQL, .msgseg = (u16)MSGSEG,
	};
	long highest;

	lock_acquire(&msg_table.lock);
	if (command == MSG_INFO) {
		info.msgpool = (int)msg_table.count;
		info.msgmap = (int)msg_count_total;
		info.msgtql = (int)msg_bytes_total;
	}
	highest = ipc_highest_locked(&msg_table);
	lock_release(&msg_table.lock);
	return put_user(info, buffer) ? -EFAULT : highest;
}

static long queue_stat(s32 id, int command, uptr buffer)
{
	struct msqid64_ds state;
	struct ipc_object *object;
	long result = 0;

	lock_acquire(&msg_table.lock);
	if (command == IPC_STAT)
		object = ipc_find_locked(&msg_table, id);
	else
		object = ipc_at_locked(&msg_table, id) ?: ERROR_PTR(-EINVAL);
	if (IS_ERROR(object))
		result = PTR_ERROR(object);
	else if (command != MSG_STAT_ANY)
		result = ipc_permission(object, IPC_MAY_READ);
	if (!result) {
		state_show((struct msg_queue *)object, &state);
		result = command == IPC_STAT ? 0 : object->id;
	}
	lock_release(&msg_table.lock);
	return result >= 0 && put_user(state, buffer) ? -EFAULT : result;
}

/* ---- Owner, limit and end ---- */

/* Nobody finds it any more: its messages are the caller's, to be freed without the lock. */
static void queue_remove_locked(struct msg_queue *queue)
{
	msg_sleepers_end_locked(queue, -EIDRM);
	ipc_remove_locked(&msg_table, &queue->object);
	msg_count_total -= queue->message_count;
	msg_bytes_total -= queue->bytes;
}

static void queue_free(struct msg_queue *queue)
{
	struct message *message, *next;

	list_for_each_safe(message, next, &queue->messages, node)
		heap_free(message);
	heap_free(queue);
}

static long queue_set_locked(struct msg_queue *queue, const struct msqid64_ds *wanted)
{
	long error;

	if (wanted->msg_qbytes > MSGMNB &&
	    !credentials_capable(process_current()->credentials, CAP_SYS_RESOURCE))
		return -EPERM;
	error = ipc_change(&queue->object, &wanted->msg_perm);
	if (error)
		return error;
	queue->bytes_max = wanted->msg_qbytes;
	msg_senders_look_locked(queue);
	return 0;
}

static long queue_change(s32 id, int command, uptr buffer)
{
	struct msg_queue *queue, *removed = NULL;
	struct msqid64_ds wanted;
	struct wake_list wakes;
	long result;

	if (command == IPC_SET && get_user(wanted, buffer))
		return -EFAULT;
	wake_list_begin(&wakes);
	lock_acquire(&msg_table.lock);
	queue = (struct msg_queue *)ipc_find_locked(&msg_table, id);
	result = IS_ERROR(queue) ? PTR_ERROR(queue) : ipc_may_change(&queue->object);
	if (!result && command == IPC_SET) {
		result = queue_set_locked(queue, &wanted);
	} else if (!result) {
		queue_remove_locked(queue);
		removed = queue;
	}
	lock_release(&msg_table.lock);
	wake_list_end(&wakes);
	if (removed)
		queue_free(removed);
	return result;
}

long sys_msgctl(int id, int command, uptr buffer)
{
	if (id < 0 || command < 0)
		return -EINVAL;
	switch (command) {
	case IPC_INFO:
	case MSG_INFO:
		return limits_show(command, buffer);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return queue_stat(id, command, buffer);
	case IPC_SET:
	case IPC_RMID:
		return queue_change(id, command, buffer);
	default:
		return -EINVAL;
	}
}
