/* SPDX-License-Identifier: MIT */
/*
 * Leases of open files. lease_lock (LOCK_FILE_LOCKS) guards those of all inodes; holders are told
 * under it.
 *
 * Whoever opens a file is counted first and looks for leases then; whoever takes a lease puts it
 * where it is seen first and looks at the counts then. So one of them sees the other.
 */
#include "ipc/lease.h"

#include <linux/capability.h>

#include "core/heap.h"
#include "core/timer.h"
#include "ipc/async.h"
#include "process/process.h"
#include "vfs/lease.h"

#define SECOND_NS 1000000000ull

struct lease {
	struct lease *next;	/* of the same inode */
	struct file *file;	/* no reference: the lease goes first */
	int fd;			/* what the signal says */
	int type;		/* F_RDLCK or F_WRLCK */
	/* When it will be taken away, and when a F_WRLCK becomes a F_RDLCK; 0: nobody waits */
	u64 unlock_ns, downgrade_ns;
};

s32 lease_break_time = 45;

static struct lock lease_lock = LOCK_INIT(LOCK_FILE_LOCKS);
/* Woken when any lease goes or gets weaker. */
static struct wait_queue lease_queue = {
	.lock = LOCK_INIT(LOCK_WAIT_QUEUE),
	.waiters = { &lease_queue.waiters, &lease_queue.waiters },
};

static struct lease *lease_find_locked(const struct file *file)
{
	struct lease *lease = file->inode->leases;

	while (lease && lease->file != file)
		lease = lease->next;
	return lease;
}

static void lease_unlink_locked(struct lease *lease)
{
	struct lease **link = &lease->file->inode->leases;

	while (*link != lease)
		link = &(*link)->next;
	WRITE_ONCE(*link, lease->next);
}

/* The owner, who was there to be told of it, goes too. */
static void lease_drop_locked(struct lease *lease)
{
	lease_unlink_locked(lease);
	lease->file->owner.pid = 0;
	lease->file->owner.signal = 0;
	heap_free(lease);
}

static void lease_change_locked(struct lease *lease, int type)
{
	lease->type = type;
	if (type == F_RDLCK)
		lease->downgrade_ns = 0;
}

static bool is_over(u64 deadline_ns, u64 now_ns)
{
	return deadline_ns && deadline_ns <= now_ns;
}

static void leases_expire_locked(struct inode *inode)
{
	u64 now = clock_monotonic_ns();
	struct lease *lease, *next;

	for (lease = inode->leases; lease; lease = next) {
		next = lease->next;
		if (is_over(lease->downgrade_ns, now))
			lease_change_locked(lease, F_RDLCK);
		if (is_over(lease->unlock_ns, now))
			lease_drop_locked(lease);
	}
}

/* ---- Breaking ---- */

static bool lease_conflicts(const struct lease *lease, bool write)
{
	return write || lease->type == F_WRLCK;
}

/* When the lease won't be in the way any more; FOREVER: when it is given back. */
static u64 lease_deadline(const struct lease *lease, bool write)
{
	u64 deadline = write || !lease->downgrade_ns ? lease->unlock_ns : lease->downgrade_ns;

	return deadline ? deadline : FOREVER;
}

/* The holder is to give it back, or for who only reads to make it weaker, and is told so once. */
static void lease_tell_locked(struct lease *lease, bool write)
{
	s32 seconds = READ_ONCE(lease_break_time);
	u64 deadline = seconds > 0 ? clock_monotonic_ns() + (u64)seconds * SECOND_NS : FOREVER;
	struct file_owner owner = lease->file->owner;

	if (lease->unlock_ns || (!write && lease->downgrade_ns))
		return;
	if (write)
		lease->unlock_ns = deadline;
	else
		lease->downgrade_ns = deadline;
	owner.fd = lease->fd;
	async_send(&owner, ASYNC_MESSAGE);
}

/* Are there leases in the way? tell: their holders. *deadline: when the first of them ends. */
static bool leases_conflict(struct inode *inode, bool write, bool tell, u64 *deadline)
{
	struct wake_list wakes;
	bool found = false;

	*deadline = FOREVER;
	wake_list_begin(&wakes);
	lock_acquire(&lease_lock);
	leases_expire_locked(inode);
	for (struct lease *lease = inode->leases; lease; lease = lease->next) {
		if (!lease_conflicts(lease, write))
			continue;
		found = true;
		if (tell)
			lease_tell_locked(lease, write);
		*deadline = MIN(*deadline, lease_deadline(lease, write));
	}
	lock_release(&lease_lock);
	wake_list_end(&wakes);
	return found;
}

int lease_break_all(struct inode *inode, u32 flags)
{
	bool write = (flags & O_ACCMODE) != O_RDONLY;
	u64 deadline;
	int error;

	if (!leases_conflict(inode, write, true, &deadline))
		return 0;
	if (flags & O_NONBLOCK)
		return -EWOULDBLOCK;
	do
		error = wait_event(&lease_queue, !leases_conflict(inode, write, false, &deadline),
				   deadline);
	while (error == -ETIMEDOUT);
	return error;
}

/* ---- Taking and giving back ---- */

static bool is_open_otherwise(const struct file *file, int type)
{
	s32 writers = READ_ONCE(file->inode->writers);
	bool writes = FILE_WRITABLE(file);

	if (type == F_RDLCK)
		return writers > 0;
	return writers != writes || READ_ONCE(file->inode->readers) != !writes;
}

/* Others' leases allow for a further one of this type. */
static bool leases_allow_locked(const struct file *file, int type)
{
	for (const struct lease *lease = file->inode->leases; lease; lease = lease->next)
		if (lease->file != file && (type == F_WRLCK || lease->unlock_ns))
			return false;
	return true;
}

/* Where there is none yet, it is *fresh, which becomes NULL. 0 or -EAGAIN. */
static int lease_take_locked(struct file *file, int fd, int type, struct lease **fresh)
{
	struct lease *lease = lease_find_locked(file);

	if (is_open_otherwise(file, type) || !leases_allow_locked(file, type))
		return -EAGAIN;
	if (!lease) {
		lease = *fresh;
		*lease = (struct lease){ .next = file->inode->leases, .file = file };
		WRITE_ONCE(file->inode->leases, lease);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (is_open_otherwise(file, type)) {
			lease_unlink_locked(lease);
			return -EAGAIN;
		}
		*fresh = NULL;
	}
	lease_change_locked(lease, type);
	lease->fd = fd;
	async_own(file);
	return 0;
}

static long lease_take(struct file *file, int fd, int type)
{
	struct lease *fresh = heap_alloc(sizeof(*fresh));
	int error;

	if (!fresh)
		return -ENOMEM;
	lock_acquire(&lease_lock);
	leases_expire_locked(file->inode);
	error = lease_take_locked(file, fd, type, &fresh);
	lock_release(&lease_lock);
	heap_free(fresh);
	wait_queue_wake_all(&lease_queue, 0);
	return error;
}

static bool lease_give_back(struct file *file)
{
	struct lease *lease;

	lock_acquire(&lease_lock);
	lease = lease_find_locked(file);
	if (lease)
		lease_drop_locked(lease);
	lock_release(&lease_lock);
	if (lease)
		wait_queue_wake_all(&lease_queue, 0);
	return lease;
}

void lease_end(struct file *file)
{
	(void)lease_give_back(file);
}

/* What others of outside do to a file of theirs nobody could be told of. */
static bool can_have_leases(const struct inode *inode)
{
	return inode_is_regular(inode) && !inode->fs->foreign;
}

long lease_set(struct file *file, int fd, int type)
{
	const struct credentials *credentials = process_current()->credentials;

	if ((type != F_RDLCK && type != F_WRLCK && type != F_UNLCK) ||
	    !can_have_leases(file->inode))
		return -EINVAL;
	if (READ_ONCE(file->inode->uid) != credentials->fsuid &&
	    !credentials_capable(credentials, CAP_LEASE))
		return -EACCES;
	if (type == F_UNLCK)
		return lease_give_back(file) ? 0 : -EAGAIN;
	return lease_take(file, fd, type);
}

long lease_get(struct file *file)
{
	const struct lease *lease;
	int type = F_UNLCK;

	if (!READ_ONCE(file->inode->leases))
		return F_UNLCK;
	lock_acquire(&lease_lock);
	leases_expire_locked(file->inode);
	lease = lease_find_locked(file);
	if (lease && !lease->unlock_ns)
		type = lease->downgrade_ns ? F_RDLCK : lease->type;
	lock_release(&lease_lock);
	return type;
}
