/* SPDX-License-Identifier: MIT */
/*
 * Waiting a moment on the processor instead of in the host: when the one waited for runs on
 * another processor right now, its answer comes in a tenth of the time that a sleep and a wake-up
 * take. When it does not, spinning only keeps it away. So each place where threads wait remembers
 * where the other side ran last and how often spinning was in vain, and tries ever more rarely.
 */
#ifndef IPC_SPIN_H
#define IPC_SPIN_H

#include "core/channel.h"
#include "core/timer.h"
#include "core/wait.h"

#define SPIN_LIMIT_NS	50000u	/* a thread that was just woken needs about so long to answer */
#define SPIN_GOOD_NS	10000u	/* a longer spin is no better than sleeping */
#define SPIN_TRIES	4u	/* in a row: two threads that answer each other must spin both */
#define SPIN_SKIP_FIRST	8u	/* waits that do not spin, after the first tries in vain */
#define SPIN_LEVEL_MAX	7u	/* doubled so often at most */

/* Hints, read and written without locks: a wrong one costs time only. */
struct spin {
	u32 other_cpu;		/* where the other side ran last, plus 1; 0: never seen */
	u16 skip;		/* waits to come that do not spin */
	u8 tries;		/* further ones, when skip is 0 */
	u8 level;		/* of skipping: how often all tries were in vain */
	bool wanted;		/* somebody had to wait: spin_note() is worth its cost */
};

/* The calling thread's processor, without a call: the limit of a segment made for this. */
static inline u32 cpu_current(void)
{
	u32 limit;

	/* Volatile: it costs 5 ns and must not be made where it is not needed. */
	__asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"(0x7bu));
	return limit & 0xfff;
}

/* Called by the one side when it did something that the other side waits for, or may. */
static inline void spin_note(struct spin *spin)
{
	if (READ_ONCE(spin->wanted))
		WRITE_ONCE(spin->other_cpu, cpu_current() + 1);
}

static inline bool spin_worthwhile(struct spin *spin)
{
	u32 other = READ_ONCE(spin->other_cpu);

	WRITE_ONCE(spin->wanted, true);
	if (!other || other == cpu_current() + 1 || config()->cpu_count == 1)
		return false;
	if (spin->skip) {
		spin->skip--;
		return false;
	}
	if (!spin->tries)
		spin->tries = SPIN_TRIES;
	return true;
}

static inline void spin_learn(struct spin *spin, u64 spent_ns)
{
	if (spent_ns < SPIN_GOOD_NS) {
		spin->tries = SPIN_TRIES;
		spin->level = 0;
	} else if (--spin->tries == 0) {
		spin->skip = SPIN_SKIP_FIRST << spin->level;
		spin->level = MIN(spin->level + 1u, SPIN_LEVEL_MAX);
	}
}

/* Spins until condition is true or it looks hopeless. Whether it is true. */
#define spin_until(spin, condition) ({ \
	bool true_ = (condition); \
	if (!true_ && spin_worthwhile(spin)) { \
		u64 start_ = clock_monotonic_ns(), spent_ = 0; \
		while (!true_ && spent_ < SPIN_LIMIT_NS && !thread_interrupted()) { \
			for (int i_ = 0; i_ < 32 && !true_; i_++) { \
				cpu_relax(); \
				true_ = (condition); \
			} \
			spent_ = clock_monotonic_ns() - start_; \
		} \
		spin_learn((spin), spent_); \
	} \
	true_; \
})

#endif
