/* SPDX-License-Identifier: MIT */
/*
 * SEM_UNDO: what the end of a process takes back. Lock: sem_table.lock (LOCK_IPC); the pointer in
 * the process is set by its own threads under it.
 */
#include "core/heap.h"
#include "core/wait.h"
#include "ipc/sem_private.h"
#include "ipc/sysv_sem.h"
#include "process/process.h"

static struct sem_undo_list *list_get_locked(struct process *process)
{
	struct sem_undo_list *list = process->sem_undos;

	if (list)
		return list;
	list = heap_alloc(sizeof(*list));
	if (!list)
		return NULL;
	list->sharers = 1;
	list_init(&list->undos);
	process->sem_undos = list;
	return list;
}

struct sem_undo *sem_undo_get_locked(struct sem_set *set)
{
	struct sem_undo_list *list = list_get_locked(process_current());
	struct sem_undo *undo;

	if (!list)
		return NULL;
	list_for_each(undo, &list->undos, owner_node)
		if (undo->set == set)
			return undo;
	undo = heap_alloc_zero(sizeof(*undo) + set->count * sizeof(undo->adjust[0]));
	if (!undo)
		return NULL;
	undo->set = set;
	list_add_tail(&undo->set_node, &set->undos);
	list_add_tail(&undo->owner_node, &list->undos);
	return undo;
}

static void undo_free_locked(struct sem_undo *undo)
{
	list_remove(&undo->set_node);
	list_remove(&undo->owner_node);
	heap_free(undo);
}

void sem_undo_forget_locked(struct sem_set *set, u32 index)
{
	struct sem_undo *undo;

	list_for_each(undo, &set->undos, set_node)
		undo->adjust[index] = 0;
}

void sem_undo_drop_locked(struct sem_set *set)
{
	struct sem_undo *undo, *next;

	list_for_each_safe(undo, next, &set->undos, set_node)
		undo_free_locked(undo);
}

/* A semaphore stays within its bounds, even if not all can be taken back then. */
static void undo_apply_locked(struct sem_undo *undo, u32 pid)
{
	struct sem_set *set = undo->set;

	for (u32 i = 0; i < set->count; i++) {
		s32 value = set->semaphores[i].value + undo->adjust[i];

		if (!undo->adjust[i])
			continue;
		set->semaphores[i].value = (u16)MIN(MAX(value, 0), SEMVMX);
		set->semaphores[i].last_user = pid;
	}
	set->used_s = ipc_now_s();
	undo_free_locked(undo);
	sem_set_changed_locked(set);
}

int sem_undo_share(struct process *child, struct process *parent)
{
	struct sem_undo_list *list;

	lock_acquire(&sem_table.lock);
	list = list_get_locked(parent);
	if (list) {
		list->sharers++;
		child->sem_undos = list;
	}
	lock_release(&sem_table.lock);
	return list ? 0 : -ENOMEM;
}

void sem_undo_exit(struct process *process)
{
	struct sem_undo_list *list = process->sem_undos;
	struct wake_list wakes;

	if (!list)
		return;
	process->sem_undos = NULL;
	wake_list_begin(&wakes);
	lock_acquire(&sem_table.lock);
	if (--list->sharers) {
		list = NULL;
	} else {
		while (!list_empty(&list->undos))
			undo_apply_locked(list_first(&list->undos, struct sem_undo, owner_node),
					  process->pid);
	}
	lock_release(&sem_table.lock);
	wake_list_end(&wakes);
	heap_free(list);
}
