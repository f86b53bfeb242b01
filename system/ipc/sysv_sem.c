/* SPDX-License-Identifier: MIT */
/* System V semaphores: sets of them, and semctl(2). Lock: sem_table.lock (LOCK_IPC). */
#include "ipc/sysv_sem.h"

#include "core/heap.h"
#include "core/string.h"
#include "core/wait.h"
#include "ipc/sem_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

struct ipc_table sem_table = IPC_TABLE(SEMMNI);
static u32 semaphore_total;		/* under sem_table.lock */

/* ---- semget ---- */

static int count_check(const struct ipc_object *object, u64 count)
{
	return container_of(object, struct sem_set, object)->count < count ? -EINVAL : 0;
}

static struct sem_set *set_create(u32 count)
{
	struct sem_set *set =
		heap_alloc_zero(sizeof(*set) + count * sizeof(set->semaphores[0]));

	if (!set)
		return NULL;
	set->count = count;
	list_init(&set->zero_sleepers);
	list_init(&set->change_sleepers);
	list_init(&set->undos);
	return set;
}

static long set_add(s32 key, u32 count, u32 flags)
{
	struct sem_set *set;
	bool make;
	long id;

	if (!count)
		return -EINVAL;
	set = set_create(count);
	if (!set)
		return -ENOMEM;
	lock_acquire(&sem_table.lock);
	/* Another one may have made it meanwhile. */
	id = ipc_get_locked(&sem_table, key, flags, count_check, count, &make);
	if (make)
		id = semaphore_total + count > SEMMNS
			     ? -ENOSPC
			     : ipc_add_locked(&sem_table, &set->object, key, flags);
	if (make && id >= 0) {
		semaphore_total += count;
		set = NULL;
	}
	lock_release(&sem_table.lock);
	heap_free(set);
	return id;
}

long sys_semget(int key, int count, u64 flags)
{
	bool make;
	long id;

	if (count < 0 || count > SEMMSL)
		return -EINVAL;
	lock_acquire(&sem_table.lock);
	id = ipc_get_locked(&sem_table, key, (u32)flags, count_check, (u32)count, &make);
	lock_release(&sem_table.lock);
	return make ? set_add(key, (u32)count, (u32)flags) : id;
}

/* ---- What is there ---- */

static void state_show(const struct sem_set *set, struct semid64_ds *state)
{
	*state = (struct semid64_ds){
		.sem_otime = set->used_s, .sem_ctime = set->object.changed_s,
		.sem_nsems = set->count,
	};
	ipc_show(&set->object, &state->sem_perm);
}

bool sem_next(u32 *index, struct sem_view *view)
{
	struct sem_set *set = NULL;

	lock_acquire(&sem_table.lock);
	while (!set && *index < sem_table.end)
		set = (struct sem_set *)ipc_at_locked(&sem_table, (s32)(*index)++);
	if (set) {
		view->id = set->object.id;
		state_show(set, &view->state);
	}
	lock_release(&sem_table.lock);
	return set != NULL;
}

static long limits_show(int command, uptr buffer)
{
	struct seminfo info = {
		.semmap = SEMMAP, .semmni = SEMMNI, .semmns = SEMMNS, .semmnu = SEMMNU,
		.semmsl = SEMMSL, .semopm = SEMOPM, .semume = SEMUME, .semusz = SEMUSZ,
		.semvmx = SEMVMX, .semaem = SEMAEM,
	};
	long highest;

	lock_acquire(&sem_table.lock);
	if (command == SEM_INFO) {
		info.semusz = (int)sem_table.count;
		info.semaem = (int)semaphore_total;
	}
	highest = ipc_highest_locked(&sem_table);
	lock_release(&sem_table.lock);
	return put_user(info, buffer) ? -EFAULT : highest;
}

static long set_stat(s32 id, int command, uptr buffer)
{
	struct semid64_ds state;
	struct ipc_object *object;
	long result = 0;

	lock_acquire(&sem_table.lock);
	if (command == IPC_STAT)
		object = ipc_find_locked(&sem_table, id);
	else
		object = ipc_at_locked(&sem_table, id) ?: ERROR_PTR(-EINVAL);
	if (IS_ERROR(object))
		result = PTR_ERROR(object);
	else if (command != SEM_STAT_ANY)
		result = ipc_permission(object, IPC_MAY_READ);
	if (!result) {
		state_show((struct sem_set *)object, &state);
		result = command == IPC_STAT ? 0 : object->id;
	}
	lock_release(&sem_table.lock);
	return result >= 0 && put_user(state, buffer) ? -EFAULT : result;
}

/* ---- Owner and end ---- */

static void set_remove_locked(struct sem_set *set)
{
	sem_undo_drop_locked(set);
	sem_sleepers_end_locked(set, -EIDRM);
	ipc_remove_locked(&sem_table, &set->object);
	semaphore_total -= set->count;
	heap_free(set);
}

static long set_change(s32 id, int command, uptr buffer)
{
	struct semid64_ds wanted;
	struct wake_list wakes;
	struct sem_set *set;
	long result;

	if (command == IPC_SET && get_user(wanted, buffer))
		return -EFAULT;
	wake_list_begin(&wakes);
	lock_acquire(&sem_table.lock);
	set = (struct sem_set *)ipc_find_locked(&sem_table, id);
	result = IS_ERROR(set) ? PTR_ERROR(set) : ipc_may_change(&set->object);
	if (!result && command == IPC_SET)
		result = ipc_change(&set->object, &wanted.sem_perm);
	else if (!result)
		set_remove_locked(set);
	lock_release(&sem_table.lock);
	wake_list_end(&wakes);
	return result;
}

/* ---- Values ---- */

static long sleepers_count(const struct list *list, u32 index, bool for_zero)
{
	const struct sem_sleeper *sleeper;
	long count = 0;

	list_for_each(sleeper, list, waiter.node)
		count += sleeper->blocking->sem_num == index &&
			 for_zero == !sleeper->blocking->sem_op;
	return count;
}

static long semaphore_ask_locked(struct sem_set *set, u32 index, int command)
{
	bool for_zero = command == GETZCNT;

	switch (command) {
	case GETVAL:
		return set->semaphores[index].value;
	case GETPID:
		return set->semaphores[index].last_user;
	default:
		return sleepers_count(&set->zero_sleepers, index, for_zero) +
		       sleepers_count(&set->change_sleepers, index, for_zero);
	}
}

static long semaphore_ask(s32 id, int index, int command)
{
	struct sem_set *set;
	long result;

	lock_acquire(&sem_table.lock);
	set = (struct sem_set *)ipc_find_locked(&sem_table, id);
	result = IS_ERROR(set) ? PTR_ERROR(set) : ipc_permission(&set->object, IPC_MAY_READ);
	if (!result && (index < 0 || (u32)index >= set->count))
		result = -EINVAL;
	if (!result)
		result = semaphore_ask_locked(set, (u32)index, command);
	lock_release(&sem_table.lock);
	return result;
}

static void value_set_locked(struct sem_set *set, u32 index, u16 value)
{
	set->semaphores[index].value = value;
	set->semaphores[index].last_user = process_current()->pid;
	set->object.changed_s = ipc_now_s();
	sem_undo_forget_locked(set, index);
}

static long semaphore_set(s32 id, int index, int value)
{
	struct wake_list wakes;
	struct sem_set *set;
	long result;

	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	wake_list_begin(&wakes);
	lock_acquire(&sem_table.lock);
	set = (struct sem_set *)ipc_find_locked(&sem_table, id);
	if (IS_ERROR(set))
		result = PTR_ERROR(set);
	else if (index < 0 || (u32)index >= set->count)
		result = -EINVAL;
	else
		result = ipc_permission(&set->object, IPC_MAY_WRITE);
	if (!result) {
		value_set_locked(set, (u32)index, (u16)value);
		sem_set_changed_locked(set);
	}
	lock_release(&sem_table.lock);
	wake_list_end(&wakes);
	return result;
}

/* How many there are, for who may do that with them; or -errno. */
static long set_count(s32 id, u32 may)
{
	struct sem_set *set;
	long result;

	lock_acquire(&sem_table.lock);
	set = (struct sem_set *)ipc_find_locked(&sem_table, id);
	result = IS_ERROR(set) ? PTR_ERROR(set) : ipc_permission(&set->object, may);
	if (!result)
		result = set->count;
	lock_release(&sem_table.lock);
	return result;
}

/* The set that was found before, unless it is gone. */
static long values_move(s32 id, u16 *values, u32 count, bool set_them)
{
	struct wake_list wakes;
	struct sem_set *set;
	long result = 0;

	wake_list_begin(&wakes);
	lock_acquire(&sem_table.lock);
	set = (struct sem_set *)ipc_find_locked(&sem_table, id);
	if (IS_ERROR(set) || set->count != count) {
		result = -EIDRM;
	} else {
		for (u32 i = 0; i < count; i++) {
			if (set_them)
				value_set_locked(set, i, values[i]);
			else
				values[i] = set->semaphores[i].value;
		}
		if (set_them)
			sem_set_changed_locked(set);
	}
	lock_release(&sem_table.lock);
	wake_list_end(&wakes);
	return result;
}

static long values_check(const u16 *values, long count)
{
	for (long i = 0; i < count; i++)
		if (values[i] > SEMVMX)
			return -ERANGE;
	return 0;
}

static long values_exchange(s32 id, uptr array, bool set_them)
{
	long count = set_count(id, set_them ? IPC_MAY_WRITE : IPC_MAY_READ), result = 0;
	size_t size = (size_t)count * sizeof(u16);
	u16 *values;

	if (count < 0)
		return count;
	values = heap_alloc(size);
	if (!values)
		return -ENOMEM;
	if (set_them) {
		result = copy_from_user(values, array, size);
		if (!result)
			result = values_check(values, count);
	}
	if (!result)
		result = values_move(id, values, (u32)count, set_them);
	if (!result && !set_them)
		result = copy_to_user(array, values, size);
	heap_free(values);
	return result;
}

long sys_semctl(int id, int index, int command, u64 argument)
{
	if (id < 0)
		return -EINVAL;
	switch (command) {
	case IPC_INFO:
	case SEM_INFO:
		return limits_show(command, argument);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return set_stat(id, command, argument);
	case GETALL:
	case SETALL:
		return values_exchange(id, argument, command == SETALL);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return semaphore_ask(id, index, command);
	case SETVAL:
		return semaphore_set(id, index, (int)argument);
	case IPC_RMID:
	case IPC_SET:
		return set_change(id, command, argument);
	default:
		return -EINVAL;
	}
}
