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
"  -f, --filter FILTER    name=TEXT: with the text in their names; status=STATE: created,\n"
"                         running, exited or killed, whether they run or not. Of several of a\n"
"                         kind one is enough\n"
"  -q, --quiet            names alone\n"
"      --json             an array of objects\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const char ps_usage[] =
"Usage: mezzo ps [options]\n"
"\n"
"List the domains that run, by name.\n"
"\n"
"  -a, --all              all domains, as `mezzo ls`\n"
"  -f, --filter FILTER    name=TEXT: with the text in their names; status=STATE: created,\n"
"                         running, exited or killed, whether they run or not. Of several of a\n"
"                         kind one is enough\n"
"  -q, --quiet            names alone\n"
"      --json             an array of objects\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "filter", required_argument, NULL, 'f' },
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
	struct strings texts;		/* one is in each name that is listed; none: whatever */
	unsigned int states;		/* a bit for each that is listed; 0: whatever */
	size_t printed;
	struct strings domains;
};

/* Returns 0 or -errno. */
static int filter_take(struct list *list, char *filter, struct error *err)
{
	if (!strncmp(filter, "name=", 5))
		return strings_add(&list->texts, filter + 5) ?
			       error_set(err, ENOMEM, "--filter") : 0;
	for (unsigned int i = 0; i < DOMAIN_STATES && !strncmp(filter, "status=", 7); i++) {
		if (strcmp(filter + 7, domain_state_name(i)))
			continue;
		list->states |= 1u << i;
		list->all = true;
		return 0;
	}
	error_set(err, 0, "--filter %.100s: want name=TEXT, or status= and created, running, "
		  "exited or killed", filter);
	return -EINVAL;
}

static bool name_is_wanted(const struct list *list, const char *name)
{
	for (size_t i = 0; i < list->texts.count; i++) {
		if (strstr(name, list->texts.items[i]))
			return true;
	}
	return !list->texts.count;
}

static bool state_is_wanted(const struct list *list, enum domain_state state)
{
	if (list->states)
		return list->states & 1u << state;
	return list->all || state == DOMAIN_RUNNING;
}

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
		if (state_is_wanted(list, state))
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
		const char *name = list->domains.items[i];

		if (name_is_wanted(list, name) && list_one(list, &domains, name, &err)) {
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

static int list_verb(struct list *list, int argc, char **argv)
{
	struct error err;
	int option, status;

	while ((option = cli_next_option(&list->names, argc, argv, ":aqf:", options)) > 0) {
		if (option == 'f' && filter_take(list, optarg, &err))
			return cli_fail(&err);
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
	status = list_all(list);
	strings_release(&list->texts);
	return status;
}

int verb_ls(int argc, char **argv)
{
	struct list list = { .names = { .verb = "ls", .usage = ls_usage }, .all = true };

	return list_verb(&list, argc, argv);
}

int verb_ps(int argc, char **argv)
{
	struct list list = { .names = { .verb = "ps", .usage = ps_usage } };

	return list_verb(&list, argc, argv);
}
