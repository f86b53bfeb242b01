/* SPDX-License-Identifier: MIT */
/* `mezzo stats`: what domains use. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/base/output.h"
#include "host/cli/cli.h"
#include "host/cli/stats_print.h"

#define REFRESH_S 2
#define TABLE_SIZE (1 << 16)

#define CLEAR_SCREEN "\033[H\033[J"

static const char usage[] =
"Usage: mezzo stats [options] [NAME...]\n"
"\n"
"Show what domains use: memory, page cache, disk and processor time; all that run, where no NAMEs\n"
"are given. At a terminal the figures are shown again every two seconds, until Ctrl-C.\n"
"\n"
"  -a, --all              also domains that do not run\n"
"      --no-stream        once alone\n"
"      --json             once, an object with exact figures\n"
"      --html FILE        once, as a page for a browser\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n"
"\n"
"mezzo(1) tells what each figure counts. The last line has what is shared once.\n";

enum { OPTION_NO_STREAM = 'S', OPTION_HTML = 'H' };

static const struct option options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "no-stream", no_argument, NULL, OPTION_NO_STREAM },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "html", required_argument, NULL, OPTION_HTML },
	CLI_STORE_OPTIONS,
	{ 0 }
};

struct view {
	struct strings names;
	bool all, once, json;
	const char *page;		/* --html */
	size_t skipped;			/* domains that could not be looked at */
};

static int show(const struct view *view, struct stats *stats, struct error *err)
{
	int error = 0;

	if (!view->once)
		fputs(CLEAR_SCREEN, stdout);
	if (view->page)
		error = stats_name_objects(stats, err);
	if (view->page && !error)
		error = stats_write_page(stats, view->page, err);
	else if (view->json)
		stats_print_json(stats);
	else if (!view->page)
		stats_print_table(stats);
	return error ? error : output_flush(err);
}

static void tell(const struct error *err)
{
	cli_fail(err);
}

static int look(struct view *view, const struct domains *domains, struct error *err)
{
	struct stats stats;
	int error = stats_read(&stats, domains, &view->names, view->all, tell, err);

	if (!error)
		error = show(view, &stats, err);
	view->skipped = stats.skipped;
	stats_release(&stats);
	return error;
}

static int stream(struct view *view, const char *store, struct error *err)
{
	const struct timespec pause = { .tv_sec = REFRESH_S };
	struct domains domains;
	int error;

	/* A table goes to the terminal at once, or it would flicker. */
	setvbuf(stdout, NULL, _IOFBF, TABLE_SIZE);
	do {
		/* The first domain may be made while this looks. */
		error = domains_open(&domains, store, false, err);
		if (error)
			break;
		error = look(view, &domains, err);
		domains_close(&domains);
	} while (!error && !nanosleep(&pause, NULL));
	return error;
}

static int look_once(struct view *view, const char *store, struct error *err)
{
	struct domains domains;
	int error = domains_open(&domains, store, false, err);

	if (error)
		return error;
	error = look(view, &domains, err);
	domains_close(&domains);
	return error;
}

int verb_stats(int argc, char **argv)
{
	struct cli_names names = { .verb = "stats", .usage = usage };
	struct view view = { .once = !isatty(STDOUT_FILENO) };
	struct error err;
	int option, error = 0;

	while ((option = cli_next_option(&names, argc, argv, ":a", options)) > 0) {
		view.all |= option == 'a';
		view.once |= option != 'a';
		view.json |= option == OPTION_JSON;
		if (option == OPTION_HTML)
			view.page = optarg;
	}
	if (option < 0)
		return names.status;
	if (view.json && view.page) {
		fprintf(stderr, "mezzo: stats takes --json or --html, not both\n");
		return EXIT_MEZZO_FAILED;
	}
	for (char **name = argv + optind; *name && !error; name++)
		error = strings_add(&view.names, *name);
	if (error)
		error_set(&err, -error, "names of domains");
	else
		error = view.once ? look_once(&view, names.store, &err) :
				    stream(&view, names.store, &err);
	strings_release(&view.names);
	if (error)
		return cli_fail(&err);
	return view.skipped ? STATUS_PART_FAILED : 0;
}
