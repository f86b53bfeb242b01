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

#include "host/domain/name.h"
#include "host/image/progress.h"
#include "host/image/verb_copy.h"

static const char usage[] =
	"Usage: mezzo-image send [-a] [-L] [--store DIR] SRC\n"
	"       mezzo-image send [-a] [-L] [--store DIR] NAME:PATH\n"
	"       mezzo-image send [-a] -\n"
	"\n"
	"For `mezzo cp`: sends files to a domain's receiver, on standard output.\n";

static struct progress progress;

static void tell_failure(const struct error *err)
{
	progress_end(&progress);
	cli_fail(err);
}

/* ---- Sources ---- */

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

static int send_file_of_host(const struct copy_options *options, const char *source,
			     enum stream_kind kind, const char *name,
			     struct copy_failures *failures, struct copy_sink **sink,
			     struct error *err)
{
	*sink = stream_sink_create(STDOUT_FILENO, kind, name, options->archive, &progress, err);
	if (!*sink)
		return -err->code;
	return copy_host(source, options->archive, *sink, failures, err);
}

static int send_host(const struct copy_options *options, const char *source,
		     struct copy_failures *failures, struct copy_sink **sink, struct error *err)
{
	bool follow = options->follow || source[strlen(source) - 1] == '/';
	enum stream_kind kind = STREAM_OF_FILE;
	char name[STREAM_NAME_MAX + 1];
	struct stat status;
	char *real = NULL;
	int result = name_of(source, name, err);

	if (result)
		return result;
	if (follow ? stat(source, &status) : lstat(source, &status))
		return error_set(err, errno, "%.200s", source);
	result = copy_check_kind(options, status.st_mode, source, err);
	if (result)
		return result;
	if (S_ISDIR(status.st_mode))
		kind = copy_is_of_content(source) || !*name ? STREAM_OF_CONTENT
							    : STREAM_OF_DIRECTORY;
	if (follow && !(real = realpath(source, NULL)))
		return error_set(err, errno, "%.200s", source);
	result = send_file_of_host(options, real ? real : source, kind, name, failures, sink, err);
	free(real);
	return result;
}

static int send_tar(const struct copy_options *options, struct copy_failures *failures,
		    struct copy_sink **sink, struct error *err)
{
	if (isatty(STDIN_FILENO))
		return error_set(err, 0, "a tar is not read from a terminal");
	*sink = stream_sink_create(STDOUT_FILENO, STREAM_OF_ARCHIVE, "", options->archive,
				   &progress, err);
	return *sink ? copy_tar(*sink, failures, &progress, err) : -err->code;
}

/* ---- Out of another domain ---- */

static int send_merged(const struct copy_options *options, const struct merged *merged,
		       const char *path, struct copy_failures *failures, struct copy_sink **sink,
		       struct error *err)
{
	enum stream_kind kind = STREAM_OF_FILE;
	struct spot spot;
	int result = copy_find(options, merged, path, &spot, err);

	if (!result)
		result = copy_check_kind(options, spot.inode.mode, path, err);
	if (result)
		return result;
	if (S_ISDIR(spot.inode.mode))
		kind = copy_is_of_content(path) || !spot.name[0] ? STREAM_OF_CONTENT
								 : STREAM_OF_DIRECTORY;
	*sink = stream_sink_create(STDOUT_FILENO, kind, spot.name, options->archive, &progress,
				   err);
	if (!*sink)
		return -err->code;
	result = copy_out(merged, &spot, ".", *sink, failures, err);
	if (result)
		error_context(err, "domain %s", merged->folder.name);
	return result;
}

static int send_domain(const struct copy_options *options, const char *domain, const char *path,
		       struct copy_failures *failures, struct copy_sink **sink, struct error *err)
{
	struct merged merged;
	int result = copy_open_domain(options, domain, &merged, err);

	if (result)
		return result;
	result = send_merged(options, &merged, path, failures, sink, err);
	merged_close(&merged);
	return result;
}

/* ---- The verb ---- */

static int send_any(const struct copy_options *options, const char *source,
		    struct copy_failures *failures, struct copy_sink **sink, struct error *err)
{
	char domain[DOMAIN_NAME_MAX + 1];
	const char *path = domain_path_split(source, domain);

	if (!strcmp(source, "-"))
		return send_tar(options, failures, sink, err);
	if (path)
		return send_domain(options, domain, path, failures, sink, err);
	return send_host(options, source, failures, sink, err);
}

/* Where the receiver has left it has told why. */
static int send_and_tell(const struct copy_options *options, const char *source)
{
	struct copy_failures failures = { .tell = tell_failure };
	struct copy_sink *sink = NULL;
	struct error err = { 0 };
	int result;

	progress_init(&progress, "cp");
	result = send_any(options, source, &failures, &sink, &err);
	progress_end(&progress);
	if (sink) {
		copy_tell_left_out(sink);
		stream_sink_free(sink);
	}
	if (result && err.code != EPIPE)
		return cli_fail(&err);
	return result || failures.count ? STATUS_PART_FAILED : 0;
}

int verb_send(int argc, char **argv)
{
	struct copy_options options;
	struct error err;
	int result = copy_options_take(&options, argc, argv, usage, &err);

	if (options.cli.done)
		return 0;
	if (!result && (argc - optind != 1 || !argv[optind][0]))
		result = error_set(&err, 0, "send wants what to copy");
	return result ? cli_fail(&err) : send_and_tell(&options, argv[optind]);
}
