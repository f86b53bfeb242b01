/* SPDX-License-Identifier: MIT */
/* timerfd(2): a timer to wait for as for a file. Times are ns of the timer's own clock. */
#ifndef IPC_TIMERFD_H
#define IPC_TIMERFD_H

#include "vfs/file.h"

#define TFD_TIMER_ABSTIME	1
#define TFD_TIMER_CANCEL_ON_SET	2

struct timerfd_time {
	u64 value_ns;		/* until the next expiration; 0: disarmed */
	u64 interval_ns;
};

/* A new, disarmed one; flags are O_CLOEXEC and O_NONBLOCK. -EINVAL, -ENOMEM as pointer. */
struct file *timerfd_create(int clock, int flags) __must_check;
/* -EINVAL where the file is no timerfd; -ENOMEM. old receives what was set before. */
int timerfd_set(struct file *file, int flags, const struct timerfd_time *time,
		struct timerfd_time *old) __must_check;
int timerfd_get(struct file *file, struct timerfd_time *time) __must_check;

#endif
