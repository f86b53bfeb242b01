/* SPDX-License-Identifier: MIT */
/*
 * bench-whole FIGURE COMMAND...: measures a whole command, seen from outside, and prints the
 * figure. Figures: time, first, once, stream, private, dirty; see whole.h.
 */
#include "bench.h"
#include "whole.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	double figure;

	if (argc < 3)
		bench_fail(0, "usage: bench-whole time|first|once|stream|private|dirty COMMAND...");
	if (!strcmp(argv[1], "time"))
		figure = whole_time(argv + 2);
	else if (!strcmp(argv[1], "first"))
		figure = whole_first(argv + 2);
	else if (!strcmp(argv[1], "once"))
		figure = whole_once(argv + 2);
	else if (!strcmp(argv[1], "stream"))
		figure = whole_stream(argv + 2);
	else if (!strcmp(argv[1], "private"))
		figure = whole_idle(argv + 2, "Private_Dirty:");
	else if (!strcmp(argv[1], "dirty"))
		figure = whole_idle(argv + 2, "Pss_Dirty:");
	else
		bench_fail(0, "no figure is called %s", argv[1]);
	printf("%.3f\n", figure);
	return 0;
}
