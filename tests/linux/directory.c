/* SPDX-License-Identifier: MIT */
/* Directories: making, removing, reading while they change, the current directory, depth. */
#include "tests/linux/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

/* Counts the entries besides "." and "..", and demands these two once each. */
static int count_entries(const char *path)
{
	DIR *stream = opendir(path);
	struct dirent *entry;
	int count = 0, dots = 0;

	CHECK(stream);
	while ((entry = readdir(stream))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			dots++;
		else
			count++;
	}
	closedir(stream);
	EQUAL(dots, 2);
	return count;
}

TEST(mkdir_and_rmdir)
{
	struct stat status;

	OK(mkdir("dir", 0755));
	FAILS(mkdir("dir", 0755), EEXIST);
	FAILS(mkdir("missing/dir", 0755), ENOENT);
	OK(mkdir("slash/", 0700));
	OK(stat("dir", &status));
	EQUAL(status.st_mode, S_IFDIR | 0755);
	OK(mkdir("dir/sub", 0755));
	FAILS(rmdir("dir"), ENOTEMPTY);
	OK(rmdir("dir/sub"));
	FAILS(rmdir("dir/."), EINVAL);
	FAILS(rmdir("dir/.."), ENOTEMPTY);
	OK(rmdir("dir"));
	FAILS(rmdir("dir"), ENOENT);
	test_write_file("file", "x");
	FAILS(rmdir("file"), ENOTDIR);
	FAILS(mkdir("file/sub", 0755), ENOTDIR);
	FAILS(unlink("slash"), EISDIR);
	FAILS(unlinkat(AT_FDCWD, "file", AT_REMOVEDIR), ENOTDIR);
	FAILS(unlinkat(AT_FDCWD, "file", 0x1000), EINVAL);
	FAILS(mkdir("", 0755), ENOENT);
	FAILS(mkdir("/", 0755), EEXIST);
	FAILS(mkdir("slash/.", 0755), EEXIST);
}

TEST(unlink_ways)
{
	test_write_file("file", "x");
	FAILS(unlink("file/"), ENOTDIR);
	OK(unlink("file"));
	FAILS(unlink("file"), ENOENT);
	FAILS(unlink(""), ENOENT);
	OK(symlink("nowhere", "link"));
	OK(unlink("link"));
}

TEST(readdir_types_and_inodes)
{
	DIR *stream;
	struct dirent *entry;
	struct stat status;
	int seen = 0;

	test_write_file("file", "x");
	OK(mkdir("dir", 0755));
	OK(symlink("file", "link"));
	OK(mkfifo("fifo", 0600));
	CHECK(stream = opendir("."));
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		seen++;
		OK(lstat(entry->d_name, &status));
		EQUAL(entry->d_ino, status.st_ino);
		if (entry->d_type != DT_UNKNOWN)
			EQUAL(DTTOIF(entry->d_type), status.st_mode & S_IFMT);
	}
	EQUAL(seen, 4);
	closedir(stream);
}

TEST(getdents_small_buffers)
{
	char buffer[1024];
	int dir, count = 0;
	long got;

	for (int i = 0; i < 100; i++) {
		snprintf(buffer, sizeof(buffer), "entry-with-a-longer-name-%d", i);
		test_write_file(buffer, "");
	}
	OK(dir = open(".", O_RDONLY | O_DIRECTORY));
	FAILS(syscall(SYS_getdents64, dir, buffer, 10), EINVAL);
	while ((got = syscall(SYS_getdents64, dir, buffer, 100)) > 0) {
		for (long at = 0; at < got;) {
			struct linux_dirent64 *entry = (void *)(buffer + at);

			CHECK(entry->d_reclen % 8 == 0);
			count += entry->d_name[0] == 'e';
			at += entry->d_reclen;
		}
	}
	EQUAL(got, 0);
	EQUAL(count, 100);
	EQUAL(syscall(SYS_getdents64, dir, buffer, 100), 0);
	EQUAL(lseek(dir, 0, SEEK_SET), 0);
	CHECK(syscall(SYS_getdents64, dir, buffer, sizeof(buffer)) > 0);
	test_write_file("file", "");
	OK(dir = open("file", O_RDONLY));
	FAILS(syscall(SYS_getdents64, dir, buffer, 100), ENOTDIR);
}

TEST(readdir_while_entries_go)
{
	char name[32], seen[2000] = "";
	struct dirent *entry;
	DIR *stream;
	int count = 0;

	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		test_write_file(name, "");
	}
	CHECK(stream = opendir("."));
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		EQUAL(seen[atoi(entry->d_name)]++, 0);
		OK(unlink(entry->d_name));
		count++;
	}
	closedir(stream);
	EQUAL(count, 2000);
	EQUAL(count_entries("."), 0);
}

TEST(readdir_while_entries_come)
{
	char name[32], seen[500] = "";
	struct dirent *entry;
	DIR *stream;
	int added = 0;

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "%d", i);
		test_write_file(name, "");
	}
	CHECK(stream = opendir("."));
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			EQUAL(seen[atoi(entry->d_name)]++, 0);
		if (added < 1000) {
			snprintf(name, sizeof(name), "new%d", added++);
			test_write_file(name, "");
		}
	}
	closedir(stream);
	for (int i = 0; i < 500; i++)
		EQUAL(seen[i], 1);
	CHECK(count_entries(".") == 500 + added);
}

TEST(telldir_and_seekdir)
{
	char name[32], remembered[300];
	struct dirent *entry;
	DIR *stream;
	long position;

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "%d", i);
		test_write_file(name, "");
	}
	CHECK(stream = opendir("."));
	for (int i = 0; i < 150; i++)
		CHECK(readdir(stream));
	position = telldir(stream);
	CHECK(entry = readdir(stream));
	strcpy(remembered, entry->d_name);
	for (int i = 0; i < 50; i++)
		CHECK(readdir(stream));
	seekdir(stream, position);
	CHECK(entry = readdir(stream));
	SAME(entry->d_name, remembered);
	rewinddir(stream);
	int count = 0;
	while (readdir(stream))
		count++;
	EQUAL(count, 302);
	closedir(stream);
}

TEST(directory_link_counts)
{
	struct stat status;

	OK(mkdir("dir", 0755));
	OK(stat("dir", &status));
	CHECK(status.st_nlink == 2 || status.st_nlink == 1);
	if (status.st_nlink == 1)
		test_skip("this file system does not count directories");
	OK(mkdir("dir/a", 0755));
	OK(mkdir("dir/b", 0755));
	OK(stat("dir", &status));
	EQUAL(status.st_nlink, 4);
	OK(rmdir("dir/a"));
	OK(stat("dir", &status));
	EQUAL(status.st_nlink, 3);
}

TEST(current_directory)
{
	char here[4096], path[4200], small[2];
	int dir;

	OK(mkdir("dir", 0755));
	CHECK(getcwd(here, sizeof(here)));
	OK(dir = open(".", O_RDONLY));
	OK(chdir("dir"));
	CHECK(getcwd(path, sizeof(path)));
	CHECK(strlen(path) == strlen(here) + 4 && !strcmp(path + strlen(here), "/dir"));
	EQUAL(syscall(SYS_getcwd, path, sizeof(path)), strlen(here) + 5);
	FAILS(syscall(SYS_getcwd, small, sizeof(small)), ERANGE);
	OK(chdir(".."));
	CHECK(getcwd(path, sizeof(path)));
	SAME(path, here);
	OK(chdir("/"));
	SAME(getcwd(path, sizeof(path)), "/");
	OK(chdir("../../.."));
	SAME(getcwd(path, sizeof(path)), "/");
	OK(fchdir(dir));
	SAME(getcwd(path, sizeof(path)), here);
	test_write_file("file", "x");
	FAILS(chdir("file"), ENOTDIR);
	FAILS(chdir("missing"), ENOENT);
	FAILS(fchdir(-1), EBADF);
	OK(dir = open("file", O_RDONLY));
	FAILS(fchdir(dir), ENOTDIR);
}

TEST(current_directory_removed)
{
	char path[4096];

	OK(mkdir("dir", 0755));
	OK(chdir("dir"));
	OK(rmdir("../dir"));
	FAILS(syscall(SYS_getcwd, path, sizeof(path)), ENOENT);
	FAILS(open("file", O_WRONLY | O_CREAT, 0600), ENOENT);
	FAILS(mkdir("sub", 0755), ENOENT);
	OK(chdir(".."));
}

TEST(current_directory_moves_along)
{
	char path[4096];

	OK(mkdir("a", 0755));
	OK(mkdir("b", 0755));
	OK(chdir("a"));
	OK(rename("../a", "../b/c"));
	CHECK(getcwd(path, sizeof(path)));
	SAME(path + strlen(path) - 4, "/b/c");
	test_write_file("file", "x");
	OK(access("../../b/c/file", F_OK));
}

TEST(current_directory_is_per_process)
{
	char before[4096], after[4096];

	OK(mkdir("dir", 0755));
	CHECK(getcwd(before, sizeof(before)));
	IN_CHILD(OK(chdir("dir")));
	CHECK(getcwd(after, sizeof(after)));
	SAME(after, before);
}

TEST(deep_tree)
{
	enum { DEPTH = 1000 };
	int top;

	OK(top = open(".", O_RDONLY));
	for (int i = 0; i < DEPTH; i++) {
		OK(mkdir("d", 0755));
		OK(chdir("d"));
	}
	test_write_file("bottom", "x");
	OK(unlink("bottom"));
	for (int i = 0; i < DEPTH; i++) {
		OK(chdir(".."));
		OK(rmdir("d"));
	}
	OK(fchdir(top));
	EQUAL(count_entries("."), 0);
}

TEST(names_of_255_and_256_bytes)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = 0;
	test_write_file(name, "long");
	SAME(test_read_file(name), "long");
	OK(unlink(name));
	OK(mkdir(name, 0755));
	OK(rmdir(name));
	name[255] = 'n';
	name[256] = 0;
	FAILS(open(name, O_WRONLY | O_CREAT, 0600), ENAMETOOLONG);
	FAILS(open(name, O_RDONLY), ENAMETOOLONG);
	FAILS(mkdir(name, 0755), ENAMETOOLONG);
	FAILS(symlink("x", name), ENAMETOOLONG);
	FAILS(access(name, F_OK), ENAMETOOLONG);
}

TEST(paths_of_4095_and_4096_bytes)
{
	char path[5000];
	size_t size = 0;

	test_write_file("file", "x");
	while (size < 4091 - 2) {
		path[size++] = '.';
		path[size++] = '/';
	}
	while (size < 4091)
		path[size++] = '/';
	strcpy(path + size, "file");
	EQUAL(strlen(path), 4095);
	SAME(test_read_file(path), "x");
	memmove(path + 1, path, 4096);
	path[0] = '.';
	path[1] = '/';
	EQUAL(strlen(path), 4096);
	FAILS(open(path, O_RDONLY), ENAMETOOLONG);
	FAILS(access(path, F_OK), ENAMETOOLONG);
	memset(path, 'x', sizeof(path));
	FAILS(syscall(SYS_access, path, 0), ENAMETOOLONG);
}

TEST(names_of_all_bytes)
{
	char name[4] = "a?z";
	struct dirent *entry;
	char seen[256] = "";
	DIR *stream;

	for (int byte = 1; byte < 256; byte++) {
		if (byte == '/')
			continue;
		name[1] = byte;
		test_write_file(name, "");
	}
	CHECK(stream = opendir("."));
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == 'a')
			seen[(unsigned char)entry->d_name[1]]++;
	}
	closedir(stream);
	for (int byte = 1; byte < 256; byte++)
		EQUAL(seen[byte], byte != '/');
}

TEST(slashes_and_dots)
{
	struct stat a, b;

	OK(mkdir("dir", 0755));
	test_write_file("dir/file", "x");
	OK(stat("dir/file", &a));
	OK(stat(".//dir///.//..//dir/file", &b));
	EQUAL(a.st_ino, b.st_ino);
	OK(stat("dir/", &a));
	OK(stat("dir/.", &b));
	EQUAL(a.st_ino, b.st_ino);
	FAILS(stat("dir/file/.", &a), ENOTDIR);
	FAILS(stat("dir/file/..", &a), ENOTDIR);
	FAILS(stat("missing/../dir", &a), ENOENT);
	OK(stat("/..", &a));
	OK(stat("/", &b));
	EQUAL(a.st_ino, b.st_ino);
}

TEST(lower_directory_shows_and_hides_changes)
{
	/* A directory that came with the system, where one may write. */
	const char *parent = "/var/tmp";
	char path[64], below[80];

	if (access(parent, W_OK))
		test_skip("/var/tmp is missing");
	snprintf(path, sizeof(path), "%s/mezzo-test-%d", parent, getpid());
	int before = count_entries(parent);

	OK(mkdir(path, 0755));
	EQUAL(count_entries(parent), before + 1);
	snprintf(below, sizeof(below), "%s/file", path);
	test_write_file(below, "x");
	FAILS(rmdir(path), ENOTEMPTY);
	OK(unlink(below));
	OK(rmdir(path));
	EQUAL(count_entries(parent), before);
	FAILS(access(path, F_OK), ENOENT);
}
