/* SPDX-License-Identifier: MIT */
/* What memory a process takes: the host counts it, and tells the monitor. */
#ifndef PROCESS_MEMORY_USE_H
#define PROCESS_MEMORY_USE_H

#include "boundary/abi.h"

/*
 * Of the host process that a process of the domain runs in: all zeros where it is not found. The
 * layer's heap is among what is shared. Takes LOCK_CHANNEL; costs a request.
 */
void memory_use_read(uint32_t host_tgid, struct process_memory *memory);

#endif
