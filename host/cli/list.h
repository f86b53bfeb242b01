/* SPDX-License-Identifier: MIT */
/* Telling about domains: what ls, ps and inspect have in common. */
#ifndef HOST_CLI_LIST_H
#define HOST_CLI_LIST_H

#include "host/domain/state.h"

/* Print all that is known of a domain as one JSON object. */
void list_print_json(const struct folder *folder, const struct domain_record *record,
		     enum domain_state state);

#endif
