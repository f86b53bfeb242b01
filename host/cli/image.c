/* SPDX-License-Identifier: MIT */
/*
 * `mezzo image` and `mezzo store`: the work of a program of its own, which has the libraries for
 * it.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/place.h"
#include "host/cli/cli.h"

/* By its name the program knows who runs it. */
static int run_program(char *name, char **argv)
{
	char path[PLACE_SIZE];
	struct error err;
	int fd;

	fd = place_open_installed("mezzo-image", "the program for images, mezzo-image,", path,
				  &err);
	if (fd < 0)
		return cli_fail(&err);
	close(fd);
	argv[0] = name;
	execv(path, argv);
	error_set(&err, errno, "can't run %s", path);
	return cli_fail(&err);
}

int verb_image(int argc, char **argv)
{
	(void)argc;
	return run_program("mezzo image", argv);
}

int verb_store(int argc, char **argv)
{
	(void)argc;
	return run_program("mezzo store", argv);
}
