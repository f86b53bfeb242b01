/* SPDX-License-Identifier: MIT */
/* Printing output of domains; see entries.h. No locks. */
#include <errno.h>
#include <stdio.h>

#include "host/base/output.h"
#include "host/cli/entries.h"

void entries_print(struct entries *entries, const struct log_entry *entry)
{
	FILE *to = entry->is_error ? stderr : stdout;

	/* Both may be one terminal. */
	if (entry->is_error)
		fflush(stdout);
	if (entries->with_times && entry->time && !entries->is_within[entry->is_error])
		fprintf(to, "%.*s ", (int)LOG_TIME_SIZE, entry->time);
	entries->is_within[entry->is_error] = entry->is_partial;
	fwrite(entry->text, 1, entry->size, to);
	if (!entry->is_partial)
		fputc('\n', to);
}

int entries_print_all(struct entries *entries, struct error *err)
{
	struct log_entry entry;
	int result;

	while ((result = log_next(&entries->log, &entry)) > 0) {
		entries_print(entries, &entry);
		/* Why is known here alone: who has nobody to print for is told so. */
		if (ferror(stdout))
			return error_set(err, errno, "can't write to standard output");
	}
	if (result < 0)
		return error_set(err, -result, "output of the domain");
	return output_flush(err);
}
