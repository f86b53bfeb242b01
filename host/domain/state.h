/* SPDX-License-Identifier: MIT */
/* What a lasting domain is doing, from its record and its lock. */
#ifndef HOST_DOMAIN_STATE_H
#define HOST_DOMAIN_STATE_H

#include "host/domain/folder.h"

enum domain_state {
	DOMAIN_CREATED,			/* it never ran */
	DOMAIN_RUNNING,
	DOMAIN_EXITED,
	DOMAIN_KILLED,			/* its monitor was, in its last run */
};
#define DOMAIN_STATES 4u

/*
 * Load the record and tell the state. Returns 0 or -errno; on success domain_record_release() is
 * due.
 */
int domain_state_load(const struct folder *folder, struct domain_record *record,
		      enum domain_state *state, struct error *err);

/* "created" and so on. */
const char *domain_state_name(enum domain_state state);

#endif
