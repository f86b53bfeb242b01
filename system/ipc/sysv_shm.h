/* SPDX-License-Identifier: MIT */
/* System V shared memory, as others see it: limits and the list for /proc. */
#ifndef IPC_SYSV_SHM_H
#define IPC_SYSV_SHM_H

#include <asm/shmbuf.h>

#include "core/types.h"

#define SHM_ID_COUNT_MAX 4096u
#define SHM_SIZE_MAX (~0ul - (1ul << 24))
#define SHM_PAGES_MAX (~0ul - (1ul << 24))

struct shm_view {
	s32 id;
	struct shmid64_ds state;
	u64 resident;		/* bytes */
};

/*
 * The first segment from an index on, which is raised behind it. Takes the table's lock. False:
 * there is none.
 */
bool shm_next(u32 *index, struct shm_view *view);

#endif
