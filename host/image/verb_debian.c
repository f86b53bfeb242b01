/* SPDX-License-Identifier: MIT */
/* `mezzo image build-debian`: a Debian system by debootstrap, imported as a directory. */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/image/builder.h"
#include "host/image/cli.h"
#include "host/image/import.h"
#include "host/image/interrupt.h"

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
	"      --include PACKAGES further packages, with commas between\n"
	"      --variant NAME     debootstrap's variant of the system (minbase)\n"
	"      --mirror URL       where packages come from, else debootstrap's own choice\n"
	"      --replace          take the place of an image of this name\n"
	"      --store DIR        where the store is\n"
	"      --json             tell about the new image in JSON\n"
	"  -h, --help             this text\n";

static const struct option options[] = { CLI_IMPORT_OPTIONS,
					 { "include", required_argument, NULL, OPTION_INCLUDE },
					 { "mirror", required_argument, NULL, OPTION_MIRROR },
					 { "variant", required_argument, NULL, OPTION_VARIANT },
					 { 0 } };

struct build {
	struct cli cli;
	const char *suite, *mirror, *include, *variant;
	char name[IMAGE_NAME_SIZE];
	char directory[PLACE_SIZE]; /* temporary */
};

static int take_options(struct build *build, int argc, char **argv, struct error *err)
{
	int option;

	while ((option = cli_next_option(&build->cli, argc, argv, options, usage, err)) != -1) {
		if (option < 0)
			return option;
		if (option == OPTION_INCLUDE)
			build->include = optarg;
		else if (option == OPTION_VARIANT)
			build->variant = optarg;
		else
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

/* What it mounts goes with it, however it ends; what it prints goes to standard error. */
static void exec_debootstrap(const struct build *build)
{
	char include[PLACE_SIZE], variant[64];
	const char *arguments[8] = { "debootstrap", variant };
	int count = 2;

	setpgid(0, 0);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		_exit(126);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	snprintf(variant, sizeof(variant), "--variant=%s", build->variant);
	if (build->include) {
		snprintf(include, sizeof(include), "--include=%s", build->include);
		arguments[count++] = include;
	}
	arguments[count++] = build->suite;
	arguments[count++] = build->directory;
	arguments[count++] = build->mirror;
	execvp("debootstrap", (char *const *)arguments);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Waits for its end; an interrupt ends it with all that it started. */
static int await_debootstrap(pid_t child, int *status, struct error *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	int result = pidfd < 0 ? error_set(err, errno, "can't wait for debootstrap")
			       : interrupt_wait_readable(pidfd, err);

	if (result) {
		kill(-child, SIGKILL);
		kill(child, SIGKILL);
	}
	waitpid(child, status, 0);
	if (pidfd >= 0)
		close(pidfd);
	return result;
}

static int run_debootstrap(const struct build *build, struct error *err)
{
	int status, result;
	pid_t child;

	interrupt_catch();
	child = fork();
	if (!child) {
		interrupt_release();
		exec_debootstrap(build);
	}
	result = child < 0 ? error_set(err, errno, "can't start debootstrap")
			   : await_debootstrap(child, &status, err);
	interrupt_release();
	if (result)
		return result;
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
	struct build build = { .variant = "minbase" };
	struct error err;
	int result = take_options(&build, argc, argv, &err);

	if (build.cli.done)
		return 0;
	if (!result)
		result = run(&build, &err);
	return result ? cli_fail(&err) : 0;
}
