/* SPDX-License-Identifier: MIT */
/*
 * mount and umount2: tmpfs, proc, bind, move, remount; what is busy; what /proc tells; bad input.
 * On bare Linux in a mount namespace of the test's own; a domain has one for itself.
 */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* Every test that mounts begins with this. */
static void begin(void)
{
	if (geteuid())
		test_skip("only root mounts");
	/* A domain answers EINVAL, and has no mounts but its own. */
	if (unshare(CLONE_NEWNS) == 0)
		OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	else
		EQUAL(errno, EINVAL);
	OK(mkdir("a", 0755));
	OK(mkdir("b", 0755));
	OK(mkdir("c", 0755));
}

/* How many lines of this file of /proc have the text. */
static int lines_with(const char *path, const char *text)
{
	char line[4096];
	FILE *file = fopen(path, "r");
	int count = 0;

	CHECK(file);
	while (fgets(line, sizeof(line), file))
		count += strstr(line, text) != NULL;
	fclose(file);
	return count;
}

static bool exists(const char *path)
{
	struct stat status;

	return !stat(path, &status);
}

TEST(tmpfs_comes_and_goes)
{
	struct stat before, inside;
	struct statfs space;

	begin();
	test_write_file("a/below", "below");
	OK(stat("a", &before));
	OK(mount("some where", "a", "tmpfs", MS_NOSUID | MS_NODEV,
		 "size=1m,mode=0751,uid=7,gid=8"));
	OK(stat("a", &inside));
	CHECK(inside.st_dev != before.st_dev);
	EQUAL(inside.st_mode, S_IFDIR | 0751);
	EQUAL(inside.st_uid, 7);
	EQUAL(inside.st_gid, 8);
	OK(statfs("a", &space));
	EQUAL(space.f_type, 0x01021994);
	CHECK(!exists("a/below"));
	test_write_file("a/file", "text");
	OK(mkdir("a/d", 0755));
	OK(mkdir("a/d/e", 0755));
	OK(link("a/file", "a/d/e/link"));
	OK(symlink("nowhere", "a/d/symlink"));
	OK(mkfifo("a/d/fifo", 0600));
	FAILS(rename("a/file", "b/file"), EXDEV);
	FAILS(link("a/file", "b/file"), EXDEV);
	FAILS(rmdir("a"), EBUSY);
	FAILS(rename("a", "d"), EBUSY);
	EQUAL(lines_with("/proc/self/mounts", "some\\040where "), 1);
	EQUAL(lines_with("/proc/self/mountinfo", "/a rw,nosuid,nodev,relatime "), 1);
	OK(umount("a"));
	CHECK(exists("a/below"));
	CHECK(!exists("a/file"));
	EQUAL(lines_with("/proc/self/mounts", "some\\040where "), 0);
	FAILS(umount("a"), EINVAL);
	OK(unlink("a/below"));
	OK(rmdir("a"));
}

TEST(what_is_used_is_busy)
{
	char *bytes;
	int fd;

	begin();
	OK(mount("none", "a", "tmpfs", 0, NULL));
	test_write_file("a/file", "text");
	OK(fd = open("a/file", O_RDWR));
	FAILS(umount("a"), EBUSY);
	bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(bytes != MAP_FAILED);
	OK(close(fd));
	FAILS(umount("a"), EBUSY);
	OK(munmap(bytes, 4096));
	OK(chdir("a"));
	FAILS(umount("../a"), EBUSY);
	OK(mkdir("inner", 0755));
	OK(mount("none", "inner", "tmpfs", 0, NULL));
	OK(chdir(".."));
	FAILS(umount("a"), EBUSY);
	OK(umount("a/inner"));
	FAILS(umount2("a", MNT_EXPIRE), EAGAIN);
	OK(umount2("a", MNT_EXPIRE));
	FAILS(umount2("a", MNT_EXPIRE), EINVAL);
}

/* The masks of events that are to come next for a number, and nothing else. */
static void events_are(int fd, int number, const uint32_t *masks, size_t count)
{
	struct inotify_event event;

	for (size_t i = 0; i < count; i++) {
		EQUAL(read(fd, &event, sizeof(event)), sizeof(event));
		EQUAL(event.wd, number);
		EQUAL(event.mask, masks[i]);
	}
	FAILS(read(fd, &event, sizeof(event)), EAGAIN);
}

TEST(watches_end_with_what_is_unmounted)
{
	static const uint32_t of_file[] = { IN_UNMOUNT, IN_IGNORED },
			      of_directory[] = { IN_UNMOUNT | IN_ISDIR, IN_IGNORED };
	static const struct {
		const char *name;
		uint32_t mask;
		bool directory;
	} rows[] = {
		{ "a", IN_CREATE, true }, { "a/d", IN_ALL_EVENTS, true },
		{ "a/file", IN_MODIFY, false }, { "a/d/link", IN_OPEN | IN_ONESHOT, false },
		{ "a/d/fifo", IN_ALL_EVENTS, false },
	};
	int fds[COUNT(rows)], file;

	begin();
	OK(mount("none", "a", "tmpfs", 0, NULL));
	OK(mkdir("a/d", 0755));
	test_write_file("a/file", "text");
	OK(link("a/file", "a/d/link"));
	OK(mkfifo("a/d/fifo", 0600));
	OK(mount("a/d", "b", NULL, MS_BIND, NULL));
	for (size_t i = 0; i < COUNT(rows); i++) {
		OK(fds[i] = inotify_init1(IN_NONBLOCK));
		EQUAL(inotify_add_watch(fds[i], rows[i].name, rows[i].mask), 1);
	}
	/* There is another mount of it. */
	OK(umount("a"));
	for (size_t i = 0; i < COUNT(rows); i++)
		events_are(fds[i], 1, NULL, 0);
	/* Who uses it yet holds it. */
	OK(file = open("b", O_PATH));
	OK(umount2("b", MNT_DETACH));
	for (size_t i = 0; i < COUNT(rows); i++)
		events_are(fds[i], 1, NULL, 0);
	OK(close(file));
	for (size_t i = 0; i < COUNT(rows); i++) {
		events_are(fds[i], 1, rows[i].directory ? of_directory : of_file, 2);
		FAILS(inotify_rm_watch(fds[i], 1), EINVAL);
	}
}

TEST(detached_lives_while_it_is_used)
{
	char text[5] = { 0 };
	int fd;

	begin();
	OK(mount("none", "a", "tmpfs", 0, NULL));
	OK(mkdir("a/inner", 0755));
	OK(mount("none", "a/inner", "tmpfs", 0, NULL));
	test_write_file("a/inner/file", "text");
	OK(fd = open("a/inner/file", O_RDONLY));
	OK(umount2("a", MNT_DETACH));
	CHECK(!exists("a/inner"));
	EQUAL(read(fd, text, 4), 4);
	CHECK(!strcmp(text, "text"));
	OK(close(fd));
}

/* A socket has its inode without a file that is open there. */
TEST(detached_with_a_socket)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "a/socket" };
	int fd;

	begin();
	OK(mount("none", "a", "tmpfs", 0, NULL));
	OK(fd = socket(AF_UNIX, SOCK_STREAM, 0));
	OK(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	OK(umount2("a", MNT_DETACH));
	CHECK(!exists("a/socket"));
	OK(close(fd));
}

TEST(bind_shows_the_same)
{
	begin();
	test_write_file("a/file", "text");
	OK(mkdir("a/inner", 0755));
	OK(mount("none", "a/inner", "tmpfs", 0, NULL));
	test_write_file("a/inner/deep", "deep");
	OK(mount("a", "b", NULL, MS_BIND, NULL));
	CHECK(!strcmp(test_read_file("b/file"), "text"));
	CHECK(!exists("b/inner/deep"));
	test_write_file("b/new", "new");
	CHECK(!strcmp(test_read_file("a/new"), "new"));
	OK(mount("a", "c", "ignored", MS_BIND | MS_REC, NULL));
	CHECK(!strcmp(test_read_file("c/inner/deep"), "deep"));
	FAILS(umount("c"), EBUSY);
	OK(umount("c/inner"));
	CHECK(exists("a/inner/deep"));
	OK(umount("c"));
	OK(umount("b"));
	OK(umount("a/inner"));
	test_write_file("one", "1");
	test_write_file("other", "2");
	OK(mount("one", "other", NULL, MS_BIND, NULL));
	CHECK(!strcmp(test_read_file("other"), "1"));
	FAILS(unlink("other"), EBUSY);
	FAILS(mount("one", "a", NULL, MS_BIND, NULL), ENOTDIR);
	FAILS(mount("a", "one", NULL, MS_BIND, NULL), ENOTDIR);
	OK(umount("other"));
	CHECK(!strcmp(test_read_file("other"), "2"));
}

TEST(remount_changes_flags)
{
	int fd;

	begin();
	OK(mount("none", "a", "tmpfs", 0, NULL));
	test_write_file("a/file", "text");
	OK(mount(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	FAILS(open("a/file", O_WRONLY), EROFS);
	FAILS(open("a/new", O_WRONLY | O_CREAT, 0600), EROFS);
	FAILS(mkdir("a/d", 0755), EROFS);
	FAILS(unlink("a/file"), EROFS);
	FAILS(chmod("a/file", 0600), EROFS);
	FAILS(access("a/file", W_OK), EROFS);
	OK(fd = open("a/file", O_RDONLY));
	OK(close(fd));
	OK(mount(NULL, "a", NULL, MS_REMOUNT, NULL));
	OK(mkdir("a/d", 0755));
	OK(mount("a", "b", NULL, MS_BIND, NULL));
	OK(mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC, NULL));
	FAILS(mkdir("b/e", 0755), EROFS);
	OK(mkdir("a/e", 0755));
	EQUAL(lines_with("/proc/self/mountinfo", "/b ro,noexec,relatime "), 1);
	FAILS(mount(NULL, "a/d", NULL, MS_REMOUNT, NULL), EINVAL);
	OK(umount("b"));
	OK(umount("a"));
}

TEST(move_takes_it_along)
{
	begin();
	OK(mount("none", "a", "tmpfs", 0, NULL));
	OK(mkdir("a/d", 0755));
	OK(mount("none", "a/d", "tmpfs", 0, NULL));
	test_write_file("a/d/file", "text");
	OK(mount("a", "b", NULL, MS_MOVE, NULL));
	CHECK(!exists("a/d"));
	CHECK(!strcmp(test_read_file("b/d/file"), "text"));
	FAILS(mount("c", "a", NULL, MS_MOVE, NULL), EINVAL);
	FAILS(mount("b", "b/d", NULL, MS_MOVE, NULL), ELOOP);
	/* What was moved is bound with all that lies on it. */
	OK(mount("b", "a", NULL, MS_BIND | MS_REC, NULL));
	CHECK(!strcmp(test_read_file("a/d/file"), "text"));
	/* Also into itself, once. */
	OK(mkdir("b/self", 0755));
	OK(mount("b", "b/self", NULL, MS_BIND | MS_REC, NULL));
	CHECK(!strcmp(test_read_file("b/self/d/file"), "text"));
	CHECK(!exists("b/self/self/d"));
	OK(umount2("b/self", MNT_DETACH));
	OK(umount2("a", MNT_DETACH));
	OK(umount("b/d"));
	OK(umount("b"));
}

TEST(mounts_lie_on_one_another)
{
	char name[4096], from[4096];

	begin();
	OK(mount("none", "a", "tmpfs", 0, NULL));
	test_write_file("a/first", "");
	OK(mount("none", "a", "tmpfs", 0, NULL));
	test_write_file("a/second", "");
	CHECK(!exists("a/first"));
	CHECK(getcwd(from, sizeof(from)));
	OK(chdir("a/.."));
	CHECK(getcwd(name, sizeof(name)));
	CHECK(!strcmp(name, from));
	OK(umount("a"));
	CHECK(exists("a/first"));
	OK(umount("a"));
	CHECK(!exists("a/first"));
}

TEST(proc_again)
{
	begin();
	OK(mount("proc", "a", "proc", 0, NULL));
	CHECK(exists("a/self/status"));
	OK(umount("a"));
	CHECK(!exists("a/self"));
	CHECK(exists("/proc/self/status"));
}

/* ".." ends at the root, also where something is mounted over it. */
TEST(chroot_and_mounts)
{
	struct stat root, up;
	int status;
	pid_t child;

	begin();
	OK(mkdir("a/in", 0755));
	OK(child = fork());
	if (!child) {
		OK(chroot("a"));
		OK(chdir("/"));
		OK(mount("none", "/", "tmpfs", 0, NULL));
		/* The root itself is what it was, below. */
		CHECK(exists("/in"));
		test_write_file("/../file", "above");
		CHECK(!exists("/file"));
		CHECK(exists("/in/../../../file"));
		OK(stat("/..", &root));
		OK(chdir("/.."));
		OK(stat("../../../../..", &up));
		EQUAL(root.st_dev, up.st_dev);
		EQUAL(root.st_ino, up.st_ino);
		_exit(0);
	}
	OK(waitpid(child, &status, 0));
	EQUAL(status, 0);
	umount("a");
}

TEST_TIMEOUT(mounting_while_others_walk, 60)
{
	pid_t walkers[3];
	int status;

	begin();
	OK(mkdir("a/d", 0755));
	for (int i = 0; i < 3; i++) {
		OK(walkers[i] = fork());
		if (walkers[i])
			continue;
		for (int round = 0; round < 20000; round++) {
			int fd = open(i ? "a/d/file" : "a/d/../d/file", O_RDWR | O_CREAT, 0600);

			if (fd >= 0)
				close(fd);
			exists("a/d/e/../../..");
		}
		_exit(0);
	}
	for (int round = 0; round < 500; round++) {
		OK(mount("none", "a", "tmpfs", 0, NULL));
		mkdir("a/d", 0755);
		mkdir("a/d/e", 0755);
		OK(umount2("a", MNT_DETACH));
	}
	for (int i = 0; i < 3; i++) {
		OK(waitpid(walkers[i], &status, 0));
		EQUAL(status, 0);
	}
}

TEST(mount_bad_input)
{
	const char *bad = (const char *)8;

	begin();
	const struct {
		const char *source, *target, *type;
		unsigned long flags;
		const char *data;
		int error;
	} rows[] = {
		{ "none", "missing", "tmpfs", 0, NULL, ENOENT },
		{ "none", "", "tmpfs", 0, NULL, ENOENT },
		{ "none", bad, "tmpfs", 0, NULL, EFAULT },
		{ bad, "a", "tmpfs", 0, NULL, EFAULT },
		{ "none", "a", bad, 0, NULL, EFAULT },
		{ "none", "a", "tmpfs", 0, bad, EFAULT },
		{ "none", "a", NULL, 0, NULL, EINVAL },
		{ "none", "a", "no such type", 0, NULL, ENODEV },
		{ "none", "a", "tmpfs", 0, "nonsense=1", EINVAL },
		{ "none", "a", "tmpfs", 0, "mode=9", EINVAL },
		{ "none", "a", "tmpfs", 0, "uid=x", EINVAL },
		{ "none", "a", "tmpfs", 0, "size=", EINVAL },
		{ "none", "a", "tmpfs", 1ul << 31, NULL, EINVAL },	/* MS_NOUSER */
		{ NULL, "a", NULL, MS_BIND, NULL, EINVAL },
		{ "", "a", NULL, MS_BIND, NULL, EINVAL },
		{ "missing", "a", NULL, MS_BIND, NULL, ENOENT },
		{ "b", "a", NULL, MS_MOVE, NULL, EINVAL },
		{ NULL, "a", NULL, MS_REMOUNT, NULL, EINVAL },
		{ NULL, "a", NULL, MS_PRIVATE, NULL, EINVAL },
		{ NULL, "/", NULL, MS_PRIVATE | MS_SLAVE, NULL, EINVAL },
		{ NULL, "/", NULL, MS_PRIVATE | MS_NOSUID, NULL, EINVAL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		errno = 0;
		if (mount(rows[i].source, rows[i].target, rows[i].type, rows[i].flags,
			  rows[i].data) != -1 || errno != rows[i].error)
			test_fail(__FILE__, __LINE__, "row %zu: %s", i, strerror(errno));
	}
	test_write_file("file", "");
	FAILS(mount("none", "file", "tmpfs", 0, NULL), ENOTDIR);
	FAILS(umount2("a", 16), EINVAL);
	FAILS(umount2("a", 0), EINVAL);
	FAILS(umount2("missing", 0), ENOENT);
	FAILS(umount2(bad, 0), EFAULT);
	OK(symlink("a", "link"));
	OK(mount("none", "a", "tmpfs", 0, NULL));
	FAILS(umount2("link", UMOUNT_NOFOLLOW), EINVAL);
	FAILS(umount2("a", MNT_EXPIRE | MNT_DETACH), EINVAL);
	OK(umount2("link", 0));
	OK(setuid(65534));
	FAILS(mount("none", "/", "tmpfs", 0, NULL), EPERM);
	FAILS(mount("none", "/", NULL, 0, NULL), EPERM);
	FAILS(mount("none", "/missing", "tmpfs", 0, NULL), ENOENT);
	FAILS(umount2("/", 0), EPERM);
	FAILS(umount2("/missing", 0), ENOENT);
}
