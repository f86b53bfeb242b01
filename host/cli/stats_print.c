/* SPDX-License-Identifier: MIT */
/* `mezzo stats` as a table and as JSON; see stats_print.h. No locks. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cli/json.h"
#include "host/cli/stats_print.h"

const char *stats_size_text(uint64_t bytes, char text[STATS_SIZE_TEXT])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1023.95 && unit < sizeof(units) / sizeof(units[0]) - 1) {
		value /= 1024;
		unit++;
	}
	snprintf(text, STATS_SIZE_TEXT, unit && value < 99.95 ? "%.1f %s" : "%.0f %s", value,
		 units[unit]);
	return text;
}

const char *stats_time_text(uint64_t time_ns, char text[STATS_SIZE_TEXT])
{
	uint64_t minutes = time_ns / 60000000000u;

	if (minutes >= 60)
		snprintf(text, STATS_SIZE_TEXT, "%" PRIu64 " h %02d min", minutes / 60,
			 (int)(minutes % 60));
	else if (minutes)
		snprintf(text, STATS_SIZE_TEXT, "%d min %02d s", (int)minutes,
			 (int)(time_ns / 1000000000 % 60));
	else
		snprintf(text, STATS_SIZE_TEXT, "%.2f s", (double)time_ns / 1e9);
	return text;
}

/* ---- The table ---- */

static void print_size(uint64_t bytes, bool is_known)
{
	char text[STATS_SIZE_TEXT];

	printf("  %10s", is_known ? stats_size_text(bytes, text) : "-");
}

static void print_count(uint64_t count, bool is_known)
{
	if (is_known)
		printf("  %9" PRIu64, count);
	else
		printf("  %9s", "-");
}

static void print_end(uint64_t cpu_ns, size_t processes)
{
	char text[STATS_SIZE_TEXT];

	printf("  %12s  %5zu\n", stats_time_text(cpu_ns, text), processes);
}

static void print_domain(const struct stats *stats, const struct domain_usage *domain)
{
	static const struct image_usage none;
	const struct image_usage *image = stats_image(stats, domain);
	bool is_known = image, runs = domain->monitor != 0;

	if (!image)
		image = &none;
	printf("%-20s", domain->name);
	print_size(domain->memory.private_bytes, runs);
	print_size(domain->memory.shared_bytes, runs);
	print_size(domain->memory.pss_bytes, runs);
	print_size(image->cache_bytes, image->cache_is_known);
	print_size(domain->folder.cache_bytes, domain->folder.cache_is_known);
	print_count(image->count + domain->folder.objects, is_known || domain->rootfs);
	print_size(image->disk_bytes, is_known);
	print_size(domain->folder.disk_bytes, true);
	print_end(domain->memory.cpu_ns, domain->memory.processes);
}

void stats_print_table(const struct stats *stats)
{
	const struct stats_totals *totals = &stats->totals;

	printf("%-20s  %10s  %10s  %10s  %10s  %10s  %9s  %10s  %10s  %12s  %5s\n", "NAME",
	       "PRIVATE", "SHARED", "PSS", "CACHE/IMG", "CACHE/OWN", "OBJECTS", "DISK/IMG",
	       "DISK/OWN", "CPU TIME", "PROCS");
	for (size_t i = 0; i < stats->domain_count; i++)
		print_domain(stats, &stats->domains[i]);
	printf("%-20s", "total, shared once");
	print_size(totals->private_bytes, true);
	print_size(totals->shared_bytes, true);
	print_size(totals->pss_bytes, true);
	print_size(totals->image_cache_bytes, totals->cache_is_known);
	print_size(totals->own_cache_bytes, totals->cache_is_known);
	print_count(totals->image_objects + totals->own_objects, totals->disk_is_known);
	print_size(totals->image_disk_bytes, totals->disk_is_known);
	print_size(totals->own_disk_bytes, true);
	print_end(totals->cpu_ns, totals->processes);
}

/* ---- JSON ---- */

static void print_number(const char *name, uint64_t value, bool is_known)
{
	json_print_name(name, 0);
	if (is_known)
		printf("%" PRIu64, value);
	else
		fputs("null", stdout);
}

static void print_text(const char *name, const char *text)
{
	json_print_name(name, 0);
	json_print_text(text);
}

static void print_memory(const struct memory_usage *memory, bool runs)
{
	print_number("private_bytes", memory->private_bytes, runs);
	print_number("memory_file_bytes", memory->memory_file_bytes, runs);
	print_number("shared_bytes", memory->shared_bytes, runs);
	print_number("pss_bytes", memory->pss_bytes, runs);
	print_number("unshared_bytes", memory->unshared_bytes, runs);
	print_number("cpu_ns", memory->cpu_ns, runs);
	print_number("processes", memory->processes, runs);
}

static void print_domain_json(const struct stats *stats, const struct domain_usage *domain)
{
	const struct image_usage *image = stats_image(stats, domain);

	putchar('{');
	json_print_name("name", 1);
	json_print_text(domain->name);
	print_text("state", domain_state_name(domain->state));
	if (domain->rootfs)
		print_text("rootfs", domain->rootfs);
	else
		print_text("image", stats->images[domain->image].name);
	print_number("pid", (uint64_t)domain->monitor, domain->monitor != 0);
	print_memory(&domain->memory, domain->monitor != 0);
	print_number("image_cache_bytes", image ? image->cache_bytes : 0,
		     image && image->cache_is_known);
	print_number("own_cache_bytes", domain->folder.cache_bytes,
		     domain->folder.cache_is_known);
	print_number("image_objects", image ? image->count : 0, image);
	print_number("own_objects", domain->folder.objects, true);
	print_number("image_disk_bytes", image ? image->disk_bytes : 0, image);
	print_number("own_disk_bytes", domain->folder.disk_bytes, true);
	putchar('}');
}

static void print_image_json(const struct image_usage *image)
{
	putchar('{');
	json_print_name("name", 1);
	json_print_text(image->name);
	print_number("mapping", image->mapping, true);
	print_number("domains", image->domains, true);
	print_number("objects", image->count, !image->is_gone);
	print_number("disk_bytes", image->disk_bytes, !image->is_gone);
	print_number("cache_bytes", image->cache_bytes, image->cache_is_known);
	putchar('}');
}

static void print_totals_json(const struct stats_totals *totals)
{
	bool cache = totals->cache_is_known, disk = totals->disk_is_known;

	putchar('{');
	json_print_name("running", 1);
	printf("%zu", totals->running);
	print_number("private_bytes", totals->private_bytes, true);
	print_number("shared_bytes", totals->shared_bytes, true);
	print_number("pss_bytes", totals->pss_bytes, true);
	print_number("unshared_bytes", totals->unshared_memory_bytes, true);
	print_number("cpu_ns", totals->cpu_ns, true);
	print_number("processes", totals->processes, true);
	print_number("image_cache_bytes", totals->image_cache_bytes, cache);
	print_number("own_cache_bytes", totals->own_cache_bytes, cache);
	print_number("unshared_cache_bytes", totals->unshared_cache_bytes, cache);
	print_number("image_objects", totals->image_objects, disk);
	print_number("own_objects", totals->own_objects, true);
	print_number("image_disk_bytes", totals->image_disk_bytes, disk);
	print_number("own_disk_bytes", totals->own_disk_bytes, true);
	print_number("unshared_disk_bytes", totals->unshared_disk_bytes, disk);
	putchar('}');
}

void stats_print_json(const struct stats *stats)
{
	putchar('{');
	json_print_name("domains", 1);
	putchar('[');
	for (size_t i = 0; i < stats->domain_count; i++) {
		if (i)
			putchar(',');
		print_domain_json(stats, &stats->domains[i]);
	}
	putchar(']');
	json_print_name("images", 0);
	putchar('[');
	for (size_t i = 0; i < stats->image_count; i++) {
		if (i)
			putchar(',');
		print_image_json(&stats->images[i]);
	}
	putchar(']');
	json_print_name("totals", 0);
	print_totals_json(&stats->totals);
	puts("}");
}
