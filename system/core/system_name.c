/* SPDX-License-Identifier: MIT */
/* The names of uname(2). Lock: name_lock (LOCK_EVENT) guards those that can be changed. */
#include "core/system_name.h"

#include "core/channel.h"
#include "core/lock.h"
#include "core/string.h"

static struct lock name_lock = LOCK_INIT(LOCK_EVENT);
static char node_name[__NEW_UTS_LEN + 1];	/* empty: as the launcher said */
static char domain_name[__NEW_UTS_LEN + 1] = "(none)";

void system_name(struct new_utsname *name)
{
	*name = (struct new_utsname){
		.sysname = "Linux", .release = SYSTEM_RELEASE, .version = SYSTEM_VERSION,
		.machine = "x86_64",
	};
	lock_acquire(&name_lock);
	strlcpy(name->nodename,
		node_name[0] ? node_name : (const char *)channel() + config()->hostname_offset,
		sizeof(name->nodename));
	strlcpy(name->domainname, domain_name, sizeof(name->domainname));
	lock_release(&name_lock);
}

void system_name_change(enum system_name_part part, const char *text)
{
	lock_acquire(&name_lock);
	strlcpy(part == SYSTEM_NODE_NAME ? node_name : domain_name, text, __NEW_UTS_LEN + 1);
	lock_release(&name_lock);
}
