/* SPDX-License-Identifier: MIT */
/* What domains use; see stats.h. No locks: nothing that is looked at is kept from changing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/domain/control.h"
#include "host/stats/stats.h"
#include "host/stats/totals.h"

/* All that one look needs. */
struct look {
	struct stats *stats;
	const struct domains *domains;
	bool all;			/* not only those that run */
	void (*tell)(const struct error *err);
	struct error *err;
};

/* ---- Images ---- */

static int image_find(struct look *look, const struct domain_record *record, size_t *number)
{
	struct stats *stats = look->stats;
	struct image_usage *images;
	int error = 0;

	for (*number = 0; *number < stats->image_count; ++*number) {
		if (stats->images[*number].mapping == record->mapping)
			return 0;
	}
	if (!stats->store)
		error = store_open_disk(look->domains->store, STORE_READ_ONLY, &stats->store,
					look->err);
	if (error)
		return error;
	images = realloc(stats->images, (*number + 1) * sizeof(*images));
	if (!images)
		return error_set(look->err, ENOMEM, "image %s", record->image);
	stats->images = images;
	stats->image_count++;
	return image_usage_read(&images[*number], stats->store, record->mapping, record->image,
				look->err);
}

/* ---- Domains ---- */

static int read_domain(struct look *look, const struct folder *folder,
		       const struct domain_record *record, struct domain_usage *domain)
{
	int error = 0;

	domain->name = strdup(folder->name);
	if (record->rootfs)
		domain->rootfs = strdup(record->rootfs);
	else
		error = image_find(look, record, &domain->image);
	if (!error && (!domain->name || (record->rootfs && !domain->rootfs)))
		error = error_set(look->err, ENOMEM, "a domain");
	if (!error)
		error = folder_usage_read(&domain->folder, folder->fd, look->err);
	if (!error && domain->state == DOMAIN_RUNNING)
		domain->monitor = control_monitor(folder);
	return error;
}

static struct domain_usage *domain_add(struct stats *stats)
{
	struct domain_usage *domains =
		realloc(stats->domains, (stats->domain_count + 1) * sizeof(*domains));

	if (!domains)
		return NULL;
	stats->domains = domains;
	domains[stats->domain_count] = (struct domain_usage){ 0 };
	return &domains[stats->domain_count++];
}

/* What is wrong with one domain keeps nobody from looking at the others. */
static int skip(struct look *look)
{
	look->tell(look->err);
	look->stats->skipped++;
	return 0;
}

static int look_into(struct look *look, const struct folder *folder, bool is_listed)
{
	struct domain_record record;
	struct domain_usage *domain;
	enum domain_state state;
	int error = domain_state_load(folder, &record, &state, look->err);

	if (error == -ENOENT && is_listed)
		return 0;
	if (error) {
		error_context(look->err, "domain %s", folder->name);
		return skip(look);
	}
	if (look->all || state == DOMAIN_RUNNING) {
		domain = domain_add(look->stats);
		if (domain) {
			domain->state = state;
			error = read_domain(look, folder, &record, domain);
		} else {
			error = error_set(look->err, ENOMEM, "a domain");
		}
	}
	domain_record_release(&record);
	return error;
}

/* is_listed: it was there a moment ago, and where it is not any more there is nothing to say. */
static int look_at(struct look *look, const char *name, bool is_listed)
{
	struct folder folder;
	int error = folder_open(look->domains, name, &folder, look->err);

	if (error == -ENOENT && is_listed)
		return 0;
	if (error)
		return is_listed ? skip(look) : error;
	error = look_into(look, &folder, is_listed);
	if (error)
		error_context(look->err, "domain %s", name);
	folder_close(&folder);
	return error;
}

/* ---- All ---- */

static int add_name(const char *name, void *data)
{
	char *copy = strdup(name);
	int error = copy ? strings_add(data, copy) : -ENOMEM;

	if (error)
		free(copy);
	return error;
}

static int look_at_listed(struct look *look)
{
	struct strings names = { 0 };
	int error = domains_visit(look->domains, add_name, &names, look->err);

	for (size_t i = 0; i < names.count; i++) {
		if (!error)
			error = look_at(look, names.items[i], true);
		free(names.items[i]);
	}
	strings_release(&names);
	return error;
}

static bool is_there(const struct stats *stats, const char *name)
{
	for (size_t i = 0; i < stats->domain_count; i++) {
		if (!strcmp(stats->domains[i].name, name))
			return true;
	}
	return false;
}

static int look_at_named(struct look *look, const struct strings *names)
{
	int error = 0;

	look->all = true;
	for (size_t i = 0; !error && i < names->count; i++) {
		if (!is_there(look->stats, names->items[i]))
			error = look_at(look, names->items[i], false);
	}
	return error;
}

/* Of processes that the kernel does not let the caller look at nothing is known. */
static int read_memory_of(struct domain_usage *domain, const struct processes *processes,
			  struct error *err)
{
	int error = memory_usage_read(&domain->memory, processes, domain->monitor, err);

	if (error == -EACCES || error == -EPERM) {
		memory_usage_release(&domain->memory);
		domain->monitor = 0;
		error = 0;
	}
	if (error)
		error_context(err, "domain %s", domain->name);
	return error;
}

/* The processes are listed last, so that none of a domain that was found is missing. */
static int read_memory(struct stats *stats, struct error *err)
{
	struct processes processes;
	int error = processes_read(&processes, err);

	for (size_t i = 0; !error && i < stats->domain_count; i++) {
		struct domain_usage *domain = &stats->domains[i];

		if (domain->monitor)
			error = read_memory_of(domain, &processes, err);
	}
	processes_release(&processes);
	return error;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(((const struct domain_usage *)one)->name,
		      ((const struct domain_usage *)other)->name);
}

int stats_read(struct stats *stats, const struct domains *domains, const struct strings *names,
	       bool all, void (*tell)(const struct error *err), struct error *err)
{
	struct look look = { .stats = stats, .domains = domains, .all = all, .tell = tell,
			     .err = err };
	int error;

	*stats = (struct stats){ 0 };
	error = names->count ? look_at_named(&look, names) : look_at_listed(&look);
	if (!error)
		error = read_memory(stats, err);
	if (error)
		return error;
	if (stats->domain_count)
		qsort(stats->domains, stats->domain_count, sizeof(*stats->domains),
		      compare_names);
	error = stats_add_up(stats);
	return error ? error_set(err, -error, "the sums of all domains") : 0;
}

void stats_release(struct stats *stats)
{
	for (size_t i = 0; i < stats->domain_count; i++) {
		memory_usage_release(&stats->domains[i].memory);
		free(stats->domains[i].name);
		free(stats->domains[i].rootfs);
	}
	for (size_t i = 0; i < stats->image_count; i++)
		image_usage_release(&stats->images[i]);
	free(stats->domains);
	free(stats->images);
	store_close(stats->store);
	*stats = (struct stats){ 0 };
}

const struct image_usage *stats_image(const struct stats *stats,
				      const struct domain_usage *domain)
{
	const struct image_usage *image = NULL;

	if (!domain->rootfs)
		image = &stats->images[domain->image];
	return image && !image->is_gone ? image : NULL;
}

static bool is_cached(const struct image_object *object)
{
	return object->cache_bytes > 0;
}

int stats_name_objects(struct stats *stats, struct error *err)
{
	int error = 0;

	for (size_t i = 0; !error && i < stats->image_count; i++)
		error = image_usage_name(&stats->images[i], stats->store, is_cached, err);
	return error;
}
