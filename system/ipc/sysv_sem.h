/* SPDX-License-Identifier: MIT */
/* System V semaphores, as others see them: what a process is to undo, the list for /proc. */
#ifndef IPC_SYSV_SEM_H
#define IPC_SYSV_SEM_H

#include <asm/sembuf.h>

#include "core/types.h"

struct process;

struct sem_view {
	s32 id;
	struct semid64_ds state;
};

/* As shm_next(). */
bool sem_next(u32 *index, struct sem_view *view);

/* A child that is made with CLONE_SYSVSEM shares what is to be undone. 0 or -ENOMEM. */
int sem_undo_share(struct process *child, struct process *parent) __must_check;
/* A process ends: what nobody else shares is undone. */
void sem_undo_exit(struct process *process);

#endif
