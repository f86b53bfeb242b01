/* SPDX-License-Identifier: MIT */
/*
 * Between the files of System V message queues: sysv_msg.c (queues and msgctl) and msg_transfer.c
 * (msgsnd, msgrcv). All is guarded by msg_table.lock.
 */
#ifndef IPC_MSG_PRIVATE_H
#define IPC_MSG_PRIVATE_H

#include <linux/msg.h>

#include "ipc/sysv_ids.h"

struct msg_queue {
	struct ipc_object object;	/* first */
	struct list messages;		/* struct message.node, oldest first */
	u32 message_count;
	u64 bytes, bytes_max;
	s64 sent_s, received_s;
	u32 last_sender, last_receiver;
	struct list senders, receivers;	/* first come, first served; see msg_transfer.c */
};

struct message {
	struct list node;
	long type;
	size_t size;
	char text[];
};

extern struct ipc_table msg_table;
/* In all queues. */
extern u32 msg_count_total;
extern u64 msg_bytes_total;

/* All who wait end with error. */
void msg_sleepers_end_locked(struct msg_queue *queue, int error);
/* The limit was changed: who waits to send looks again. */
void msg_senders_look_locked(struct msg_queue *queue);

#endif
