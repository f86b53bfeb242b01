/* SPDX-License-Identifier: MIT */
/*
 * /proc/mezzo: what the layer itself uses. `usage` has a name and a number in each line; all of
 * them are again what they were when a program has ended that left nothing behind. `callers` says
 * in debug builds who allocated what is in use. No locks of its own.
 */
#include "boundary/layout.h"
#include "core/handle.h"
#include "core/heap.h"
#include "core/report.h"
#include "fs/file_handle.h"
#include "fs/proc.h"

static int usage_show(struct proc_text *text, const struct proc_key *key)
{
	struct heap_usage usage;

	(void)key;
	heap_usage(&usage);
	proc_print(text, "heap_objects %lu\n", usage.slab_objects);
	proc_print(text, "heap_object_bytes %lu\n", usage.slab_bytes);
	proc_print(text, "heap_run_pages %lu\n", usage.page_bytes / PAGE_SIZE - usage.slab_pages);
	/* Those that lower files keep for the next user are no loss. */
	proc_print(text, "handles %u\n", handles_open() - file_handles_kept());
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

/* ---- Who allocated what ---- */

#define CALLERS_MAX 400

struct caller {
	uptr address;
	u32 objects;
	u64 bytes;
};

struct caller_table {
	u32 count;
	struct caller callers[CALLERS_MAX];
};

static void caller_count(size_t size, uptr address, void *data)
{
	struct caller_table *table = data;
	u32 i = 0;

	while (i < table->count && table->callers[i].address != address)
		i++;
	if (i == CALLERS_MAX)
		return;
	if (i == table->count)
		table->callers[table->count++] = (struct caller){ .address = address };
	table->callers[i].objects++;
	table->callers[i].bytes += size;
}

static int callers_show(struct proc_text *text, const struct proc_key *key)
{
	struct caller_table *table = heap_alloc_zero(sizeof(*table));

	(void)key;
	if (!table)
		return -ENOMEM;
	heap_visit(caller_count, table);
	for (u32 i = 0; i < table->count; i++) {
		const struct caller *caller = &table->callers[i];
		u64 offset = 0;
		const char *name = symbol_name(caller->address, &offset);

		proc_print(text, "%6u %8lu %s+%#lx\n", caller->objects, caller->bytes,
			   name ? name : "?", name ? offset : caller->address);
	}
	heap_free(table);
	return 0;
}

static const struct proc_row rows[] = {
	PROC_FILE("callers", 0444, callers_show),
	PROC_FILE("heap", 0444, heap_show),
	PROC_FILE("usage", 0444, usage_show),
};

const struct proc_directory proc_mezzo_directory = {
	.rows = rows,
	.row_count = ARRAY_SIZE(rows),
};
