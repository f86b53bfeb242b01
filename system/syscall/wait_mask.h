/* SPDX-License-Identifier: MIT */
/*
 * What the calls that wait for files have in common: a signal mask for the time of the wait, and
 * deadlines.
 */
#ifndef SYSCALL_WAIT_MASK_H
#define SYSCALL_WAIT_MASK_H

#include <linux/time_types.h>

#include "core/types.h"

/*
 * Replaces the thread's signal mask by the set at an address in program memory (0: leave it), as
 * ppoll(2) does. 0, -EINVAL (size), -EFAULT. wait_mask_end() takes it back; where the wait was
 * interrupted that is left to the delivery of the signal.
 */
int wait_mask_begin(uptr set, size_t size) __must_check;
void wait_mask_end(uptr set, bool interrupted);

/* A deadline from a relative time: 0 where it is zero, FOREVER where it is too far. */
u64 deadline_after_ns(u64 relative_ns);
/* From milliseconds, negative: FOREVER. */
u64 deadline_after_ms(int milliseconds);
/* From a struct timespec in program memory (0: FOREVER). 0, -EFAULT, -EINVAL. */
int deadline_from_timespec(uptr address, u64 *deadline_ns) __must_check;
/* What is left until the deadline, not below 0. */
u64 deadline_left_ns(u64 deadline_ns);

#endif
