/* SPDX-License-Identifier: MIT */
/*
 * shmat(2) and shmdt(2). An attachment maps a file of its own, whose operations are here, and each
 * area that maps one counts: so fork, exec, exit and munmap need not know of segments. Lock:
 * shm_table.lock (LOCK_IPC).
 */
#include <linux/mman.h>

#include "boundary/layout.h"
#include "ipc/shm_private.h"
#include "memory/mm.h"
#include "process/process.h"
#include "syscalls.h"
#include "vfs/dentry.h"
#include "vfs/inode.h"

/* As <linux/shm.h>, which wants the C library. */
#define SHM_RDONLY	010000
#define SHM_RND		020000
#define SHM_REMAP	040000
#define SHM_EXEC	0100000

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

	lock_acquire(&shm_table.lock);
	segment->attachments++;
	attachment_note_locked(segment, &segment->attached_s);
	lock_release(&shm_table.lock);
}

/* The file, which the area holds yet, has a reference on the segment: this is not the last. */
static void attached_area_removed(struct file *file)
{
	struct shm_segment *segment = file->private;
	bool gone;

	lock_acquire(&shm_table.lock);
	attachment_note_locked(segment, &segment->detached_s);
	gone = !--segment->attachments && (segment->object.mode & SHM_DEST);
	if (gone)
		shm_segment_remove_locked(segment);
	lock_release(&shm_table.lock);
	if (gone)
		shm_segment_put(segment);
}

static void attached_release(struct file *file)
{
	shm_segment_put(file->private);
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
		shm_segment_put(segment);
	}
	return file;
}

/* ---- shmat ---- */

/* With a reference, or ERROR_PTR. */
static struct shm_segment *segment_get(s32 id, u32 may)
{
	struct shm_segment *segment;
	int error;

	lock_acquire(&shm_table.lock);
	segment = (struct shm_segment *)ipc_find_locked(&shm_table, id);
	if (!IS_ERROR(segment)) {
		error = ipc_permission(&segment->object, may);
		if (error)
			segment = ERROR_PTR(error);
		else
			refcount_get(&segment->references);
	}
	lock_release(&shm_table.lock);
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
