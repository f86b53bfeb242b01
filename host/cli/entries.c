/* SPDX-License-Identifier: MIT */
/* Printing output of domains; see entries.h. No locks. */
#include <errno.h>
#include <stdio.h>

#include "host/base/output.h"
#include "host/cli/entries.h"

int entries_print(struct entries *entries, const struct log_entry *entry, struct error *err)
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
	/* Why is known here alone: who has nobody to print for is told so. */
	return ferror(stdout) ? error_set(err, errno, "can't write to standard output") : 0;
}

int entries_print_all(struct entries *entries, struct error *err)
{
	struct log_entry entry;
	int result;

	while ((result = log_next(&entries->log, &entry)) > 0) {
		if (entries_print(entries, &entry, err))
			return -err->code;
	}
	if (result < 0)
		return error_set(err, -result, "output of the domain");
	return output_flush(err);
}
