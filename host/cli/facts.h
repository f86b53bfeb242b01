/* SPDX-License-Identifier: MIT */
/*
 * What is told of a lasting domain: as JSON, by `mezzo ls --json` and `mezzo inspect`, and single
 * facts by `mezzo inspect --format`. One table (facts.c) has all of them.
 */
#ifndef HOST_CLI_FACTS_H
#define HOST_CLI_FACTS_H

#include "host/domain/state.h"

/* All of them, as a JSON object. */
void facts_print_json(const struct folder *folder, const struct domain_record *record,
		      enum domain_state state);

/*
 * Whether a format is one: text with {{.NAME}} or {{json .NAME}} in it, where NAME is that of a
 * fact in the JSON, or docker's, as State.ExitCode. Returns 0, or -EINVAL with what is wrong.
 */
int facts_check_format(const char *format, struct error *err);

/* Print a format that is one, and a newline. */
void facts_print_format(const char *format, const struct folder *folder,
			const struct domain_record *record, enum domain_state state);

#endif
