/* SPDX-License-Identifier: MIT */
/* FUTEX_LOCK_PI and its family; the address is checked by the caller. */
#ifndef PROCESS_FUTEX_PI_H
#define PROCESS_FUTEX_PI_H

#include "core/types.h"

/* flags: FUTEX_PRIVATE_FLAG, and FUTEX_CLOCK_REALTIME as the clock of the timeout, an instant. */
long futex_lock_pi(uptr word, u32 flags, uptr timeout);
long futex_trylock_pi(uptr word);
long futex_unlock_pi(uptr word, u32 flags);

/*
 * The host's wait until an instant (NULL: for ever), which work for the thread interrupts
 * (process/futex.c).
 */
struct __kernel_timespec;
long host_futex_wait(uptr word, u32 flags, u32 expected, const struct __kernel_timespec *until,
		     u32 bits);

#endif
