/* SPDX-License-Identifier: MIT */
/*
 * Inodes made out of the rows of proc.h's tables: walking, listing, links. An inode is made for
 * each walk and never changes, so there is nothing to lock.
 */
#include "fs/proc_inode.h"

#include "core/heap.h"
#include "core/string.h"
#include "vfs/dentry.h"
#include "vfs/file.h"

#define FIRST_OFFSET 2	/* 0 and 1 are "." and ".." */

static const struct inode_operations proc_node_operations;
static const struct inode_operations proc_link_operations;
static const struct inode_operations proc_magic_operations;
static const struct file_operations proc_directory_operations;

/* The same file has the same number each time it is looked up. */
static u64 proc_ino(const struct proc_row *row, const struct proc_key *key)
{
	u64 number = ((uptr)row & 0xffffff) / sizeof(void *) + 1;

	number += ((u64)key->pid << 21) + ((u64)key->tid << 36) + ((u64)key->fd << 42);
	return number + ((u64)key->cpu << 21) + ((u64)key->cache << 36);
}

static void inode_set_process(struct inode *inode, struct proc_inode *node)
{
	struct process *process = node->key.pid ? process_find(node->key.pid) : NULL;

	node->start_ns = 0;
	if (!process)
		return;
	node->start_ns = process->start_ns;
	lock_acquire(&process->signal_lock);
	if (process->dumpable && process->credentials) {
		inode->uid = process->credentials->euid;
		inode->gid = process->credentials->egid;
	}
	lock_release(&process->signal_lock);
	process_put(process);
}

static struct inode *proc_inode_create(struct file_system *fs, const struct proc_row *row,
				       const struct proc_key *key)
{
	const struct inode_operations *operations = &proc_node_operations;
	struct proc_inode *node = heap_alloc(sizeof(*node));
	struct inode *inode = NULL;
	u32 mode = row->mode;

	if (row->link)
		operations = row->follow ? &proc_magic_operations : &proc_link_operations;
	if (row->permissions)
		mode = (mode & ~MODE_PERMISSIONS) | row->permissions(key);
	if (node)
		inode = inode_create(fs, mode, operations,
				     row->directory ? &proc_directory_operations
						    : &proc_text_operations);
	if (!inode) {
		heap_free(node);
		return ERROR_PTR(-ENOMEM);
	}
	node->row = row;
	node->key = *key;
	inode->private = node;
	inode->ino = proc_ino(row, key);
	if (row->directory)
		inode->flags = INODE_UNCACHED;
	inode_set_process(inode, node);
	return inode;
}

struct process *proc_directory_process(const struct file *file)
{
	const struct proc_inode *node = file->inode->private;
	struct process *process;

	if (file->inode->operations != &proc_node_operations || node->row != &proc_process_row)
		return ERROR_PTR(-EBADF);
	process = process_find(node->key.pid);
	if (process && process->start_ns == node->start_ns)
		return process;
	if (process)
		process_put(process);
	return ERROR_PTR(-ESRCH);
}

static void proc_inode_release(struct inode *inode)
{
	heap_free(inode->private);
}

/* ---- Names ---- */

static const char *numbers_prefix(const struct proc_numbers *numbers)
{
	return numbers->prefix ? numbers->prefix : "";
}

/*
 * A number as a directory lists it: no sign, no leading zero. PROC_NONE where it is something
 * else.
 */
static u32 number_parse(const struct proc_numbers *numbers, const char *name, size_t size)
{
	const char *prefix = numbers_prefix(numbers);
	size_t skip = strlen(prefix);
	u32 number = 0;

	if (size < skip || memcmp(name, prefix, skip))
		return PROC_NONE;
	name += skip;
	size -= skip;
	if (!size || size > 9 || (name[0] == '0' && size > 1))
		return PROC_NONE;
	for (size_t i = 0; i < size; i++) {
		if (name[i] < '0' || name[i] > '9')
			return PROC_NONE;
		number = number * 10 + (name[i] - '0');
	}
	return number;
}

static struct inode *proc_lookup(struct inode *inode, const char *name, size_t size)
{
	const struct proc_inode *node = inode->private;
	const struct proc_directory *directory = node->row->directory;
	const struct proc_numbers *numbers = directory->numbers;
	struct proc_key key = node->key;
	u32 number;

	for (u32 i = 0; i < directory->row_count; i++) {
		const struct proc_row *row = &directory->rows[i];

		if (strlen(row->name) == size && !memcmp(row->name, name, size))
			return proc_inode_create(inode->fs, row, &key);
	}
	number = numbers ? number_parse(numbers, name, size) : PROC_NONE;
	if (number == PROC_NONE || numbers->next(&key, number) != number)
		return ERROR_PTR(-ENOENT);
	numbers->key_set(&key, number);
	return proc_inode_create(inode->fs, numbers->row, &key);
}

static int proc_iterate(struct file *file, struct directory_sink *sink, u64 *offset)
{
	const struct proc_inode *node = file->inode->private;
	const struct proc_directory *directory = node->row->directory;
	const struct proc_numbers *numbers = directory->numbers;
	u64 first_number = FIRST_OFFSET + directory->row_count;
	char name[24];

	if (!directory_emit_dots(file, sink, offset))
		return 0;
	for (; *offset < first_number; ++*offset) {
		const struct proc_row *row = &directory->rows[*offset - FIRST_OFFSET];

		if (!sink->emit(sink, row->name, strlen(row->name), proc_ino(row, &node->key),
				directory_type(row->mode), *offset + 1))
			return 0;
	}
	while (numbers && *offset - first_number < PROC_NONE) {
		u32 number = numbers->next(&node->key, *offset - first_number);
		struct proc_key key = node->key;

		if (number == PROC_NONE)
			break;
		numbers->key_set(&key, number);
		if (!sink->emit(sink, name,
				format(name, sizeof(name), "%s%u", numbers_prefix(numbers), number),
				proc_ino(numbers->row, &key), directory_type(numbers->row->mode),
				first_number + number + 1))
			return 0;
		*offset = first_number + number + 1;
	}
	return 0;
}

static ssize_t proc_read_link(struct inode *inode, char *to, size_t size)
{
	const struct proc_inode *node = inode->private;

	return node->row->link(&node->key, to, size);
}

static int proc_follow(struct inode *inode, struct path *out)
{
	const struct proc_inode *node = inode->private;

	return node->row->follow(&node->key, out);
}

static int proc_open(struct inode *inode, struct file *file)
{
	const struct proc_inode *node = inode->private;

	return node->row->directory ? 0 : proc_text_open(file);
}

/* Shells open with O_TRUNC what they write to. */
static int proc_truncate(struct inode *inode, u64 size)
{
	(void)inode, (void)size;
	return 0;
}

static const struct inode_operations proc_node_operations = {
	.lookup = proc_lookup,
	.open = proc_open,
	.truncate = proc_truncate,
	.release = proc_inode_release,
};

static const struct inode_operations proc_link_operations = {
	.read_link = proc_read_link,
	.release = proc_inode_release,
};

static const struct inode_operations proc_magic_operations = {
	.read_link = proc_read_link,
	.follow = proc_follow,
	.release = proc_inode_release,
};

static const struct file_operations proc_directory_operations = {
	.iterate = proc_iterate,
	.seek = file_seek_endless,
};

/* ---- Mounting ---- */

struct mount *proc_mount_table(const struct path *mountpoint, struct file_system *fs,
			       const struct proc_row *root, u32 mount_flags)
{
	struct proc_key key = { 0 };
	struct dentry *dentry;
	struct inode *inode;
	struct mount *mount;

	file_system_register(fs);
	inode = proc_inode_create(fs, root, &key);
	if (IS_ERROR(inode))
		return ERROR_PTR(PTR_ERROR(inode));
	inode->ino = 1;
	dentry = dentry_create_root(inode);
	if (!dentry) {
		inode_put(inode);
		return ERROR_PTR(-ENOMEM);
	}
	mount = mount_create(mountpoint, dentry, fs, mount_flags);
	if (IS_ERROR(mount))
		dentry_put(dentry);
	return mount;
}
