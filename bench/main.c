/* SPDX-License-Identifier: MIT */
/*
 * bench-calls FIGURE DIRECTORY: measures one figure and prints nanoseconds per operation.
 * bench-calls --list: prints the names of all figures.
 * bench-calls --now: prints the monotonic clock, at once.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>

static const struct figure *const tables[] = {
	call_figures,	 transfer_figures, name_figures,   wait_figures, process_figures,
	command_figures, storage_figures,  random_figures, tree_figures, sqlite_figures,
	program_figures, server_figures,   http_figures,
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static const struct figure *figure_find(const char *name)
{
	for (size_t i = 0; i < TABLES; i++)
		for (const struct figure *figure = tables[i]; figure->name; figure++)
			if (!strcmp(figure->name, name))
				return figure;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct figure *figure;

	if (argc == 2 && !strcmp(argv[1], "--now")) {
		printf("%llu\n", (unsigned long long)clock_ns());
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (size_t i = 0; i < TABLES; i++)
			for (figure = tables[i]; figure->name; figure++)
				puts(figure->name);
		return 0;
	}
	if (argc != 3)
		bench_fail(0, "usage: bench-calls FIGURE DIRECTORY | --list | --now");
	figure = figure_find(argv[1]);
	if (!figure)
		bench_fail(0, "no figure is called %s", argv[1]);
	bench_directory = argv[2];
	printf("%.1f\n", figure->run());
	return 0;
}
