/* SPDX-License-Identifier: MIT */
/* See files.h. */
#include "files.h"

#include <asm/unistd_64.h>

#include "core/host.h"
#include "core/string.h"
#include "ipc/pipe.h"
#include "ipc/stream.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"
#include "vfs/inode.h"
#include "vfs/poll.h"
#include "vfs/special.h"

u32 files_signals;

static struct process process;
static struct credentials credentials;
static const struct special_operations *fifo_operations;

int files_start(void **state)
{
	process.pid = 2;
	process.credentials = &credentials;
	fifo_register();
	if (fake_start(state))
		return -1;
	thread_current()->process = &process;
	return 0;
}

/* There are no streams here. */
bool stream_open_again(struct inode *inode, struct file *file)
{
	(void)inode, (void)file;
	return false;
}

void files_thread_enter(void)
{
	struct thread *thread;

	/* The creator's block serves until there is an own one. */
	static struct thread starting;

	starting.self = &starting;
	fake_thread_enter(&starting);
	thread = fake_thread_create();
	thread->process = &process;
	fake_thread_enter(thread);
}

/* ---- memory ---- */

void iter_init_kernel(struct iter *iter, void *base, size_t size)
{
	iter->one = (struct segment){ (u64)base, size };
	iter->segments = &iter->one;
	iter->count = 1;
	iter->offset = 0;
	iter->left = size;
}

static void *iter_take(struct iter *iter, size_t *size)
{
	void *at = (void *)(iter->one.base + iter->offset);

	*size = MIN(*size, iter->left);
	iter->offset += *size;
	iter->left -= *size;
	return at;
}

size_t iter_copy_to(struct iter *iter, const void *from, size_t size)
{
	void *to = iter_take(iter, &size);

	memcpy(to, from, size);
	return size;
}

size_t iter_copy_from(struct iter *iter, void *to, size_t size)
{
	const void *from = iter_take(iter, &size);

	memcpy(to, from, size);
	return size;
}

int copy_to_user(uptr to, const void *from, size_t size)
{
	memcpy((void *)to, from, size);
	return 0;
}

u64 clock_realtime_ns(void)
{
	u64 time[2];

	host_call2(__NR_clock_gettime, 0, time);
	return time[0] * 1000000000u + time[1];
}

/* ---- signals ---- */

int signal_send_thread(struct thread *thread, const signal_info *info)
{
	(void)thread;
	files_signals += info->si_signo == SIGPIPE;
	return 0;
}

/* ---- inodes and files ---- */

static struct inode *inode_new(u32 mode)
{
	struct inode *inode = heap_alloc_zero(sizeof(*inode));

	inode->references = 1;
	inode->mode = mode;
	lock_init(&inode->lock, LOCK_INODE);
	return inode;
}

void inode_put(struct inode *inode)
{
	if (atomic_sub(&inode->references, 1) == 0)
		heap_free(inode);
}

struct file *file_create(const struct file_operations *operations, struct inode *inode,
			 struct dentry *dentry, struct mount *mount, u32 flags, void *private)
{
	struct file *file = heap_alloc_zero(sizeof(*file));

	(void)dentry, (void)mount;
	refcount_init(&file->references, 1);
	file->operations = operations;
	file->inode = inode;
	file->flags = flags;
	file->private = private;
	list_init(&file->epoll_items);
	return file;
}

struct file *file_create_anonymous(const struct file_operations *operations, const char *name,
				   u32 mode, u32 flags, void *private)
{
	(void)name;
	return file_create(operations, inode_new(mode), NULL, NULL, flags, private);
}

void file_put(struct file *file)
{
	if (!refcount_put(&file->references))
		return;
	if (!list_empty(&file->epoll_items))
		epoll_forget_file(file);
	if (file->operations->release)
		file->operations->release(file);
	inode_put(file->inode);
	heap_free(file);
}

void special_register_fifo(const struct special_operations *operations)
{
	fifo_operations = operations;
}

struct inode *files_fifo_create(void)
{
	return inode_new(S_IFIFO | 0600);
}

int files_open_fifo(struct inode *inode, u32 flags, struct file **out)
{
	struct file *file = file_create(NULL, inode, NULL, NULL, flags, NULL);
	int error = fifo_operations->open(inode, file);

	if (error) {
		heap_free(file);
		return error;
	}
	inode_get(inode);
	*out = file;
	return 0;
}

/* ---- for the tests ---- */

ssize_t file_read_bytes(struct file *file, void *to, size_t size)
{
	struct iter iter;
	u64 offset = 0;

	iter_init_kernel(&iter, to, size);
	return file->operations->read(file, &iter, &offset);
}

ssize_t file_write_bytes(struct file *file, const void *from, size_t size)
{
	struct iter iter;
	u64 offset = 0;

	iter_init_kernel(&iter, (void *)from, size);
	return file->operations->write(file, &iter, &offset);
}

u64 files_heap_objects(void)
{
	struct heap_usage usage;

	heap_usage(&usage);
	return usage.slab_objects;
}

void sleep_ms(u32 milliseconds)
{
	u64 time[2] = { 0, milliseconds * 1000000ull };

	host_call2(__NR_nanosleep, time, 0);
}
