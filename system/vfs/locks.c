/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks. file_locks_lock (LOCK_FILE_LOCKS) guards the locks of all inodes and the list
 * of those who wait. An owner is a descriptor table (record locks of a process) or a file
 * (F_OFD_*, flock).
 */
#include "vfs/locks.h"

#include <linux/fs.h>

#include "core/heap.h"
#include "core/wait.h"
#include "memory/usercopy.h"
#include "vfs/file.h"
#include "vfs/inode.h"

#define OFFSET_END ((u64)INT64_MAX)

struct file_lock {
	struct list node;
	const void *owner;
	u32 pid;		/* for F_GETLK; 0: belongs to a file */
	short type;		/* F_RDLCK or F_WRLCK */
	u64 start, end;		/* both inside */
};

struct inode_locks {
	struct list records;		/* by rising start for each owner */
	struct list whole;		/* of flock */
	struct wait_queue queue;	/* woken when a lock goes or gets weaker */
};

/* Who sleeps for a record lock, and for whose: to find circles. */
struct lock_wait {
	struct list node;
	const void *owner, *holder;
};

static struct lock file_locks_lock = LOCK_INIT(LOCK_FILE_LOCKS);
static struct list lock_waits = { &lock_waits, &lock_waits };

static struct inode_locks *locks_of(struct inode *inode)
{
	struct inode_locks *locks = READ_ONCE(inode->locks), *fresh;

	if (locks)
		return locks;
	fresh = heap_alloc_zero(sizeof(*fresh));
	if (!fresh)
		return NULL;
	list_init(&fresh->records);
	list_init(&fresh->whole);
	wait_queue_init(&fresh->queue);
	lock_acquire(&file_locks_lock);
	if (!inode->locks) {
		inode->locks = fresh;
		fresh = NULL;
	}
	locks = inode->locks;
	lock_release(&file_locks_lock);
	heap_free(fresh);
	return locks;
}

void inode_locks_free(struct inode *inode)
{
	heap_free(inode->locks);
	inode->locks = NULL;
}

static struct file_lock *conflict_find(struct list *head, const struct file_lock *wanted)
{
	struct file_lock *lock;

	list_for_each(lock, head,
		      node) if (lock->owner != wanted->owner && lock->start <= wanted->end &&
				wanted->start <= lock->end &&
				(lock->type == F_WRLCK || wanted->type == F_WRLCK)) return lock;
	return NULL;
}

/* ---- Records ---- */

static void lock_drop(struct file_lock *lock)
{
	list_remove(&lock->node);
	heap_free(lock);
}

/* Takes [start, end] out of the owner's locks. spare is used where one falls into two. */
static void records_cut_locked(struct list *head, const struct file_lock *cut,
			       struct file_lock **spare)
{
	struct file_lock *lock, *next;

	list_for_each_safe(lock, next, head, node) {
		if (lock->owner != cut->owner || lock->end < cut->start || lock->start > cut->end)
			continue;
		if (lock->start < cut->start && lock->end > cut->end) {
			**spare = *lock;
			(*spare)->start = cut->end + 1;
			list_add(&(*spare)->node, &lock->node);
			*spare = NULL;
			lock->end = cut->start - 1;
		} else if (lock->start < cut->start) {
			lock->end = cut->start - 1;
		} else if (lock->end > cut->end) {
			lock->start = cut->end + 1;
		} else {
			lock_drop(lock);
		}
	}
}

/* Joins a lock with its owner's neighbours of the same type. */
static void record_join_locked(struct list *head, struct file_lock *lock)
{
	struct file_lock *other, *next;

	list_for_each_safe(other, next, head, node) {
		if (other == lock || other->owner != lock->owner || other->type != lock->type)
			continue;
		if (other->end + 1 != lock->start && lock->end + 1 != other->start)
			continue;
		lock->start = MIN(lock->start, other->start);
		lock->end = MAX(lock->end, other->end);
		lock_drop(other);
	}
}

/*
 * Applies a lock or (F_UNLCK) its absence. Both structures come from the caller, the unused are
 * freed.
 */
static void record_apply_locked(struct inode_locks *locks, const struct file_lock *wanted,
				struct file_lock *fresh, struct file_lock *spare)
{
	records_cut_locked(&locks->records, wanted, &spare);
	if (wanted->type == F_UNLCK) {
		heap_free(fresh);
	} else {
		*fresh = *wanted;
		list_add_tail(&fresh->node, &locks->records);
		record_join_locked(&locks->records, fresh);
	}
	heap_free(spare);
}

/* -EAGAIN where somebody else's lock is in the way; *holder is told then. */
static int record_try(struct inode_locks *locks, const struct file_lock *wanted,
		      const void **holder)
{
	struct file_lock *fresh = heap_alloc(sizeof(*fresh)), *spare = heap_alloc(sizeof(*spare));
	struct file_lock *conflict = NULL;
	int error = fresh && spare ? 0 : -ENOLCK;

	lock_acquire(&file_locks_lock);
	if (!error && wanted->type != F_UNLCK)
		conflict = conflict_find(&locks->records, wanted);
	if (conflict) {
		*holder = conflict->owner;
		error = -EAGAIN;
	}
	if (!error)
		record_apply_locked(locks, wanted, fresh, spare);
	lock_release(&file_locks_lock);
	if (error) {
		heap_free(fresh);
		heap_free(spare);
	} else {
		wait_queue_wake_all(&locks->queue, 0);
	}
	return error;
}

/* True where holder waits, over however many others, for owner. */
static bool waits_for_locked(const void *holder, const void *owner)
{
	struct lock_wait *wait;

	for (u32 steps = 0; steps < 64; steps++) {
		const void *next = NULL;

		if (holder == owner)
			return true;
		list_for_each(wait, &lock_waits, node)
			if (wait->owner == holder)
				next = wait->holder;
		if (!next)
			return false;
		holder = next;
	}
	return false;
}

/* Notes that we are about to wait for holder. -EDEADLK where holder waits for us. */
static int wait_note(struct lock_wait *wait, const void *holder)
{
	int error;

	lock_acquire(&file_locks_lock);
	list_remove(&wait->node);
	wait->holder = holder;
	error = waits_for_locked(holder, wait->owner) ? -EDEADLK : 0;
	if (!error)
		list_add_tail(&wait->node, &lock_waits);
	lock_release(&file_locks_lock);
	return error;
}

static void wait_forget(struct lock_wait *wait)
{
	lock_acquire(&file_locks_lock);
	list_remove(&wait->node);
	lock_release(&file_locks_lock);
}

/* The condition of the sleep: true where there is a result. */
static bool record_settled(struct inode_locks *locks, const struct file_lock *wanted,
			   struct lock_wait *wait, int *result)
{
	const void *holder;

	*result = record_try(locks, wanted, &holder);
	if (*result != -EAGAIN)
		return true;
	if (!wanted->pid)
		return false;
	*result = wait_note(wait, holder);
	return *result != 0;
}

static int record_set(struct inode_locks *locks, const struct file_lock *wanted, bool block)
{
	struct lock_wait wait = { .owner = wanted->owner };
	const void *holder;
	int result = 0, error;

	if (!block)
		return record_try(locks, wanted, &holder);
	list_init(&wait.node);
	error = wait_event(&locks->queue, record_settled(locks, wanted, &wait, &result), FOREVER);
	wait_forget(&wait);
	return error ? error : result;
}

/* ---- fcntl ---- */

static int range_resolve(const struct file *file, const struct flock *flock, struct file_lock *lock)
{
	s64 base, start;

	switch (flock->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = READ_ONCE(file->position);
		break;
	case SEEK_END:
		base = READ_ONCE(file->inode->size);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, flock->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	lock->start = start;
	lock->end = OFFSET_END;
	if (flock->l_len > 0) {
		if (flock->l_len - 1 > (s64)(OFFSET_END - start))
			return -EOVERFLOW;
		lock->end = start + flock->l_len - 1;
	} else if (flock->l_len < 0) {
		if (start + flock->l_len < 0)
			return -EINVAL;
		lock->start = start + flock->l_len;
		lock->end = start - 1;
	}
	return 0;
}

static int lock_resolve(struct file *file, const struct flock *flock, bool setting,
			struct file_lock *lock)
{
	if (flock->l_type != F_RDLCK && flock->l_type != F_WRLCK &&
	    (flock->l_type != F_UNLCK || !setting))
		return -EINVAL;
	lock->type = flock->l_type;
	if (setting && ((lock->type == F_RDLCK && !FILE_READABLE(file)) ||
			(lock->type == F_WRLCK && !FILE_WRITABLE(file))))
		return -EBADF;
	return range_resolve(file, flock, lock);
}

static void conflict_report(struct inode_locks *locks, const struct file_lock *wanted,
			    struct flock *flock)
{
	struct file_lock *conflict;

	lock_acquire(&file_locks_lock);
	conflict = conflict_find(&locks->records, wanted);
	if (conflict) {
		flock->l_type = conflict->type;
		flock->l_whence = SEEK_SET;
		flock->l_start = conflict->start;
		flock->l_len = conflict->end == OFFSET_END ? 0
							   : conflict->end - conflict->start + 1;
		flock->l_pid = conflict->pid ? (s32)conflict->pid : -1;
	} else {
		flock->l_type = F_UNLCK;
	}
	lock_release(&file_locks_lock);
}

long file_lock_fcntl(struct file *file, struct fd_table *owner, u32 pid, u32 command, uptr argument)
{
	bool of_file = command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
	bool getting = command == F_GETLK || command == F_OFD_GETLK;
	struct file_lock lock = {
		.owner = of_file ? (const void *)file : owner,
		.pid = of_file ? 0 : pid,
	};
	struct inode_locks *locks;
	struct flock flock;
	int error;

	if (get_user(flock, argument))
		return -EFAULT;
	if (of_file && flock.l_pid)
		return -EINVAL;
	error = lock_resolve(file, &flock, !getting, &lock);
	if (error)
		return error;
	locks = locks_of(file->inode);
	if (!locks)
		return -ENOLCK;
	if (!getting)
		return record_set(locks, &lock, command == F_SETLKW || command == F_OFD_SETLKW);
	conflict_report(locks, &lock, &flock);
	return put_user(flock, argument);
}

/* ---- flock ---- */

static void whole_drop_locked(struct inode_locks *locks, const struct file *file)
{
	struct file_lock *lock, *next;

	list_for_each_safe(lock, next, &locks->whole, node)
		if (lock->owner == file)
			lock_drop(lock);
}

static bool whole_try(struct inode_locks *locks, struct file_lock *fresh)
{
	bool taken;

	lock_acquire(&file_locks_lock);
	taken = !conflict_find(&locks->whole, fresh);
	if (taken)
		list_add_tail(&fresh->node, &locks->whole);
	lock_release(&file_locks_lock);
	return taken;
}

static long whole_take(struct file *file, struct inode_locks *locks, short type, bool block)
{
	struct file_lock *fresh = heap_alloc(sizeof(*fresh));
	long error = 0;

	if (!fresh)
		return -ENOLCK;
	*fresh = (struct file_lock){ .owner = file, .type = type, .end = OFFSET_END };
	if (block)
		error = wait_event(&locks->queue, whole_try(locks, fresh), FOREVER);
	else if (!whole_try(locks, fresh))
		error = -EWOULDBLOCK;
	if (error)
		heap_free(fresh);
	return error;
}

long file_flock(struct file *file, u32 operation)
{
	u32 kind = operation & ~LOCK_NB;
	struct inode_locks *locks;

	/* Mandatory locks are no more, and who asks for one is told nothing. */
	if (operation & LOCK_MAND)
		return 0;
	if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
		return -EINVAL;
	locks = locks_of(file->inode);
	if (!locks)
		return -ENOLCK;
	lock_acquire(&file_locks_lock);
	whole_drop_locked(locks, file);
	lock_release(&file_locks_lock);
	wait_queue_wake_all(&locks->queue, 0);
	if (kind == LOCK_UN)
		return 0;
	return whole_take(file, locks, kind == LOCK_EX ? F_WRLCK : F_RDLCK, !(operation & LOCK_NB));
}

/* ---- Closing ---- */

static void records_drop(struct inode_locks *locks, const void *owner)
{
	struct file_lock *lock, *next;

	lock_acquire(&file_locks_lock);
	list_for_each_safe(lock, next, &locks->records, node)
		if (lock->owner == owner)
			lock_drop(lock);
	lock_release(&file_locks_lock);
	wait_queue_wake_all(&locks->queue, 0);
}

void file_locks_closed(struct file *file, struct fd_table *owner)
{
	struct inode_locks *locks = READ_ONCE(file->inode->locks);

	if (locks && !list_empty(&locks->records))
		records_drop(locks, owner);
}

void file_locks_release(struct file *file)
{
	struct inode_locks *locks = READ_ONCE(file->inode->locks);

	if (!locks)
		return;
	records_drop(locks, file);
	lock_acquire(&file_locks_lock);
	whole_drop_locked(locks, file);
	lock_release(&file_locks_lock);
	wait_queue_wake_all(&locks->queue, 0);
}
