/* SPDX-License-Identifier: MIT */
/* `mezzo image export`. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/image/cli.h"
#include "host/image/interrupt.h"
#include "host/image/lost.h"
#include "host/image/oci_write.h"
#include "host/image/progress.h"
#include "host/image/tar_write.h"

static const char usage[] = "Usage: mezzo image export [options] NAME [FILE]\n"
			    "\n"
			    "Write an image to FILE, or to standard output where FILE is - or "
			    "missing. An image gives the same bytes\n"
			    "each time, and importing them gives the same image.\n"
			    "\n"
			    "      --format FORMAT    tar: the files (the default); oci: a tar of "
			    "an OCI image layout, with the config\n"
			    "      --store DIR        where the store is\n"
			    "  -h, --help             this text\n";

static const struct option options[] = { CLI_OPTIONS,
					 { "format", required_argument, NULL, OPTION_FORMAT },
					 { 0 } };

struct export
{
	struct cli cli;
	bool oci;
	char name[IMAGE_NAME_SIZE];
	const char *file; /* NULL: standard output */
	struct progress progress;
};

static int take_options(struct export *export, int argc, char **argv, struct error *err)
{
	int option;

	while ((option = cli_next_option(&export->cli, argc, argv, options, usage, err)) != -1) {
		if (option < 0)
			return option;
		export->oci = !strcmp(optarg, "oci");
		if (!export->oci && strcmp(optarg, "tar"))
			return error_set(err, 0, "--format %.40s: it is one of tar, oci", optarg);
	}
	if (argc - optind < 1 || argc - optind > 2)
		return error_set(err, 0, "export wants NAME and FILE: try `%s export --help`",
				 cli_program);
	if (argc - optind == 2 && strcmp(argv[optind + 1], "-"))
		export->file = argv[optind + 1];
	if (!export->file && isatty(STDOUT_FILENO))
		return error_set(err, 0, "standard output is a terminal: name a FILE");
	return image_name(argv[optind], export->name, err);
}

static int write_tar(struct export *export, int fd, struct store *store, const struct image *image,
		     struct error *err)
{
	struct tar_output output;
	int result = tar_output_open(&output, fd, NULL, err);

	if (result)
		return result;
	result = tar_output_image(&output, store, image, false, &export->progress, err);
	if (!result)
		result = tar_output_end(&output, err);
	tar_output_release(&output);
	return result;
}

static int refuse_lost(const char *path, void *data)
{
	return error_set(data, 0, "%s is lost: see `mezzo store fsck`", path ? path : "its index");
}

static int write_image(struct export *export, int fd, struct store *store, struct error *err)
{
	struct image image;
	int result = image_load(store, export->name, &image, err);

	if (result)
		return result;
	export->progress.whole = image.head.bytes;
	/* Before the first byte: half of an image is of no use to whoever reads it. */
	result = image_lost_visit(store, image.head.mapping, NULL, refuse_lost, err, err);
	if (result)
		error_context(err, "image %s", export->name);
	else if (export->oci)
		result = oci_write(fd, store, export->name, &image, &export->progress, err);
	else
		result = write_tar(export, fd, store, &image, err);
	progress_end(&export->progress);
	image_release(&image);
	return result;
}

/* To what is open already; it is closed. */
static int write_and_close(struct export *export, int fd, const char *path, struct store *store,
			   struct error *err)
{
	int result = write_image(export, fd, store, err);

	if (close(fd) && !result)
		result = error_set(err, errno, "%s", path);
	return result;
}

/* To a file beside it that takes its place when it is whole. */
static int replace_file(struct export *export, struct store *store, struct error *err)
{
	char path[PLACE_SIZE];
	int fd, result;

	if (snprintf(path, sizeof(path), "%s.part%d", export->file, (int)getpid()) >=
	    (int)sizeof(path))
		return error_set(err, ENAMETOOLONG, "%.200s...", export->file);
	/* A name of its own, and never through what somebody else laid there. */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return error_set(err, errno, "%s", path);
	result = write_and_close(export, fd, path, store, err);
	if (!result && rename(path, export->file))
		result = error_set(err, errno, "%s", export->file);
	if (result)
		unlink(path);
	return result;
}

/* Devices and pipes are written as they are. */
static int write_file(struct export *export, struct store *store, struct error *err)
{
	struct stat status;
	int fd, result;

	if (stat(export->file, &status) || S_ISREG(status.st_mode)) {
		/* From here on there is a file that would be left behind. */
		interrupt_catch();
		result = replace_file(export, store, err);
		interrupt_release();
		return result;
	}
	fd = open(export->file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "%s", export->file);
	return write_and_close(export, fd, export->file, store, err);
}

int verb_export(int argc, char **argv)
{
	struct export export = { 0 };
	char what[IMAGE_NAME_SIZE + 8], path[PLACE_SIZE];
	struct store *store;
	struct error err;
	int result = take_options(&export, argc, argv, &err);

	if (export.cli.done)
		return 0;
	if (!result)
		result = cli_open_store(&export.cli, STORE_READ_ONLY, &store, path, &err);
	if (result)
		return cli_fail(&err);
	snprintf(what, sizeof(what), "export %s", export.name);
	progress_init(&export.progress, what);
	result = export.file ? write_file(&export, store, &err)
			     : write_image(&export, STDOUT_FILENO, store, &err);
	store_close(store);
	return result ? cli_fail(&err) : 0;
}
