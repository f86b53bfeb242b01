/* SPDX-License-Identifier: MIT */
/*
 * /sys/devices/system/cpu and node: as /proc/cpuinfo has it, each processor of a domain is a core
 * of one package, and all memory is one node's. The largest cache is shared, as the ones of level
 * 3 are. No locks.
 */
#include "core/channel.h"
#include "core/heap.h"
#include "core/string.h"
#include "fs/proc_cache.h"
#include "fs/sysfs.h"

#define SHARED_LEVEL 3u

/* The processors from first on, so many, as a set in the form of print. */
static int set_show(struct proc_text *text, u32 first, u32 count,
		    void (*print)(struct proc_text *text, const u64 *mask, u32 bits))
{
	u64 mask[PROC_PROCESSORS_MAX / 64] = { 0 };
	u32 all = MIN(config()->cpu_count, PROC_PROCESSORS_MAX);

	for (u32 i = first; i < first + count && i < all; i++)
		mask[i / 64] |= 1ull << i % 64;
	print(text, mask, all);
	proc_print(text, "\n");
	return 0;
}

static int all_list(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	return set_show(text, 0, config()->cpu_count, proc_list_print);
}

static int all_mask(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	return set_show(text, 0, config()->cpu_count, proc_mask_print);
}

static int own_list(struct proc_text *text, const struct proc_key *key)
{
	return set_show(text, key->cpu, 1, proc_list_print);
}

static int own_mask(struct proc_text *text, const struct proc_key *key)
{
	return set_show(text, key->cpu, 1, proc_mask_print);
}

static int own_number(struct proc_text *text, const struct proc_key *key)
{
	proc_print(text, "%u\n", key->cpu);
	return 0;
}

/* ---- cpuN/topology ---- */

static const struct proc_row topology_rows[] = {
	PROC_FILE("core_cpus", 0444, own_mask),
	PROC_FILE("core_cpus_list", 0444, own_list),
	PROC_FILE("core_id", 0444, own_number),
	PROC_FILE("core_siblings", 0444, all_mask),
	PROC_FILE("core_siblings_list", 0444, all_list),
	PROC_FILE("die_cpus", 0444, all_mask),
	PROC_FILE("die_cpus_list", 0444, all_list),
	PROC_CONSTANT("die_id", "0\n"),
	PROC_FILE("package_cpus", 0444, all_mask),
	PROC_FILE("package_cpus_list", 0444, all_list),
	PROC_CONSTANT("physical_package_id", "0\n"),
	PROC_FILE("thread_siblings", 0444, own_mask),
	PROC_FILE("thread_siblings_list", 0444, own_list),
};
static const struct proc_directory topology_directory = PROC_TABLE(topology_rows);

/* ---- cpuN/cache/indexN ---- */

#define CACHE_FILE(function, format, field) \
	static int function(struct proc_text *text, const struct proc_key *key) \
	{ \
		struct processor_cache cache; \
		\
		if (!processor_cache_read(key->cache, &cache)) \
			return -ENOENT; \
		proc_print(text, format "\n", cache.field); \
		return 0; \
	}

CACHE_FILE(line_show, "%u", line_size)
CACHE_FILE(level_show, "%u", level)
CACHE_FILE(sets_show, "%u", sets)
CACHE_FILE(partitions_show, "%u", partitions)
CACHE_FILE(size_show, "%uK", size_kb)
CACHE_FILE(type_show, "%s", type)
CACHE_FILE(ways_show, "%u", ways)

static int cache_shared_show(struct proc_text *text, const struct proc_key *key,
			     proc_show *own, proc_show *all)
{
	struct processor_cache cache;

	if (!processor_cache_read(key->cache, &cache))
		return -ENOENT;
	return cache.level < SHARED_LEVEL ? own(text, key) : all(text, key);
}

static int shared_list_show(struct proc_text *text, const struct proc_key *key)
{
	return cache_shared_show(text, key, own_list, all_list);
}

static int shared_map_show(struct proc_text *text, const struct proc_key *key)
{
	return cache_shared_show(text, key, own_mask, all_mask);
}

static const struct proc_row index_rows[] = {
	PROC_FILE("coherency_line_size", 0444, line_show),
	PROC_FILE("level", 0444, level_show),
	PROC_FILE("number_of_sets", 0444, sets_show),
	PROC_FILE("physical_line_partition", 0444, partitions_show),
	PROC_FILE("shared_cpu_list", 0444, shared_list_show),
	PROC_FILE("shared_cpu_map", 0444, shared_map_show),
	PROC_FILE("size", 0444, size_show),
	PROC_FILE("type", 0444, type_show),
	PROC_FILE("ways_of_associativity", 0444, ways_show),
};
static const struct proc_directory index_directory = PROC_TABLE(index_rows);
static const struct proc_row index_row = PROC_DIRECTORY("", 0755, &index_directory);

static u32 cache_next(const struct proc_key *key, u32 from)
{
	struct processor_cache cache;

	(void)key;
	return processor_cache_read(from, &cache) ? from : PROC_NONE;
}

static void cache_key_set(struct proc_key *key, u32 number)
{
	key->cache = number;
}

static const struct proc_numbers cache_numbers = {
	.prefix = "index",
	.next = cache_next,
	.key_set = cache_key_set,
	.row = &index_row,
};
static const struct proc_directory cache_directory = { .numbers = &cache_numbers };

/* ---- cpu ---- */

static const struct proc_row one_rows[] = {
	PROC_DIRECTORY("cache", 0755, &cache_directory),
	PROC_DIRECTORY("topology", 0755, &topology_directory),
};
static const struct proc_directory one_directory = PROC_TABLE(one_rows);
static const struct proc_row one_row = PROC_DIRECTORY("", 0755, &one_directory);

static u32 cpu_next(const struct proc_key *key, u32 from)
{
	(void)key;
	return from < config()->cpu_count ? from : PROC_NONE;
}

static void cpu_key_set(struct proc_key *key, u32 number)
{
	key->cpu = number;
}

static const struct proc_numbers cpu_numbers = {
	.prefix = "cpu",
	.next = cpu_next,
	.key_set = cpu_key_set,
	.row = &one_row,
};

static int kernel_max_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "%u\n", PROC_PROCESSORS_MAX - 1);
	return 0;
}

static const struct proc_row cpu_rows[] = {
	PROC_CONSTANT("isolated", "\n"),
	PROC_FILE("kernel_max", 0444, kernel_max_show),
	PROC_CONSTANT("offline", "\n"),
	PROC_FILE("online", 0444, all_list),
	PROC_FILE("possible", 0444, all_list),
	PROC_FILE("present", 0444, all_list),
};
const struct proc_directory sysfs_cpu_directory = {
	.rows = cpu_rows,
	.row_count = ARRAY_SIZE(cpu_rows),
	.numbers = &cpu_numbers,
};

/* ---- node ---- */

static int node_meminfo_show(struct proc_text *text, const struct proc_key *key)
{
	u64 total = config()->memory_total, used;
	struct heap_usage usage;

	(void)key;
	heap_usage(&usage);
	used = MIN(total, usage.page_bytes);
	proc_print(text, "Node 0 MemTotal:       %8llu kB\n", (unsigned long long)(total >> 10));
	proc_print(text, "Node 0 MemFree:        %8llu kB\n",
		   (unsigned long long)((total - used) >> 10));
	proc_print(text, "Node 0 MemUsed:        %8llu kB\n", (unsigned long long)(used >> 10));
	return 0;
}

static const struct proc_row node0_rows[] = {
	PROC_FILE("cpulist", 0444, all_list),
	PROC_FILE("cpumap", 0444, all_mask),
	PROC_CONSTANT("distance", "10\n"),
	PROC_FILE("meminfo", 0444, node_meminfo_show),
};
static const struct proc_directory node0_directory = PROC_TABLE(node0_rows);

static const struct proc_row node_rows[] = {
	PROC_CONSTANT("has_cpu", "0\n"),
	PROC_CONSTANT("has_memory", "0\n"),
	PROC_CONSTANT("has_normal_memory", "0\n"),
	PROC_CONSTANT("online", "0\n"),
	PROC_CONSTANT("possible", "0\n"),
	PROC_DIRECTORY("node0", 0755, &node0_directory),
};
const struct proc_directory sysfs_node_directory = PROC_TABLE(node_rows);
