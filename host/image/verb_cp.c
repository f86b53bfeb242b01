/* SPDX-License-Identifier: MIT */
/*
 * `mezzo cp`: files of a domain to the host, by the rules of `docker cp`. Into a domain they go
 * another way (verb_send.c), as that takes the domain itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/name.h"
#include "host/image/verb_copy.h"

static const char usage[] =
	"Usage: mezzo cp [options] NAME:PATH DEST\n"
	"       mezzo cp [options] NAME:PATH -\n"
	"       mezzo cp [options] SRC NAME:PATH\n"
	"       mezzo cp [options] - NAME:PATH\n"
	"\n"
	"Copy a file or a directory out of a domain over an image, or into one, whether it\n"
	"runs or not; with -, as a tar to standard output or from standard input. SRC can be\n"
	"NAME:PATH of another domain. Where the destination is a directory the copy is made in\n"
	"it, else it is made as the destination; a tar goes into a directory. Of PATH/. only\n"
	"what is in the directory is copied. Symbolic links in PATH lead where they lead in the\n"
	"domain. A path of the host with a colon in it wants a slash before that: ./a:b. What is\n"
	"in volumes is copied, too.\n"
	"\n"
	"  -a, --archive          keep owners, all bits of modes, extended attributes, devices;\n"
	"                         else what goes into a domain is of user 0\n"
	"  -L, --follow-link      where the path itself is a symbolic link, copy what it leads to\n"
	"      --store DIR        where domains are\n"
	"  -h, --help             this text\n"
	"\n"
	"Where a part can't be copied the rest is, and the exit status is 1.\n";

struct request {
	struct copy_options options;
	char domain[DOMAIN_NAME_MAX + 1];
	const char *path;  /* in the domain */
	const char *to;	   /* on the host, or "-" */
	struct copy_failures failures;
};

static void tell_failure(const struct error *err)
{
	cli_fail(err);
}

static int take_words(struct request *request, char **words, struct error *err)
{
	if (!words[0] || !words[1] || words[2])
		return error_set(err, 0, "cp wants NAME:PATH and where to copy it to: try `%s cp "
				 "--help`", cli_program);
	request->path = domain_path_split(words[0], request->domain);
	if (!request->path)
		return error_set(err, 0, "'%.100s' is no NAME:PATH: try `%s cp --help`", words[0],
				 cli_program);
	request->to = words[1];
	return *request->to ? 0 : error_set(err, 0, "cp wants a path to copy to");
}

/* ---- Where the copy goes ---- */

/* A directory of the host, and what the copy is called in it; "" for its content alone. */
struct destination {
	int directory;
	char name[PATH_MAX];
};

/* The directory that a path is in, which may be a link to it, with the path's last name. */
static int open_parent(const char *path, struct destination *to, struct error *err)
{
	size_t size = strlen(path);
	char *parent = strdup(path), *slash;

	if (!parent)
		return error_set(err, ENOMEM, "%.200s", path);
	while (size > 1 && parent[size - 1] == '/')
		parent[--size] = '\0';
	slash = strrchr(parent, '/');
	snprintf(to->name, sizeof(to->name), "%s", slash ? slash + 1 : parent);
	if (slash)
		slash[slash == parent] = '\0';
	to->directory = open(slash ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (to->directory < 0)
		error_set(err, errno, "%.200s", slash ? parent : ".");
	free(parent);
	if (to->directory >= 0 && (!to->name[0] || !strcmp(to->name, ".") ||
				   !strcmp(to->name, "..")))
		return error_set(err, ENOENT, "%.200s", path);
	return to->directory < 0 ? -err->code : 0;
}

/* Into what is there: a directory, or a file that is replaced. */
static int open_existing(const struct request *request, const struct spot *spot,
			 const struct stat *status, struct destination *to, struct error *err)
{
	char *real;
	int result;

	if (S_ISDIR(status->st_mode)) {
		snprintf(to->name, sizeof(to->name), "%s",
			 copy_is_of_content(request->path) ? "" : spot->name);
		to->directory = open(request->to, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return to->directory < 0 ? error_set(err, errno, "%.200s", request->to) : 0;
	}
	if (S_ISDIR(spot->inode.mode) || request->to[strlen(request->to) - 1] == '/')
		return error_set(err, ENOTDIR, "%.200s", request->to);
	if (!S_ISREG(status->st_mode))
		return error_set(err, 0, "%.200s is no regular file, and is not replaced",
				 request->to);
	/* The file that a link leads to, not the link. */
	real = realpath(request->to, NULL);
	result = real ? open_parent(real, to, err) : error_set(err, errno, "%.200s", request->to);
	free(real);
	return result;
}

/* A new directory takes the content of the one that is copied. */
static int open_new(const struct request *request, const struct spot *spot,
		    struct destination *to, struct error *err)
{
	if (!S_ISDIR(spot->inode.mode) && request->to[strlen(request->to) - 1] == '/')
		return error_set(err, ENOENT, "directory %.200s", request->to);
	return open_parent(request->to, to, err);
}

static int open_destination(const struct request *request, const struct spot *spot,
			    struct destination *to, struct error *err)
{
	struct stat status;

	if (!stat(request->to, &status))
		return open_existing(request, spot, &status, to, err);
	if (errno != ENOENT)
		return error_set(err, errno, "%.200s", request->to);
	return open_new(request, spot, to, err);
}

/* ---- Copying ---- */

static int copy_to_host(struct request *request, const struct merged *merged,
			const struct spot *spot, struct error *err)
{
	struct destination to = { .directory = -1 };
	int result = open_destination(request, spot, &to, err);
	struct copy_sink *sink;

	if (!result) {
		umask(0);
		sink = host_sink_create(to.directory, to.name, request->options.archive);
		result = sink ? copy_out(merged, spot, to.name, sink, &request->failures, err)
			      : error_set(err, ENOMEM, "copy");
		if (sink) {
			copy_tell_left_out(sink);
			host_sink_free(sink);
		}
	}
	fd_close(&to.directory);
	return result;
}

static int copy_to_tar(struct request *request, const struct merged *merged,
		       const struct spot *spot, struct error *err)
{
	struct copy_sink *sink;
	int result;

	if (isatty(STDOUT_FILENO))
		return error_set(err, 0, "a tar is not written to a terminal");
	sink = tar_sink_create(STDOUT_FILENO, err);
	if (!sink)
		return -err->code;
	result = copy_out(merged, spot, copy_is_of_content(request->path) ? "" : spot->name, sink,
			  &request->failures, err);
	copy_tell_left_out(sink);
	tar_sink_free(sink);
	return result;
}

static int copy(struct request *request, const struct merged *merged, struct error *err)
{
	bool is_tar = !strcmp(request->to, "-");
	struct spot spot;
	int result = copy_find(&request->options, merged, request->path, &spot, err);

	/* A tar can tell of devices. */
	if (!result && (!is_tar || S_ISSOCK(spot.inode.mode)))
		result = copy_check_kind(&request->options, spot.inode.mode, request->path, err);
	if (result)
		return result;
	return is_tar ? copy_to_tar(request, merged, &spot, err)
		      : copy_to_host(request, merged, &spot, err);
}

int verb_cp(int argc, char **argv)
{
	struct request request = { .failures = { .tell = tell_failure } };
	struct merged merged;
	struct error err;
	int result = copy_options_take(&request.options, argc, argv, usage, &err);

	if (request.options.cli.done)
		return 0;
	if (!result)
		result = take_words(&request, argv + optind, &err);
	if (!result)
		result = copy_open_domain(&request.options, request.domain, &merged, &err);
	if (result)
		return cli_fail(&err);
	result = copy(&request, &merged, &err);
	merged_close(&merged);
	if (result)
		return cli_fail(&err);
	return request.failures.count ? STATUS_PART_FAILED : 0;
}
