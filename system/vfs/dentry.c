/* SPDX-License-Identifier: MIT */
/*
 * The cache of names: a hash table of dentries by parent and name.
 *
 * Locks: name_lock (LOCK_DENTRY_CACHE) for every change; readers without it follow the protocol
 * told in dentry.h. Tables that were outgrown are not freed, because such a reader may still be in
 * one; all of them together are smaller than the one in use.
 */
#include "vfs/dentry.h"

#include "core/heap.h"
#include "core/string.h"
#include "vfs/inode.h"
#include "vfs/notify.h"
#include "vfs/pool.h"

#define FIRST_TABLE_SIZE 512u
#define ABSENCES_MAX 4096u
#define CHAIN_MAX 64		/* a longer chain was probably left for another one by a reuse */
#define SHORT_SIZE (offsetof(struct dentry, name) + NAME_SHORT + 1)
#define LONG_SIZE (offsetof(struct dentry, name) + NAME_MAX + 1)

struct name_table {
	u32 size;		/* a power of two */
	struct dentry *buckets[];
};

struct lock name_lock = LOCK_INIT(LOCK_DENTRY_CACHE);
u64 name_sequence;

static struct {
	struct name_table head;
	struct dentry *buckets[FIRST_TABLE_SIZE];
} first_table = { .head = { .size = FIRST_TABLE_SIZE } };

static struct name_table *table = &first_table.head;
static u32 table_used;
/* Absences that may be dropped, oldest first. */
static struct list absences = { &absences, &absences };
static u32 absence_count;

static struct pool short_pool = POOL_INIT(SHORT_SIZE, offsetof(struct dentry, hash_next), 4);
static struct pool long_pool = POOL_INIT(LONG_SIZE, offsetof(struct dentry, hash_next), 4);

/* Changes that belong together nest: a rename takes names out and puts them in as one. */
static u32 change_depth;

void name_change_begin(void)
{
	if (change_depth++)
		return;
	WRITE_ONCE(name_sequence, name_sequence + 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void name_change_end(void)
{
	if (!--change_depth)
		store_release(&name_sequence, name_sequence + 1);
}

/* ---- Single dentries ---- */

struct dentry *dentry_create(struct dentry *parent, const char *name, size_t size,
			     struct inode *inode)
{
	/* A directory may be given any name while others hold it. */
	bool is_long = size > NAME_SHORT || (inode && inode_is_directory(inode));
	struct dentry *dentry = pool_alloc(is_long ? &long_pool : &short_pool);

	if (!dentry)
		return NULL;
	dentry->hash_next = NULL;
	dentry->parent = parent ? parent : dentry;
	dentry->inode = inode;
	dentry->flags = DENTRY_DETACHED | (is_long ? DENTRY_LONG : 0);
	dentry->name_size = size;
	dentry->cookie = 0;
	list_init(&dentry->entry_node);
	memcpy(dentry->name, name, size);
	dentry->name[size] = '\0';
	dentry->hash = parent ? name_hash(parent, name, size) : 0;
	if (parent)
		dentry_get(parent);
	/* Not a plain store: a late reader may be in the middle of dentry_try_get(). */
	if (READ_ONCE(dentry->references) & DENTRY_DEAD)
		atomic_sub(&dentry->references, DENTRY_DEAD - 1);
	else
		atomic_add(&dentry->references, 1);
	return dentry;
}

struct dentry *dentry_create_root(struct inode *inode)
{
	struct dentry *dentry = dentry_create(NULL, "", 0, inode);

	if (dentry)
		dentry->flags = DENTRY_PINNED | (dentry->flags & DENTRY_LONG);
	return dentry;
}

bool dentry_try_get(struct dentry *dentry)
{
	if (likely(!(atomic_add(&dentry->references, 1) & DENTRY_DEAD)))
		return true;
	atomic_sub(&dentry->references, 1);
	return false;
}

/*
 * Declares it dead if nobody holds it. The walkers' sequence tells those that never took a
 * reference.
 */
static bool dentry_kill_locked(struct dentry *dentry)
{
	struct inode *inode = dentry->inode;

	if (!atomic_cas(&dentry->references, 0, DENTRY_DEAD))
		return false;
	if (inode && inode_is_directory(inode) && inode->directory->only_dentry == dentry)
		inode->directory->only_dentry = NULL;
	name_change_begin();
	name_change_end();
	return true;
}

static void dentry_free(struct dentry *dentry)
{
	struct inode *inode = dentry->inode;

	pool_free(dentry->flags & DENTRY_LONG ? &long_pool : &short_pool, dentry);
	if (!inode)
		return;
	if (unlikely(READ_ONCE(inode->watches)) && !READ_ONCE(inode->nlink))
		notify_deleted(inode);
	inode_put(inode);
}

void dentry_put(struct dentry *dentry)
{
	while (atomic_sub(&dentry->references, 1) == 0) {
		struct dentry *parent;
		bool dead;

		if (!(READ_ONCE(dentry->flags) & DENTRY_DETACHED))
			return;
		lock_acquire(&name_lock);
		dead = (dentry->flags & DENTRY_DETACHED) && dentry_kill_locked(dentry);
		lock_release(&name_lock);
		if (!dead)
			return;
		parent = dentry->parent;
		dentry_free(dentry);
		if (parent == dentry)
			return;		/* a root */
		dentry = parent;
	}
}

/* ---- Directories of others ---- */

struct dentry *dentry_place_locked(struct dentry *dentry, struct dentry *parent, const char *name,
				   size_t size)
{
	struct dentry *former = dentry->parent;

	dentry_get(parent);
	dentry->parent = parent;
	memcpy(dentry->name, name, size);
	dentry->name[size] = '\0';
	dentry->name_size = (u16)size;
	dentry->hash = name_hash(parent, name, size);
	return former;
}

/* Does the dentry lie in itself, or where it has no place, when parent holds it? */
static bool would_loop_locked(const struct dentry *dentry, const struct dentry *parent)
{
	if (dentry->parent == dentry)
		return true;
	for (; parent != dentry; parent = parent->parent)
		if (parent->parent == parent)
			return false;
	return true;
}

bool dentry_follow_directory(struct dentry *dentry, struct dentry *parent, const char *name,
			     size_t size)
{
	struct dentry *former = NULL;

	lock_acquire(&name_lock);
	if (!would_loop_locked(dentry, parent)) {
		name_change_begin();
		former = dentry_place_locked(dentry, parent, name, size);
		dentry->flags &= ~DENTRY_DELETED;
		name_change_end();
	}
	lock_release(&name_lock);
	if (former)
		dentry_put(former);
	return former;
}

static bool dentry_is_at(const struct dentry *dentry, const struct dentry *parent,
			 const char *name, size_t size)
{
	return dentry->parent == parent && dentry->name_size == size &&
	       !memcmp(dentry->name, name, size) && !(dentry->flags & DENTRY_DELETED);
}

/* A reference on the one dentry that a directory has, moved to this place. NULL: it has none. */
static struct dentry *only_dentry_get(struct dentry *parent, const char *name, size_t size,
				      struct inode *inode)
{
	struct dentry *dentry;
	bool is_there;

	lock_acquire(&name_lock);
	dentry = inode->directory->only_dentry;
	is_there = dentry && dentry_is_at(dentry, parent, name, size);
	if (dentry)
		dentry_get(dentry);
	lock_release(&name_lock);
	if (!dentry || is_there || dentry_follow_directory(dentry, parent, name, size))
		return dentry;
	dentry_put(dentry);
	return ERROR_PTR(-ELOOP);
}

int dentry_of_directory(struct dentry *parent, const char *name, size_t size, struct inode *inode,
			struct dentry **out)
{
	struct dentry *fresh;
	bool is_only;

	for (;;) {
		*out = only_dentry_get(parent, name, size, inode);
		if (*out) {
			inode_put(inode);
			return IS_ERROR(*out) ? PTR_ERROR(*out) : 0;
		}
		fresh = dentry_create(parent, name, size, inode);
		if (!fresh) {
			inode_put(inode);
			return -ENOMEM;
		}
		lock_acquire(&name_lock);
		is_only = !inode->directory->only_dentry;
		if (is_only)
			inode->directory->only_dentry = fresh;
		lock_release(&name_lock);
		*out = fresh;
		if (is_only)
			return 0;
		/* Somebody was faster. */
		inode_get(inode);
		dentry_put(fresh);
	}
}

/* ---- The table ---- */

u32 name_hash(const struct dentry *parent, const char *name, size_t size)
{
	u64 hash = (u64)parent >> 5;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (u8)name[i]) * 0x9e3779b97f4a7c15ull;
	return (u32)(hash >> 32);
}

static bool dentry_is(const struct dentry *dentry, const struct dentry *parent, u32 hash,
		      const char *name, size_t size)
{
	return dentry->hash == hash && dentry->parent == parent && dentry->name_size == size &&
	       memcmp(dentry->name, name, size) == 0;
}

struct dentry *name_find_unlocked(const struct dentry *parent, u32 hash, const char *name,
				  size_t size)
{
	struct name_table *t = load_acquire(&table);
	struct dentry *dentry = load_acquire(&t->buckets[hash & (t->size - 1)]);

	for (u32 i = 0; dentry && i < CHAIN_MAX; i++) {
		if (dentry_is(dentry, parent, hash, name, size))
			return dentry;
		dentry = load_acquire(&dentry->hash_next);
	}
	return NULL;
}

struct dentry *name_find_locked(const struct dentry *parent, u32 hash, const char *name,
				size_t size)
{
	struct dentry *dentry = table->buckets[hash & (table->size - 1)];

	while (dentry && !dentry_is(dentry, parent, hash, name, size))
		dentry = dentry->hash_next;
	return dentry;
}

static void table_insert(struct name_table *t, struct dentry *dentry)
{
	struct dentry **bucket = &t->buckets[dentry->hash & (t->size - 1)];

	dentry->hash_next = *bucket;
	store_release(bucket, dentry);
}

/* Doubles the table; without memory the chains just get longer. */
static void table_grow_locked(void)
{
	u32 size = table->size * 2;
	struct name_table *new = heap_alloc_zero(sizeof(*new) + size * sizeof(new->buckets[0]));

	if (!new)
		return;
	new->size = size;
	/*
	 * A walker may miss names while chains are taken apart; it must not take that for an
	 * answer.
	 */
	name_change_begin();
	for (u32 i = 0; i < table->size; i++) {
		struct dentry *next;

		for (struct dentry *d = table->buckets[i]; d; d = next) {
			next = d->hash_next;
			table_insert(new, d);
		}
	}
	store_release(&table, new);
	name_change_end();
}

static void table_remove_locked(struct dentry *dentry)
{
	struct dentry **link = &table->buckets[dentry->hash & (table->size - 1)];

	while (*link != dentry)
		link = &(*link)->hash_next;
	store_release(link, dentry->hash_next);
	table_used--;
}

/* ---- Entries of directories ---- */

static void entry_add_locked(struct dentry *dentry)
{
	struct inode *directory = dentry->parent->inode;

	dentry->cookie = directory->directory->next_cookie++;
	list_add_tail(&dentry->entry_node, &directory->directory->entries);
	if (dentry->inode)
		directory->directory->entry_count++;
}

void name_trim_absences(void)
{
	while (READ_ONCE(absence_count) > ABSENCES_MAX) {
		struct dentry *dentry = NULL;

		lock_acquire(&name_lock);
		if (absence_count > ABSENCES_MAX) {
			dentry = list_first(&absences, struct dentry, entry_node);
			dentry_get(dentry);
			name_detach_locked(dentry);
		}
		lock_release(&name_lock);
		if (dentry)
			dentry_put(dentry);
	}
}

void name_attach_locked(struct dentry *dentry)
{
	dentry->flags &= ~(DENTRY_DETACHED | DENTRY_DELETED);
	if (dentry->inode || (dentry->flags & DENTRY_PINNED)) {
		entry_add_locked(dentry);
	} else {
		list_add_tail(&dentry->entry_node, &absences);
		absence_count++;
	}
	if (++table_used > table->size)
		table_grow_locked();
	table_insert(table, dentry);
}

void name_detach_locked(struct dentry *dentry)
{
	struct inode *directory = dentry->parent->inode;

	name_change_begin();
	table_remove_locked(dentry);
	if (dentry->inode)
		directory->directory->entry_count--;
	else if (!(dentry->flags & DENTRY_PINNED))
		absence_count--;
	list_remove(&dentry->entry_node);
	dentry->flags |= DENTRY_DETACHED;
	name_change_end();
}

u32 name_count(void)
{
	return READ_ONCE(table_used);
}

bool dentry_take_locked(struct dentry *dentry)
{
	/* Dead first: a walker that has found it already can't take hold of it any more. */
	if (!dentry_kill_locked(dentry))
		return false;
	name_detach_locked(dentry);
	return true;
}

void dentry_free_taken(struct dentry *dentry)
{
	dentry_free(dentry);
}

void name_forget_absences(struct dentry *directory)
{
	struct dentry *dentry, *next;

	lock_acquire(&name_lock);
	list_for_each_safe(dentry, next, &directory->inode->directory->entries, entry_node) {
		if (dentry->inode)
			continue;
		name_detach_locked(dentry);
		if (dentry_kill_locked(dentry)) {
			pool_free(dentry->flags & DENTRY_LONG ? &long_pool : &short_pool, dentry);
			atomic_sub(&directory->references, 1);
		}
	}
	lock_release(&name_lock);
}
