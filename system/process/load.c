/* SPDX-License-Identifier: MIT */
/*
 * CPU time and load of the domain. Nothing is sampled: a domain that sleeps is not woken for it.
 * Who asks brings the averages up to date, as if the time since they were last read had been
 * used evenly. load_lock (LOCK_INODE) guards what was said last.
 */
#include "process/load.h"

#include <asm/unistd_64.h>

#include "core/heap.h"
#include "core/host.h"
#include "process/times.h"

#define STEP_NS 5000000000ull		/* the averages go on in steps of 5 s, as in Linux */

static struct lock load_lock = LOCK_INIT(LOCK_INODE);
static struct cpu_time said;
static struct {
	u64 at_ns, cpu_ns;
	u32 loads[3];
} last;

/* What is kept of an average in one step: exp(-5 s/1 min), 5 min, 15 min. */
static const u32 kept[3] = { 1884, 2014, 2037 };

/* ---- CPU time ---- */

struct host_processes {
	u64 ended_ns;
	u32 count, capacity;
	u32 *tgids;
};

static bool host_process_add(struct process *process, void *data)
{
	struct host_processes *list = data;

	if (process->state == PROCESS_RUNNING && process->host_tgid && !process->is_played)
		list->tgids[list->count++] = process->host_tgid;
	return list->count == list->capacity;
}

/* The clocks are read without the lock: a host call may not be made under it. */
static void cpu_time_sum(struct host_processes *list, struct cpu_time *sum)
{
	struct process_times times;

	lock_acquire(&process_tree_lock);
	sum->system_ns = ended_system_ns;
	sum->user_ns = heap_front.ended_cpu_ns - ended_system_ns;
	process_for_each_locked(host_process_add, list);
	lock_release(&process_tree_lock);
	for (u32 i = 0; i < list->count; i++) {
		host_times_read(HOST_PROCESS_CLOCK(list->tgids[i]), &times);
		sum->user_ns += times.user_ns;
		sum->system_ns += times.system_ns;
	}
}

/*
 * One that ends meanwhile is missing once, and the split is adjusted as time goes on: what was said
 * before is the least, of all and of each part. load_lock held.
 */
static void said_advance(const struct cpu_time *sum)
{
	u64 all = MAX(said.user_ns + said.system_ns, sum->user_ns + sum->system_ns);

	said.system_ns = MAX(said.system_ns, MIN(sum->system_ns, all - said.user_ns));
	said.user_ns = all - said.system_ns;
}

/* load_lock held. */
static int cpu_time_read_locked(struct cpu_time *time)
{
	struct cpu_time sum;
	/* Those that begin until the list is made have used next to nothing. */
	struct host_processes list = { .capacity = process_count() + 1 };

	list.tgids = heap_alloc(list.capacity * sizeof(*list.tgids));
	if (!list.tgids)
		return -ENOMEM;
	cpu_time_sum(&list, &sum);
	heap_free(list.tgids);
	said_advance(&sum);
	*time = said;
	return 0;
}

int cpu_time_read(struct cpu_time *time)
{
	int error;

	lock_acquire(&load_lock);
	error = cpu_time_read_locked(time);
	lock_release(&load_lock);
	return error;
}

/* ---- Load ---- */

/* base to the power of n, both fixed-point with LOAD_SHIFT bits. */
static u64 power(u64 base, u64 n)
{
	u64 result = LOAD_ONE;

	for (; n; n >>= 1) {
		if (n & 1)
			result = (result * base + LOAD_ONE / 2) >> LOAD_SHIFT;
		base = (base * base + LOAD_ONE / 2) >> LOAD_SHIFT;
	}
	return result;
}

static void load_advance(u64 now, u64 cpu_ns)
{
	u64 passed = now - last.at_ns, steps = passed / STEP_NS;
	u64 active = ((cpu_ns - last.cpu_ns) << LOAD_SHIFT) / MAX(passed, 1ull);

	if (!steps)
		return;
	for (u32 i = 0; i < 3; i++) {
		u64 old = power(kept[i], steps);

		last.loads[i] = (last.loads[i] * old + active * (LOAD_ONE - old)) >> LOAD_SHIFT;
	}
	last.at_ns = now;
	last.cpu_ns = cpu_ns;
}

int load_read(u32 loads[3])
{
	struct cpu_time time;
	int error;

	lock_acquire(&load_lock);
	error = cpu_time_read_locked(&time);
	if (!error) {
		/* The domain's time begins with its first process. */
		if (!last.at_ns)
			last.at_ns = init_process->start_ns;
		load_advance(clock_monotonic_ns(), time.user_ns + time.system_ns);
		for (u32 i = 0; i < 3; i++)
			loads[i] = last.loads[i];
	}
	lock_release(&load_lock);
	return error;
}
