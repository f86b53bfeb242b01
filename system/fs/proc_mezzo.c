/* SPDX-License-Identifier: MIT */
/*
 * /proc/mezzo: what the layer itself uses. `usage` has a name and a number in each line; all of them are
 * again what they were when a program has ended that left nothing behind. No locks of its own.
 */
#include "boundary/layout.h"
#include "core/heap.h"
#include "fs/proc.h"

static int usage_show(struct proc_text *text, const struct proc_key *key)
{
	struct heap_usage usage;

	(void)key;
	heap_usage(&usage);
	proc_print(text, "heap_objects %lu\n", usage.slab_objects);
	proc_print(text, "heap_object_bytes %lu\n", usage.slab_bytes);
	proc_print(text, "heap_run_pages %lu\n", usage.page_bytes / PAGE_SIZE - usage.slab_pages);
	proc_print(text, "processes %u\n", process_count());
	return 0;
}

static int heap_show(struct proc_text *text, const struct proc_key *key)
{
	u32 size, objects, pages;

	(void)key;
	proc_print(text, "size objects pages\n");
	for (u32 i = 0; heap_class_usage(i, &size, &objects, &pages); i++)
		proc_print(text, "%4u %7u %5u\n", size, objects, pages);
	return 0;
}

static const struct proc_row rows[] = {
	PROC_FILE("heap", 0444, heap_show),
	PROC_FILE("usage", 0444, usage_show),
};

const struct proc_directory proc_mezzo_directory = {
	.rows = rows,
	.row_count = ARRAY_SIZE(rows),
};
