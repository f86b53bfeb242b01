/* SPDX-License-Identifier: MIT */
/* `mezzo image build-debian`: a Debian system by debootstrap, imported as a directory. */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/image/builder.h"
#include "host/image/cli.h"
#include "host/image/import.h"

#define CONFIG                                                                                    \
	"{\"Cmd\":[\"/bin/bash\"],\"Env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/" \
	"bin:/sbin:/bin\"]}"
#define WALK_DESCRIPTORS 64

static const char usage[] =
	"Usage: mezzo image build-debian [options] NAME [SUITE]\n"
	"\n"
	"Make an image NAME[:TAG] of a minimal Debian system by debootstrap, as root. SUITE is a "
	"release of Debian,\n"
	"as bookworm; stable where nothing is said.\n"
	"\n"
	"      --mirror URL       where packages come from, else debootstrap's own choice\n"
	"      --replace          take the place of an image of this name\n"
	"      --store DIR        where the store is\n"
	"      --json             tell about the new image in JSON\n"
	"  -h, --help             this text\n";

static const struct option options[] = { CLI_IMPORT_OPTIONS,
					 { "mirror", required_argument, NULL, OPTION_MIRROR },
					 { 0 } };

struct build {
	struct cli cli;
	const char *suite, *mirror;
	char name[IMAGE_NAME_SIZE];
	char directory[PLACE_SIZE]; /* temporary */
};

static int take_options(struct build *build, int argc, char **argv, struct error *err)
{
	int option;

	while ((option = cli_next_option(&build->cli, argc, argv, options, usage, err)) != -1) {
		if (option < 0)
			return option;
		build->mirror = optarg;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return error_set(err, 0,
				 "build-debian wants NAME and SUITE: try `%s build-debian --help`",
				 cli_program);
	build->suite = argc - optind == 2 ? argv[optind + 1] : "stable";
	if (build->suite[0] == '-' || strchr(build->suite, '/'))
		return error_set(err, 0, "'%.60s' is no release of Debian", build->suite);
	return image_name(argv[optind], build->name, err);
}

/*
 * What it prints goes to standard error. An interrupt ends it and not this program, which tidies up
 * after it.
 */
static int run_debootstrap(const struct build *build, struct error *err)
{
	int status;
	pid_t child;

	signal(SIGINT, SIG_IGN);
	child = fork();
	if (child < 0)
		return error_set(err, errno, "can't start debootstrap");
	if (!child) {
		signal(SIGINT, SIG_DFL);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execlp("debootstrap", "debootstrap", "--variant=minbase", build->suite,
		       build->directory, build->mirror, NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return error_set(err, errno, "debootstrap");
	}
	signal(SIGINT, SIG_DFL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, 0, "debootstrap is missing: apt-get install debootstrap");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(err, 0, "debootstrap failed; what it said is above");
	return 0;
}

static int import_directory(struct build *build, struct store *store, struct error *err)
{
	char source[100];
	struct import import = { .name = build->name,
				 .source = build->directory,
				 .source_text = source,
				 .format = IMPORT_DIRECTORY,
				 .config = CONFIG,
				 .file_max = BUILDER_FILE_MAX };

	snprintf(source, sizeof(source), "debootstrap %.60s", build->suite);
	return cli_import(&build->cli, store, &import, err);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

static int make_directory(struct build *build, struct error *err)
{
	const char *parent = getenv("TMPDIR");

	snprintf(build->directory, sizeof(build->directory), "%s/mezzo-debian-XXXXXX",
		 parent && parent[0] ? parent : "/tmp");
	if (!mkdtemp(build->directory))
		return error_set(err, errno, "a temporary directory (TMPDIR)");
	/* It becomes the root of the image. */
	return chmod(build->directory, 0755) ? error_set(err, errno, "%s", build->directory) : 0;
}

static int run(struct build *build, struct error *err)
{
	char path[PLACE_SIZE];
	struct store *store;
	int result;

	if (geteuid())
		return error_set(err, 0,
				 "debootstrap needs root: run it as root, or import a tar that "
				 "someone made so");
	result = cli_open_store(&build->cli, STORE_CREATE, &store, path, err);
	if (result)
		return result;
	/* Before minutes of work and not after. */
	if (!build->cli.replace)
		result = image_check_free(store, build->name, err);
	if (!result)
		result = make_directory(build, err);
	if (!result) {
		result = run_debootstrap(build, err);
		if (!result)
			result = import_directory(build, store, err);
		nftw(build->directory, remove_one, WALK_DESCRIPTORS,
		     FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
	store_close(store);
	return result;
}

int verb_build_debian(int argc, char **argv)
{
	struct build build = { 0 };
	struct error err;
	int result = take_options(&build, argc, argv, &err);

	if (build.cli.done)
		return 0;
	if (!result)
		result = run(&build, &err);
	return result ? cli_fail(&err) : 0;
}
