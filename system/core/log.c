/* SPDX-License-Identifier: MIT */
/*
 * The log: text for mezzo's standard error, through the channel's log ring.
 *
 * Lock: log_lock (LOCK_LOG) orders writers. The monitor moves the other end by itself, and is woken
 * only where it says that it sleeps.
 */
#include "core/channel.h"
#include "core/futex.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/report.h"
#include "core/string.h"
#include "core/timer.h"

#define LINE_MAX 512
#define LOG_PATIENCE 200	/* looks at a full ring, 1 ms each, before text is dropped */

static struct lock log_lock = LOCK_INIT(LOCK_LOG);
static u32 lines_lost;

static bool log_is_verbose(void)
{
	return config()->flags & CONFIG_VERBOSE;
}

bool log_is_tracing(void)
{
	return config()->flags & CONFIG_TRACE;
}

/* Room for size bytes at the ring's head; a ring with impossible counters has none. */
static bool ring_has_room(struct ring *ring, u32 size)
{
	s64 used = ring_used(READ_ONCE(ring->head), load_acquire(&ring->tail));

	return used >= 0 && used + size <= RING_SIZE;
}

static void ring_put(struct ring *ring, const char *text, u32 size)
{
	char *data = (char *)channel() + ring->data_offset;
	u32 head = ring->head, at = head & (RING_SIZE - 1);
	u32 first = MIN(size, RING_SIZE - at);

	memcpy(data + at, text, first);
	memcpy(data, text + first, size - first);
	__atomic_store_n(&ring->head, head + size, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ring->consumer_waits, __ATOMIC_SEQ_CST))
		futex_wake(&ring->head, 1);
}

static bool ring_wait(struct ring *ring, u32 size)
{
	for (int i = 0; i < LOG_PATIENCE; i++) {
		u32 tail = load_acquire(&ring->tail);

		if (ring_has_room(ring, size))
			return true;
		futex_wait_until(&ring->tail, tail, clock_monotonic_ns() + 1000000);
	}
	return ring_has_room(ring, size);
}

static void report_lost_locked(struct ring *ring)
{
	char note[64];
	int size = format(note, sizeof(note), "mezzo: %u lines of the log were lost\n", lines_lost);

	if (!ring_has_room(ring, (u32)size))
		return;
	ring_put(ring, note, (u32)size);
	lines_lost = 0;
}

static void write_locked(const char *text, u32 size)
{
	struct ring *ring = &channel()->log;

	if (READ_ONCE(ring->consumer_closed))
		return;
	if (lines_lost)
		report_lost_locked(ring);
	if (ring_has_room(ring, size))
		ring_put(ring, text, size);
	else
		lines_lost++;
}

void log_write(const char *text, size_t size)
{
	ring_wait(&channel()->log, (u32)size);
	lock_acquire(&log_lock);
	write_locked(text, (u32)size);
	lock_release(&log_lock);
}

void log_write_unlocked(const char *text, size_t size)
{
	write_locked(text, (u32)size);
}

size_t log_format(char *line, size_t size, const char *f, va_list args)
{
	size_t used = strlcpy(line, "mezzo: ", size);
	int length = vformat(line + used, size - used - 1, f, args);

	used = MIN(used + (size_t)length, size - 2);
	line[used++] = '\n';
	return used;
}

static void log_args(const char *f, va_list args)
{
	char line[LINE_MAX];
	size_t size = log_format(line, sizeof(line), f, args);

	lock_acquire(&log_lock);
	write_locked(line, (u32)size);
	lock_release(&log_lock);
}

void log_line(const char *f, ...)
{
	va_list args;

	va_start(args, f);
	log_args(f, args);
	va_end(args);
}

void log_verbose(const char *f, ...)
{
	va_list args;

	if (!log_is_verbose())
		return;
	va_start(args, f);
	log_args(f, args);
	va_end(args);
}
