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

/*
 * The start parameters: a copy in the heap, so that most processes of a domain never touch the
 * channel and need no page tables for it. config_take() makes it, before anything else; constant
 * from then on.
 */
extern struct config domain_config;
void config_take(void);

static inline const struct config *config(void)
{
	return &domain_config;
}

#endif
