/* SPDX-License-Identifier: MIT */
/* The start parameters in the channel. */
#ifndef HOST_LAUNCH_CONFIG_H
#define HOST_LAUNCH_CONFIG_H

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/launch/layer.h"
#include "host/launch/plan.h"

/*
 * Fill the channel of a domain that has not started: configuration, strings, rings. The protection
 * key must be the one that the domain's processes inherit, or -1. Returns 0 or -errno.
 */
int config_fill(struct channel *channel, const struct plan *plan, const struct layer *layer,
		int protection_key, struct error *err);

#endif
