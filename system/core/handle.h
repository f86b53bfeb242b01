/* SPDX-License-Identifier: MIT */
/* Handles, counted as they come and go: so a test can tell that one was lost. */
#ifndef CORE_HANDLE_H
#define CORE_HANDLE_H

#include "core/types.h"

/* One came into the domain: granted by the monitor, or a memfd. */
void handle_came(void);
/* Closes one that came so. */
void handle_close(int handle);
/* How many came and were not closed. */
u32 handles_open(void);

#endif
