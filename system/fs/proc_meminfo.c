/* SPDX-License-Identifier: MIT */
/*
 * /proc/meminfo, vmstat, swaps. Of the host's memory a domain sees its own share alone: what its
 * heap takes is used, the rest free. The host keeps its programs' pages, and the lists of
 * Active and Inactive with them. No locks of its own.
 */
#include "core/channel.h"
#include "core/heap.h"
#include "core/string.h"
#include "fs/proc.h"
#include "memory/mm.h"

static void memory_line(struct proc_text *text, const char *name, u64 bytes)
{
	proc_print(text, "%-15s %8llu kB\n", name, (unsigned long long)(bytes >> 10));
}

static void zero_lines(struct proc_text *text, const char *const *names)
{
	for (; *names; names++)
		memory_line(text, *names, 0);
}

struct mapped {
	u64 committed, locked;
};

/* What programs could write to without sharing it, and what they locked. */
static void mapped_sum(struct mapped *sum)
{
	struct proc_key key = { 0 };
	struct proc_memory memory;

	*sum = (struct mapped){ 0 };
	for (u32 pid = proc_pid_next(&key, 1); pid != PROC_NONE;
	     pid = proc_pid_next(&key, pid + 1)) {
		struct process *process = process_find(pid);
		struct mm *mm = process ? proc_mm_get(process) : NULL;

		if (process)
			process_put(process);
		if (!mm)
			continue;
		proc_memory_read(mm, &memory);
		mm_put(mm);
		sum->committed += (memory.data_kb + memory.stack_kb) << 10;
		sum->locked += memory.locked_kb << 10;
	}
}

int proc_meminfo_show(struct proc_text *text, const struct proc_key *key)
{
	static const char *const cached[] = {
		"Buffers:",	 "Cached:",	    "SwapCached:",   "Active:",		"Inactive:",
		"Active(anon):", "Inactive(anon):", "Active(file):", "Inactive(file):", NULL
	};
	static const char *const swapped[] = { "SwapTotal:", "SwapFree:",     "Dirty:",
					       "Writeback:", "AnonPages:",    "Mapped:",
					       "Shmem:",     "KReclaimable:", NULL };
	u64 total = config()->memory_total, available;
	struct heap_usage usage;
	struct mapped mapped;

	(void)key;
	heap_usage(&usage);
	mapped_sum(&mapped);
	available = usage.page_bytes < total ? total - usage.page_bytes : 0;
	memory_line(text, "MemTotal:", total);
	memory_line(text, "MemFree:", available);
	memory_line(text, "MemAvailable:", available);
	zero_lines(text, cached);
	memory_line(text, "Unevictable:", mapped.locked);
	memory_line(text, "Mlocked:", mapped.locked);
	zero_lines(text, swapped);
	memory_line(text, "Slab:", usage.slab_bytes);
	memory_line(text, "SReclaimable:", 0);
	memory_line(text, "SUnreclaim:", usage.slab_bytes);
	memory_line(text, "PageTables:", 0);
	memory_line(text, "CommitLimit:", total);
	memory_line(text, "Committed_AS:", mapped.committed);
	proc_print(text, "HugePages_Total:       0\nHugePages_Free:        0\n"
			 "HugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	memory_line(text, "Hugepagesize:", 2 << 20);
	return 0;
}

/* The layer moves no pages between memory and disk. */
int proc_vmstat_show(struct proc_text *text, const struct proc_key *key)
{
	u64 total = config()->memory_total;
	struct heap_usage usage;
	struct mapped mapped;

	(void)key;
	heap_usage(&usage);
	mapped_sum(&mapped);
	proc_print(text, "nr_free_pages %llu\nnr_mlock %llu\nnr_slab_unreclaimable %llu\n",
		   (unsigned long long)((total - MIN(total, usage.page_bytes)) / PAGE_SIZE),
		   (unsigned long long)(mapped.locked / PAGE_SIZE),
		   (unsigned long long)usage.slab_pages);
	proc_print(text, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n");
	return 0;
}
