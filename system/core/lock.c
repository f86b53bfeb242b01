/* SPDX-License-Identifier: MIT */
/* The slow half of locks, and the order checker of debug builds. */
#include "core/lock.h"

#include "core/channel.h"
#include "core/futex.h"
#include "core/report.h"
#include "core/thread.h"

/* About a microsecond: longer than a short lock is held by a thread that runs. */
#define LOCK_SPINS 20

/*
 * Pipes are copied under their lock, for some microseconds, by two that both run: a sleep and a
 * wake-up across processors take five times as long.
 */
#define PIPE_SPINS 100

void lock_slow(struct lock *l)
{
	int spins = l->rank == LOCK_PIPE ? PIPE_SPINS : LOCK_SPINS;

	if (config()->cpu_count > 1) {
		for (int i = 0; i < spins; i++) {
			if (READ_ONCE(l->state) == 0 && atomic_cas(&l->state, 0, 1))
				return;
			cpu_relax();
		}
	}
	while (atomic_exchange(&l->state, 2) != 0)
		futex_wait(&l->state, 2);
}

void lock_wake(struct lock *l)
{
	futex_wake(&l->state, 1);
}

#ifdef MEZZO_DEBUG

#define X(name) #name,
static const char *const rank_names[] = { "LOCK_NONE", LOCK_RANKS(X) };
#undef X

static const char *rank_name(const struct lock *l)
{
	return l->rank < LOCK_RANK_COUNT ? rank_names[l->rank] : "a lock without a rank";
}

/* Equal ranks: long locks by the rules of docs/locking.md, short ones by rising address. */
static bool order_ok(const struct lock *held, const struct lock *wanted)
{
	if (held->rank != wanted->rank)
		return held->rank < wanted->rank;
	if (held->rank < LOCK_FIRST_SHORT || held->rank == LOCK_EPOLL_READY)
		return held != wanted;
	return held < wanted;
}

void lock_check_acquire(struct lock *l)
{
	struct thread *self = thread_current();

	if (l->rank == LOCK_NONE || l->rank >= LOCK_RANK_COUNT)
		panic("lock %p was never initialised (rank %u)", (void *)l, l->rank);
	for (u32 i = 0; i < self->held_count; i++)
		if (!order_ok(self->held[i], l))
			panic("lock order: %s (%p) taken while %s (%p) is held", rank_name(l),
			      (void *)l, rank_name(self->held[i]), (void *)self->held[i]);
	if (self->held_count >= ARRAY_SIZE(self->held))
		panic("lock order: too many locks held");
	self->held[self->held_count++] = l;
}

void lock_check_release(struct lock *l)
{
	struct thread *self = thread_current();

	for (u32 i = self->held_count; i-- > 0;) {
		if (self->held[i] != l)
			continue;
		for (self->held_count--; i < self->held_count; i++)
			self->held[i] = self->held[i + 1];
		return;
	}
	panic("lock %p (%s) released but not held", (void *)l, rank_name(l));
}

void lock_assert_held(struct lock *l)
{
	struct thread *self = thread_current();

	for (u32 i = 0; i < self->held_count; i++)
		if (self->held[i] == l)
			return;
	panic("lock %p (%s) is not held", (void *)l, rank_name(l));
}

void lock_assert_none(const char *where)
{
	struct thread *self = thread_current();

	if (self->held_count)
		panic("%s: %s (%p) is held", where, rank_name(self->held[0]),
		      (void *)self->held[0]);
}

#endif
