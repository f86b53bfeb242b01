/* SPDX-License-Identifier: MIT */
/*
 * The character devices that are memory (major 1). No state, no locks.
 */
#include "fs/device.h"

#include <linux/random.h>

#include "core/host.h"
#include "memory/usercopy.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/special.h"

/* A host call is not to hold up a kill for long. */
#define RANDOM_PIECE_MAX 65536u
#define RANDOM_POOL_BITS 256

static ssize_t null_read(struct file *file, struct iter *to, u64 *offset)
{
	(void)file, (void)to, (void)offset;
	return 0;
}

static ssize_t null_write(struct file *file, struct iter *from, u64 *offset)
{
	ssize_t size = from->left;

	(void)file, (void)offset;
	iter_advance(from, size);
	return size;
}

static loff_t null_seek(struct file *file, loff_t offset, int whence)
{
	(void)offset, (void)whence;
	file->position = 0;
	return 0;
}

static ssize_t zero_read(struct file *file, struct iter *to, u64 *offset)
{
	size_t wanted = to->left, done = iter_fill_zero(to, wanted);

	(void)file, (void)offset;
	return done || !wanted ? (ssize_t)done : -EFAULT;
}

static int zero_map(struct file *file, u64 offset, u64 size, bool shared, bool writable,
		    struct map_source *source)
{
	(void)file, (void)offset, (void)size, (void)shared, (void)writable;
	*source = (struct map_source){ .anonymous = true };
	return 0;
}

static ssize_t full_write(struct file *file, struct iter *from, u64 *offset)
{
	(void)file, (void)from, (void)offset;
	return -ENOSPC;
}

/* The host writes straight into the program's memory. */
static ssize_t random_read(struct file *file, struct iter *to, u64 *offset)
{
	ssize_t total = 0;

	(void)file, (void)offset;
	while (to->left) {
		u64 base;
		size_t piece = MIN(iter_piece(to, &base), RANDOM_PIECE_MAX);
		long done = host_call3(__NR_getrandom, base, piece, 0);

		if (done < 0)
			return total ? total : done;
		iter_advance(to, done);
		total += done;
		if (thread_interrupted())
			break;
	}
	return total;
}

static long random_ioctl(struct file *file, u32 command, uptr argument)
{
	s32 bits = RANDOM_POOL_BITS;

	(void)file;
	return command == RNDGETENTCNT ? put_user(bits, argument) : -EINVAL;
}

static loff_t random_seek(struct file *file, loff_t offset, int whence)
{
	(void)offset, (void)whence;
	return file->position;
}

static u32 random_poll(struct file *file, struct poll_request *request)
{
	(void)file, (void)request;
	return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
}

static const struct file_operations null_operations = {
	.read = null_read,
	.write = null_write,
	.seek = null_seek,
	.no_splice_read = true,
};

static const struct file_operations zero_operations = {
	.read = zero_read,
	.write = null_write,
	.seek = null_seek,
	.map = zero_map,
};

static const struct file_operations full_operations = {
	.read = zero_read,
	.write = full_write,
	.seek = null_seek,
	.no_splice_write = true,
};

static const struct file_operations random_operations = {
	.read = random_read,
	.write = null_write,
	.seek = random_seek,
	.poll = random_poll,
	.ioctl = random_ioctl,
};

static const struct file_operations *const memory_devices[] = {
	[DEVICE_NULL] = &null_operations,
	[DEVICE_ZERO] = &zero_operations,
	[DEVICE_FULL] = &full_operations,
	[DEVICE_RANDOM] = &random_operations,
	[DEVICE_URANDOM] = &random_operations,
};

static int memory_open(struct inode *inode, struct file *file)
{
	u32 minor = DEVICE_MINOR(inode->rdev);

	if (minor >= ARRAY_SIZE(memory_devices) || !memory_devices[minor])
		return -ENXIO;
	file->operations = memory_devices[minor];
	return 0;
}

static void device_release_inode(struct inode *inode)
{
	(void)inode;
}

static const struct special_operations memory_special = {
	.open = memory_open,
	.release_inode = device_release_inode,
};

void devices_register(void)
{
	special_register_device(false, DEVICE_MAJOR_MEMORY, &memory_special);
}
