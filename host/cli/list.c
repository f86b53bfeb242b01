/* SPDX-License-Identifier: MIT */
/* `mezzo ls` and `mezzo ps`: which domains there are. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/cli/cli.h"
#include "host/cli/facts.h"

static const char ls_usage[] =
"Usage: mezzo ls [options]\n"
"\n"
"List all domains, by name.\n"
"\n"
"  -q, --quiet            names alone\n"
"      --json             an array of objects\n"
"      --store DIR        where domains are\n"
"      --help             this text\n";

static const char ps_usage[] =
"Usage: mezzo ps [options]\n"
"\n"
"List the domains that run, by name.\n"
"\n"
"  -a, --all              all domains, as `mezzo ls`\n"
"  -q, --quiet            names alone\n"
"      --json             an array of objects\n"
"      --store DIR        where domains are\n"
"      --help             this text\n";

static const struct option options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "json", no_argument, NULL, OPTION_JSON },
	CLI_STORE_OPTIONS,
	{ 0 }
};

/* ---- One domain ---- */

/* As much of it as a line holds; what is no text of one line is left out. */
static void print_command(const struct strings *arguments)
{
	int left = 60;

	for (size_t i = 0; i < arguments->count && left > 0; i++) {
		if (i)
			putchar(' ');
		for (const char *c = arguments->items[i]; *c && left-- > 0; c++)
			putchar((unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c);
	}
	if (left <= 0)
		fputs("...", stdout);
}

static void print_line(const struct folder *folder, const struct domain_record *record,
		       enum domain_state state)
{
	time_t created = (time_t)(record->created_ns / 1000000000);
	char date[32], status[32];
	struct tm tm;

	localtime_r(&created, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &tm);
	if (state == DOMAIN_EXITED && record->reason == REASON_DISK_LIMIT)
		snprintf(status, sizeof(status), "over its disk");
	else if (state == DOMAIN_EXITED)
		snprintf(status, sizeof(status), "exited (%d)", (int)record->status);
	else
		snprintf(status, sizeof(status), "%s", domain_state_name(state));
	printf("%-20s %-24s %-14s %-16s ", folder->name,
	       record->image ? record->image : record->rootfs, status, date);
	print_command(&record->arguments);
	putchar('\n');
}

/* ---- All ---- */

struct list {
	struct cli_names names;
	bool all, quiet, json;
	size_t printed;
	struct strings domains;
};

static void print_domain(struct list *list, const struct folder *folder,
			 const struct domain_record *record, enum domain_state state)
{
	if (list->quiet) {
		puts(folder->name);
	} else if (list->json) {
		putchar(list->printed ? ',' : '[');
		facts_print_json(folder, record, state);
	} else {
		print_line(folder, record, state);
	}
	list->printed++;
}

/* One that was removed since it was listed is none. */
static int list_one(struct list *list, const struct domains *domains, const char *name,
		    struct error *err)
{
	struct domain_record record;
	enum domain_state state;
	struct folder folder;
	int error = folder_open(domains, name, &folder, err);

	if (error)
		return error == -ENOENT ? 0 : error;
	error = domain_state_load(&folder, &record, &state, err);
	if (!error) {
		if (list->all || state == DOMAIN_RUNNING)
			print_domain(list, &folder, &record, state);
		domain_record_release(&record);
	} else if (err->code == ENOENT) {
		error = 0;
	} else {
		error_context(err, "domain %s", name);
	}
	folder_close(&folder);
	return error;
}

static int add_name(const char *name, void *data)
{
	char *copy = strdup(name);

	return copy ? strings_add(data, copy) : -ENOMEM;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static int list_all(struct list *list)
{
	struct domains domains;
	struct error err;
	int status = 0;

	if (domains_open(&domains, list->names.store, false, &err) ||
	    domains_visit(&domains, add_name, &list->domains, &err))
		return cli_fail(&err);
	if (list->domains.count)
		qsort(list->domains.items, list->domains.count, sizeof(char *), compare_names);
	if (!list->json && !list->quiet)
		printf("%-20s %-24s %-14s %-16s %s\n", "NAME", "IMAGE", "STATUS", "CREATED",
		       "COMMAND");
	for (size_t i = 0; i < list->domains.count; i++) {
		if (list_one(list, &domains, list->domains.items[i], &err)) {
			cli_fail(&err);
			status = STATUS_PART_FAILED;
		}
		free(list->domains.items[i]);
	}
	if (list->json && !list->quiet)
		puts(list->printed ? "]" : "[]");
	strings_release(&list->domains);
	domains_close(&domains);
	return status;
}

static int list_verb(struct list *list, int argc, char **argv, const char *letters)
{
	int option;

	while ((option = cli_next_option(&list->names, argc, argv, letters, options)) > 0) {
		list->all |= option == 'a';
		list->quiet |= option == 'q';
		list->json |= option == OPTION_JSON;
	}
	if (option < 0)
		return list->names.status;
	if (argv[optind]) {
		fprintf(stderr, "mezzo: %s takes no names: see `mezzo inspect NAME`\n",
			list->names.verb);
		return EXIT_MEZZO_FAILED;
	}
	return list_all(list);
}

int verb_ls(int argc, char **argv)
{
	struct list list = { .names = { .verb = "ls", .usage = ls_usage }, .all = true };

	return list_verb(&list, argc, argv, ":aq");
}

int verb_ps(int argc, char **argv)
{
	struct list list = { .names = { .verb = "ps", .usage = ps_usage } };

	return list_verb(&list, argc, argv, ":aq");
}
