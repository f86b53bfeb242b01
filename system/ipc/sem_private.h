/* SPDX-License-Identifier: MIT */
/*
 * Between the files of System V semaphores: sysv_sem.c (sets and semctl), sem_operation.c (semop)
 * and sem_undo.c. All is guarded by sem_table.lock.
 */
#ifndef IPC_SEM_PRIVATE_H
#define IPC_SEM_PRIVATE_H

#include <linux/sem.h>

#include "ipc/sysv_ids.h"

struct semaphore {
	u16 value;
	u32 last_user;		/* a process */
};

struct sem_set {
	struct ipc_object object;	/* first */
	u32 count;			/* constant */
	s64 used_s;			/* otime */
	/* struct sem_sleeper, first come first served: those that change nothing, and the others */
	struct list zero_sleepers, change_sleepers;
	struct list undos;		/* struct sem_undo.set_node */
	struct semaphore semaphores[];
};

/* What one process, or some that share it, is to undo in one set. */
struct sem_undo {
	struct list set_node, owner_node;
	struct sem_set *set;
	s16 adjust[];			/* for each semaphore */
};

/* What processes that share it are to undo in all. */
struct sem_undo_list {
	u32 sharers;
	struct list undos;		/* struct sem_undo.owner_node */
};

/* A semop(2) that waits; in the stack of who called. */
struct sem_sleeper {
	struct ipc_waiter waiter;
	const struct sembuf *operations;
	u32 count;
	const struct sembuf *blocking;	/* the one that it waits with */
	struct sem_undo *undo;		/* NULL: none is to be undone */
	u32 pid;
};

extern struct ipc_table sem_table;

/* ---- sem_operation.c ---- */

/* Semaphores were changed: whoever waits and can go on does. */
void sem_set_changed_locked(struct sem_set *set);
/* All that wait end with error. */
void sem_sleepers_end_locked(struct sem_set *set, int error);

/* ---- sem_undo.c ---- */

/* What the calling process is to undo in set; made where it is missing. NULL: out of memory. */
struct sem_undo *sem_undo_get_locked(struct sem_set *set);
/* A value was set: nothing of it is to be undone any more. */
void sem_undo_forget_locked(struct sem_set *set, u32 index);
/* The set goes. */
void sem_undo_drop_locked(struct sem_set *set);

#endif
