/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables. table->lock (LOCK_FD_TABLE) guards the entries; files are released after it.
 */
#include "core/heap.h"
#include "core/string.h"
#include "vfs/file.h"
#include "vfs/locks.h"
#include "vfs/notify.h"

#define CAPACITY_FIRST 64u

struct fd_table *fd_table_create(void)
{
	struct fd_table *table = heap_alloc_zero(sizeof(*table));

	if (!table)
		return NULL;
	table->entries = heap_alloc_zero(CAPACITY_FIRST * sizeof(*table->entries));
	if (!table->entries) {
		heap_free(table);
		return NULL;
	}
	refcount_init(&table->references, 1);
	lock_init(&table->lock, LOCK_FD_TABLE);
	table->capacity = CAPACITY_FIRST;
	return table;
}

static u32 used_end_locked(const struct fd_table *table)
{
	u32 end = table->capacity;

	while (end > CAPACITY_FIRST && !table->entries[end - 1].file)
		end--;
	return end;
}

struct fd_table *fd_table_copy(struct fd_table *table)
{
	struct fd_table *copy = heap_alloc_zero(sizeof(*copy));

	if (!copy)
		return NULL;
	refcount_init(&copy->references, 1);
	lock_init(&copy->lock, LOCK_FD_TABLE);
	lock_acquire(&table->lock);
	copy->capacity = used_end_locked(table);
	copy->first_free = table->first_free;
	copy->entries = heap_alloc(copy->capacity * sizeof(*copy->entries));
	if (copy->entries) {
		memcpy(copy->entries, table->entries, copy->capacity * sizeof(*copy->entries));
		for (u32 i = 0; i < copy->capacity; i++)
			if (copy->entries[i].file)
				file_get(copy->entries[i].file);
	}
	lock_release(&table->lock);
	if (copy->entries)
		return copy;
	heap_free(copy);
	return NULL;
}

/* Tells a file that one of its descriptors goes, and drops the reference that it held. */
static void file_close(struct fd_table *table, struct file *file)
{
	file_locks_closed(file, table);
	notify_closed(file, table);
	if (file->operations->closing)
		file->operations->closing(file);
	file_put(file);
}

void fd_table_put(struct fd_table *table)
{
	if (!refcount_put(&table->references))
		return;
	for (u32 i = 0; i < table->capacity; i++)
		if (table->entries[i].file)
			file_close(table, table->entries[i].file);
	heap_free(table->entries);
	heap_free(table);
}

void fd_table_close_on_exec(struct fd_table *table)
{
	for (u32 fd = 0; fd < READ_ONCE(table->capacity); fd++)
		if (READ_ONCE(table->entries[fd].close_on_exec))
			fd_close(table, fd);
}

static int grow_locked(struct fd_table *table, u32 fd)
{
	u32 capacity = table->capacity;
	struct fd_entry *grown;

	if (fd < capacity)
		return 0;
	while (capacity <= fd)
		capacity *= 2;
	grown = heap_alloc_zero(capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memcpy(grown, table->entries, table->capacity * sizeof(*grown));
	heap_free(table->entries);
	table->entries = grown;
	table->capacity = capacity;
	return 0;
}

static u32 free_find_locked(const struct fd_table *table, u32 lowest)
{
	u32 fd = MAX(lowest, table->first_free);

	while (fd < table->capacity && table->entries[fd].file)
		fd++;
	return fd;
}

bool fd_is_free(struct fd_table *table, u64 limit)
{
	u32 fd;

	lock_acquire(&table->lock);
	fd = free_find_locked(table, 0);
	lock_release(&table->lock);
	return fd < limit && fd < FD_TABLE_MAX;
}

static int install_locked(struct fd_table *table, struct file *file, u32 lowest, u64 limit,
			  bool close_on_exec)
{
	u32 fd = free_find_locked(table, lowest);
	int error;

	if (fd >= limit || fd >= FD_TABLE_MAX)
		return -EMFILE;
	error = grow_locked(table, fd);
	if (error)
		return error;
	table->entries[fd] = (struct fd_entry){ file, close_on_exec };
	if (lowest <= table->first_free)
		table->first_free = fd + 1;
	return fd;
}

int fd_install(struct fd_table *table, struct file *file, u32 lowest, u64 limit, bool close_on_exec)
{
	int fd;

	lock_acquire(&table->lock);
	fd = install_locked(table, file, lowest, limit, close_on_exec);
	lock_release(&table->lock);
	return fd;
}

int fd_install_at(struct fd_table *table, struct file *file, u32 fd, u64 limit, bool close_on_exec)
{
	struct file *old = NULL;
	int error;

	if (fd >= limit || fd >= FD_TABLE_MAX)
		return -EBADF;
	lock_acquire(&table->lock);
	error = grow_locked(table, fd);
	if (!error) {
		old = table->entries[fd].file;
		table->entries[fd] = (struct fd_entry){ file, close_on_exec };
	}
	lock_release(&table->lock);
	if (old)
		file_close(table, old);
	return error ? error : (int)fd;
}

struct file *fd_get(struct fd_table *table, int fd)
{
	struct file *file = NULL;

	lock_acquire(&table->lock);
	if ((u32)fd < table->capacity) {
		file = table->entries[fd].file;
		if (file)
			file_get(file);
	}
	lock_release(&table->lock);
	return file;
}

int fd_close(struct fd_table *table, int fd)
{
	struct file *file = NULL;

	lock_acquire(&table->lock);
	if ((u32)fd < table->capacity) {
		file = table->entries[fd].file;
		table->entries[fd] = (struct fd_entry){ 0 };
		if (file && (u32)fd < table->first_free)
			table->first_free = fd;
	}
	lock_release(&table->lock);
	if (!file)
		return -EBADF;
	file_close(table, file);
	return 0;
}
