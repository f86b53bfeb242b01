/* SPDX-License-Identifier: MIT */
/*
 * semop(2): several operations at once or none. Who has to wait is in a list of the set; whoever
 * changes a semaphore carries out for others, in their order, what has become possible, so that no
 * value is taken away before one that is woken has run. Lock: sem_table.lock (LOCK_IPC).
 */
#include <linux/time_types.h>

#include "core/heap.h"
#include "core/timer.h"
#include "core/futex.h"
#include "core/wait.h"
#include "ipc/sem_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

#define WOULD_BLOCK 1
#define OPERATIONS_ON_STACK 16

/* ---- All or nothing ---- */

/* One operation, undone by the caller if a later one fails. 0, WOULD_BLOCK or -ERANGE. */
static int operation_apply(struct sem_set *set, const struct sembuf *operation,
			   struct sem_undo *undo)
{
	struct semaphore *semaphore = &set->semaphores[operation->sem_num];
	s32 value = semaphore->value + operation->sem_op;

	if (!operation->sem_op && semaphore->value)
		return WOULD_BLOCK;
	if (value < 0)
		return WOULD_BLOCK;
	if (value > SEMVMX)
		return -ERANGE;
	if (operation->sem_flg & SEM_UNDO) {
		s32 adjust = undo->adjust[operation->sem_num] - operation->sem_op;

		if (adjust < -SEMAEM - 1 || adjust > SEMAEM)
			return -ERANGE;
		undo->adjust[operation->sem_num] = (s16)adjust;
	}
	semaphore->value = (u16)value;
	return 0;
}

static void operation_revert(struct sem_set *set, const struct sembuf *operation,
			     struct sem_undo *undo)
{
	set->semaphores[operation->sem_num].value -= operation->sem_op;
	if (operation->sem_flg & SEM_UNDO)
		undo->adjust[operation->sem_num] += operation->sem_op;
}

/* 0, or WOULD_BLOCK with sleeper->blocking set, or -EAGAIN, -ERANGE; then nothing has changed. */
static int operations_try(struct sem_set *set, struct sem_sleeper *sleeper)
{
	const struct sembuf *operations = sleeper->operations;
	int result = 0;
	u32 done;

	for (done = 0; done < sleeper->count; done++) {
		result = operation_apply(set, &operations[done], sleeper->undo);
		if (result)
			break;
	}
	if (!result) {
		for (u32 i = 0; i < sleeper->count; i++)
			set->semaphores[operations[i].sem_num].last_user = sleeper->pid;
		set->used_s = ipc_now_s();
		return 0;
	}
	sleeper->blocking = &operations[done];
	if (result == WOULD_BLOCK && (operations[done].sem_flg & IPC_NOWAIT))
		result = -EAGAIN;
	while (done--)
		operation_revert(set, &operations[done], sleeper->undo);
	return result;
}

/* ---- Those who wait ---- */

static void zero_sleepers_look_locked(struct sem_set *set)
{
	struct sem_sleeper *sleeper, *next;

	list_for_each_safe(sleeper, next, &set->zero_sleepers, waiter.node) {
		int result = operations_try(set, sleeper);

		if (result != WOULD_BLOCK)
			ipc_waiter_end(&sleeper->waiter, result);
	}
}

/* The first in the list that can go on, or that fails. False: there is none. */
static bool change_sleeper_serve_locked(struct sem_set *set)
{
	struct sem_sleeper *sleeper;

	list_for_each(sleeper, &set->change_sleepers, waiter.node) {
		int result = operations_try(set, sleeper);

		if (result == WOULD_BLOCK)
			continue;
		ipc_waiter_end(&sleeper->waiter, result);
		return true;
	}
	return false;
}

void sem_set_changed_locked(struct sem_set *set)
{
	do {
		zero_sleepers_look_locked(set);
	} while (change_sleeper_serve_locked(set));
}

void sem_sleepers_end_locked(struct sem_set *set, int error)
{
	struct list *const lists[] = { &set->zero_sleepers, &set->change_sleepers };

	for (u32 i = 0; i < ARRAY_SIZE(lists); i++)
		while (!list_empty(lists[i]))
			ipc_waiter_end(list_first(lists[i], struct ipc_waiter, node), error);
}

/* ---- The call ---- */

struct request_summary {
	u32 highest;		/* semaphore */
	bool changes, undoes;
};

static struct request_summary operations_sum_up(const struct sembuf *operations, u32 count)
{
	struct request_summary summary = { 0 };

	for (u32 i = 0; i < count; i++) {
		summary.highest = MAX(summary.highest, (u32)operations[i].sem_num);
		summary.changes |= operations[i].sem_op != 0;
		summary.undoes |= (operations[i].sem_flg & SEM_UNDO) != 0;
	}
	return summary;
}

/* Tries, and joins those who wait where it has to. As operations_try(), or another error. */
static int operations_begin_locked(s32 id, struct sem_sleeper *sleeper)
{
	struct request_summary summary = operations_sum_up(sleeper->operations, sleeper->count);
	struct sem_set *set = (struct sem_set *)ipc_find_locked(&sem_table, id);
	int result;

	if (IS_ERROR(set))
		return (int)PTR_ERROR(set);
	if (summary.highest >= set->count)
		return -EFBIG;
	result = ipc_permission(&set->object, summary.changes ? IPC_MAY_WRITE : IPC_MAY_READ);
	if (result)
		return result;
	if (summary.undoes) {
		sleeper->undo = sem_undo_get_locked(set);
		if (!sleeper->undo)
			return -ENOMEM;
	}
	result = operations_try(set, sleeper);
	if (result == WOULD_BLOCK)
		ipc_waiter_begin(&sleeper->waiter, summary.changes ? &set->change_sleepers :
								     &set->zero_sleepers);
	else if (!result && summary.changes)
		sem_set_changed_locked(set);
	return result;
}

static long operations_do(s32 id, const struct sembuf *operations, u32 count, u64 deadline_ns)
{
	struct sem_sleeper sleeper = {
		.operations = operations, .count = count, .pid = process_current()->pid,
	};
	struct wake_list wakes;
	int result;

	wake_list_begin(&wakes);
	lock_acquire(&sem_table.lock);
	result = operations_begin_locked(id, &sleeper);
	lock_release(&sem_table.lock);
	wake_list_end(&wakes);
	if (result != WOULD_BLOCK)
		return result;
	result = ipc_waiter_sleep(&sleeper.waiter, &sem_table.lock, deadline_ns);
	return result == -ETIMEDOUT ? -EAGAIN : result;
}

static int deadline_read(uptr timeout, struct __kernel_timespec *time)
{
	return timeout && get_user(*time, timeout) ? -EFAULT : 0;
}

static u64 deadline_of(const struct __kernel_timespec *time)
{
	if (time->tv_sec >= (s64)(FOREVER / 2 / NS_PER_SECOND))
		return FOREVER;
	return clock_monotonic_ns() + (u64)time->tv_sec * NS_PER_SECOND + (u64)time->tv_nsec;
}

static long operations_check_and_do(s32 id, const struct sembuf *operations, u32 count,
				    const struct __kernel_timespec *time)
{
	if (!count || id < 0)
		return -EINVAL;
	if (time && (time->tv_sec < 0 || (u64)time->tv_nsec >= NS_PER_SECOND))
		return -EINVAL;
	return operations_do(id, operations, count, time ? deadline_of(time) : FOREVER);
}

long sys_semtimedop(int id, uptr from, u32 count, uptr timeout)
{
	struct sembuf on_stack[OPERATIONS_ON_STACK], *operations = on_stack;
	struct __kernel_timespec time;
	long result = deadline_read(timeout, &time);

	if (result)
		return result;
	if (count > SEMOPM)
		return -E2BIG;
	if (count > OPERATIONS_ON_STACK) {
		operations = heap_alloc(count * sizeof(*operations));
		if (!operations)
			return -ENOMEM;
	}
	result = copy_from_user(operations, from, count * sizeof(*operations));
	if (!result)
		result = operations_check_and_do(id, operations, count, timeout ? &time : NULL);
	if (operations != on_stack)
		heap_free(operations);
	return result;
}

long sys_semop(int id, uptr operations, size_t count)
{
	return sys_semtimedop(id, operations, (u32)count, 0);
}
