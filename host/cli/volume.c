/* SPDX-License-Identifier: MIT */
/* `mezzo volume`: the store's volumes, which domains share by name (-v NAME:PATH). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/verb_hint.h"
#include "host/cli/cli.h"
#include "host/cli/json.h"
#include "host/domain/name.h"
#include "host/domain/volumes.h"

static const char usage[] =
"Usage: mezzo volume create [NAME]\n"
"       mezzo volume ls [-q] [--json]\n"
"       mezzo volume inspect NAME...\n"
"       mezzo volume rm NAME...\n"
"       mezzo volume prune [-f]\n"
"\n"
"Make volumes, list them, tell about them (as a JSON array) and remove them. A volume is a\n"
"directory of the store that domains share, with -v NAME:PATH; it is also made when it is first\n"
"used there. create prints the name, which is made where none is given. One that a lasting domain\n"
"names, or one that runs uses, can't be removed. prune tells which ones could be, and with -f\n"
"removes them all.\n"
"\n"
"What several domains change at once they have to agree on by other means than locks: those hold\n"
"within one domain only. So a database (SQLite, too) in a volume is for one domain at a time.\n"
"\n"
"  -q, --quiet            names alone\n"
"  -f, --force            of prune: remove them\n"
"      --json             an array of objects\n"
"      --store DIR        where volumes are\n"
"  -h, --help             this text\n";

static const struct option options[] = {
	{ "quiet", no_argument, NULL, 'q' },
	{ "force", no_argument, NULL, 'f' },
	{ "json", no_argument, NULL, OPTION_JSON },
	CLI_STORE_OPTIONS,
	{ 0 }
};

struct volume_verb {
	struct cli_names names;
	struct store_volumes volumes;
	bool quiet, json, force;
	size_t printed;
	int status;			/* of ls and prune */
};

/* ---- Who uses a volume ---- */

struct user_search {
	const struct domains *domains;
	const char *volume;
	char user[DOMAIN_NAME_MAX + 1];	/* "": none */
	bool is_unknown;		/* the user's record can't be read */
};

static bool names_volume(const struct domain_record *record, const char *volume)
{
	size_t size = strlen(volume);

	for (size_t i = 0; i < record->volumes.count; i++) {
		if (!strncmp(record->volumes.items[i], volume, size) &&
		    record->volumes.items[i][size] == ':')
			return true;
	}
	return false;
}

/* A record that can't be read could name it. */
static int look_at_domain(const char *name, void *data)
{
	struct user_search *search = data;
	struct domain_record record;
	struct folder folder;
	struct error err;
	int error = folder_open(search->domains, name, &folder, &err);
	bool found = true;

	/* What is no folder, or has a name that no domain can have, is no domain. */
	if (error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -EINVAL)
		return 0;
	if (!error) {
		error = domain_record_load(folder.fd, &record, &err);
		if (!error) {
			found = names_volume(&record, search->volume);
			domain_record_release(&record);
		}
		folder_close(&folder);
	}
	if (!found)
		return 0;
	search->is_unknown = error != 0;
	snprintf(search->user, sizeof(search->user), "%s", name);
	return 1;
}

/* Refuses where a domain names the volume: -EBUSY. Returns 0 or another -errno. */
static int check_unused(struct volume_verb *verb, const char *name, struct error *err)
{
	struct domains domains;
	struct user_search search = { .domains = &domains, .volume = name };
	int error = domains_open(&domains, verb->names.store, false, err);

	if (error)
		return error;
	error = domains_visit(&domains, look_at_domain, &search, err);
	domains_close(&domains);
	if (error <= 0)
		return error;
	if (search.is_unknown)
		error_set(err, 0, "volume %s may be used by domain %s, whose record can't be read: "
			  "`mezzo rm %s` first", name, search.user, search.user);
	else
		error_set(err, 0, "volume %s is used by domain %s: remove that first", name,
			  search.user);
	return -EBUSY;
}

/* ---- The verbs ---- */

static int create(struct volume_verb *verb, char **words)
{
	char made[DOMAIN_NAME_MAX + 1];
	const char *name = words[0] ? words[0] : made;
	struct error err;

	if (words[0] && words[1]) {
		fprintf(stderr, "mezzo: volume create takes one NAME\n");
		return EXIT_MEZZO_FAILED;
	}
	if ((!words[0] && domain_name_make(made, &err)) ||
	    store_volume_make(&verb->volumes, name, &err))
		return cli_fail(&err);
	puts(name);
	return 0;
}

static void print_json(struct volume_verb *verb, const char *name, const char *path,
		       int64_t created_ns)
{
	putchar(verb->printed++ ? ',' : '[');
	putchar('{');
	json_print_name("name", 1);
	json_print_text(name);
	json_print_name("path", 0);
	json_print_text(path);
	json_print_name("created", 0);
	json_print_time(created_ns);
	putchar('}');
}

static void print_line(struct volume_verb *verb, const char *name, const char *path,
		       int64_t created_ns)
{
	time_t created = (time_t)(created_ns / 1000000000);
	char date[32];
	struct tm tm;

	localtime_r(&created, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &tm);
	if (!verb->printed++)
		printf("%-20s %-16s %s\n", "NAME", "CREATED", "PATH");
	printf("%-20s %-16s %s\n", name, date, path);
}

/*
 * One that was removed since it was listed is none, nor is what has a name that no volume can have.
 */
static int list_one(const char *name, void *data)
{
	struct volume_verb *verb = data;
	char path[PLACE_SIZE];
	int64_t created_ns;
	struct error err;

	int error = store_volume_find(&verb->volumes, name, path, &created_ns, &err);

	if (error) {
		if (error != -ENOENT && error != -EINVAL)
			verb->status = cli_fail(&err);
		return 0;
	}
	if (verb->quiet)
		puts(name);
	else if (verb->json)
		print_json(verb, name, path, created_ns);
	else
		print_line(verb, name, path, created_ns);
	return 0;
}

static int list(struct volume_verb *verb, char **words)
{
	struct error err;

	if (words[0]) {
		fprintf(stderr, "mezzo: volume ls takes no names\n");
		return EXIT_MEZZO_FAILED;
	}
	if (store_volumes_visit(&verb->volumes, list_one, verb, &err))
		return cli_fail(&err);
	if (verb->json && !verb->quiet)
		puts(verb->printed ? "]" : "[]");
	return verb->status;
}

static int inspect_one(struct volume_verb *verb, const char *name, struct error *err)
{
	char path[PLACE_SIZE];
	int64_t created_ns;
	int error = store_volume_find(&verb->volumes, name, path, &created_ns, err);

	if (!error)
		print_json(verb, name, path, created_ns);
	return error;
}

/*
 * Its lock alone, while no domain names it. Returns the descriptor, -EBUSY or -EWOULDBLOCK where
 * it is used, -ENOENT, or another -errno: -EUCLEAN where it is damaged, unless that is wanted, too.
 */
static int claim_unused(struct volume_verb *verb, const char *name, bool is_damaged_too,
			struct error *err)
{
	char path[PLACE_SIZE];
	int64_t created_ns;
	int claim, error = store_volume_find(&verb->volumes, name, path, &created_ns, err);

	if (!error || (is_damaged_too && error == -EUCLEAN))
		error = check_unused(verb, name, err);
	if (error)
		return error;
	claim = store_volume_claim(&verb->volumes, name, err);
	if (claim < 0)
		return claim;
	/* From here on nobody begins to use it; but somebody may have, just before. */
	error = check_unused(verb, name, err);
	if (!error)
		return claim;
	close(claim);
	return error;
}

static int remove_one(struct volume_verb *verb, const char *name, struct error *err)
{
	int error, claim = claim_unused(verb, name, true, err);

	if (claim < 0)
		return claim;
	error = store_volume_remove(&verb->volumes, name, err);
	close(claim);
	if (!error)
		puts(name);
	return error;
}

static int prune_one(const char *name, void *data)
{
	struct volume_verb *verb = data;
	struct error err;
	int error = 0, claim = claim_unused(verb, name, false, &err);

	if (claim == -EBUSY || claim == -EWOULDBLOCK || claim == -ENOENT)
		return 0;
	if (claim < 0)
		error = claim;
	else if (verb->force)
		error = store_volume_remove(&verb->volumes, name, &err);
	fd_close(&claim);
	if (error) {
		verb->status = cli_fail(&err);
		return 0;
	}
	puts(name);
	verb->printed++;
	return 0;
}

static int each(struct volume_verb *verb, char **words,
		int (*work)(struct volume_verb *verb, const char *name, struct error *err))
{
	struct error err;
	int status = 0;

	if (!words[0]) {
		fprintf(stderr, "mezzo: volume needs the NAME of a volume: try `mezzo volume "
			"--help`\n");
		return EXIT_MEZZO_FAILED;
	}
	for (; *words; words++) {
		if (work(verb, *words, &err))
			status = cli_fail(&err);
	}
	return status;
}

static int inspect(struct volume_verb *verb, char **words)
{
	int status = each(verb, words, inspect_one);

	if (verb->printed)
		puts("]");
	return status;
}

static int rm(struct volume_verb *verb, char **words)
{
	return each(verb, words, remove_one);
}

static int prune(struct volume_verb *verb, char **words)
{
	struct error err;

	if (words[0]) {
		fprintf(stderr, "mezzo: volume prune takes no names: see `mezzo volume rm`\n");
		return EXIT_MEZZO_FAILED;
	}
	if (store_volumes_visit(&verb->volumes, prune_one, verb, &err))
		return cli_fail(&err);
	if (verb->printed && !verb->force)
		fprintf(stderr, "mezzo: note: `mezzo volume prune -f` removes these, with all that "
			"is in them\n");
	return verb->status;
}

static const struct {
	const char *name;
	int (*run)(struct volume_verb *verb, char **words);
	bool makes;
} verbs[] = {
	{ "create", create, true },
	{ "ls", list, false },
	{ "inspect", inspect, false },
	{ "rm", rm, false },
	{ "prune", prune, false },
};

static int run(struct volume_verb *verb, const char *name, char **words)
{
	char hint[VERB_HINT_SIZE];
	const char *near = NULL;
	struct error err;
	int status;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (verb_is_near(name, verbs[i].name))
			near = verbs[i].name;
		if (strcmp(verbs[i].name, name))
			continue;
		if (store_volumes_open(&verb->volumes, verb->names.store, verbs[i].makes, &err))
			return cli_fail(&err);
		status = verbs[i].run(verb, words);
		store_volumes_close(&verb->volumes);
		return status;
	}
	fprintf(stderr, "mezzo: unknown verb 'volume %.60s': %s\n", name,
		verb_hint("mezzo volume", name, near, hint));
	return EXIT_MEZZO_FAILED;
}

int verb_volume(int argc, char **argv)
{
	struct volume_verb verb = { .names = { .verb = "volume", .usage = usage } };
	int option;

	while ((option = cli_next_option(&verb.names, argc, argv, ":qf", options)) > 0) {
		verb.quiet |= option == 'q';
		verb.force |= option == 'f';
		verb.json |= option == OPTION_JSON;
	}
	if (option < 0)
		return verb.names.status;
	if (!argv[optind]) {
		fprintf(stderr, "mezzo: volume needs a verb: try `mezzo volume --help`\n");
		return EXIT_MEZZO_FAILED;
	}
	if (verb.force && strcmp(argv[optind], "prune")) {
		fprintf(stderr, "mezzo: option -f is for volume prune alone\n");
		return EXIT_MEZZO_FAILED;
	}
	return run(&verb, argv[optind], argv + optind + 1);
}

/* ---- For the domains that use them ---- */

static int find_one(const struct store_volumes *volumes, struct plan_volume *volume,
		    struct error *err)
{
	char path[PLACE_SIZE];
	int64_t created_ns;
	int error, use = store_volume_use(volumes, volume->name, err);

	if (use < 0)
		return use;
	error = store_volume_find(volumes, volume->name, path, &created_ns, err);
	if (!error)
		error = plan_set_volume(volume, path, use, err);
	if (error)
		close(use);
	return error;
}

int volumes_find(struct plan *plan, struct error *err)
{
	struct store_volumes volumes;
	int error = 0;

	for (size_t i = 0; i < plan->volume_count && !error; i++) {
		struct plan_volume *volume = &plan->volumes[i];

		if (!volume->name)
			continue;
		error = store_volume_check_name(volume->name, err);
		if (!error)
			error = store_volumes_open(&volumes, plan->store, true, err);
		if (error)
			return error;
		error = find_one(&volumes, volume, err);
		store_volumes_close(&volumes);
	}
	return error;
}

int volumes_take(struct plan *plan, const struct strings *volumes, struct error *err)
{
	for (size_t i = 0; i < volumes->count; i++) {
		if (plan_add_known_volume(plan, volumes->items[i], err))
			return -EINVAL;
	}
	return volumes_find(plan, err);
}
