/* SPDX-License-Identifier: MIT */
/* poll(2), ppoll(2), select(2), pselect6(2): arguments and results around vfs/poll.c. No locks. */
#include <linux/time_types.h>

#include "core/heap.h"
#include "core/restart.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscall/syscall.h"
#include "syscall/wait_mask.h"
#include "vfs/poll.h"

#define INLINE_TARGETS 16

/* Room for count objects: the caller's own where that is enough, else from the heap. */
static void *room_for(void *own, u32 own_count, u32 count, size_t size)
{
	return count <= own_count ? own : heap_alloc(count * size);
}

static void targets_put(struct poll_target *targets, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (targets[i].file)
			file_put(targets[i].file);
}

/* ---- poll ---- */

static void poll_resolve(const struct pollfd *fds, struct poll_target *targets, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		struct file *file = fds[i].fd < 0 ? NULL : current_fd_get(fds[i].fd);

		targets[i].file = file;
		targets[i].wanted = (u16)fds[i].events | POLL_ALWAYS;
		targets[i].found = fds[i].fd >= 0 && !file ? POLLNVAL : 0;
	}
}

static long poll_report(uptr address, const struct poll_target *targets, u32 count, int ready)
{
	for (u32 i = 0; i < count; i++) {
		short found = ready >= 0 ? targets[i].found : 0;

		if (put_user(found, address + i * sizeof(struct pollfd) +
					    offsetof(struct pollfd, revents)))
			return -EFAULT;
	}
	return ready == -EINTR ? -ERESTARTNOHAND : ready;
}

static long poll_until(uptr address, u32 count, u64 deadline_ns)
{
	struct pollfd own_fds[INLINE_TARGETS], *fds;
	struct poll_target own_targets[INLINE_TARGETS], *targets;
	long result = -ENOMEM;

	if (count > process_current()->limits[RLIMIT_NOFILE].rlim_cur)
		return -EINVAL;
	fds = room_for(own_fds, INLINE_TARGETS, count, sizeof(*fds));
	targets = room_for(own_targets, INLINE_TARGETS, count, sizeof(*targets));
	if (!fds || !targets)
		goto out;
	result = -EFAULT;
	if (copy_from_user(fds, address, count * sizeof(*fds)))
		goto out;
	poll_resolve(fds, targets, count);
	result = poll_report(address, targets, count, poll_targets(targets, count, deadline_ns));
	targets_put(targets, count);
out:
	if (fds != own_fds)
		heap_free(fds);
	if (targets != own_targets)
		heap_free(targets);
	return result;
}

long sys_poll(uptr fds, u32 count, int timeout_ms)
{
	u64 deadline_ns = deadline_after_ms(timeout_ms);
	long result;

	restart_take(RESTART_POLL, &deadline_ns);
	result = poll_until(fds, count, deadline_ns);
	return result == -ERESTARTNOHAND ? restart_later(RESTART_POLL, deadline_ns) : result;
}

/*
 * Tells the program what is left of its timeout. Where that can't be written the call is not
 * restarted.
 */
static long timespec_finish(uptr timeout, u64 deadline_ns, long result)
{
	u64 left = deadline_left_ns(deadline_ns);
	struct __kernel_timespec time = { .tv_sec = left / 1000000000,
					  .tv_nsec = left % 1000000000 };

	if (!timeout || deadline_ns == FOREVER || !put_user(time, timeout))
		return result;
	return result == -ERESTARTNOHAND ? -EINTR : result;
}

long sys_ppoll(uptr fds, u32 count, uptr timeout, uptr set, size_t set_size)
{
	u64 deadline_ns;
	long result = deadline_from_timespec(timeout, &deadline_ns);

	if (!result)
		result = wait_mask_begin(set, set_size);
	if (result)
		return result;
	result = poll_until(fds, count, deadline_ns);
	wait_mask_end(set, result == -ERESTARTNOHAND);
	return timespec_finish(timeout, deadline_ns, result);
}

/* ---- select ---- */

enum { SET_IN, SET_OUT, SET_EXCEPT, SET_COUNT };

static const u32 set_events[SET_COUNT] = {
	[SET_IN] = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
	[SET_OUT] = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
	[SET_EXCEPT] = POLLPRI,
};

#define WORD_BITS 64
#define INLINE_WORDS (1024 / WORD_BITS)

struct select {
	uptr addresses[SET_COUNT];
	u32 words;			/* in each set */
	u64 *bits;			/* SET_COUNT sets, one after the other */
	u32 target_count;
	struct poll_target *targets;	/* one for each descriptor in any set, in rising order */
};

static bool set_has(const struct select *select, u32 set, u32 fd)
{
	return select->bits[set * select->words + fd / WORD_BITS] >> fd % WORD_BITS & 1;
}

static u64 word_of_any(const struct select *select, u32 word)
{
	return select->bits[word] | select->bits[select->words + word] |
	       select->bits[2 * select->words + word];
}

static int select_load(struct select *select)
{
	memset(select->bits, 0, SET_COUNT * select->words * sizeof(u64));
	for (u32 set = 0; set < SET_COUNT; set++)
		if (select->addresses[set] &&
		    copy_from_user(select->bits + set * select->words, select->addresses[set],
				   select->words * sizeof(u64)))
			return -EFAULT;
	return 0;
}

/* Forgets bits from count on, which are not the call's business, and counts the descriptors. */
static void select_cut(struct select *select, u32 count)
{
	for (u32 set = 0; set < SET_COUNT && count % WORD_BITS; set++)
		select->bits[(set + 1) * select->words - 1] &= (1ull << count % WORD_BITS) - 1;
	select->target_count = 0;
	for (u32 word = 0; word < select->words; word++)
		select->target_count += __builtin_popcountll(word_of_any(select, word));
}

/* Runs body for each descriptor that is in a set. */
#define select_for_each(select, fd, word, left) \
	for (u32 word = 0; word < (select)->words; word++) \
		for (u64 left = word_of_any(select, word), fd = 0; \
		     left && (fd = word * WORD_BITS + __builtin_ctzll(left), true); \
		     left &= left - 1)

static int select_resolve(struct select *select)
{
	struct poll_target *target = select->targets;

	select_for_each(select, fd, word, left) {
		target->file = current_fd_get(fd);
		target->wanted = target->found = 0;
		if (!target->file) {
			targets_put(select->targets, target - select->targets);
			return -EBADF;
		}
		for (u32 set = 0; set < SET_COUNT; set++)
			if (set_has(select, set, fd))
				target->wanted |= set_events[set];
		target++;
	}
	return 0;
}

/* Replaces the sets by those that were found. How many bits are set in them. */
static int select_found(struct select *select)
{
	const struct poll_target *target = select->targets;
	int count = 0;

	for (u32 word = 0; word < select->words; word++) {
		u64 found[SET_COUNT] = { 0 };

		for (u64 left = word_of_any(select, word); left; left &= left - 1, target++)
			for (u32 set = 0; set < SET_COUNT; set++)
				if (target->found & set_events[set])
					found[set] |= left & -left;
		for (u32 set = 0; set < SET_COUNT; set++) {
			select->bits[set * select->words + word] &= found[set];
			count += __builtin_popcountll(select->bits[set * select->words + word]);
		}
	}
	return count;
}

static int select_store(const struct select *select)
{
	for (u32 set = 0; set < SET_COUNT; set++)
		if (select->addresses[set] &&
		    copy_to_user(select->addresses[set], select->bits + set * select->words,
				 select->words * sizeof(u64)))
			return -EFAULT;
	return 0;
}

/* With the sets loaded: waits and stores what was found. */
static long select_wait(struct select *select, u64 deadline_ns)
{
	struct poll_target own[INLINE_TARGETS];
	long result = -ENOMEM;

	select->targets = room_for(own, INLINE_TARGETS, select->target_count, sizeof(*own));
	if (select->targets)
		result = select_resolve(select);
	if (result)
		goto out;
	result = poll_targets(select->targets, select->target_count, deadline_ns);
	if (result >= 0) {
		result = select_found(select);
		if (select_store(select))
			result = -EFAULT;
	}
	targets_put(select->targets, select->target_count);
out:
	if (select->targets != own)
		heap_free(select->targets);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

static long select_until(int count, uptr in, uptr out, uptr except, u64 deadline_ns)
{
	struct select select = { .addresses = { in, out, except } };
	u64 own[SET_COUNT * INLINE_WORDS];
	long result;

	if (count < 0)
		return -EINVAL;
	count = MIN((u32)count, READ_ONCE(process_current()->files->capacity));
	select.words = ((u32)count + WORD_BITS - 1) / WORD_BITS;
	select.bits =
		room_for(own, SET_COUNT * INLINE_WORDS, SET_COUNT * select.words, sizeof(u64));
	if (!select.bits)
		return -ENOMEM;
	result = select_load(&select);
	if (!result) {
		select_cut(&select, count);
		result = select_wait(&select, deadline_ns);
	}
	if (select.bits != own)
		heap_free(select.bits);
	return result;
}

long sys_select(int count, uptr in, uptr out, uptr except, uptr timeout)
{
	struct __kernel_old_timeval time;
	u64 deadline_ns = FOREVER, left;
	long result;

	if (timeout) {
		if (get_user(time, timeout))
			return -EFAULT;
		if (time.tv_sec < 0 || time.tv_usec < 0)
			return -EINVAL;
		if ((u64)time.tv_sec < FOREVER / 4000000000ull)
			deadline_ns = deadline_after_ns((u64)time.tv_sec * 1000000000 +
							(u64)time.tv_usec * 1000);
	}
	result = select_until(count, in, out, except, deadline_ns);
	if (deadline_ns == FOREVER)
		return result;
	left = deadline_left_ns(deadline_ns);
	time.tv_sec = left / 1000000000;
	time.tv_usec = left % 1000000000 / 1000;
	if (put_user(time, timeout) && result == -ERESTARTNOHAND)
		return -EINTR;
	return result;
}

long sys_pselect6(int count, uptr in, uptr out, uptr except, uptr timeout, uptr mask)
{
	struct { u64 set, size; } argument = { 0, 0 };
	u64 deadline_ns;
	long result;

	if (mask && get_user(argument, mask))
		return -EFAULT;
	result = deadline_from_timespec(timeout, &deadline_ns);
	if (!result)
		result = wait_mask_begin(argument.set, argument.size);
	if (result)
		return result;
	result = select_until(count, in, out, except, deadline_ns);
	wait_mask_end(argument.set, result == -ERESTARTNOHAND);
	return timespec_finish(timeout, deadline_ns, result);
}
