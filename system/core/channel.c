/* SPDX-License-Identifier: MIT */
/* The start parameters; see channel.h. Constant after config_take(): no locks. */
#include "core/channel.h"

struct config domain_config;

void config_take(void)
{
	domain_config = channel()->config;
}
