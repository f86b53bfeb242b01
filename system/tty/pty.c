/* SPDX-License-Identifier: MIT */
/*
 * Pairs of pseudo-terminals; see pty.h. table_lock (LOCK_EVENT) guards the list of them, which is
 * in the order of their numbers, and the last reference.
 */
#include "tty/pty.h"

#include <asm/poll.h>

#include "core/heap.h"
#include "signal/signal.h"
#include "tty/devpts.h"
#include "tty/job_control.h"
#include "vfs/inode.h"

static struct lock table_lock = LOCK_INIT(LOCK_EVENT);
static struct list all_ptys = { &all_ptys, &all_ptys };
static u32 count;

/* ---- The list ---- */

/* Under the lowest number that is free. */
static int pty_enter(struct pty *pty)
{
	struct pty *other;
	u32 number = 0;

	lock_acquire(&table_lock);
	list_for_each(other, &all_ptys, node) {
		if (other->number != number)
			break;
		number++;
	}
	if (number < PTY_MAX) {
		pty->number = number;
		list_add_tail(&pty->node, &other->node);
		count++;
	}
	lock_release(&table_lock);
	return number < PTY_MAX ? 0 : -ENOSPC;
}

static void pty_leave_locked(struct pty *pty)
{
	list_remove(&pty->node);
	count--;
}

struct pty *pty_find(u32 number)
{
	struct pty *pty, *found = NULL;

	lock_acquire(&table_lock);
	list_for_each(pty, &all_ptys, node)
		if (pty->number == number && pty->inode && !READ_ONCE(pty->master_closed))
			found = pty;
	if (found)
		pty_get(found);
	lock_release(&table_lock);
	return found;
}

u32 pty_next(u32 number)
{
	u32 found = PTY_MAX;
	struct pty *pty;

	lock_acquire(&table_lock);
	list_for_each(pty, &all_ptys, node) {
		if (pty->number < number || !pty->inode || READ_ONCE(pty->master_closed))
			continue;
		found = pty->number;
		break;
	}
	lock_release(&table_lock);
	return found;
}

u32 pty_count(void)
{
	return READ_ONCE(count);
}

/* ---- The pair ---- */

static void pty_free(struct pty *pty)
{
	if (pty->inode)
		inode_put(pty->inode);
	discipline_release(&pty->discipline);
	byte_ring_release(&pty->to_slave);
	byte_ring_release(&pty->to_master);
	heap_free(pty);
}

void pty_put(struct pty *pty)
{
	bool last;

	lock_acquire(&table_lock);
	last = refcount_put(&pty->references);
	if (last)
		pty_leave_locked(pty);
	lock_release(&table_lock);
	if (last)
		pty_free(pty);
}

static int pty_init(struct pty *pty)
{
	int error;

	refcount_init(&pty->references, 1);
	lock_init(&pty->lock, LOCK_TTY);
	wait_queue_init(&pty->slave_queue);
	wait_queue_init(&pty->master_queue);
	pty->locked = true;
	pty->tty.driver = &pty_driver;
	error = byte_ring_init(&pty->to_slave, PTY_RING);
	if (!error)
		error = byte_ring_init(&pty->to_master, PTY_RING);
	return error ? error : discipline_init(&pty->discipline, &pty->to_master);
}

struct pty *pty_create(void)
{
	struct pty *pty = heap_alloc_zero(sizeof(*pty));
	struct inode *inode;
	int error;

	if (!pty)
		return ERROR_PTR(-ENOMEM);
	error = pty_init(pty);
	if (!error)
		error = pty_enter(pty);
	if (error) {
		pty_free(pty);
		return ERROR_PTR(error);
	}
	pty->tty.device = DEVICE(TTY_MAJOR_PTS, pty->number);
	inode = devpts_inode_create(pty->number);
	if (!inode) {
		pty_put(pty);
		return ERROR_PTR(-ENOMEM);
	}
	store_release(&pty->inode, inode);
	return pty;
}

/* ---- Between the ends ---- */

static void input_settle_locked(struct pty *pty)
{
	struct byte_ring *ring = &pty->to_slave;

	while (byte_ring_used(ring)) {
		const u8 *bytes;
		u32 piece = byte_ring_piece(ring, &bytes);
		u32 taken = discipline_receive(&pty->discipline, bytes, piece);

		byte_ring_drop(ring, taken);
		if (taken < piece)
			break;
	}
}

void pty_settle_locked(struct pty *pty)
{
	struct discipline *d = &pty->discipline;

	input_settle_locked(pty);
	discipline_flush_echoes(d);
	for (; d->signals; d->signals &= d->signals - 1)
		job_control_signal(&pty->tty, __builtin_ctzll(d->signals) + 1);
	if (pty->packet)
		pty->packet_notes |= d->notes;
	d->notes = 0;
}

void pty_wake(struct pty *pty)
{
	if (!wait_queue_idle(&pty->slave_queue))
		wait_queue_wake_all(&pty->slave_queue, 0);
	if (!wait_queue_idle(&pty->master_queue))
		wait_queue_wake_all(&pty->master_queue, 0);
}

void pty_hang_up(struct pty *pty)
{
	lock_acquire(&pty->lock);
	atomic_add(&pty->tty.hangups, 1);
	pty->slave_closed |= pty->slave_files;
	pty->slave_files = 0;
	discipline_reset(&pty->discipline);
	lock_release(&pty->lock);
	job_control_hang_up(&pty->tty, NULL);
	pty_wake(pty);
}
