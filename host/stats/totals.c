/* SPDX-License-Identifier: MIT */
/* Adding up; see totals.h. No locks. */
#include <errno.h>
#include <stdlib.h>

#include "host/stats/totals.h"

static int compare_ids(const void *one, const void *other)
{
	object_id a = (*(const struct image_object *const *)one)->id;
	object_id b = (*(const struct image_object *const *)other)->id;

	return (a > b) - (a < b);
}

/* Images have objects in common, as domains have. */
static int add_images(struct stats *stats)
{
	struct stats_totals *totals = &stats->totals;
	const struct image_object **objects;
	size_t count = 0, room = 1;

	for (size_t i = 0; i < stats->image_count; i++)
		room += stats->images[i].count;
	objects = malloc(room * sizeof(*objects));
	if (!objects)
		return -ENOMEM;
	for (size_t i = 0; i < stats->image_count; i++) {
		for (size_t k = 0; k < stats->images[i].count; k++)
			objects[count++] = &stats->images[i].objects[k];
		totals->cache_is_known &= stats->images[i].cache_is_known;
		totals->disk_is_known &= !stats->images[i].is_gone;
	}
	qsort(objects, count, sizeof(*objects), compare_ids);
	for (size_t i = 0; i < count; i++) {
		if (i && objects[i]->id == objects[i - 1]->id)
			continue;
		totals->image_objects++;
		totals->image_disk_bytes += objects[i]->disk_bytes;
		totals->image_cache_bytes += objects[i]->cache_bytes;
	}
	free(objects);
	return 0;
}

static void add_domain(struct stats *stats, const struct domain_usage *domain)
{
	const struct image_usage *image = stats_image(stats, domain);
	const struct memory_usage *memory = &domain->memory;
	struct stats_totals *totals = &stats->totals;

	totals->running += domain->monitor != 0;
	totals->processes += memory->processes;
	totals->cpu_ns += memory->cpu_ns;
	totals->private_bytes += memory->private_bytes;
	totals->shared_bytes += memory->shared_bytes;
	totals->pss_bytes += memory->pss_bytes;
	totals->own_cache_bytes += domain->folder.cache_bytes;
	totals->own_disk_bytes += domain->folder.disk_bytes;
	totals->own_objects += domain->folder.objects;
	totals->cache_is_known &= domain->folder.cache_is_known;
	totals->unshared_memory_bytes += memory->unshared_bytes;
	totals->unshared_cache_bytes += domain->folder.cache_bytes;
	totals->unshared_disk_bytes += domain->folder.disk_bytes;
	if (!image)
		return;
	totals->unshared_cache_bytes += image->cache_bytes;
	totals->unshared_disk_bytes += image->disk_bytes;
}

static void count_users(struct stats *stats, const struct domain_usage *domain)
{
	struct image_usage *image;

	if (domain->rootfs)
		return;
	image = &stats->images[domain->image];
	image->domains++;
	for (size_t i = 0; i < image->count; i++) {
		if (memory_usage_find(&domain->memory, &image->objects[i].file))
			image->objects[i].domains++;
	}
}

int stats_add_up(struct stats *stats)
{
	stats->totals = (struct stats_totals){ .cache_is_known = true, .disk_is_known = true };
	for (size_t i = 0; i < stats->domain_count; i++) {
		add_domain(stats, &stats->domains[i]);
		count_users(stats, &stats->domains[i]);
	}
	return add_images(stats);
}
