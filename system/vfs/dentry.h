/* SPDX-License-Identifier: MIT */
/*
 * Dentries: names in directories, and the cache of them that path walks go through.
 *
 * A dentry without inode is a remembered absence. For a file that was changed, made or removed in
 * the domain its dentry is the truth and stays; for an unchanged file of the lower tree it is a
 * cache and may be dropped when nobody holds it.
 *
 * Readers take no lock: memory of dentries is type-stable, and name_sequence changes whenever a
 * name is removed, moved or freed; a walk that sees it unchanged from begin to end has seen a true
 * path. LOCK_DENTRY_CACHE (name_lock) guards all changes: hash chains, parent, inode, flags, lists
 * of entries.
 */
#ifndef VFS_DENTRY_H
#define VFS_DENTRY_H

#include "core/list.h"
#include "core/lock.h"
#include "core/types.h"

struct inode;

#define NAME_MAX 255
#define NAME_SHORT 67u		/* longer ones take a bigger kind of dentry */

enum dentry_flags {
	/* no longer (or never) in its parent: freed with its last reference */
	DENTRY_DETACHED = 1u,
	DENTRY_MOUNTPOINT = 2u,	/* something is mounted on it */
	/* an absence that hides a lower name, or a root: not to be dropped */
	DENTRY_PINNED = 4u,
	DENTRY_DELETED = 8u,	/* unlinked: shown as "name (deleted)" */
	DENTRY_LONG = 16u,	/* room for NAME_MAX bytes of name; every directory has that */
};

struct dentry {
	u32 references;		/* atomic: holders, plus one for each child */
	u32 hash;
	struct dentry *hash_next;
	struct dentry *parent;	/* holds a reference on it; itself for a root */
	struct inode *inode;	/* holds a reference; NULL: the name is absent */
	/* in the parent's directory->entries; unpinned absences: see dentry.c */
	struct list entry_node;
	u64 cookie;		/* its offset in getdents(2) */
	u16 flags;
	u16 name_size;
	char name[];		/* ends with NUL */
};

_Static_assert(offsetof(struct dentry, name) + NAME_SHORT + 1 == 128, "two cache lines");

extern struct lock name_lock;		/* LOCK_DENTRY_CACHE */
extern u64 name_sequence;		/* odd while names are being removed or moved */

/* In references: freed. A reader without locks may still add to it for a moment. */
#define DENTRY_DEAD 0x80000000u

static inline void dentry_get(struct dentry *dentry) { atomic_add(&dentry->references, 1); }
/* Drops a reference; frees a detached dentry with the last. Takes name_lock then. */
void dentry_put(struct dentry *dentry);

/*
 * A root: no parent, pinned, one reference; takes over the inode's reference. NULL: out of memory.
 */
struct dentry *dentry_create_root(struct inode *inode);
/*
 * A detached dentry with one reference, holding a reference on parent; takes over the reference on
 * inode (which may be NULL). NULL: out of memory (-ENAMETOOLONG is the caller's check).
 */
struct dentry *dentry_create(struct dentry *parent, const char *name, size_t size,
			     struct inode *inode);

/*
 * For file systems that are somebody else's (vfs/foreign.h): the dentry of a directory that was
 * found by this name, with a reference; takes over the reference on inode. Whoever holds a
 * directory holds the same dentry, so that all see where it lies by now: it moves there. -ELOOP
 * where it would come to lie in itself, as others have moved it about meanwhile; -ENOMEM.
 */
int dentry_of_directory(struct dentry *parent, const char *name, size_t size, struct inode *inode,
			struct dentry **out);
/*
 * Moves it so, as far as is known here. Nothing happens where it would come to lie in itself:
 * false. No short lock held.
 */
bool dentry_follow_directory(struct dentry *dentry, struct dentry *parent, const char *name,
			     size_t size);
/*
 * Gives a dentry that is in no cache another place and name; within a change of names. Returns its
 * former parent, whose reference is the caller's.
 */
struct dentry *dentry_place_locked(struct dentry *dentry, struct dentry *parent, const char *name,
				   size_t size);

/* ---- The cache of names: for vfs/ and for file systems that cache ---- */

u32 name_hash(const struct dentry *parent, const char *name, size_t size);
/*
 * Without locks: the dentry of a name, or NULL. No reference; only to be believed when
 * name_sequence is afterwards what it was before.
 */
struct dentry *name_find_unlocked(const struct dentry *parent, u32 hash, const char *name,
				  size_t size);
/* Under name_lock: the dentry, without a reference, or NULL. */
struct dentry *name_find_locked(const struct dentry *parent, u32 hash, const char *name,
				size_t size);
/*
 * Makes a detached dentry an entry of its parent, last in the listing; an absence without
 * DENTRY_PINNED is remembered until there are too many. Under name_lock.
 */
void name_attach_locked(struct dentry *dentry);
/* Takes it out again; bumps name_sequence. Under name_lock; the caller holds a reference. */
void name_detach_locked(struct dentry *dentry);
/* How many names are in the cache. */
u32 name_count(void);
/*
 * For the reclaimer. Takes an entry that nobody holds out of its directory, for good (under
 * name_lock): false where somebody came to hold it. The reference on its parent is the caller's
 * then; and the memory, with the inode's reference, is to be given back by dentry_free_taken(),
 * without locks.
 */
bool dentry_take_locked(struct dentry *dentry);
void dentry_free_taken(struct dentry *dentry);
/* Drops the oldest absences where there are too many. No locks held. */
void name_trim_absences(void);
/* Frees the absences that a directory with INODE_COMPLETE no longer needs. */
void name_forget_absences(struct dentry *directory);
/*
 * Around changes of attached dentries that walkers must not see half done; they nest. Under
 * name_lock.
 */
void name_change_begin(void);
void name_change_end(void);
/* A reference taken by a walker without locks: false where the dentry was freed. */
bool dentry_try_get(struct dentry *dentry);


#endif
