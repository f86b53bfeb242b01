/* SPDX-License-Identifier: MIT */
/* Modes, owners, access checks, umask, timestamps. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

enum { OTHER = 12345 };

static void need_root(void)
{
	if (geteuid() || syscall(SYS_setfsuid, -1) != 0)
		test_skip("needs root");
	/* In a user namespace with one uid, others cannot be taken. */
	pid_t child = fork();
	if (!child)
		_exit(setresuid(OTHER, OTHER, OTHER) != 0);
	if (test_wait(child))
		test_skip("needs further uids");
}

/* Becomes an ordinary user, in a child of the test. */
static void become_other(void)
{
	OK(setgroups(0, NULL));
	OK(setresgid(OTHER, OTHER, OTHER));
	OK(setresuid(OTHER, OTHER, OTHER));
}

static int mode_of(const char *path)
{
	struct stat status;

	OK(lstat(path, &status));
	return status.st_mode & 07777;
}

TEST(chmod_sets_bits)
{
	int fd;

	test_write_file("file", "x");
	OK(chmod("file", 0751));
	EQUAL(mode_of("file"), 0751);
	OK(fd = open("file", O_RDONLY));
	OK(fchmod(fd, 04600));
	EQUAL(mode_of("file"), 04600);
	OK(fchmodat(AT_FDCWD, "file", 01777, 0));
	EQUAL(mode_of("file"), 01777);
	OK(mkdir("dir", 0700));
	OK(chmod("dir", 01777));
	EQUAL(mode_of("dir"), 01777);
	OK(symlink("file", "link"));
	OK(chmod("link", 0600));
	EQUAL(mode_of("file"), 0600);
	EQUAL(mode_of("link"), 0777);
	FAILS(chmod("missing", 0600), ENOENT);
	FAILS(fchmod(-1, 0600), EBADF);
	OK(chmod("file", 0177777));
	EQUAL(mode_of("file"), 07777);
}

TEST(umask_applies_to_new_files)
{
	int fd;

	EQUAL(umask(027), 022);
	EQUAL(umask(0177027), 027);
	OK(fd = open("file", O_CREAT | O_WRONLY, 0666));
	EQUAL(mode_of("file"), 0640);
	OK(mkdir("dir", 0777));
	EQUAL(mode_of("dir"), 0750);
	OK(mkfifo("fifo", 0777));
	EQUAL(mode_of("fifo"), 0750);
	OK(symlink("x", "link"));
	EQUAL(mode_of("link"), 0777);
	IN_CHILD(EQUAL(umask(0), 027));
	EQUAL(umask(022), 027);
	OK(chmod("file", 0666));
	EQUAL(mode_of("file"), 0666);
}

TEST(mknod_kinds)
{
	struct stat status;

	OK(mknod("plain", S_IFREG | 0600, 0));
	OK(mknod("zero", 0600, 0));
	OK(mknod("fifo", S_IFIFO | 0600, 0));
	OK(stat("plain", &status));
	CHECK(S_ISREG(status.st_mode));
	OK(stat("zero", &status));
	CHECK(S_ISREG(status.st_mode));
	FAILS(mknod("dir", S_IFDIR | 0600, 0), EPERM);
	FAILS(mknod("odd", 0110000 | 0600, 0), EINVAL);
	FAILS(mknod("plain", S_IFREG | 0600, 0), EEXIST);
}

TEST(access_of_own_files)
{
	test_write_file("file", "x");
	OK(access("file", F_OK));
	OK(access("file", R_OK | W_OK));
	FAILS(access("file", X_OK), EACCES);
	OK(chmod("file", 0100));
	OK(access("file", X_OK));
	FAILS(access("missing", F_OK), ENOENT);
	FAILS(access("file", 8), EINVAL);
	OK(syscall(SYS_faccessat2, AT_FDCWD, "file", X_OK, AT_EACCESS));
	FAILS(syscall(SYS_faccessat2, AT_FDCWD, "file", X_OK, 0x8000), EINVAL);
	OK(symlink("gone", "link"));
	FAILS(access("link", F_OK), ENOENT);
	OK(faccessat(AT_FDCWD, "link", F_OK, AT_SYMLINK_NOFOLLOW));
}

TEST(root_may_read_and_write_all)
{
	need_root();
	test_write_file("file", "x");
	OK(chmod("file", 0));
	OK(open("file", O_RDWR));
	OK(access("file", R_OK | W_OK));
	FAILS(access("file", X_OK), EACCES);
	OK(mkdir("dir", 0));
	test_write_file("dir/file", "x");
}

TEST(modes_bind_others)
{
	need_root();
	OK(chmod(".", 0755));
	test_write_file("secret", "x");
	OK(chmod("secret", 0600));
	test_write_file("readable", "x");
	OK(mkdir("closed", 0700));
	test_write_file("closed/file", "x");
	OK(mkdir("search", 0711));
	test_write_file("search/file", "x");
	OK(mkdir("open", 0777));
	OK(chmod("open", 0777));
	IN_CHILD({
		become_other();
		FAILS(open("secret", O_RDONLY), EACCES);
		FAILS(access("secret", R_OK), EACCES);
		OK(open("readable", O_RDONLY));
		FAILS(open("readable", O_WRONLY), EACCES);
		FAILS(open("new", O_CREAT | O_WRONLY, 0600), EACCES);
		FAILS(open("closed/file", O_RDONLY), EACCES);
		FAILS(access("closed/file", F_OK), EACCES);
		FAILS(chdir("closed"), EACCES);
		OK(open("search/file", O_RDONLY));
		FAILS(open("search", O_RDONLY), EACCES);
		FAILS(unlink("readable"), EACCES);
		FAILS(rename("readable", "x"), EACCES);
		FAILS(mkdir("x", 0755), EACCES);
		FAILS(chmod("readable", 0666), EPERM);
		FAILS(chown("readable", OTHER, -1), EPERM);
		FAILS(truncate("readable", 0), EACCES);
		OK(open("open/mine", O_CREAT | O_WRONLY, 0600));
	});
	struct stat status;
	OK(stat("open/mine", &status));
	EQUAL(status.st_uid, OTHER);
	EQUAL(status.st_gid, OTHER);
}

TEST(group_bits_apply_to_members)
{
	need_root();
	OK(chmod(".", 0755));
	test_write_file("file", "x");
	OK(chown("file", 0, 777));
	OK(chmod("file", 0640));
	test_write_file("own", "x");
	OK(chown("own", OTHER, 777));
	OK(chmod("own", 0070));
	IN_CHILD({
		gid_t groups[2] = { 555, 777 };

		OK(setgroups(2, groups));
		OK(setresgid(OTHER, OTHER, OTHER));
		OK(setresuid(OTHER, OTHER, OTHER));
		OK(open("file", O_RDONLY));
		FAILS(open("file", O_WRONLY), EACCES);
		FAILS(open("own", O_RDONLY), EACCES);
	});
	IN_CHILD({
		become_other();
		FAILS(open("file", O_RDONLY), EACCES);
	});
}

TEST(sticky_directory_protects)
{
	need_root();
	OK(chmod(".", 0755));
	OK(mkdir("sticky", 0755));
	OK(chmod("sticky", 01777));
	test_write_file("sticky/roots", "x");
	IN_CHILD({
		become_other();
		FAILS(unlink("sticky/roots"), EPERM);
		FAILS(rename("sticky/roots", "sticky/x"), EPERM);
		test_write_file("sticky/mine", "x");
		OK(unlink("sticky/mine"));
	});
}

TEST(chown_and_special_bits)
{
	struct stat status;

	need_root();
	test_write_file("file", "x");
	OK(chmod("file", 06755));
	OK(chown("file", 1, 2));
	OK(stat("file", &status));
	EQUAL(status.st_uid, 1);
	EQUAL(status.st_gid, 2);
	EQUAL(status.st_mode & 07777, 0755);
	OK(chown("file", -1, 3));
	OK(stat("file", &status));
	EQUAL(status.st_uid, 1);
	EQUAL(status.st_gid, 3);
	OK(symlink("file", "link"));
	OK(lchown("link", 5, 6));
	OK(lstat("link", &status));
	EQUAL(status.st_uid, 5);
	OK(stat("file", &status));
	EQUAL(status.st_uid, 1);
	FAILS(chown("missing", 1, 1), ENOENT);
}

TEST(writing_clears_setuid)
{
	need_root();
	OK(chmod(".", 0777));
	test_write_file("file", "x");
	OK(chown("file", OTHER, OTHER));
	OK(chmod("file", 06777));
	IN_CHILD({
		become_other();
		int fd = open("file", O_WRONLY);

		EQUAL(write(fd, "y", 1), 1);
	});
	EQUAL(mode_of("file"), 0777);
}

TEST(setgid_directory_gives_its_group)
{
	struct stat status;

	need_root();
	OK(mkdir("dir", 0755));
	OK(chown("dir", 0, 777));
	OK(chmod("dir", 02755));
	test_write_file("dir/file", "x");
	OK(mkdir("dir/sub", 0755));
	OK(stat("dir/file", &status));
	EQUAL(status.st_gid, 777);
	OK(stat("dir/sub", &status));
	EQUAL(status.st_gid, 777);
	CHECK(status.st_mode & S_ISGID);
}

TEST(execute_permission_is_needed)
{
	test_write_file("script", "#!/bin/sh\nexit 0\n");
	IN_CHILD({
		execl("./script", "script", NULL);
		EQUAL(errno, EACCES);
	});
	OK(chmod("script", 0755));
	pid_t child = fork();
	if (!child) {
		execl("./script", "script", NULL);
		_exit(9);
	}
	EQUAL(test_wait(child), 0);
	OK(mkdir("dir", 0755));
	IN_CHILD({
		execl("./dir", "dir", NULL);
		EQUAL(errno, EACCES);
	});
}

TEST(setuid_program_changes_user)
{
	need_root();
	OK(chmod(".", 0755));
	IN_CHILD({
		char *arguments[] = { "cp", "/usr/bin/id", "id", NULL };

		execvp("cp", arguments);
		_exit(1);
	});
	OK(chown("id", 4321, 4322));
	OK(chmod("id", 06755));
	int fds[2];
	OK(pipe(fds));
	pid_t child = fork();
	if (!child) {
		become_other();
		dup2(fds[1], 1);
		execl("./id", "id", "-u", NULL);
		_exit(9);
	}
	EQUAL(test_wait(child), 0);
	char text[32] = "";
	OK(read(fds[0], text, sizeof(text) - 1));
	/* A file system that is mounted nosuid, and Linux under no_new_privs, keep the user. */
	if (!strcmp(text, "12345\n"))
		test_skip("setuid is switched off here");
	SAME(text, "4321\n");
}

TEST(times_are_set)
{
	struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
	struct stat status;
	int fd;

	test_write_file("file", "x");
	OK(utimensat(AT_FDCWD, "file", times, 0));
	OK(stat("file", &status));
	EQUAL(status.st_atim.tv_sec, 1000000000);
	EQUAL(status.st_atim.tv_nsec, 123456789);
	EQUAL(status.st_mtim.tv_sec, 1100000000);
	EQUAL(status.st_mtim.tv_nsec, 987654321);
	CHECK(status.st_ctim.tv_sec > 1100000000);
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_nsec = 0;
	times[1].tv_sec = 5;
	OK(fd = open("file", O_RDONLY));
	OK(futimens(fd, times));
	OK(stat("file", &status));
	EQUAL(status.st_atim.tv_sec, 1000000000);
	EQUAL(status.st_mtim.tv_sec, 5);
	times[1].tv_nsec = UTIME_NOW;
	OK(futimens(fd, times));
	OK(stat("file", &status));
	CHECK(status.st_mtim.tv_sec > 1100000000);
	times[1].tv_nsec = 1000000000;
	FAILS(futimens(fd, times), EINVAL);
	FAILS(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
	OK(symlink("file", "link"));
	times[0] = times[1] = (struct timespec){ 77, 0 };
	OK(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
	OK(lstat("link", &status));
	EQUAL(status.st_mtim.tv_sec, 77);
	OK(stat("link", &status));
	CHECK(status.st_mtim.tv_sec != 77);
}

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

TEST(changes_move_the_right_times)
{
	struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat before, after;
	int fd;

	OK(mkdir("dir", 0755));
	test_write_file("dir/file", "x");
	OK(utimensat(AT_FDCWD, "dir/file", past, 0));
	OK(utimensat(AT_FDCWD, "dir", past, 0));
	OK(stat("dir/file", &before));
	OK(chmod("dir/file", 0600));
	OK(stat("dir/file", &after));
	CHECK(same_time(after.st_mtim, before.st_mtim));
	OK(fd = open("dir/file", O_WRONLY));
	EQUAL(write(fd, "y", 1), 1);
	OK(stat("dir/file", &after));
	CHECK(later(after.st_mtim, before.st_mtim));
	OK(stat("dir", &after));
	EQUAL(after.st_mtim.tv_sec, 1000);
	OK(rename("dir/file", "dir/moved"));
	OK(stat("dir", &after));
	CHECK(after.st_mtim.tv_sec > 1000);
	OK(utimensat(AT_FDCWD, "dir", past, 0));
	OK(unlink("dir/moved"));
	OK(stat("dir", &after));
	CHECK(after.st_mtim.tv_sec > 1000);
	OK(utimensat(AT_FDCWD, "dir", past, 0));
	OK(mkdir("dir/sub", 0755));
	OK(stat("dir", &after));
	CHECK(after.st_mtim.tv_sec > 1000);
}

TEST(new_files_have_the_present_time)
{
	struct timespec now;
	struct stat status;

	test_write_file("file", "x");
	OK(clock_gettime(CLOCK_REALTIME, &now));
	OK(stat("file", &status));
	CHECK(!later(status.st_mtim, now));
	CHECK(now.tv_sec - status.st_mtim.tv_sec < 60);
}

TEST(extended_attributes_if_any)
{
	char value[16] = "";

	test_write_file("file", "x");
	if (setxattr("file", "user.mezzo", "value", 5, 0)) {
		CHECK(errno == ENOTSUP || errno == ENOSYS);
		test_skip("no extended attributes here");
	}
	EQUAL(getxattr("file", "user.mezzo", value, sizeof(value)), 5);
	SAME(value, "value");
	FAILS(getxattr("file", "user.none", value, sizeof(value)), ENODATA);
	FAILS(setxattr("file", "user.mezzo", "v", 1, XATTR_CREATE), EEXIST);
	OK(removexattr("file", "user.mezzo"));
}

/* Who is not of a directory's group makes no programs that run as it. */
TEST(set_group_id_of_new_files)
{
	struct stat status;

	if (geteuid())
		test_skip("only root gives directories away");
	OK(mkdir("d", 0));
	OK(chown("d", 0, 6));
	OK(chmod("d", 02777));
	OK(chdir("d"));
	OK(close(open("by_root", O_CREAT | O_RDWR, 02755)));
	OK(stat("by_root", &status));
	EQUAL(status.st_mode, S_IFREG | 02755);
	OK(setgid(1000));
	OK(setuid(1000));
	umask(0);
	OK(close(open("new", O_CREAT | O_RDWR, 02755)));
	OK(stat("new", &status));
	EQUAL(status.st_gid, 6);
	EQUAL(status.st_mode, S_IFREG | 0755);
	OK(close(open("locked", O_CREAT | O_RDWR, 02744)));
	OK(stat("locked", &status));
	EQUAL(status.st_mode, S_IFREG | 02744);
	OK(mkdir("inner", 0755));
	OK(stat("inner", &status));
	EQUAL(status.st_mode, S_IFDIR | 02755);
}
