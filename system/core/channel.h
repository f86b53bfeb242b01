/* SPDX-License-Identifier: MIT */
/*
 * The memory shared with the monitor (boundary/abi.h), where every process of a domain has it
 * mapped.
 */
#ifndef CORE_CHANNEL_H
#define CORE_CHANNEL_H

#include "boundary/abi.h"
#include "core/types.h"

static inline struct channel *channel(void)
{
	return (struct channel *)CHANNEL_BASE;
}

/* Constant since the start of the domain. */
static inline const struct config *config(void)
{
	return &channel()->config;
}

#endif
