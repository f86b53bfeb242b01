/* SPDX-License-Identifier: MIT */
/*
 * Signals that end the program (SIGINT, SIGTERM, SIGHUP) while there is something to tidy up: they
 * become a failure, which passes the way of all failures, and in the end main() dies of the signal
 * all the same. A second one kills at once.
 */
#ifndef HOST_IMAGE_INTERRUPT_H
#define HOST_IMAGE_INTERRUPT_H

#include "host/base/error.h"

/* From here to interrupt_release() they are caught; those that are ignored stay ignored. */
void interrupt_catch(void);
/* What came meanwhile is still known to interrupt_check() and interrupt_die(). */
void interrupt_release(void);

/* 0, or -EINTR with a message once there was a signal. */
int interrupt_check(struct error *err);
/* Waits until there is something to read, or a signal came. 0, -EINTR, -errno. */
int interrupt_wait_readable(int fd, struct error *err);

/* Where there was a signal, ends the program by it. */
void interrupt_die(void);

#endif
