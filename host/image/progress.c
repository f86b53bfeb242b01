/* SPDX-License-Identifier: MIT */
/* Progress on a terminal; see progress.h. No locks. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host/image/progress.h"

#define INTERVAL_NS 100000000u
#define BAR_SIZE 24u

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char *size_print(uint64_t bytes, char text[SIZE_TEXT_SIZE])
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(text, SIZE_TEXT_SIZE, "%u B", (unsigned int)bytes);
		return text;
	}
	for (; value >= 999.95 && unit < sizeof(units) / sizeof(units[0]) - 1; unit++)
		value /= 1000;
	snprintf(text, SIZE_TEXT_SIZE, "%.1f %s", value, units[unit]);
	return text;
}

void progress_init(struct progress *progress, const char *what)
{
	*progress = (struct progress){ .what = what, .shown = isatty(STDERR_FILENO) };
	if (progress->shown)
		progress->next_ns = now_ns() + INTERVAL_NS;
}

static void draw_bar(const struct progress *progress)
{
	static const char full[] = "########################", empty[] = "                        ";
	double part = (double)progress->at / (double)progress->whole;
	int filled = (int)((part > 1 ? 1 : part) * BAR_SIZE);

	fprintf(stderr, " [%.*s%.*s] %3d%%", filled, full, (int)BAR_SIZE - filled, empty,
		(int)((part > 1 ? 1 : part) * 100));
}

void progress_add(struct progress *progress, uint64_t names, uint64_t bytes)
{
	char size[SIZE_TEXT_SIZE];
	uint64_t now;

	progress->names += names;
	progress->bytes += bytes;
	if (!progress->shown)
		return;
	now = now_ns();
	if (now < progress->next_ns)
		return;
	progress->next_ns = now + INTERVAL_NS;
	progress->drawn = true;
	fprintf(stderr, "\r\033[K%.60s", progress->what);
	if (progress->whole)
		draw_bar(progress);
	fprintf(stderr, " %llu files, %s", (unsigned long long)progress->names,
		size_print(progress->bytes, size));
}

void progress_end(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
