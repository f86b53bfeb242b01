/* SPDX-License-Identifier: MIT */
/*
 * Between the files of System V shared memory: sysv_shm.c (segments, shmctl) and shm_attach.c. All
 * but the bytes is guarded by shm_table.lock.
 */
#ifndef IPC_SHM_PRIVATE_H
#define IPC_SHM_PRIVATE_H

#include "ipc/sysv_ids.h"
#include "vfs/file.h"

/* Flags in a segment's mode. */
#define SHM_DEST	01000u	/* goes with the last attachment */
#define SHM_LOCKED	02000u

struct shm_segment {
	struct ipc_object object;	/* first */
	refcount references;		/* the table's, and one of each attached file */
	struct file *memory;		/* constant */
	u64 size;			/* constant */
	s64 attached_s, detached_s;
	u32 creator, last_user;		/* processes */
	u32 attachments;
};

extern struct ipc_table shm_table;

/* Drops a reference; the last one frees. May sleep: without the lock. */
void shm_segment_put(struct shm_segment *segment);
/* Nobody finds it any more; the caller drops the table's reference when the lock is free. */
void shm_segment_remove_locked(struct shm_segment *segment);

#endif
