/* SPDX-License-Identifier: MIT */
/*
 * The store's own folder, before it is opened: its format, its lock, and the folders in it. What is
 * no file where one should be is put aside in DIR/lost. Locks: none but for the format, which is
 * written under the writer's; who makes a store does so before anything of it is found here.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/store_format.h"
#include "host/store/check.h"

static int check_folder(struct check *check, int root_fd, const char *name)
{
	struct stat status;

	if (!fstatat(root_fd, name, &status, 0))
		return 0;
	if (errno != ENOENT)
		return error_set(check->err, errno, "the store's folder %s", name);
	if (check_finding(check, true, "folder %s is missing", name) &&
	    mkdirat(root_fd, name, 0700))
		return error_set(check->err, errno, "can't make the store's folder %s", name);
	return 0;
}

static int check_folders(struct check *check, int root_fd)
{
	char name[16];
	int error = check_folder(check, root_fd, "new");

	if (!error)
		error = check_folder(check, root_fd, "tables");
	if (!error)
		error = check_folder(check, root_fd, "objects");
	for (unsigned i = 0; i < DISK_OBJECT_DIRS && !error; i++) {
		snprintf(name, sizeof(name), "objects/%02x", i);
		error = check_folder(check, root_fd, name);
	}
	return error;
}

static bool is_there(int root_fd, const char *name)
{
	struct stat status;

	return !fstatat(root_fd, name, &status, AT_SYMLINK_NOFOLLOW);
}

/* Nothing is mended in what is no store, or one of a newer format. */
static int check_format(struct check *check, int root_fd, const char *path)
{
	int error = disk_format_check(root_fd, path, check->err);

	if (error != -EUCLEAN)
		return error;
	check->lacks_format = true;
	check_finding(check, true, "format is %s", is_there(root_fd, "format") ? "damaged"
										: "missing");
	return check->repair ? 0 : -EBADMSG;
}

int check_format_mend(struct check *check, int root_fd, const char *path)
{
	/* Another repair may have come first, and a newer program's store is none of ours. */
	int error = disk_format_check(root_fd, path, check->err);

	if (error != -EUCLEAN)
		return error;
	error = aside_put(check, root_fd, root_fd, "format");
	if (error)
		return error;
	error = disk_format_write(root_fd);
	return error ? error_set(check->err, -error, "can't write %s/format", path) : 0;
}

/* A file of the store's own, whose bytes mean nothing. Whoever needs one makes it. */
static int check_own_file(struct check *check, int root_fd, const char *name)
{
	int fd = fd_open_file(root_fd, name, O_RDONLY, 0);

	if (fd >= 0)
		close(fd);
	if (fd != -EUCLEAN)
		return fd < 0 && fd != -ENOENT ? error_set(check->err, -fd, "the store's %s", name)
					       : 0;
	if (check_finding(check, true, "%s is no file: put aside in lost/", name))
		return aside_put(check, root_fd, root_fd, name);
	return 0;
}

/* Without it nobody may look at more. */
static int check_lock(struct check *check, int root_fd)
{
	uint64_t found = check->found;
	int error;

	if (!is_there(root_fd, "lock"))
		check_finding(check, true, "lock is missing");
	error = check_own_file(check, root_fd, "lock");
	return error || check->repair || check->found == found ? error : -EBADMSG;
}

int check_root(struct check *check, const char *path)
{
	int lock, error, root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_set(check->err, errno, "%s", path);
	error = check_format(check, root_fd, path);
	if (!error || error == -EBADMSG) {
		lock = check_lock(check, root_fd);
		error = lock ? lock : error;
	}
	if (!error)
		error = check_own_file(check, root_fd, "reserve");
	if (!error)
		error = check_own_file(check, root_fd, "format.new");
	if (!error)
		error = check_folders(check, root_fd);
	close(root_fd);
	return error;
}
