/* SPDX-License-Identifier: MIT */
/* `mezzo diff`: what a domain has changed of its image. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/change/diff.h"
#include "host/cli/cli.h"
#include "host/cli/json.h"

static const char usage[] =
"Usage: mezzo diff [options] NAME\n"
"\n"
"List what a domain over an image has changed in its files, one a line in the order of paths: A\n"
"added, C changed, D deleted. Control characters and backslashes in names are printed as \\OOO.\n"
"\n"
"      --json             as an array of objects with `kind` and `path`\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, OPTION_JSON },
	CLI_STORE_OPTIONS,
	{ 0 }
};

/* Names come from the domain: nothing of them moves the cursor or begins a line. */
static void print_line(const struct diff_line *line)
{
	printf("%c ", line->kind);
	for (const unsigned char *at = (const unsigned char *)line->path; *at; at++) {
		if (*at < ' ' || *at == 0x7f || *at == '\\')
			printf("\\%03o", *at);
		else
			putchar(*at);
	}
	putchar('\n');
}

static void print_json(const struct diff *diff)
{
	putchar('[');
	for (size_t i = 0; i < diff->count; i++) {
		char kind[2] = { (char)diff->lines[i].kind };

		fputs(i ? ",\n{" : "\n{", stdout);
		json_print_name("kind", 1);
		json_print_text(kind);
		json_print_name("path", 0);
		json_print_text(diff->lines[i].path);
		putchar('}');
	}
	puts(diff->count ? "\n]" : "]");
}

static int diff_one(const struct domains *domains, struct folder *folder, void *data)
{
	const bool *json = data;
	struct merged merged;
	struct error err;
	struct diff diff;
	int result;

	if (merged_open(&merged, domains, folder->name, STORE_READ_ONLY, MERGED_LIVE, NULL, NULL,
			&err))
		return cli_fail(&err);
	result = diff_make(&merged, &diff, &err);
	merged_close(&merged);
	if (result) {
		error_context(&err, "domain %s", folder->name);
		return cli_fail(&err);
	}
	if (*json)
		print_json(&diff);
	for (size_t i = 0; i < diff.count && !*json; i++)
		print_line(&diff.lines[i]);
	diff_release(&diff);
	return 0;
}

int verb_diff(int argc, char **argv)
{
	struct cli_names names = { .verb = "diff", .usage = usage };
	bool json = false;
	int option;

	while ((option = cli_next_option(&names, argc, argv, ":", options)) > 0)
		json = true;
	if (!option && argc - optind > 1) {
		fprintf(stderr, "mezzo: diff takes one NAME\n");
		return EXIT_MEZZO_FAILED;
	}
	return cli_each_domain(&names, option, argv + optind, diff_one, &json);
}
