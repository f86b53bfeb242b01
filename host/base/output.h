/* SPDX-License-Identifier: MIT */
/* Standard output of programs that print: what could not be written is a failure. */
#ifndef HOST_BASE_OUTPUT_H
#define HOST_BASE_OUTPUT_H

#include "host/base/error.h"

/*
 * Write what stdio still has of standard output. Returns 0 or -errno, also where an earlier write
 * of it failed (-EIO where nobody knows why any more).
 */
int output_flush(struct error *err);

#endif
