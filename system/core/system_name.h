/* SPDX-License-Identifier: MIT */
/* How the system under a program names itself: for uname(2) and /proc. */
#ifndef CORE_SYSTEM_NAME_H
#define CORE_SYSTEM_NAME_H

#include <linux/utsname.h>

#define SYSTEM_RELEASE "6.1.0-mezzo"	/* the Linux whose calls are followed */
#define SYSTEM_VERSION "#1 SMP PREEMPT_DYNAMIC Mezzo"

enum system_name_part { SYSTEM_NODE_NAME, SYSTEM_DOMAIN_NAME };

void system_name(struct new_utsname *name);
/* text ends with NUL within __NEW_UTS_LEN + 1 bytes. */
void system_name_change(enum system_name_part part, const char *text);

#endif
