/* SPDX-License-Identifier: MIT */
/*
 * The one kind of lock: a mutual-exclusion lock in the heap that works across the processes of a
 * domain.
 *
 * A host thread can lose its CPU while it holds a lock, so a lock spins only briefly and then
 * sleeps on a futex. Every lock has a rank (core/lock_order.h); a thread takes locks in rising rank
 * only, except where docs/locking.md says why not. Debug builds check that and panic with both
 * names.
 *
 * "Short" ranks guard a few loads and stores: no sleeping, no host call, no access to program
 * memory while one is held. "Long" ranks may be held across host calls and program memory.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "core/lock_order.h"
#include "core/types.h"

struct lock {
	/* 0 free, 1 held, 2 held and somebody sleeps on it (Drepper, "Futexes are tricky") */
	u32 state;
	u16 rank;		/* enum lock_rank */
	u16 owner_tid;		/* debug builds: low bits of the holder's id */
};

#define LOCK_INIT(rank_) { .rank = (rank_) }

static inline void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock){ .rank = rank };
}

void lock_slow(struct lock *l);
void lock_wake(struct lock *l);

#ifdef MEZZO_DEBUG
void lock_check_acquire(struct lock *l);
void lock_check_release(struct lock *l);
void lock_assert_held(struct lock *l);
/*
 * Panics where the thread holds any lock: called before each sleep and before return to a program.
 */
void lock_assert_none(const char *where);
#else
static inline void lock_check_acquire(struct lock *l) { (void)l; }
static inline void lock_check_release(struct lock *l) { (void)l; }
static inline void lock_assert_held(struct lock *l) { (void)l; }
static inline void lock_assert_none(const char *where) { (void)where; }
#endif

/* Takes the lock. Not recursive. */
static inline void lock_acquire(struct lock *l)
{
	lock_check_acquire(l);
	if (unlikely(!atomic_cas(&l->state, 0, 1)))
		lock_slow(l);
}

static inline bool lock_try(struct lock *l)
{
	if (!atomic_cas(&l->state, 0, 1))
		return false;
	lock_check_acquire(l);
	return true;
}

static inline void lock_release(struct lock *l)
{
	lock_check_release(l);
	if (unlikely(atomic_exchange(&l->state, 0) == 2))
		lock_wake(l);
}

#endif
