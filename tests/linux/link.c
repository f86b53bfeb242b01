/* SPDX-License-Identifier: MIT */
/* Hard links, symbolic links, rename. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

#define VOLUME_MAGIC 0x6d7a766c	/* a volume of a domain: others use it too */

TEST(hard_links_are_one_file)
{
	struct stat a, b;

	test_write_file("a", "text");
	OK(link("a", "b"));
	OK(stat("a", &a));
	OK(stat("b", &b));
	EQUAL(a.st_ino, b.st_ino);
	EQUAL(a.st_nlink, 2);
	test_write_file("b", "changed");
	SAME(test_read_file("a"), "changed");
	OK(unlink("a"));
	OK(stat("b", &b));
	EQUAL(b.st_nlink, 1);
	SAME(test_read_file("b"), "changed");
}

TEST(hard_link_refusals)
{
	test_write_file("file", "x");
	OK(mkdir("dir", 0755));
	FAILS(link("file", "dir"), EEXIST);
	FAILS(link("missing", "new"), ENOENT);
	FAILS(link("dir", "new"), EPERM);
	FAILS(link("file", "missing/new"), ENOENT);
	FAILS(link("file", ""), ENOENT);
	FAILS(link("file/", "new"), ENOTDIR);
	FAILS(linkat(AT_FDCWD, "file", AT_FDCWD, "new", 0x10), EINVAL);
}

TEST(hard_link_to_symbolic_link)
{
	struct stat status;

	test_write_file("file", "x");
	OK(symlink("file", "sym"));
	OK(link("sym", "same"));
	OK(lstat("same", &status));
	CHECK(S_ISLNK(status.st_mode));
	OK(linkat(AT_FDCWD, "sym", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
	OK(lstat("followed", &status));
	CHECK(S_ISREG(status.st_mode));
}

TEST(symbolic_link_read_and_followed)
{
	char target[16] = "";
	struct stat status;

	test_write_file("file", "through");
	OK(symlink("file", "link"));
	EQUAL(readlink("link", target, sizeof(target)), 4);
	SAME(target, "file");
	EQUAL(readlink("link", target, 2), 2);
	SAME(test_read_file("link"), "through");
	OK(lstat("link", &status));
	CHECK(S_ISLNK(status.st_mode));
	EQUAL(status.st_size, 4);
	EQUAL(status.st_mode & 07777, 0777);
	OK(stat("link", &status));
	CHECK(S_ISREG(status.st_mode));
	FAILS(readlink("file", target, sizeof(target)), EINVAL);
	FAILS(readlink("missing", target, sizeof(target)), ENOENT);
	FAILS(readlink("link", target, 0), EINVAL);
	FAILS(symlink("x", "link"), EEXIST);
	FAILS(symlink("", "empty"), ENOENT);
	OK(unlink("link"));
	OK(access("file", F_OK));
}

TEST(symbolic_link_to_directory)
{
	struct stat status;

	OK(mkdir("dir", 0755));
	test_write_file("dir/file", "x");
	OK(symlink("dir", "link"));
	SAME(test_read_file("link/file"), "x");
	OK(lstat("link/", &status));
	CHECK(S_ISDIR(status.st_mode));
	FAILS(rmdir("link"), ENOTDIR);
	FAILS(open("link", O_RDONLY | O_DIRECTORY | O_NOFOLLOW), ENOTDIR);
	OK(open("link", O_RDONLY | O_DIRECTORY));
	OK(symlink("../dir/../dir/file", "dir/back"));
	SAME(test_read_file("link/back"), "x");
	FAILS(mkdir("link", 0755), EEXIST);
}

TEST(symbolic_link_absolute_and_dangling)
{
	char here[4096], path[4200];
	struct stat status;

	CHECK(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/file", here);
	test_write_file("file", "x");
	OK(symlink(path, "absolute"));
	SAME(test_read_file("absolute"), "x");
	OK(symlink("gone", "dangling"));
	FAILS(stat("dangling", &status), ENOENT);
	OK(lstat("dangling", &status));
	FAILS(mkdir("dangling", 0755), EEXIST);
	test_write_file("dangling", "made");
	SAME(test_read_file("gone"), "made");
}

TEST(symbolic_link_loops)
{
	struct stat status;
	char name[16], target[16];

	OK(symlink("b", "a"));
	OK(symlink("a", "b"));
	FAILS(open("a", O_RDONLY), ELOOP);
	FAILS(stat("a/below", &status), ELOOP);
	OK(symlink("self", "self"));
	FAILS(access("self", F_OK), ELOOP);
	test_write_file("0", "end");
	for (int i = 1; i <= 41; i++) {
		snprintf(target, sizeof(target), "%d", i - 1);
		snprintf(name, sizeof(name), "%d", i);
		OK(symlink(target, name));
	}
	SAME(test_read_file("40"), "end");
	FAILS(open("41", O_RDONLY), ELOOP);
}

TEST(symbolic_link_long_target)
{
	static char target[5000], text[5000];

	memset(target, 't', sizeof(target));
	target[4095] = 0;
	OK(symlink(target, "link"));
	EQUAL(readlink("link", text, sizeof(text)), 4095);
	target[4095] = 't';
	target[4096] = 0;
	FAILS(symlink(target, "other"), ENAMETOOLONG);
}

TEST(rename_file)
{
	struct stat before, after;

	test_write_file("a", "text");
	OK(stat("a", &before));
	OK(rename("a", "b"));
	OK(stat("b", &after));
	EQUAL(after.st_ino, before.st_ino);
	FAILS(access("a", F_OK), ENOENT);
	test_write_file("c", "other");
	OK(rename("b", "c"));
	SAME(test_read_file("c"), "text");
	FAILS(access("b", F_OK), ENOENT);
	FAILS(rename("missing", "x"), ENOENT);
	FAILS(rename("c", "missing/x"), ENOENT);
	OK(rename("c", "c"));
	SAME(test_read_file("c"), "text");
}

TEST(rename_between_hard_links_does_nothing)
{
	test_write_file("a", "x");
	OK(link("a", "b"));
	OK(rename("a", "b"));
	OK(access("a", F_OK));
	OK(access("b", F_OK));
}

TEST(rename_directory)
{
	OK(mkdir("a", 0755));
	OK(mkdir("a/sub", 0755));
	test_write_file("a/sub/file", "x");
	OK(mkdir("target", 0755));
	OK(rename("a", "target"));
	SAME(test_read_file("target/sub/file"), "x");
	OK(mkdir("full", 0755));
	test_write_file("full/file", "x");
	FAILS(rename("target", "full"), ENOTEMPTY);
	FAILS(rename("target", "target/sub/inside"), EINVAL);
	test_write_file("file", "x");
	FAILS(rename("target", "file"), ENOTDIR);
	FAILS(rename("file", "target"), EISDIR);
	OK(rename("target/sub", "sub"));
	OK(access("sub/../sub/file", F_OK));
	FAILS(rename("sub/.", "x"), EBUSY);
	FAILS(rename("sub", "."), EBUSY);
}

TEST(rename_over_open_file)
{
	char text[8] = "";
	int fd;

	test_write_file("old", "old");
	test_write_file("new", "new");
	OK(fd = open("old", O_RDONLY));
	OK(rename("new", "old"));
	EQUAL(read(fd, text, sizeof(text)), 3);
	SAME(text, "old");
	SAME(test_read_file("old"), "new");
}

TEST(rename_flags)
{
	test_write_file("a", "A");
	test_write_file("b", "B");
	OK(mkdir("dir", 0755));
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
	OK(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
	OK(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE));
	SAME(test_read_file("b"), "A");
	SAME(test_read_file("c"), "B");
	OK(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "dir", RENAME_EXCHANGE));
	SAME(test_read_file("dir"), "A");
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "none", RENAME_EXCHANGE), ENOENT);
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "d", 0x100), EINVAL);
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "d",
		      RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
}

static void is_whiteout(const char *path)
{
	struct stat status;

	OK(lstat(path, &status));
	EQUAL(status.st_mode, S_IFCHR);
	EQUAL(status.st_rdev, 0);
	EQUAL(status.st_nlink, 1);
	EQUAL(status.st_uid, geteuid());
}

static long rename_with(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

TEST(rename_leaves_a_whiteout)
{
	struct statfs file_system;

	test_write_file("a", "A");
	test_write_file("b", "B");
	OK(statfs(".", &file_system));
	if (file_system.f_type == VOLUME_MAGIC) {
		FAILS(rename_with("a", "b", RENAME_WHITEOUT), EINVAL);
		return;
	}
	OK(mkdir("dir", 0755));
	OK(mkdir("dir/sub", 0755));
	OK(rename_with("a", "dir/a", RENAME_WHITEOUT));
	SAME(test_read_file("dir/a"), "A");
	is_whiteout("a");
	FAILS(open("a", O_RDONLY), geteuid() ? EACCES : ENXIO);
	OK(rename_with("b", "dir/a", RENAME_WHITEOUT));
	SAME(test_read_file("dir/a"), "B");
	is_whiteout("b");
	FAILS(rename_with("dir/a", "a", RENAME_WHITEOUT | RENAME_NOREPLACE), EEXIST);
	OK(rename_with("dir/a", "a", RENAME_WHITEOUT));
	is_whiteout("dir/a");
	OK(rename_with("dir/sub", "sub", RENAME_WHITEOUT | RENAME_NOREPLACE));
	is_whiteout("dir/sub");
	FAILS(rmdir("dir"), ENOTEMPTY);
	/* To itself it stays. */
	OK(link("a", "c"));
	OK(rename_with("a", "c", RENAME_WHITEOUT));
	SAME(test_read_file("a"), "B");
	/* It is a file as others. */
	OK(rename("b", "dir/sub"));
	OK(unlink("dir/sub"));
	OK(unlink("dir/a"));
	OK(rmdir("dir"));
	FAILS(rename_with("none", "x", RENAME_WHITEOUT), ENOENT);
	FAILS(rename_with("a", "c", RENAME_WHITEOUT | RENAME_EXCHANGE), EINVAL);
}

TEST(rename_symbolic_link_itself)
{
	char target[16] = "";

	test_write_file("file", "x");
	OK(symlink("file", "link"));
	OK(rename("link", "moved"));
	EQUAL(readlink("moved", target, sizeof(target)), 4);
	SAME(target, "file");
	OK(symlink("moved", "over"));
	OK(rename("file", "over"));
	SAME(test_read_file("over"), "x");
	FAILS(access("moved", F_OK), ENOENT);
}

TEST(copy_of_a_system_file_on_write)
{
	/*
	 * A file that came with the system is changed through one name and is whole through others.
	 */
	struct stat before, after;
	char text[64];
	int fd, reader;

	if (geteuid() || access("/etc/passwd", W_OK))
		test_skip("needs root");
	/* Only where nothing outside can notice: this test changes nothing that lasts. */
	OK(stat("/etc/passwd", &before));
	OK(reader = open("/etc/passwd", O_RDONLY));
	OK(fd = open("/etc/passwd", O_RDWR | O_APPEND));
	EQUAL(read(reader, text, sizeof(text)), sizeof(text));
	OK(fstat(fd, &after));
	EQUAL(after.st_size, before.st_size);
	EQUAL(after.st_ino, before.st_ino);
	EQUAL(after.st_mode, before.st_mode);
	EQUAL(after.st_uid, before.st_uid);
	EQUAL(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
}

/* A name that was walked before needs nothing of a disk. */
TEST(openat2_of_cached_names)
{
	struct { uint64_t flags, mode, resolve; } how = { .resolve = 0x20 };
	struct statfs status;
	int fd;

	test_write_file("file", "x");
	OK(access("file", R_OK));
	OK(statfs(".", &status));
	if (status.f_type == VOLUME_MAGIC) {
		/* Others may have changed it: it is looked up each time. */
		FAILS(syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how)), EAGAIN);
	} else {
		OK(fd = (int)syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how)));
		OK(close(fd));
	}
	how.flags = O_CREAT | O_RDWR;
	how.mode = 0600;
	FAILS(syscall(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)), EAGAIN);
	how.flags = O_TRUNC | O_RDWR;
	how.mode = 0;
	FAILS(syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how)), EAGAIN);
	how.resolve = 0x40;
	FAILS(syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how)), EINVAL);
}
