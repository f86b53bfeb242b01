/* SPDX-License-Identifier: MIT */
/* States of domains; see state.h. No locks are taken: they are looked at. */
#include "host/domain/state.h"

int domain_state_load(const struct folder *folder, struct domain_record *record,
		      enum domain_state *state, struct error *err)
{
	bool is_running = folder_is_locked(folder), is_open;
	int error = domain_record_load(folder->fd, record, err);

	if (error)
		return error;
	/* A start writes "started" after it took the lock, so this may be one of since then. */
	is_open = record->started_ns && !record->finished_ns;
	if (!is_running && is_open)
		is_running = folder_is_locked(folder);
	if (is_running)
		*state = DOMAIN_RUNNING;
	else if (!record->started_ns)
		*state = DOMAIN_CREATED;
	else
		*state = is_open ? DOMAIN_KILLED : DOMAIN_EXITED;
	return 0;
}

const char *domain_state_name(enum domain_state state)
{
	static const char *const names[] = { "created", "running", "exited", "killed" };

	return names[state];
}
