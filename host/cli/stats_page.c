/* SPDX-License-Identifier: MIT */
/*
 * `mezzo stats --html`: one page that needs nothing else. Bars are SVG without any text in it, so
 * that the page can have any width. All text that is not of this file goes through put_text(). No
 * locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/base/text.h"
#include "host/cli/stats_print.h"
#include "host/cli/stats_style.h"

#define FILES_SHOWN 15u			/* of each image */
#define BAR_WIDTH 1000.0

struct page {
	FILE *file;
	const struct stats *stats;
};

/* ---- Parts ---- */

static void put(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(page->file, format, args);
	va_end(args);
}

static void put_text(struct page *page, const char *text)
{
	static const char *const entities[] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
	};
	size_t count = sizeof(entities) / sizeof(entities[0]);

	while (*text) {
		unsigned char c = (unsigned char)*text;
		int size = text_character_size(text);

		if (!size || c < ' ' || c == 0x7f)
			fputs("\xef\xbf\xbd", page->file);
		else if (c < count && entities[c])
			fputs(entities[c], page->file);
		else
			fwrite(text, 1, (size_t)size, page->file);
		text += size ? size : 1;
	}
}

static void put_size(struct page *page, uint64_t bytes)
{
	char text[STATS_SIZE_TEXT];

	fputs(stats_size_text(bytes, text), page->file);
}

/* A bar of two parts; its whole width stands for so many bytes. Named for who can't see it. */
static void put_bar(struct page *page, const char *name, uint64_t own, uint64_t shared,
		    uint64_t whole)
{
	double unit = whole ? BAR_WIDTH / (double)whole : 0;

	put(page, "<svg viewBox=\"0 0 %.0f 10\" preserveAspectRatio=\"none\" role=\"img\"><title>",
	    BAR_WIDTH);
	put_text(page, name);
	put(page, ": ");
	if (own || !shared) {
		put_size(page, own);
		put(page, " of its own");
	}
	if (shared) {
		put(page, own ? ", " : "");
		put_size(page, shared);
		put(page, " shared");
	}
	put(page, "</title><rect class=\"own\" width=\"%.2f\" height=\"10\"/>"
	    "<rect class=\"shared\" x=\"%.2f\" width=\"%.2f\" height=\"10\"/></svg>\n",
	    (double)own * unit, (double)own * unit, (double)shared * unit);
}

static void put_row(struct page *page, const char *name)
{
	put(page, "<li><div class=\"row\"><span class=\"name\">");
	put_text(page, name);
	put(page, "</span><span class=\"value\">");
}

static void put_legend(struct page *page, const char *own, const char *shared)
{
	put(page, "<p><span class=\"key own\"></span><span>%s</span>"
	    "<span class=\"key shared\"></span><span>%s</span></p>\n", own, shared);
}

/* ---- What sharing saves ---- */

static void put_card(struct page *page, const char *title, uint64_t own, uint64_t shared,
		     uint64_t unshared, bool is_known)
{
	put(page, "<section><h2>%s</h2>", title);
	if (!is_known) {
		put(page, "<p class=\"figure\">?</p><p>Some of it can&#39;t be read.</p>"
		    "</section>\n");
		return;
	}
	put(page, "<p class=\"figure\">");
	put_size(page, own + shared);
	put(page, "</p>");
	put_bar(page, title, own, shared, unshared > own + shared ? unshared : own + shared);
	put(page, "<p>");
	put_size(page, unshared);
	put(page, " if nothing were shared");
	if (own + shared && unshared > own + shared)
		put(page, ": %.1f times as much",
		    (double)unshared / (double)(own + shared));
	put(page, "</p></section>\n");
}

static void put_head(struct page *page)
{
	const struct stats_totals *totals = &page->stats->totals;
	char date[40], cpu[STATS_SIZE_TEXT];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	    "<title>Mezzo: what domains use</title>\n<style>\n");
	fputs(STATS_STYLE, page->file);
	put(page, "</style>\n</head>\n<body>\n<main>\n<h1>What domains use</h1>\n");
	put(page, "<p>%zu of %zu domains run, in %zu host processes that used %s of processor "
	    "time. %s.</p>\n", totals->running, page->stats->domain_count, totals->processes,
	    stats_time_text(totals->cpu_ns, cpu), date);
	put_legend(page, "of one domain alone", "shared");
	put(page, "<div class=\"cards\">\n");
	put_card(page, "Memory", totals->private_bytes, totals->shared_bytes,
		 totals->unshared_memory_bytes, true);
	put_card(page, "Page cache", totals->own_cache_bytes, totals->image_cache_bytes,
		 totals->unshared_cache_bytes, totals->cache_is_known);
	put_card(page, "Disk", totals->own_disk_bytes, totals->image_disk_bytes,
		 totals->unshared_disk_bytes, totals->disk_is_known);
	put(page, "</div>\n");
}

/* ---- Memory ---- */

static void put_memory(struct page *page)
{
	const struct stats *stats = page->stats;
	uint64_t most = 0;

	for (size_t i = 0; i < stats->domain_count; i++) {
		if (stats->domains[i].memory.pss_bytes > most)
			most = stats->domains[i].memory.pss_bytes;
	}
	put(page, "<section><h2>Memory of each domain</h2>\n");
	put_legend(page, "private", "its part of what is shared");
	put(page, "<ul>\n");
	for (size_t i = 0; i < stats->domain_count; i++) {
		const struct domain_usage *domain = &stats->domains[i];

		if (!domain->monitor)
			continue;
		put_row(page, domain->name);
		put_size(page, domain->memory.pss_bytes);
		put(page, "</span></div>");
		put_bar(page, domain->name, domain->memory.private_bytes,
			domain->memory.shared_bytes, most);
		put(page, "<div class=\"note\">private ");
		put_size(page, domain->memory.private_bytes);
		put(page, ", shared ");
		put_size(page, domain->memory.shared_bytes);
		put(page, "</div></li>\n");
	}
	put(page, "</ul></section>\n");
}

/* ---- What is shared ---- */

static int compare_cached(const void *one, const void *other)
{
	uint64_t a = (*(const struct image_object *const *)one)->cache_bytes;
	uint64_t b = (*(const struct image_object *const *)other)->cache_bytes;

	return (a < b) - (a > b);
}

static void put_object(struct page *page, const struct image_usage *image,
		       const struct image_object *object, uint64_t most)
{
	const char *name = object->path ? object->path : "the index of the image";

	put_row(page, name);
	put_size(page, object->cache_bytes);
	put(page, "</span></div>");
	put_bar(page, name, 0, object->cache_bytes, most);
	put(page, "<div class=\"note\">mapped by %zu of %zu domains; the file has ",
	    object->domains, image->domains);
	put_size(page, object->size_bytes);
	put(page, "</div></li>\n");
}

/* Objects in the page cache, the largest first. */
static void put_objects(struct page *page, const struct image_usage *image,
			const struct image_object **cached)
{
	uint64_t rest_bytes = 0;
	size_t count = 0;

	for (size_t i = 0; i < image->count; i++) {
		if (image->objects[i].cache_bytes)
			cached[count++] = &image->objects[i];
	}
	qsort(cached, count, sizeof(*cached), compare_cached);
	put(page, "<ul>\n");
	for (size_t i = 0; i < count; i++) {
		if (i < FILES_SHOWN)
			put_object(page, image, cached[i], cached[0]->cache_bytes);
		else
			rest_bytes += cached[i]->cache_bytes;
	}
	put(page, "</ul>\n");
	if (count <= FILES_SHOWN)
		return;
	put(page, "<p>and %zu smaller ones with ", count - FILES_SHOWN);
	put_size(page, rest_bytes);
	put(page, "</p>\n");
}

static int put_image(struct page *page, const struct image_usage *image)
{
	const struct image_object **cached;

	put(page, "<h3>Image ");
	put_text(page, image->name);
	put(page, "</h3>\n");
	if (!image->cache_is_known) {
		put(page, "<p>%s</p>\n", image->is_gone ? "It is no longer in the store." :
		    "Its page cache can&#39;t be read by this user.");
		return 0;
	}
	put(page, "<p>Once for %zu domain%s: ", image->domains, image->domains == 1 ? "" : "s");
	put_size(page, image->cache_bytes);
	put(page, " of page cache</p>\n");
	cached = malloc((image->count + 1) * sizeof(*cached));
	if (!cached)
		return -ENOMEM;
	put_objects(page, image, cached);
	free(cached);
	return 0;
}

static bool is_of_image(const struct stats *stats, const struct file_id *id)
{
	for (size_t i = 0; i < stats->image_count; i++) {
		for (size_t k = 0; k < stats->images[i].count; k++) {
			const struct file_id *file = &stats->images[i].objects[k].file;

			if (file->inode == id->inode && file->major == id->major &&
			    file->minor == id->minor)
				return true;
		}
	}
	return false;
}

/* A file of the host, as Mezzo's own: shown with the first of the domains that have it mapped. */
static void put_host_file(struct page *page, size_t domain, const struct mapped_file *file)
{
	const struct stats *stats = page->stats;
	uint64_t bytes = file->shared_bytes;
	size_t users = 1;

	for (size_t i = 0; i < stats->domain_count; i++) {
		const struct mapped_file *other =
			memory_usage_find(&stats->domains[i].memory, &file->id);

		if (!other || i == domain)
			continue;
		if (i < domain)
			return;
		users++;
		bytes = other->shared_bytes > bytes ? other->shared_bytes : bytes;
	}
	if (users < 2 || is_of_image(stats, &file->id))
		return;
	put_row(page, file->path);
	put_size(page, bytes);
	put(page, "</span></div><div class=\"note\">mapped by %zu domains</div></li>\n", users);
}

static int put_shared(struct page *page)
{
	const struct stats *stats = page->stats;
	int error = 0;

	put(page, "<section><h2>What is shared</h2>\n<p>Files of images by their size in the "
	    "page cache, where each is once for all domains.</p>\n");
	for (size_t i = 0; !error && i < stats->image_count; i++)
		error = put_image(page, &stats->images[i]);
	put(page, "<h3>Files of the host</h3>\n<ul>\n");
	for (size_t i = 0; !error && i < stats->domain_count; i++) {
		for (size_t k = 0; k < stats->domains[i].memory.file_count; k++)
			put_host_file(page, i, &stats->domains[i].memory.files[k]);
	}
	put(page, "</ul></section>\n");
	return error;
}

/* ---- Disk ---- */

static void put_disk_row(struct page *page, const char *kind, const char *name, uint64_t own,
			 uint64_t shared, uint64_t most)
{
	put_row(page, name);
	put_size(page, own + shared);
	put(page, "</span></div>");
	put_bar(page, name, own, shared, most);
	put(page, "<div class=\"note\">%s", kind);
}

static void put_disk(struct page *page)
{
	const struct stats *stats = page->stats;
	uint64_t most = 0;

	for (size_t i = 0; i < stats->image_count; i++)
		most = stats->images[i].disk_bytes > most ? stats->images[i].disk_bytes : most;
	for (size_t i = 0; i < stats->domain_count; i++)
		most = stats->domains[i].folder.disk_bytes > most ?
			       stats->domains[i].folder.disk_bytes : most;
	put(page, "<section><h2>Disk</h2>\n");
	put_legend(page, "what a domain wrote", "images");
	put(page, "<ul>\n");
	for (size_t i = 0; i < stats->image_count; i++) {
		const struct image_usage *image = &stats->images[i];

		put_disk_row(page, "image", image->name, 0, image->disk_bytes, most);
		put(page, ", %zu objects, once for %zu domain%s</div></li>\n", image->count,
		    image->domains, image->domains == 1 ? "" : "s");
	}
	for (size_t i = 0; i < stats->domain_count; i++) {
		const struct domain_usage *domain = &stats->domains[i];

		put_disk_row(page, "domain", domain->name, domain->folder.disk_bytes, 0, most);
		put(page, " over ");
		put_text(page, domain->rootfs ? domain->rootfs :
			 stats->images[domain->image].name);
		put(page, ", %zu objects of its own</div></li>\n", domain->folder.objects);
	}
	put(page, "</ul></section>\n");
}

static void put_end(struct page *page)
{
	put(page, "<footer><dl>\n"
	    "<dt>Private</dt><dd>Memory that goes with the domain: its processes&#39; own pages, "
	    "and its heap once.</dd>\n"
	    "<dt>Shared</dt><dd>Pages of files that others have mapped too, each divided by the "
	    "number of those (PSS).</dd>\n"
	    "<dt>If nothing were shared</dt><dd>Memory: each domain with a copy of each file as "
	    "far as it has it mapped. Page cache and disk: each domain with a copy of its "
	    "image.</dd>\n</dl></footer>\n</main>\n</body>\n</html>\n");
}

static int put_page(struct page *page)
{
	int error;

	put_head(page);
	put_memory(page);
	error = put_shared(page);
	put_disk(page);
	put_end(page);
	if (!error && ferror(page->file))
		error = errno ? -errno : -EIO;
	return error;
}

/* ---- The file ---- */

/* The mode that a new file gets. */
static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int write_file(struct page *page, int fd)
{
	int error = fchmod(fd, usual_mode()) ? -errno : 0;

	page->file = fdopen(fd, "w");
	if (!page->file) {
		error = -errno;
		close(fd);
		return error;
	}
	if (!error)
		error = put_page(page);
	if (fclose(page->file) && !error)
		error = -errno;
	return error;
}

int stats_write_page(const struct stats *stats, const char *path, struct error *err)
{
	struct page page = { .stats = stats };
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *beside = malloc(size);
	struct stat status;
	int fd, error;

	/* What takes a name's place must not take that of a device or a pipe. */
	if (!stat(path, &status) && !S_ISREG(status.st_mode)) {
		free(beside);
		return error_set(err, 0, "%s is there and is no file", path);
	}
	if (!beside)
		return error_set(err, ENOMEM, "%s", path);
	/* A limit on file sizes is an error as others are. */
	signal(SIGXFSZ, SIG_IGN);
	snprintf(beside, size, "%s.XXXXXX", path);
	fd = mkostemp(beside, O_CLOEXEC);
	error = fd < 0 ? -errno : write_file(&page, fd);
	if (!error && rename(beside, path))
		error = -errno;
	if (fd >= 0 && error)
		unlink(beside);
	free(beside);
	return error ? error_set(err, -error, "can't write %s", path) : 0;
}
