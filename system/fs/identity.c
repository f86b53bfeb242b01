/* SPDX-License-Identifier: MIT */
/* See identity.h. identity_lock (LOCK_INODE_CACHE) guards the table. */
#include "fs/identity.h"

#include "core/lock.h"
#include "vfs/inode.h"

#define IDENTITY_BUCKETS 256

static struct lock identity_lock = LOCK_INIT(LOCK_INODE_CACHE);
static struct inode *identities[IDENTITY_BUCKETS];

static struct inode **identity_bucket(u64 ino)
{
	return &identities[(ino ^ (ino >> 8)) % IDENTITY_BUCKETS];
}

static bool inode_try_get(struct inode *inode)
{
	u32 n = READ_ONCE(inode->references);

	while (n && !__atomic_compare_exchange_n(&inode->references, &n, n + 1, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return n != 0;
}

static struct inode *identity_find_locked(u32 device, u64 ino)
{
	struct inode *inode = *identity_bucket(ino);

	while (inode && !(inode->ino == ino && inode->lower_dev == device && inode_try_get(inode)))
		inode = inode->identity_next;
	return inode;
}

struct inode *identity_find(u32 device, u64 ino)
{
	struct inode *inode;

	lock_acquire(&identity_lock);
	inode = identity_find_locked(device, ino);
	lock_release(&identity_lock);
	return inode;
}

struct inode *identity_add(struct inode *inode)
{
	struct inode *known;

	lock_acquire(&identity_lock);
	known = identity_find_locked(inode->lower_dev, inode->ino);
	if (!known) {
		struct inode **bucket = identity_bucket(inode->ino);

		inode->identity_next = *bucket;
		*bucket = inode;
		atomic_or(&inode->flags, INODE_IN_IDENTITY_HASH);
	}
	lock_release(&identity_lock);
	if (!known)
		return inode;
	inode_put(inode);
	return known;
}

void identity_forget(struct inode *inode)
{
	struct inode **link;

	if (!(READ_ONCE(inode->flags) & INODE_IN_IDENTITY_HASH))
		return;
	lock_acquire(&identity_lock);
	link = identity_bucket(inode->ino);
	while (*link != inode)
		link = &(*link)->identity_next;
	*link = inode->identity_next;
	lock_release(&identity_lock);
}
