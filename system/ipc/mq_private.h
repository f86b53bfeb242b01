/* SPDX-License-Identifier: MIT */
/*
 * Between the files of POSIX message queues: posix_mq.c (the file system, opening) and
 * mq_transfer.c (messages, notification). Everything of a queue is guarded by mq_lock.
 */
#ifndef IPC_MQ_PRIVATE_H
#define IPC_MQ_PRIVATE_H

#include <linux/mqueue.h>

#include "core/list.h"
#include "core/lock.h"
#include "core/wait.h"
#include "vfs/file.h"
#include "vfs/inode.h"

#define MQ_PRIORITY_COUNT 32768u

struct process;

struct mq {
	struct list node;		/* in the list of all */
	u32 messages_max, size_max;	/* constant */
	u32 owner;			/* user whose limit it counts for; constant */
	struct list messages;		/* struct mq_message.node: highest priority first */
	u32 count;
	u64 bytes;
	struct list senders, receivers;	/* first come, first served; see mq_transfer.c */
	struct wait_queue poll_queue;	/* its own lock */
	/* whom to tell of a message for an empty queue; a reference, or NULL */
	struct process *notified;
	s32 notify_kind;		/* SIGEV_* */
	s32 notify_signal;
	u64 notify_value;
};

extern struct lock mq_lock;		/* LOCK_IPC */
extern const struct file_operations mq_operations;

/* The queue of a file, or NULL. */
static inline struct mq *mq_of(const struct file *file)
{
	return file->operations == &mq_operations ? file->inode->private : NULL;
}

/* Frees what is in a queue that nobody can reach any more. */
void mq_release_content(struct mq *mq);

#endif
