/* SPDX-License-Identifier: MIT */
/*
 * What prctl(2) does with the capabilities of the calling process. Results as the program gets
 * them.
 */
#ifndef PROCESS_CAPS_H
#define PROCESS_CAPS_H

#include "core/types.h"

long caps_bounding_read(u64 cap);	/* PR_CAPBSET_READ */
long caps_bounding_drop(u64 cap);	/* PR_CAPBSET_DROP */
long caps_ambient(u64 operation, u64 cap);	/* PR_CAP_AMBIENT */

#endif
