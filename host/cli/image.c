/* SPDX-License-Identifier: MIT */
/*
 * `mezzo image` and `mezzo store`, and other verbs that archives, JSON or hashes are needed for:
 * they are the work of a program of its own, which has the libraries for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/place.h"
#include "host/cli/cli.h"

int cli_exec_image(char **argv)
{
	char path[PLACE_SIZE];
	struct error err;
	int fd = place_open_installed("mezzo-image", "the program for images, mezzo-image,", path,
				      &err);

	if (fd < 0)
		return cli_fail(&err);
	close(fd);
	execv(path, argv);
	error_set(&err, errno, "can't run %s", path);
	return cli_fail(&err);
}

int verb_image(int argc, char **argv)
{
	(void)argc;
	argv[0] = "mezzo image";
	return cli_exec_image(argv);
}

int verb_store(int argc, char **argv)
{
	(void)argc;
	argv[0] = "mezzo store";
	return cli_exec_image(argv);
}

int verb_of_image(int argc, char **argv)
{
	char **whole = calloc((size_t)argc + 2, sizeof(*whole));
	struct error err;

	if (!whole) {
		error_set(&err, ENOMEM, "%s", argv[0]);
		return cli_fail(&err);
	}
	whole[0] = "mezzo";
	memcpy(whole + 1, argv, (size_t)argc * sizeof(*whole));
	return cli_exec_image(whole);
}
