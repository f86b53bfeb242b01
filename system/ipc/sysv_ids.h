/* SPDX-License-Identifier: MIT */
/*
 * What the three kinds of System V IPC share: numbered objects with a key, an owner and a mode, and
 * threads that sleep on one of them.
 *
 * Each kind is a table with one lock (LOCK_IPC), which guards the table and all that is in its
 * objects. Program memory is copied before or after it is held.
 */
#ifndef IPC_SYSV_IDS_H
#define IPC_SYSV_IDS_H

#include <linux/ipc.h>
#include <asm/ipcbuf.h>

#include "core/list.h"
#include "core/lock.h"
#include "core/types.h"

#define IPC_INDEX_MAX 32768u	/* an id is sequence * this + index */

/* First in each object. */
struct ipc_object {
	s32 id, key;
	u32 uid, gid, cuid, cgid;
	u32 mode;		/* permissions, and flags of the kind above them */
	s64 changed_s;		/* ctime */
};

struct ipc_table {
	struct lock lock;		/* LOCK_IPC; guards all below */
	u32 max;			/* objects at most; constant */
	struct ipc_object **objects;	/* by index; NULL: free */
	u32 capacity;
	u32 count;
	u32 end;			/* all in use are below */
	u32 next_index;			/* behind the one given last */
	u32 sequence;
};

#define IPC_TABLE(max_) { .lock = LOCK_INIT(LOCK_IPC), .max = (max_) }

/* ---- Objects. table->lock held, but where said ---- */

/* By id. -EINVAL: there is none; -EIDRM: it was another's. As pointer. */
struct ipc_object *ipc_find_locked(struct ipc_table *table, s32 id);
/* By index, for *_STAT and /proc: NULL where that is free or out of range. */
struct ipc_object *ipc_at_locked(struct ipc_table *table, s32 index);
/* The highest index in use, or 0: what IPC_INFO returns. */
s32 ipc_highest_locked(const struct ipc_table *table);
/*
 * What a get call finds by its key: an id, or -errno; -ENOENT with *make where it is to make one.
 * check (may be NULL) is the kind's own about one that exists.
 */
long ipc_get_locked(struct ipc_table *table, s32 key, u32 flags,
		    int (*check)(const struct ipc_object *object, u64 size), u64 size, bool *make);
/*
 * Owner, mode and id of a new object, whose other fields are set. The id, or -ENOSPC, -ENOMEM;
 * then the caller frees it.
 */
long ipc_add_locked(struct ipc_table *table, struct ipc_object *object, s32 key, u32 flags);
/* The id is free; nobody finds the object any more. */
void ipc_remove_locked(struct ipc_table *table, struct ipc_object *object);

/* ---- Rights of the calling process ---- */

#define IPC_MAY_READ 0444u
#define IPC_MAY_WRITE 0222u

/* flags: those, or what a get call asks for. 0 or -EACCES. */
int ipc_permission(const struct ipc_object *object, u32 flags);
/* Owner, creator or CAP_SYS_ADMIN: IPC_SET and IPC_RMID. 0 or -EPERM. */
int ipc_may_change(const struct ipc_object *object);

/* ---- struct ipc64_perm ---- */

void ipc_show(const struct ipc_object *object, struct ipc64_perm *shown);
/* IPC_SET: -EINVAL for ids that are none. */
int ipc_change(struct ipc_object *object, const struct ipc64_perm *wanted);

/* CLOCK_REALTIME in seconds. */
s64 ipc_now_s(void);

/* ---- Sleeping ---- */

#define IPC_WAITING 1		/* the status of who still sleeps */

struct thread;

/* In the stack of who sleeps; whoever ends the wait takes it off its list first. */
struct ipc_waiter {
	struct list node;
	struct thread *thread;
	int status;
};

/* The calling thread goes to the end of a list. table->lock held. */
void ipc_waiter_begin(struct ipc_waiter *waiter, struct list *list);
/* Ends a wait. The waiter must not be touched afterwards. table->lock held. */
void ipc_waiter_end(struct ipc_waiter *waiter, int status);
/*
 * Sleeps until the wait was ended: its status; or by itself, off the list: -EINTR, -ETIMEDOUT.
 * Takes lock, which guards the list.
 */
int ipc_waiter_sleep(struct ipc_waiter *waiter, struct lock *lock, u64 deadline_ns);

#endif
