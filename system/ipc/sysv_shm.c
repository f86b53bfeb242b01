/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: segments, shmget(2) and shmctl(2). A segment's bytes are a memory file;
 * attaching is shm_attach.c. Lock: shm_table.lock (LOCK_IPC) for all but the bytes.
 */
#include "ipc/sysv_shm.h"

#include <linux/capability.h>

#include "boundary/layout.h"
#include "core/channel.h"
#include "core/heap.h"
#include "core/string.h"
#include "fs/tree.h"
#include "ipc/shm_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

/* As <linux/shm.h>, which wants the C library. */
#define SHM_HUGETLB	04000u
#define SHM_NORESERVE	010000u
#define SHM_LOCK	11
#define SHM_UNLOCK	12
#define SHM_STAT	13
#define SHM_INFO	14
#define SHM_STAT_ANY	15

struct shm_info {
	int used_ids;
	u64 shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

struct ipc_table shm_table = IPC_TABLE(SHM_ID_COUNT_MAX);
static u64 pages_total;			/* under shm_table.lock */

static u64 pages_of(u64 size)
{
	return ROUND_UP(size, PAGE_SIZE) / PAGE_SIZE;
}

/* ---- Segments ---- */

void shm_segment_put(struct shm_segment *segment)
{
	if (!refcount_put(&segment->references))
		return;
	file_put(segment->memory);
	heap_free(segment);
}

void shm_segment_remove_locked(struct shm_segment *segment)
{
	ipc_remove_locked(&shm_table, &segment->object);
	pages_total -= pages_of(segment->size);
}

static struct shm_segment *segment_create(s32 key, u64 size)
{
	struct shm_segment *segment = heap_alloc_zero(sizeof(*segment));
	char name[24];
	int error;

	if (!segment)
		return ERROR_PTR(-ENOMEM);
	format(name, sizeof(name), "SYSV%08x", (u32)key);
	refcount_init(&segment->references, 1);
	segment->size = size;
	segment->creator = process_current()->pid;
	segment->memory = tree_create_memory(name, 0);
	if (IS_ERROR(segment->memory)) {
		error = (int)PTR_ERROR(segment->memory);
		heap_free(segment);
		return ERROR_PTR(error);
	}
	error = segment->memory->operations->truncate(segment->memory, ROUND_UP(size, PAGE_SIZE));
	if (error) {
		shm_segment_put(segment);
		return ERROR_PTR(error);
	}
	return segment;
}

/* ---- shmget ---- */

static int size_check(const struct ipc_object *object, u64 size)
{
	return container_of(object, struct shm_segment, object)->size < size ? -EINVAL : 0;
}

/* There is no pool of huge pages: as Linux with nr_hugepages 0. */
static int new_check(u64 size, u32 flags)
{
	if (!size || size > SHM_SIZE_MAX)
		return -EINVAL;
	if (flags & SHM_HUGETLB)
		return credentials_capable(process_current()->credentials, CAP_IPC_LOCK) ? -ENOMEM :
											  -EPERM;
	if (!(flags & SHM_NORESERVE) && size > config()->memory_total)
		return -ENOMEM;
	return size > (u64)INT64_MAX - PAGE_SIZE ? -ENOSPC : 0;
}

static long segment_add(s32 key, u64 size, u32 flags)
{
	struct shm_segment *segment;
	bool make;
	long id;

	id = new_check(size, flags);
	if (id)
		return id;
	segment = segment_create(key, size);
	if (IS_ERROR(segment))
		return PTR_ERROR(segment);
	lock_acquire(&shm_table.lock);
	/* Another one may have made it meanwhile. */
	id = ipc_get_locked(&shm_table, key, flags, size_check, size, &make);
	if (make) {
		id = ipc_add_locked(&shm_table, &segment->object, key, flags);
		if (id >= 0) {
			pages_total += pages_of(size);
			/* Shown as the file's number in /proc/PID/maps. */
			segment->memory->inode->ino = (u64)id;
			segment = NULL;
		}
	}
	lock_release(&shm_table.lock);
	if (segment)
		shm_segment_put(segment);
	return id;
}

long sys_shmget(int key, size_t size, u64 flags)
{
	bool make;
	long id;

	lock_acquire(&shm_table.lock);
	id = ipc_get_locked(&shm_table, key, (u32)flags, size_check, size, &make);
	lock_release(&shm_table.lock);
	return make ? segment_add(key, size, (u32)flags) : id;
}

/* ---- shmctl ---- */

static void state_show(const struct shm_segment *segment, struct shmid64_ds *state)
{
	*state = (struct shmid64_ds){
		.shm_segsz = segment->size, .shm_atime = segment->attached_s,
		.shm_dtime = segment->detached_s, .shm_ctime = segment->object.changed_s,
		.shm_cpid = (int)segment->creator, .shm_lpid = (int)segment->last_user,
		.shm_nattch = segment->attachments,
	};
	ipc_show(&segment->object, &state->shm_perm);
}

static u64 resident_bytes(struct shm_segment *segment)
{
	struct attributes attributes;

	inode_attributes(segment->memory->inode, &attributes);
	return attributes.blocks * 512;
}

bool shm_next(u32 *index, struct shm_view *view)
{
	struct shm_segment *segment = NULL;

	lock_acquire(&shm_table.lock);
	while (!segment && *index < shm_table.end)
		segment = (struct shm_segment *)ipc_at_locked(&shm_table, (s32)(*index)++);
	if (segment) {
		refcount_get(&segment->references);
		view->id = segment->object.id;
		state_show(segment, &view->state);
	}
	lock_release(&shm_table.lock);
	if (!segment)
		return false;
	view->resident = resident_bytes(segment);
	shm_segment_put(segment);
	return true;
}

static long limits_show(uptr buffer)
{
	struct shminfo64 info = {
		.shmmax = SHM_SIZE_MAX, .shmmin = 1, .shmmni = SHM_ID_COUNT_MAX,
		.shmseg = SHM_ID_COUNT_MAX, .shmall = SHM_PAGES_MAX,
	};
	long highest;

	lock_acquire(&shm_table.lock);
	highest = ipc_highest_locked(&shm_table);
	lock_release(&shm_table.lock);
	return put_user(info, buffer) ? -EFAULT : highest;
}

static long usage_show(uptr buffer)
{
	struct shm_info info = { 0 };
	struct shm_view view;
	u32 index = 0;
	long highest;

	while (shm_next(&index, &view))
		info.shm_rss += view.resident / PAGE_SIZE;
	lock_acquire(&shm_table.lock);
	info.used_ids = (int)shm_table.count;
	info.shm_tot = pages_total;
	highest = ipc_highest_locked(&shm_table);
	lock_release(&shm_table.lock);
	return put_user(info, buffer) ? -EFAULT : highest;
}

static long segment_stat(s32 id, int command, uptr buffer)
{
	struct shmid64_ds state;
	struct ipc_object *object;
	long result = 0;

	lock_acquire(&shm_table.lock);
	if (command == IPC_STAT)
		object = ipc_find_locked(&shm_table, id);
	else
		object = ipc_at_locked(&shm_table, id) ?: ERROR_PTR(-EINVAL);
	if (IS_ERROR(object))
		result = PTR_ERROR(object);
	else if (command != SHM_STAT_ANY)
		result = ipc_permission(object, IPC_MAY_READ);
	if (!result) {
		state_show((struct shm_segment *)object, &state);
		result = command == IPC_STAT ? 0 : object->id;
	}
	lock_release(&shm_table.lock);
	return result >= 0 && put_user(state, buffer) ? -EFAULT : result;
}

static long remove_locked(struct shm_segment *segment, bool *gone)
{
	long error = ipc_may_change(&segment->object);

	if (error)
		return error;
	*gone = !segment->attachments;
	if (*gone) {
		shm_segment_remove_locked(segment);
	} else {
		/* Who knows its id may attach it yet; the key is free for another. */
		segment->object.mode |= SHM_DEST;
		segment->object.key = IPC_PRIVATE;
	}
	return 0;
}

/* The host swaps a domain's memory files or not as it likes: what is asked for is remembered. */
static long lock_locked(struct shm_segment *segment, bool lock)
{
	const struct process *process = process_current();
	const struct credentials *who = process->credentials;

	if (!credentials_capable(who, CAP_IPC_LOCK)) {
		if (who->euid != segment->object.uid && who->euid != segment->object.cuid)
			return -EPERM;
		if (lock && !process->limits[RLIMIT_MEMLOCK].rlim_cur)
			return -EPERM;
	}
	if (lock)
		segment->object.mode |= SHM_LOCKED;
	else
		segment->object.mode &= ~SHM_LOCKED;
	return 0;
}

static long segment_change(s32 id, int command, uptr buffer)
{
	struct shm_segment *segment;
	struct shmid64_ds wanted;
	bool gone = false;
	long result;

	if (command == IPC_SET && get_user(wanted, buffer))
		return -EFAULT;
	lock_acquire(&shm_table.lock);
	segment = (struct shm_segment *)ipc_find_locked(&shm_table, id);
	if (IS_ERROR(segment))
		result = PTR_ERROR(segment);
	else if (command == IPC_RMID)
		result = remove_locked(segment, &gone);
	else if (command == IPC_SET)
		result = ipc_may_change(&segment->object)
				 ?: ipc_change(&segment->object, &wanted.shm_perm);
	else
		result = lock_locked(segment, command == SHM_LOCK);
	lock_release(&shm_table.lock);
	if (gone)
		shm_segment_put(segment);
	return result;
}

long sys_shmctl(int id, int command, uptr buffer)
{
	if (command < 0 || id < 0)
		return -EINVAL;
	switch (command) {
	case IPC_INFO:
		return limits_show(buffer);
	case SHM_INFO:
		return usage_show(buffer);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return segment_stat(id, command, buffer);
	case IPC_SET:
	case IPC_RMID:
	case SHM_LOCK:
	case SHM_UNLOCK:
		return segment_change(id, command, buffer);
	default:
		return -EINVAL;
	}
}
