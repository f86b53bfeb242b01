/* SPDX-License-Identifier: MIT */
/*
 * `mezzo-image send`, which `mezzo cp` runs to copy into a domain: what is copied goes as a stream
 * (host/receive/stream.h) to standard output, from which it is carried into the domain. Its status
 * is that of `mezzo cp`: 1 where a part failed.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/change/copy.h"
#include "host/change/resolve.h"
#include "host/domain/name.h"
#include "host/image/cli.h"
#include "host/image/progress.h"

#define STATUS_PART_FAILED 1

static const char usage[] =
	"Usage: mezzo-image send [-a] [-L] [--store DIR] SRC\n"
	"       mezzo-image send [-a] [-L] [--store DIR] NAME:PATH\n"
	"       mezzo-image send [-a] -\n"
	"\n"
	"For `mezzo cp`: sends files to a domain's receiver, on standard output.\n";

static const struct option options[] = { CLI_OPTIONS,
					 { "archive", no_argument, NULL, 'a' },
					 { "follow-link", no_argument, NULL, 'L' },
					 { 0 } };

struct request {
	struct cli cli;
	bool archive, follow;
	const char *source;
};

static struct progress progress;

static void tell_failure(const struct error *err)
{
	progress_end(&progress);
	cli_fail(err);
}

/* ---- Sources ---- */

/* What is told by the path's end alone: what is in a directory, what a link leads to. */
static bool ends_with_dot(const char *path)
{
	size_t size = strlen(path);

	return !strcmp(path, ".") || (size > 1 && !strcmp(path + size - 2, "/."));
}

/* The last name of a path; of one that ends in "..", where that leads. "" for the root. */
static int name_of(const char *path, char name[STREAM_NAME_MAX + 1], struct error *err)
{
	char *copy = strdup(path), *real = NULL, *last;
	int result = 0;

	for (size_t size = copy ? strlen(copy) : 0; size > 1 && copy[size - 1] == '/';)
		copy[--size] = '\0';
	last = copy ? strrchr(copy, '/') : NULL;
	last = last ? last + 1 : copy;
	if (last && !strcmp(last, "..")) {
		real = realpath(path, NULL);
		last = real ? strrchr(real, '/') + 1 : NULL;
	}
	if (!last)
		result = error_set(err, errno, "%.200s", path);
	else if (strlen(last) > STREAM_NAME_MAX)
		result = error_set(err, ENAMETOOLONG, "%.200s", path);
	else
		strcpy(name, last);
	free(copy);
	free(real);
	return result;
}

static int send_file_of_host(const struct request *request, const char *source,
			     enum stream_kind kind, const char *name,
			     struct copy_failures *failures, struct copy_sink **sink,
			     struct error *err)
{
	*sink = stream_sink_create(STDOUT_FILENO, kind, name, request->archive, &progress, err);
	if (!*sink)
		return -err->code;
	return copy_host(source, request->archive, *sink, failures, err);
}

static int send_host(const struct request *request, struct copy_failures *failures,
		     struct copy_sink **sink, struct error *err)
{
	const char *source = request->source;
	bool follow = request->follow || source[strlen(source) - 1] == '/';
	enum stream_kind kind = STREAM_OF_FILE;
	char name[STREAM_NAME_MAX + 1];
	struct stat status;
	char *real = NULL;
	int result = name_of(source, name, err);

	if (result)
		return result;
	if (follow ? stat(source, &status) : lstat(source, &status))
		return error_set(err, errno, "%.200s", source);
	if (S_ISDIR(status.st_mode))
		kind = ends_with_dot(source) || !*name ? STREAM_OF_CONTENT : STREAM_OF_DIRECTORY;
	if (follow && !(real = realpath(source, NULL)))
		return error_set(err, errno, "%.200s", source);
	result = send_file_of_host(request, real ? real : source, kind, name, failures, sink, err);
	free(real);
	return result;
}

static int send_tar(const struct request *request, struct copy_failures *failures,
		    struct copy_sink **sink, struct error *err)
{
	if (isatty(STDIN_FILENO))
		return error_set(err, 0, "a tar is not read from a terminal");
	*sink = stream_sink_create(STDOUT_FILENO, STREAM_OF_ARCHIVE, "", request->archive,
				   &progress, err);
	return *sink ? copy_tar(*sink, failures, &progress, err) : -err->code;
}

/* ---- Out of another domain ---- */

static int send_merged(const struct request *request, const struct merged *merged,
		       const char *path, struct copy_sink **sink, struct error *err)
{
	enum stream_kind kind = STREAM_OF_FILE;
	struct spot spot;
	int result = path_resolve(merged, path, request->follow, &spot, err);

	if (!result && !spot.ino)
		result = error_set(err, ENOENT, "%.300s", path);
	if (result)
		return result;
	if (S_ISDIR(spot.inode.mode))
		kind = ends_with_dot(path) || !spot.name[0] ? STREAM_OF_CONTENT
							    : STREAM_OF_DIRECTORY;
	*sink = stream_sink_create(STDOUT_FILENO, kind, spot.name, request->archive, &progress,
				   err);
	return *sink ? copy_out(merged, &spot.inode, ".", *sink, err) : -err->code;
}

static int send_domain(const struct request *request, const char *domain, const char *path,
		       struct copy_sink **sink, struct error *err)
{
	struct domains domains;
	struct merged merged;
	int result = domains_open(&domains, request->cli.store, false, err);

	if (result)
		return result;
	result = merged_open(&merged, &domains, domain, STORE_READ_ONLY, true, NULL, NULL, err);
	domains_close(&domains);
	if (result)
		return result;
	result = send_merged(request, &merged, path, sink, err);
	if (result)
		error_context(err, "domain %s", domain);
	merged_close(&merged);
	return result;
}

/* ---- The verb ---- */

static int send_any(const struct request *request, struct copy_failures *failures,
		    struct copy_sink **sink, struct error *err)
{
	char domain[DOMAIN_NAME_MAX + 1];
	const char *path = domain_path_split(request->source, domain);

	if (!strcmp(request->source, "-"))
		return send_tar(request, failures, sink, err);
	if (path)
		return send_domain(request, domain, path, sink, err);
	return send_host(request, failures, sink, err);
}

static int take_options(struct request *request, int argc, char **argv, struct error *err)
{
	int option;

	while ((option = cli_next_option(&request->cli, argc, argv, options, usage, err)) != -1) {
		if (option < 0)
			return option;
		request->archive |= option == 'a';
		request->follow |= option == 'L';
	}
	if (argc - optind != 1 || !argv[optind][0])
		return error_set(err, 0, "send wants what to copy");
	request->source = argv[optind];
	return 0;
}

/* Where the receiver has left it has told why. */
static int send_and_tell(const struct request *request)
{
	struct copy_failures failures = { .tell = tell_failure };
	struct copy_sink *sink = NULL;
	struct error err = { 0 };
	int result;

	progress_init(&progress, "cp");
	result = send_any(request, &failures, &sink, &err);
	progress_end(&progress);
	if (sink && sink->left_out)
		fprintf(stderr, "%s: note: %llu sockets and devices were left out\n", cli_program,
			(unsigned long long)sink->left_out);
	if (sink && sink->volumes)
		fprintf(stderr, "%s: note: what is in %llu volumes was left out\n", cli_program,
			(unsigned long long)sink->volumes);
	if (sink)
		stream_sink_free(sink);
	if (result && err.code != EPIPE)
		return cli_fail(&err);
	return result || failures.count ? STATUS_PART_FAILED : 0;
}

int verb_send(int argc, char **argv)
{
	struct request request = { .cli = { .letters = ":aL" } };
	struct error err;

	if (take_options(&request, argc, argv, &err))
		return request.cli.done ? 0 : cli_fail(&err);
	return send_and_tell(&request);
}
