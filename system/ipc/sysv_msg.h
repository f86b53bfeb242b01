/* SPDX-License-Identifier: MIT */
/* System V message queues, as others see them: limits and the list for /proc. */
#ifndef IPC_SYSV_MSG_H
#define IPC_SYSV_MSG_H

#include <asm/msgbuf.h>

#include "core/types.h"

struct msg_view {
	s32 id;
	struct msqid64_ds state;
};

/* As shm_next(). */
bool msg_next(u32 *index, struct msg_view *view);

#endif
