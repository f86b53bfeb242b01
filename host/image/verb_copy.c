/* SPDX-License-Identifier: MIT */
/* What cp and send share; see verb_copy.h. One thread. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/verb_copy.h"

static const struct option known[] = { CLI_OPTIONS,
				       { "archive", no_argument, NULL, 'a' },
				       { "follow-link", no_argument, NULL, 'L' },
				       { 0 } };

int copy_options_take(struct copy_options *options, int argc, char **argv, const char *usage,
		      struct error *err)
{
	int option;

	*options = (struct copy_options){ .cli = { .letters = ":aL" } };
	while ((option = cli_next_option(&options->cli, argc, argv, known, usage, err)) != -1) {
		if (option < 0)
			return option;
		options->archive |= option == 'a';
		options->follow |= option == 'L';
	}
	return 0;
}

bool copy_is_of_content(const char *path)
{
	size_t size = strlen(path);

	return !strcmp(path, ".") || (size > 1 && !strcmp(path + size - 2, "/."));
}

int copy_open_domain(const struct copy_options *options, const char *domain, struct merged *merged,
		     struct error *err)
{
	struct domains domains;
	int result = domains_open(&domains, options->cli.store, false, err);

	if (result)
		return result;
	result = merged_open(merged, &domains, domain, STORE_READ_ONLY, MERGED_LIVE, NULL, NULL,
			     err);
	domains_close(&domains);
	return result;
}

int copy_find(const struct copy_options *options, const struct merged *merged, const char *path,
	      struct spot *spot, struct error *err)
{
	int result = path_resolve(merged, path, options->follow, spot, err);

	if (!result && !spot->ino)
		result = error_set(err, ENOENT, "%.300s", path);
	if (result)
		error_context(err, "domain %s", merged->folder.name);
	return result;
}

int copy_check_kind(const struct copy_options *options, uint32_t mode, const char *path,
		    struct error *err)
{
	if (S_ISSOCK(mode))
		return error_set(err, 0, "%.300s is a socket, and none is copied", path);
	if (!options->archive && (S_ISCHR(mode) || S_ISBLK(mode)))
		return error_set(err, 0, "%.300s is a device, and copied with -a alone", path);
	return 0;
}

void copy_tell_left_out(const struct copy_sink *sink)
{
	if (sink->left_out)
		fprintf(stderr, "%s: note: %llu sockets and devices were left out\n", cli_program,
			(unsigned long long)sink->left_out);
}
