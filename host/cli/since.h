/* SPDX-License-Identifier: MIT */
/* Times as users write them. */
#ifndef HOST_CLI_SINCE_H
#define HOST_CLI_SINCE_H

#include "host/domain/log.h"

/*
 * 2026-01-02T03:04:05Z (also with a fraction, or an offset in place of the Z, or without both for
 * UTC; or a date alone), seconds since the epoch, or a time before now (10s, 5m, 1h30m, 2d) become
 * a time as entries of a log have it. Returns 0 or -EINVAL.
 */
int since_parse(const char *text, char time[LOG_TIME_SIZE + 1]);

#endif
