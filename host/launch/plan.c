/* SPDX-License-Identifier: MIT */
/* Filling and checking the plan of a domain; see plan.h. No locks: one thread makes a plan. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/launch/plan.h"
#include "host/launch/program.h"
#include "host/launch/user.h"

#define OPEN_FILES_NEEDED 16u
#define DATA_SIZE_NEEDED (16ul << 20)

static char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static char default_home[] = "HOME=/root";

int plan_init_as_caller(struct plan *plan, char **environ, struct error *err)
{
	int count;

	*plan = (struct plan){ .rootfs = "/", .folder = -1, .uid = geteuid(),
			       .gid = getegid() };
	plan->cwd = getcwd(NULL, 0);
	if (!plan->cwd)
		return error_set(err, errno, "can't find out the current directory");
	if (plan->cwd[0] != '/')
		return error_set(err, 0,
				 "the current directory lies outside the root: cd elsewhere");
	/* A process may have more groups than the boundary carries: the first ones count. */
	count = getgroups(0, NULL);
	if (count > 0) {
		gid_t groups[NGROUPS_MAX];

		count = getgroups(NGROUPS_MAX, groups);
		for (int i = 0; i < count && plan->group_count < CONFIG_GROUPS_MAX; i++)
			plan->groups[plan->group_count++] = groups[i];
	}
	for (char **variable = environ; *variable; variable++) {
		if (strings_add(&plan->environment, *variable))
			return error_set(err, ENOMEM, "can't copy the environment");
	}
	return 0;
}

int plan_init_for_rootfs(struct plan *plan, const char *rootfs, struct error *err)
{
	char *term = getenv("TERM");
	int error;

	*plan = (struct plan){ .rootfs = rootfs, .folder = -1,
			       .own_ids_are_root = geteuid() != 0,
			       .volume_ids_are_root = geteuid() != 0 };
	plan->cwd = strdup("/");
	if (!plan->cwd)
		return error_set(err, ENOMEM, "can't make a plan");
	error = strings_add(&plan->environment, default_path);
	if (!error)
		error = strings_add(&plan->environment, default_home);
	/* getenv() points behind "TERM=", in the caller's own environment. */
	if (!error && term)
		error = strings_add(&plan->environment, term - strlen("TERM="));
	return error ? error_set(err, -error, "can't make an environment") : 0;
}

int plan_set_variable(struct plan *plan, char *assignment, struct error *err)
{
	const char *value;
	char *whole;

	if (!*assignment || *assignment == '=')
		return error_set(err, 0, "-e %s: want NAME=VALUE or NAME", assignment);
	if (!strchr(assignment, '=')) {
		value = getenv(assignment);
		if (!value)
			return 0;
		whole = (char *)value - strlen(assignment) - 1;
	} else {
		whole = assignment;
	}
	if (strings_set_variable(&plan->environment, whole) ||
	    strings_add(&plan->variables, whole))
		return error_set(err, ENOMEM, "-e %s", assignment);
	return 0;
}

int plan_set_user(struct plan *plan, const struct user *user, struct error *err)
{
	plan->uid = user->uid;
	plan->gid = user->gid;
	plan->group_count = user->group_count;
	memcpy(plan->groups, user->groups, user->group_count * sizeof(user->groups[0]));
	if (!user->home[0])
		return 0;
	free(plan->home);
	if (asprintf(&plan->home, "HOME=%s", user->home) < 0)
		plan->home = NULL;
	if (!plan->home || strings_set_variable(&plan->environment, plan->home))
		return error_set(err, ENOMEM, "home directory");
	return 0;
}

/* Two openings of one file have offsets of their own. */
bool plan_outputs_are_one(int out_fd, int error_fd)
{
	struct stat out, error;
	long different;

	if (fstat(out_fd, &out) || fstat(error_fd, &error) || out.st_dev != error.st_dev ||
	    out.st_ino != error.st_ino)
		return false;
	if (!S_ISREG(out.st_mode))
		return true;
	different = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, out_fd, error_fd);
	return different <= 0;
}

int plan_note_streams(struct plan *plan, struct error *err)
{
	struct stat status;
	int error = fd_secure_standard();

	if (error)
		return error_set(err, -error, "/dev/null");
	for (int i = STREAM_IN; i <= STREAM_ERR; i++) {
		if (fd_is_stand_in(i))
			plan->stream_flags[i] = STREAM_ABSENT;
		else if (isatty(i))
			plan->stream_flags[i] = STREAM_IS_TTY;
		else if (i == STREAM_IN && !fstat(i, &status) && S_ISREG(status.st_mode))
			plan->stream_flags[i] = STREAM_IS_FILE;
	}
	if (!((plan->stream_flags[STREAM_OUT] | plan->stream_flags[STREAM_ERR]) & STREAM_ABSENT) &&
	    plan_outputs_are_one(STREAM_OUT, STREAM_ERR))
		plan->stream_flags[STREAM_ERR] |= STREAM_AS_OUT;
	return 0;
}

/* Directories whose contents the layer makes itself: the lower tree does not tell what is there. */
static bool is_layers_own(const char *path)
{
	static const char *const places[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t size = strlen(places[i]);

		if (!strncmp(path, places[i], size) && (!path[size] || path[size] == '/'))
			return true;
	}
	return false;
}

/* The directory to start in, looked for as the domain will: links lead within the lower root. */
static int check_cwd(const struct plan *plan, struct error *err)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT };
	int root, fd, error = 0;

	if (plan->cwd[0] != '/')
		return error_set(err, 0, "--workdir %s: want an absolute path", plan->cwd);
	/* What an image holds the domain sees for itself. */
	if (plan->image || is_layers_own(plan->cwd) || plan_path_is_shared(plan, plan->cwd))
		return 0;
	root = open(plan->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, errno, "root file system %s", plan->rootfs);
	fd = (int)syscall(SYS_openat2, root, plan->cwd, &how, sizeof(how));
	if (fd < 0)
		error = error_set(err, errno, "directory to start in, %s", plan->cwd);
	fd_close(&fd);
	fd_close(&root);
	return error;
}

/*
 * What mezzo opens for a domain, and a domain to run a program: fewer is a failure in some place
 * that tells nobody why.
 */
static int check_open_files(struct error *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= OPEN_FILES_NEEDED)
		return 0;
	return error_set(err, 0, "the limit of open files is %llu here and a domain needs %u: "
			 "raise it with `ulimit -n`, and the hard limit (`ulimit -Hn`) first where "
			 "that forbids it", (unsigned long long)limit.rlim_cur, OPEN_FILES_NEEDED);
}

static int check_rootfs(const char *path, struct error *err)
{
	struct stat status;

	if (stat(path, &status))
		return error_set(err, errno, "root file system %s", path);
	if (!S_ISDIR(status.st_mode))
		return error_set(err, ENOTDIR, "root file system %s", path);
	if (access(path, X_OK))
		return error_set(err, errno, "root file system %s", path);
	return 0;
}

/* Linux counts each program's stack against this one, whole, as a domain maps it. */
static int check_data_size(struct error *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_DATA, &limit) || limit.rlim_max >= DATA_SIZE_NEEDED)
		return 0;
	return error_set(err, 0, "the hard limit of data sizes is %llu KiB here and a domain needs "
			 "%lu: raise it (`ulimit -Hd`)",
			 (unsigned long long)limit.rlim_max >> 10, DATA_SIZE_NEEDED >> 10);
}

int plan_check(const struct plan *plan, struct error *err)
{
	if (check_open_files(err) || check_data_size(err))
		return -EINVAL;
	if (!plan->argv || !plan->argv[0])
		return error_set(err, 0, "no command given");
	if (!plan->image && check_rootfs(plan->rootfs, err))
		return -err->code;
	if (!*plan->hostname || strlen(plan->hostname) > 64)
		return error_set(err, 0, "--hostname: want 1 to 64 bytes");
	if (program_text_size(plan) > CONFIG_TEXT_MAX)
		return error_set(err, E2BIG,
				 "arguments and environment take %zu bytes, at most %u fit",
				 program_text_size(plan), CONFIG_TEXT_MAX);
	if (plan_check_volumes(plan, err))
		return -EINVAL;
	return check_cwd(plan, err);
}

void plan_release(struct plan *plan)
{
	plan_release_volumes(plan);
	strings_release(&plan->environment);
	strings_release(&plan->variables);
	free(plan->home);
	plan->home = NULL;
	free(plan->cwd);
	plan->cwd = NULL;
}
