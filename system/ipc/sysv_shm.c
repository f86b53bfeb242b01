/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory. A segment's bytes are a memory file; shmat(2) maps a file of its own,
 * whose operations are below, and each area that maps one counts as an attachment: so fork, exec,
 * exit and munmap need not know of segments. Lock: table.lock (LOCK_IPC) for all but the bytes.
 */
#include "ipc/sysv_shm.h"

#include <asm/stat.h>
#include <linux/capability.h>
#include <linux/mman.h>

#include "boundary/layout.h"
#include "core/channel.h"
#include "core/heap.h"
#include "core/string.h"
#include "fs/tree.h"
#include "ipc/sysv_ids.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"
#include "vfs/dentry.h"
#include "vfs/file.h"

/* As <linux/shm.h>, which wants the C library. */
#define SHM_HUGETLB	04000u
#define SHM_NORESERVE	010000u
#define SHM_RDONLY	010000
#define SHM_RND		020000
#define SHM_REMAP	040000
#define SHM_EXEC	0100000
#define SHM_LOCK	11
#define SHM_UNLOCK	12
#define SHM_STAT	13
#define SHM_INFO	14
#define SHM_STAT_ANY	15

/* Flags in a segment's mode. */
#define SHM_DEST	01000u	/* goes with the last attachment */
#define SHM_LOCKED	02000u

struct shm_info {
	int used_ids;
	u64 shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

struct shm_segment {
	struct ipc_object object;	/* first */
	refcount references;		/* the table's, and one of each attached file */
	struct file *memory;		/* constant */
	u64 size;			/* constant */
	s64 attached_s, detached_s;
	u32 creator, last_user;		/* processes */
	u32 attachments;
};

static struct ipc_table table = IPC_TABLE(SHM_ID_COUNT_MAX);
static u64 pages_total;			/* under table.lock */

static u64 pages_of(u64 size)
{
	return ROUND_UP(size, PAGE_SIZE) / PAGE_SIZE;
}

/* ---- Segments ---- */

static void segment_put(struct shm_segment *segment)
{
	if (!refcount_put(&segment->references))
		return;
	file_put(segment->memory);
	heap_free(segment);
}

/* Nobody finds it any more; the caller drops the table's reference when the lock is free. */
static void segment_remove_locked(struct shm_segment *segment)
{
	ipc_remove_locked(&table, &segment->object);
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
		segment_put(segment);
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
	lock_acquire(&table.lock);
	/* Another one may have made it meanwhile. */
	id = ipc_get_locked(&table, key, flags, size_check, size, &make);
	if (make) {
		id = ipc_add_locked(&table, &segment->object, key, flags);
		if (id >= 0) {
			pages_total += pages_of(size);
			/* Shown as the file's number in /proc/PID/maps. */
			segment->memory->inode->ino = (u64)id;
			segment = NULL;
		}
	}
	lock_release(&table.lock);
	if (segment)
		segment_put(segment);
	return id;
}

long sys_shmget(int key, size_t size, u64 flags)
{
	bool make;
	long id;

	lock_acquire(&table.lock);
	id = ipc_get_locked(&table, key, (u32)flags, size_check, size, &make);
	lock_release(&table.lock);
	return make ? segment_add(key, size, (u32)flags) : id;
}

/* ---- The file that an attachment maps ---- */

static int attached_map(struct file *file, u64 offset, u64 size, bool shared, bool writable,
			struct map_source *source)
{
	struct shm_segment *segment = file->private;

	return segment->memory->operations->map(segment->memory, offset, size, shared, writable,
						source);
}

static void attachment_note_locked(struct shm_segment *segment, s64 *when)
{
	*when = ipc_now_s();
	segment->last_user = process_current()->pid;
}

static void attached_area_added(struct file *file)
{
	struct shm_segment *segment = file->private;

	lock_acquire(&table.lock);
	segment->attachments++;
	attachment_note_locked(segment, &segment->attached_s);
	lock_release(&table.lock);
}

/* The file, which the area holds yet, has a reference on the segment: this is not the last. */
static void attached_area_removed(struct file *file)
{
	struct shm_segment *segment = file->private;
	bool gone;

	lock_acquire(&table.lock);
	attachment_note_locked(segment, &segment->detached_s);
	gone = !--segment->attachments && (segment->object.mode & SHM_DEST);
	if (gone)
		segment_remove_locked(segment);
	lock_release(&table.lock);
	if (gone)
		segment_put(segment);
}

static void attached_release(struct file *file)
{
	segment_put(file->private);
}

static const struct file_operations attached_operations = {
	.map = attached_map,
	.area_added = attached_area_added,
	.area_removed = attached_area_removed,
	.release = attached_release,
};

/* Takes over a reference on the segment. NULL: out of memory. */
static struct file *attached_create(struct shm_segment *segment, u32 flags)
{
	struct file *memory = segment->memory, *file;

	inode_get(memory->inode);
	dentry_get(memory->dentry);
	file = file_create(&attached_operations, memory->inode, memory->dentry, memory->mount,
			   flags, segment);
	if (!file) {
		dentry_put(memory->dentry);
		inode_put(memory->inode);
		segment_put(segment);
	}
	return file;
}

/* ---- shmat ---- */

/* With a reference, or ERROR_PTR. */
static struct shm_segment *segment_get(s32 id, u32 may)
{
	struct shm_segment *segment;
	int error;

	lock_acquire(&table.lock);
	segment = (struct shm_segment *)ipc_find_locked(&table, id);
	if (!IS_ERROR(segment)) {
		error = ipc_permission(&segment->object, may);
		if (error)
			segment = ERROR_PTR(error);
		else
			refcount_get(&segment->references);
	}
	lock_release(&table.lock);
	return segment;
}

static int address_check(uptr *address, int flags)
{
	if (!*address)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (*address % PAGE_SIZE) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		*address = ROUND_DOWN(*address, PAGE_SIZE);
		if (!*address && (flags & SHM_REMAP))
			return -EINVAL;
	}
	return 0;
}

static long segment_attach(struct file *file, u64 size, uptr address, int flags)
{
	int protection = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) |
			 (flags & SHM_EXEC ? PROT_EXEC : 0);
	int map_flags = MAP_SHARED;
	long place;

	if (address)
		map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	place = mm_map(process_current()->mm, address, size, protection, map_flags, file, 0, 0);
	return place == -EEXIST ? -EINVAL : place;
}

long sys_shmat(int id, uptr address, u64 flags_argument)
{
	int flags = (int)flags_argument, error;
	u32 may = IPC_MAY_READ | (flags & SHM_RDONLY ? 0 : IPC_MAY_WRITE) |
		  (flags & SHM_EXEC ? 0111 : 0);
	struct shm_segment *segment;
	struct file *file;
	long place;

	error = id < 0 ? -EINVAL : address_check(&address, flags);
	if (error)
		return error;
	segment = segment_get(id, may);
	if (IS_ERROR(segment))
		return PTR_ERROR(segment);
	file = attached_create(segment, flags & SHM_RDONLY ? O_RDONLY : O_RDWR);
	if (!file)
		return -ENOMEM;
	place = segment_attach(file, segment->size, address, flags);
	file_put(file);
	return place;
}

/* ---- shmdt ---- */

/*
 * The next piece of an attachment that begins (or began) at address: of the file that *file says,
 * or, where that is NULL, of any, which it becomes then.
 */
static bool piece_find(struct mm *mm, uptr address, u64 from, struct file **file,
		       struct area *piece)
{
	struct area *area;
	bool found = false;

	lock_acquire(&mm->lock);
	while (!found && (area = mm_find_locked(mm, from))) {
		from = area->end;
		found = area->file && area->file->operations == &attached_operations &&
			area->start >= address && area->start - address == area->offset &&
			(!*file || area->file == *file);
	}
	if (found) {
		*piece = *area;
		if (!*file)
			file_get(area->file);
		*file = area->file;
	}
	lock_release(&mm->lock);
	return found;
}

long sys_shmdt(uptr address)
{
	struct mm *mm = process_current()->mm;
	struct file *file = NULL;
	struct area piece;
	u64 from = address;
	int error = 0;

	if (address % PAGE_SIZE)
		return -EINVAL;
	while (!error && piece_find(mm, address, from, &file, &piece)) {
		error = mm_unmap(mm, piece.start, piece.end - piece.start);
		from = piece.end;
	}
	if (!file)
		return -EINVAL;
	file_put(file);
	return error;
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

	lock_acquire(&table.lock);
	while (!segment && *index < table.end)
		segment = (struct shm_segment *)ipc_at_locked(&table, (s32)(*index)++);
	if (segment) {
		refcount_get(&segment->references);
		view->id = segment->object.id;
		state_show(segment, &view->state);
	}
	lock_release(&table.lock);
	if (!segment)
		return false;
	view->resident = resident_bytes(segment);
	segment_put(segment);
	return true;
}

static long limits_show(uptr buffer)
{
	struct shminfo64 info = {
		.shmmax = SHM_SIZE_MAX, .shmmin = 1, .shmmni = SHM_ID_COUNT_MAX,
		.shmseg = SHM_ID_COUNT_MAX, .shmall = SHM_PAGES_MAX,
	};
	long highest;

	lock_acquire(&table.lock);
	highest = ipc_highest_locked(&table);
	lock_release(&table.lock);
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
	lock_acquire(&table.lock);
	info.used_ids = (int)table.count;
	info.shm_tot = pages_total;
	highest = ipc_highest_locked(&table);
	lock_release(&table.lock);
	return put_user(info, buffer) ? -EFAULT : highest;
}

static long segment_stat(s32 id, int command, uptr buffer)
{
	struct shmid64_ds state;
	struct ipc_object *object;
	long result = 0;

	lock_acquire(&table.lock);
	if (command == IPC_STAT)
		object = ipc_find_locked(&table, id);
	else
		object = ipc_at_locked(&table, id) ?: ERROR_PTR(-EINVAL);
	if (IS_ERROR(object))
		result = PTR_ERROR(object);
	else if (command != SHM_STAT_ANY)
		result = ipc_permission(object, IPC_MAY_READ);
	if (!result) {
		state_show((struct shm_segment *)object, &state);
		result = command == IPC_STAT ? 0 : object->id;
	}
	lock_release(&table.lock);
	return result >= 0 && put_user(state, buffer) ? -EFAULT : result;
}

static long remove_locked(struct shm_segment *segment, bool *gone)
{
	long error = ipc_may_change(&segment->object);

	if (error)
		return error;
	*gone = !segment->attachments;
	if (*gone) {
		segment_remove_locked(segment);
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
	lock_acquire(&table.lock);
	segment = (struct shm_segment *)ipc_find_locked(&table, id);
	if (IS_ERROR(segment))
		result = PTR_ERROR(segment);
	else if (command == IPC_RMID)
		result = remove_locked(segment, &gone);
	else if (command == IPC_SET)
		result = ipc_may_change(&segment->object)
				 ?: ipc_change(&segment->object, &wanted.shm_perm);
	else
		result = lock_locked(segment, command == SHM_LOCK);
	lock_release(&table.lock);
	if (gone)
		segment_put(segment);
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
