/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/smaps, smaps_rollup and numa_maps: the layer's areas with what the host has mapped in
 * of each. No locks of its own; both are as of some moment, not quite the same one.
 */
#include <linux/mman.h>

#include "boundary/layout.h"
#include "core/string.h"
#include "fs/proc_memory.h"
#include "process/memory_use.h"

#define PAGE_KB (PAGE_SIZE >> 10)

#define FIGURE(name, text) text ":",
static const char *const figure_names[FIGURE_COUNT] = { AREA_FIGURES(FIGURE) };
#undef FIGURE

static void kb_print(struct proc_text *text, const char *name, u64 kb)
{
	proc_print(text, "%s%*s%8llu kB\n", name, (int)(16 - strlen(name)), "",
		   (unsigned long long)kb);
}

static void figures_print(struct proc_text *text, const struct area_use *use)
{
	for (u32 i = 0; i < FIGURE_COUNT; i++)
		kb_print(text, figure_names[i], use->kb[i]);
}

/* In Linux's order. What the layer does not know of an area it has not. */
static void flags_print(struct proc_text *text, const struct area *area)
{
	const bool shared = area->flags & AREA_SHARED;
	const struct {
		const char *name;
		bool is_set;
	} flags[] = {
		{ "rd", area->protection & PROT_READ },
		{ "wr", area->protection & PROT_WRITE },
		{ "ex", area->protection & PROT_EXEC },
		{ "sh", shared },
		{ "mr", area->max_protection & PROT_READ },
		{ "mw", area->max_protection & PROT_WRITE },
		{ "me", area->max_protection & PROT_EXEC },
		{ "ms", shared },
		{ "gd", area->flags & AREA_STACK },
		{ "lo", area->flags & AREA_LOCKED },
		{ "dc", area->flags & AREA_NOT_INHERITED },
		{ "ac", !shared && area->protection & PROT_WRITE },
		{ "wf", area->flags & AREA_WIPED },
	};

	proc_print(text, "VmFlags:");
	for (u32 i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].is_set)
			proc_print(text, " %s", flags[i].name);
	proc_print(text, " \n");
}

static void smaps_print(struct proc_text *text, const struct area *area, const struct path *root,
			char *buffer, void *data)
{
	struct area_use use;

	area_uses_sum(data, area->start, area->end, &use);
	proc_area_print(text, area, root, buffer);
	kb_print(text, "Size:", (area->end - area->start) >> 10);
	kb_print(text, "KernelPageSize:", PAGE_KB);
	kb_print(text, "MMUPageSize:", PAGE_KB);
	figures_print(text, &use);
	flags_print(text, area);
}

/* Calls print for each area, with what the host has of all of them as data. */
static int with_uses(struct proc_text *text, const struct looked_at *at, proc_area_visit *print)
{
	struct area_uses uses;
	int error = area_uses_read(at->host_tgid, &uses);

	if (error)
		return error;
	error = proc_areas_print(text, at->mm, print, &uses);
	area_uses_release(&uses);
	return error;
}

static int smaps_show_mm(struct proc_text *text, const struct looked_at *at)
{
	return with_uses(text, at, smaps_print);
}

int proc_smaps_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_mm(text, key, false, smaps_show_mm);
}

/* ---- All together ---- */

struct rollup {
	struct area_uses uses;
	struct area_use sum;		/* from the first area to the last */
};

static void rollup_add(struct proc_text *text, const struct area *area, const struct path *root,
		       char *buffer, void *data)
{
	struct rollup *rollup = data;
	struct area_use use;

	(void)text, (void)root, (void)buffer;
	area_uses_sum(&rollup->uses, area->start, area->end, &use);
	if (!rollup->sum.end)
		rollup->sum.start = area->start;
	rollup->sum.end = area->end;
	for (u32 i = 0; i < FIGURE_COUNT; i++)
		rollup->sum.kb[i] += use.kb[i];
}

static int rollup_show_mm(struct proc_text *text, const struct looked_at *at)
{
	struct rollup rollup = { 0 };
	int error = area_uses_read(at->host_tgid, &rollup.uses);
	char line[80];

	if (error)
		return error;
	error = proc_areas_print(text, at->mm, rollup_add, &rollup);
	area_uses_release(&rollup.uses);
	if (error)
		return error;
	format(line, sizeof(line), "%08llx-%08llx ---p 00000000 00:00 0 ",
	       (unsigned long long)rollup.sum.start, (unsigned long long)rollup.sum.end);
	proc_print(text, "%s%*s[rollup]\n", line, (int)(73 - strlen(line)), "");
	figures_print(text, &rollup.sum);
	return 0;
}

/* Of one that has ended the other files are empty. */
int proc_smaps_rollup_show(struct proc_text *text, const struct proc_key *key)
{
	int error = proc_with_mm(text, key, false, rollup_show_mm);

	return error || text->size || text->failed ? error : -ESRCH;
}

/* ---- By node, of which there is one ---- */

static void numa_name_print(struct proc_text *text, const struct area *area,
			    const struct path *root, char *buffer)
{
	if (area->file)
		proc_print(text, " file=%s", proc_area_path(area, root, buffer));
	else if (area->flags & AREA_HEAP)
		proc_print(text, " heap");
	else if (area->flags & AREA_STACK)
		proc_print(text, " stack");
}

/* How many pages are active the host does not tell: as where all of them are. */
static void numa_print(struct proc_text *text, const struct area *area, const struct path *root,
		       char *buffer, void *data)
{
	u64 pages, anonymous, dirty;
	struct area_use use;

	area_uses_sum(data, area->start, area->end, &use);
	pages = use.kb[FIGURE_RSS] / PAGE_KB;
	anonymous = use.kb[FIGURE_ANONYMOUS] / PAGE_KB;
	dirty = (use.kb[FIGURE_SHARED_DIRTY] + use.kb[FIGURE_PRIVATE_DIRTY]) / PAGE_KB;
	proc_print(text, "%08llx default", (unsigned long long)area->start);
	numa_name_print(text, area, root, buffer);
	if (anonymous)
		proc_print(text, " anon=%llu", (unsigned long long)anonymous);
	if (dirty)
		proc_print(text, " dirty=%llu", (unsigned long long)dirty);
	if (pages && pages != anonymous && pages != dirty)
		proc_print(text, " mapped=%llu", (unsigned long long)pages);
	if (pages)
		proc_print(text, " N0=%llu kernelpagesize_kB=%lu", (unsigned long long)pages,
			   PAGE_KB);
	proc_print(text, "\n");
}

static int numa_maps_show_mm(struct proc_text *text, const struct looked_at *at)
{
	return with_uses(text, at, numa_print);
}

int proc_numa_maps_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_mm(text, key, false, numa_maps_show_mm);
}
