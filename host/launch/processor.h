/* SPDX-License-Identifier: MIT */
/* What the processor and kernel offer to a domain. */
#ifndef HOST_LAUNCH_PROCESSOR_H
#define HOST_LAUNCH_PROCESSOR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The state components that a domain saves with XSAVE: all that the kernel has enabled, without
 * PKRU (never restored from memory) and the AMX tiles (a process must ask the kernel for them,
 * which no program in a domain can). *size: bytes of a standard-format area for them.
 */
void processor_xsave(uint64_t *mask, uint64_t *size);

/* Whether programs may use RDFSBASE and its kin, without which no domain runs. */
bool processor_has_fsgsbase(void);

/*
 * The layer's protection key (LAYER_KEY; SELECTOR_KEY comes with it), for this process and those it
 * forks; -1 where there is none.
 */
int processor_allocate_key(void);

#endif
