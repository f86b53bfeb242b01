/* SPDX-License-Identifier: MIT */
/*
 * The system-call filter of every process of a domain. One table says which calls the gate may
 * make, with which arguments, and why; the BPF program and `mezzo inspect --seccomp` come from it.
 */
#ifndef HOST_LAUNCH_FILTER_H
#define HOST_LAUNCH_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "host/base/error.h"

#define FILTER_CODE_MAX 1024

struct filter {
	struct sock_filter code[FILTER_CODE_MAX];
	size_t count;
};

/*
 * Make the program for a layer whose gate is [gate_start, gate_end). Calls from elsewhere trap to
 * the layer (SIGSYS); calls from the gate that the table does not allow end the process.
 * Returns 0 or -errno.
 */
int filter_build(struct filter *filter, uint64_t gate_start, uint64_t gate_end, struct error *err);

/* Print the table for a person. */
void filter_print(FILE *out);

#endif
