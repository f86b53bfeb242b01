/* SPDX-License-Identifier: MIT */
/* `mezzo image`: images are the work of a program of its own, which has the libraries for it. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "host/base/place.h"
#include "host/cli/cli.h"

int verb_image(int argc, char **argv)
{
	char path[PLACE_SIZE];
	struct error err;
	int fd;

	(void)argc;
	fd = place_open_installed("mezzo-image", "the program for images, mezzo-image,", path,
				  &err);
	if (fd < 0)
		return cli_fail(&err);
	close(fd);
	/* By this name it knows who runs it. */
	argv[0] = "mezzo image";
	execv(path, argv);
	error_set(&err, errno, "can't run %s", path);
	return cli_fail(&err);
}
