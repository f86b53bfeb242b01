/* SPDX-License-Identifier: MIT */
/* Regular files: open, read, write, seek, truncate, allocation, copies. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <limits.h>
#include <asm/termbits.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

TEST(open_creates_and_truncates)
{
	struct stat status;
	int fd;

	FAILS(open("file", O_RDONLY), ENOENT);
	OK(fd = open("file", O_WRONLY | O_CREAT, 0640));
	EQUAL(write(fd, "hello", 5), 5);
	OK(fstat(fd, &status));
	EQUAL(status.st_mode, S_IFREG | 0640);
	EQUAL(status.st_size, 5);
	EQUAL(status.st_nlink, 1);
	OK(close(fd));
	OK(fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0777));
	OK(fstat(fd, &status));
	EQUAL(status.st_mode, S_IFREG | 0640);
	EQUAL(status.st_size, 0);
}

TEST(open_exclusive)
{
	int fd;

	OK(fd = open("file", O_WRONLY | O_CREAT | O_EXCL, 0600));
	OK(close(fd));
	FAILS(open("file", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	OK(symlink("nowhere", "link"));
	FAILS(open("link", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	FAILS(open("link", O_RDONLY), ENOENT);
	OK(fd = open("link", O_WRONLY | O_CREAT, 0600));
	OK(close(fd));
	OK(access("nowhere", F_OK));
}

TEST(open_refusals)
{
	OK(mkdir("dir", 0755));
	test_write_file("file", "x");
	OK(symlink("file", "link"));
	FAILS(open("dir", O_WRONLY), EISDIR);
	FAILS(open("dir", O_RDWR), EISDIR);
	FAILS(open("dir", O_RDONLY | O_CREAT, 0600), EISDIR);
	FAILS(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
	FAILS(open("file/below", O_RDONLY), ENOTDIR);
	FAILS(open("file/", O_RDONLY), ENOTDIR);
	FAILS(open("new/", O_WRONLY | O_CREAT, 0600), EISDIR);
	FAILS(open("missing/new", O_WRONLY | O_CREAT, 0600), ENOENT);
	FAILS(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	FAILS(open("", O_RDONLY), ENOENT);
	FAILS(openat(1000, "file", O_RDONLY), EBADF);
	FAILS(openat(AT_FDCWD, "file", O_RDONLY | O_TMPFILE), EINVAL);
}

TEST(open_relative_to_descriptor)
{
	int dir, fd;

	OK(mkdir("dir", 0755));
	OK(dir = open("dir", O_RDONLY | O_DIRECTORY));
	OK(fd = openat(dir, "file", O_WRONLY | O_CREAT, 0600));
	OK(access("dir/file", F_OK));
	FAILS(openat(fd, "x", O_RDONLY), ENOTDIR);
	OK(openat(fd, "/dev/null", O_RDONLY));
	OK(rename("dir", "moved"));
	OK(openat(dir, "file", O_RDONLY));
	OK(openat(dir, "../moved/file", O_RDONLY));
}

TEST(open_path_descriptor)
{
	struct stat status;
	char byte;
	int fd, again;

	test_write_file("file", "x");
	OK(fd = open("file", O_PATH));
	FAILS(read(fd, &byte, 1), EBADF);
	FAILS(write(fd, &byte, 1), EBADF);
	FAILS(fchmod(fd, 0600), EBADF);
	OK(fstat(fd, &status));
	EQUAL(status.st_size, 1);
	EQUAL(fcntl(fd, F_GETFL), O_PATH);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	EQUAL(errno, EBADF);
	OK(again = open("/proc/self/fd/3", O_RDONLY));
	OK(symlink("file", "link"));
	OK(again = open("link", O_PATH | O_NOFOLLOW));
	OK(fstat(again, &status));
	CHECK(S_ISLNK(status.st_mode));
}

TEST(open_temporary_without_name)
{
	struct stat status;
	char path[64];
	int fd;

	OK(fd = open(".", O_RDWR | O_TMPFILE, 0600));
	EQUAL(write(fd, "abc", 3), 3);
	OK(fstat(fd, &status));
	EQUAL(status.st_nlink, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	SAME(test_read_file("named"), "abc");
}

TEST(open_at_lowest_free_descriptor)
{
	int a, b, c;

	OK(a = open("/dev/null", O_RDONLY));
	OK(b = open("/dev/null", O_RDONLY));
	EQUAL(b, a + 1);
	OK(close(a));
	OK(c = open("/dev/null", O_RDONLY));
	EQUAL(c, a);
	OK(close(c));
	FAILS(close(c), EBADF);
	FAILS(close(-1), EBADF);
	FAILS(close(INT_MAX), EBADF);
}

TEST(access_mode_is_enforced)
{
	char byte;
	int fd;

	test_write_file("file", "x");
	OK(fd = open("file", O_RDONLY));
	FAILS(write(fd, "y", 1), EBADF);
	FAILS(ftruncate(fd, 0), EINVAL);
	OK(close(fd));
	OK(fd = open("file", O_WRONLY));
	FAILS(read(fd, &byte, 1), EBADF);
	FAILS(pread(fd, &byte, 1, 0), EBADF);
}

TEST(append_writes_at_the_end)
{
	int a, b;

	OK(a = open("file", O_WRONLY | O_CREAT | O_APPEND, 0600));
	OK(b = open("file", O_WRONLY | O_APPEND));
	EQUAL(write(a, "one", 3), 3);
	EQUAL(write(b, "two", 3), 3);
	EQUAL(lseek(a, 0, SEEK_SET), 0);
	EQUAL(write(a, "three", 5), 5);
	EQUAL(lseek(a, 0, SEEK_CUR), 11);
	EQUAL(pwrite(a, "four", 4, 0), 4);
	SAME(test_read_file("file"), "onetwothreefour");
}

TEST(append_from_many_processes_loses_nothing)
{
	enum { WRITERS = 4, LINES = 300 };
	struct stat status;

	test_write_file("file", "");
	for (int writer = 0; writer < WRITERS; writer++) {
		pid_t child = fork();

		OK(child);
		if (child)
			continue;
		int fd = open("file", O_WRONLY | O_APPEND);

		for (int i = 0; i < LINES; i++)
			EQUAL(write(fd, "0123456789abcde\n", 16), 16);
		_exit(0);
	}
	for (int writer = 0; writer < WRITERS; writer++)
		EQUAL(test_wait(-1), 0);
	OK(stat("file", &status));
	EQUAL(status.st_size, WRITERS * LINES * 16);
}

TEST(seek_all_ways)
{
	int fd;

	test_write_file("file", "0123456789");
	OK(fd = open("file", O_RDWR));
	EQUAL(lseek(fd, 3, SEEK_SET), 3);
	EQUAL(lseek(fd, 3, SEEK_CUR), 6);
	EQUAL(lseek(fd, -4, SEEK_END), 6);
	FAILS(lseek(fd, -11, SEEK_END), EINVAL);
	FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
	FAILS(lseek(fd, 0, 99), EINVAL);
	EQUAL(lseek(fd, 0, SEEK_CUR), 6);
	EQUAL(lseek(fd, 100, SEEK_SET), 100);
	EQUAL(write(fd, "x", 1), 1);
	EQUAL(lseek(fd, 0, SEEK_END), 101);
	FAILS(lseek(-1, 0, SEEK_SET), EBADF);
	EQUAL(lseek(fd, 4000000000L, SEEK_SET), 4000000000L);
	char byte;
	EQUAL(read(fd, &byte, 1), 0);
}

TEST(seek_data_and_hole)
{
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(pwrite(fd, "x", 1, 0), 1);
	OK(ftruncate(fd, 100));
	EQUAL(lseek(fd, 0, SEEK_DATA), 0);
	FAILS(lseek(fd, 100, SEEK_DATA), ENXIO);
	FAILS(lseek(fd, 100, SEEK_HOLE), ENXIO);
	CHECK(lseek(fd, 0, SEEK_HOLE) <= 100);
}

TEST(positioned_calls_keep_the_offset)
{
	char text[8] = "";
	int fd;

	test_write_file("file", "0123456789");
	OK(fd = open("file", O_RDWR));
	EQUAL(pread(fd, text, 3, 5), 3);
	SAME(text, "567");
	EQUAL(pwrite(fd, "ab", 2, 1), 2);
	EQUAL(lseek(fd, 0, SEEK_CUR), 0);
	EQUAL(pread(fd, text, 3, 9), 1);
	EQUAL(pread(fd, text, 3, 10), 0);
	FAILS(pread(fd, text, 1, -1), EINVAL);
	FAILS(pwrite(fd, text, 1, -1), EINVAL);
	SAME(test_read_file("file"), "0ab3456789");
}

TEST(vectors_scatter_and_gather)
{
	char a[4] = "", b[8] = "";
	struct iovec out[2] = { { "abc", 3 }, { "defgh", 5 } };
	struct iovec in[2] = { { a, 3 }, { b, 7 } };
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(writev(fd, out, 2), 8);
	OK(lseek(fd, 0, SEEK_SET));
	EQUAL(readv(fd, in, 2), 8);
	SAME(a, "abc");
	SAME(b, "defgh");
	EQUAL(pwritev(fd, out, 2, 100), 8);
	EQUAL(preadv(fd, in, 2, 101), 7);
	SAME(a, "bcd");
	EQUAL(preadv2(fd, in, 1, 0, 0), 3);
	SAME(a, "abc");
	EQUAL(lseek(fd, 0, SEEK_CUR), 8);
	EQUAL(preadv2(fd, in, 1, -1, 0), 3);
	EQUAL(lseek(fd, 0, SEEK_CUR), 11);
	EQUAL(readv(fd, in, 0), 0);
	in[0].iov_len = -1;
	FAILS(readv(fd, in, 2), EINVAL);
}

TEST(holes_read_as_zeros)
{
	char data[64];
	struct stat status;
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(pwrite(fd, "x", 1, 1 << 20), 1);
	OK(fstat(fd, &status));
	EQUAL(status.st_size, (1 << 20) + 1);
	EQUAL(pread(fd, data, sizeof(data), 5000), sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		EQUAL(data[i], 0);
}

TEST(truncate_shrinks_and_grows)
{
	char data[16];
	struct stat status;
	int fd;

	test_write_file("file", "0123456789");
	OK(truncate("file", 4));
	OK(truncate("file", 8));
	OK(fd = open("file", O_RDWR));
	EQUAL(read(fd, data, sizeof(data)), 8);
	CHECK(!memcmp(data, "0123\0\0\0\0", 8));
	OK(ftruncate(fd, 0));
	OK(fstat(fd, &status));
	EQUAL(status.st_size, 0);
	FAILS(ftruncate(fd, -1), EINVAL);
	FAILS(truncate("file", -1), EINVAL);
	FAILS(truncate("missing", 0), ENOENT);
	FAILS(truncate(".", 0), EISDIR);
	FAILS(ftruncate(-1, 0), EBADF);
}

TEST(truncate_across_pages_clears_the_tail)
{
	static char data[20000];
	int fd;

	memset(data, 'x', sizeof(data));
	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(write(fd, data, sizeof(data)), sizeof(data));
	OK(ftruncate(fd, 5000));
	OK(ftruncate(fd, 20000));
	EQUAL(pread(fd, data, sizeof(data), 0), sizeof(data));
	for (int i = 0; i < 20000; i++)
		EQUAL(data[i], i < 5000 ? 'x' : 0);
}

TEST(large_file_keeps_content)
{
	enum { BLOCK = 123457, BLOCKS = 60 };
	static unsigned char data[BLOCK];
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	for (int i = 0; i < BLOCKS; i++) {
		memset(data, i + 1, BLOCK);
		EQUAL(write(fd, data, BLOCK), BLOCK);
	}
	for (int i = BLOCKS - 1; i >= 0; i--) {
		EQUAL(pread(fd, data, BLOCK, (off_t)i * BLOCK), BLOCK);
		for (int j = 0; j < BLOCK; j++)
			EQUAL(data[j], i + 1);
	}
}

/* A page of the file below, as it is first or after the page was written once more. */
static void page_fill(uint64_t *words, uint64_t page, uint64_t version)
{
	for (size_t i = 0; i < 512; i++)
		words[i] = page * 1000 + version * 512 + i;
}

/*
 * Reads and writes pages of a large file here and there, as a data base does, while another process
 * does the same: all see what was written last, and what was cut off is gone at once.
 */
static void pages_here_and_there(int fd, uint64_t pages, uint64_t first)
{
	static uint64_t expected[512], words[512];
	static unsigned char versions[24 << 10];
	uint64_t page = first;

	for (int i = 0; i < 60000; i++) {
		page = (page + 2 * 7919) % pages;
		if (i % 16 == 0) {
			page_fill(words, page, ++versions[page]);
			EQUAL(pwrite(fd, words, 4096, page * 4096), 4096);
		}
		page_fill(expected, page, versions[page]);
		EQUAL(pread(fd, words, 4096, page * 4096), 4096);
		EQUAL(memcmp(words, expected, 4096), 0);
	}
}

TEST(large_file_is_read_here_and_there)
{
	uint64_t pages = 24 << 10, words[512];
	pid_t child;
	int fd;

	OK(fd = open("f", O_RDWR | O_CREAT, 0600));
	for (uint64_t page = 0; page < pages; page++) {
		page_fill(words, page, 0);
		EQUAL(write(fd, words, 4096), 4096);
	}
	/* The one uses the even pages, the other the odd ones. */
	OK(child = fork());
	pages_here_and_there(fd, pages, child ? 0 : 1);
	if (!child)
		exit(0);
	EQUAL(test_wait(child), 0);
	OK(ftruncate(fd, (pages - 1) * 4096 - 100));
	EQUAL(pread(fd, words, 4096, (pages - 1) * 4096), 0);
	EQUAL(pread(fd, words, 4096, (pages - 2) * 4096), 3996);
	EQUAL(pread(fd, words, 4096, 0), 4096);
	OK(ftruncate(fd, pages * 4096));
	EQUAL(pread(fd, words, 4096, (pages - 1) * 4096), 4096);
	EQUAL(words[0], 0);
}

TEST(offset_is_shared_by_dup_and_fork_only)
{
	char byte;
	int a, b, c;

	test_write_file("file", "abcdef");
	OK(a = open("file", O_RDONLY));
	OK(b = dup(a));
	OK(c = open("file", O_RDONLY));
	EQUAL(read(a, &byte, 1), 1);
	EQUAL(read(b, &byte, 1), 1);
	EQUAL(byte, 'b');
	EQUAL(read(c, &byte, 1), 1);
	EQUAL(byte, 'a');
	IN_CHILD(EQUAL(read(a, &byte, 1), 1));
	EQUAL(read(a, &byte, 1), 1);
	EQUAL(byte, 'd');
}

TEST(unlinked_file_lives_while_open)
{
	struct stat status;
	char text[8] = "";
	int fd;

	test_write_file("file", "still");
	OK(fd = open("file", O_RDWR));
	OK(unlink("file"));
	FAILS(stat("file", &status), ENOENT);
	OK(fstat(fd, &status));
	EQUAL(status.st_nlink, 0);
	EQUAL(read(fd, text, 5), 5);
	SAME(text, "still");
	EQUAL(write(fd, "+", 1), 1);
	test_write_file("file", "new");
	EQUAL(pread(fd, text, 6, 0), 6);
	SAME(text, "still+");
}

TEST(fallocate_modes)
{
	struct stat status;
	char data[4];
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	OK(fallocate(fd, 0, 0, 10000));
	OK(fstat(fd, &status));
	EQUAL(status.st_size, 10000);
	OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 10000, 10000));
	OK(fstat(fd, &status));
	EQUAL(status.st_size, 10000);
	EQUAL(pwrite(fd, "abcd", 4, 4094), 4);
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	EQUAL(pread(fd, data, 4, 4094), 4);
	CHECK(!memcmp(data, "\0\0cd", 4));
	FAILS(fallocate(fd, 0, 0, 0), EINVAL);
	FAILS(fallocate(fd, 0, -1, 10), EINVAL);
	FAILS(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), EOPNOTSUPP);
	EQUAL(posix_fallocate(fd, 0, 20000), 0);
	OK(fstat(fd, &status));
	EQUAL(status.st_size, 20000);
}

TEST(sync_calls)
{
	int fds[2], fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(write(fd, "x", 1), 1);
	OK(fsync(fd));
	OK(fdatasync(fd));
	OK(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	OK(syncfs(fd));
	FAILS(fsync(-1), EBADF);
	OK(pipe(fds));
	FAILS(fsync(fds[0]), EINVAL);
	OK(fd = open(".", O_RDONLY));
	OK(fsync(fd));
}

TEST(advice_is_accepted)
{
	int fds[2], fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	ZERO(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
	ZERO(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EQUAL(posix_fadvise(fd, 0, 0, 77), EINVAL);
	OK(readahead(fd, 0, 4096));
	OK(pipe(fds));
	EQUAL(posix_fadvise(fds[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
}

TEST(sendfile_copies)
{
	off_t offset = 2;
	int in, out, fds[2];
	char text[16] = "";

	test_write_file("in", "0123456789");
	OK(in = open("in", O_RDONLY));
	OK(out = open("out", O_RDWR | O_CREAT, 0600));
	EQUAL(sendfile(out, in, NULL, 4), 4);
	EQUAL(lseek(in, 0, SEEK_CUR), 4);
	EQUAL(sendfile(out, in, &offset, 100), 8);
	EQUAL(offset, 10);
	EQUAL(lseek(in, 0, SEEK_CUR), 4);
	SAME(test_read_file("out"), "012323456789");
	EQUAL(sendfile(out, in, &offset, 1), 0);
	OK(pipe(fds));
	EQUAL(sendfile(fds[1], in, NULL, 3), 3);
	EQUAL(read(fds[0], text, sizeof(text)), 3);
	SAME(text, "456");
	FAILS(sendfile(in, out, NULL, 1), EBADF);
	FAILS(sendfile(out, fds[0], NULL, 1), EINVAL);
}

TEST(copy_file_range_copies)
{
	off_t from = 2, to = 1;
	int in, out, fds[2];

	test_write_file("in", "0123456789");
	test_write_file("out", "abcdefghij");
	OK(in = open("in", O_RDONLY));
	OK(out = open("out", O_RDWR));
	EQUAL(copy_file_range(in, &from, out, &to, 3, 0), 3);
	EQUAL(from, 5);
	EQUAL(to, 4);
	SAME(test_read_file("out"), "a234efghij");
	EQUAL(copy_file_range(in, NULL, out, NULL, 100, 0), 10);
	EQUAL(copy_file_range(in, NULL, out, NULL, 100, 0), 0);
	FAILS(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
	FAILS(copy_file_range(out, NULL, in, NULL, 1, 0), EBADF);
	OK(pipe(fds));
	FAILS(copy_file_range(fds[0], NULL, out, NULL, 1, 0), EINVAL);
}

TEST(read_and_write_of_nothing)
{
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(read(fd, NULL, 0), 0);
	EQUAL(write(fd, NULL, 0), 0);
	OK(fd = open(".", O_RDONLY));
	FAILS(read(fd, NULL, 10), EISDIR);
	FAILS(write(fd, "", 1), EBADF);
}

TEST(read_is_limited_to_two_gigabytes)
{
	int fd;

	OK(fd = open("/dev/zero", O_RDONLY));
	test_write_file("file", "x");
	OK(fd = open("file", O_RDONLY));
	FAILS(syscall(SYS_read, fd, -1L, 1L), EFAULT);
	FAILS(syscall(SYS_read, fd, NULL, -1L), EFAULT);
}

TEST(stat_fields)
{
	struct stat file, dir, same;
	int fd;

	test_write_file("file", "0123456789");
	OK(mkdir("dir", 0751));
	OK(stat("file", &file));
	OK(stat("dir", &dir));
	EQUAL(file.st_uid, geteuid());
	CHECK(file.st_ino != dir.st_ino);
	EQUAL(file.st_dev, dir.st_dev);
	EQUAL(dir.st_mode, S_IFDIR | 0751);
	CHECK(file.st_blksize >= 512);
	OK(fd = open("file", O_RDONLY));
	OK(fstat(fd, &same));
	EQUAL(same.st_ino, file.st_ino);
	OK(fstatat(AT_FDCWD, "file", &same, AT_SYMLINK_NOFOLLOW));
	EQUAL(same.st_ino, file.st_ino);
	OK(fstatat(fd, "", &same, AT_EMPTY_PATH));
	EQUAL(same.st_ino, file.st_ino);
	FAILS(fstatat(fd, "", &same, 0), ENOENT);
	FAILS(fstatat(fd, "", &same, 0x40000000), EINVAL);
	FAILS(fstat(-1, &same), EBADF);
}

TEST(statx_fields)
{
	struct statx status;
	struct stat plain;

	test_write_file("file", "0123456789");
	OK(chmod("file", 0604));
	OK(stat("file", &plain));
	OK(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &status));
	EQUAL(status.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	EQUAL(status.stx_size, 10);
	EQUAL(status.stx_mode, S_IFREG | 0604);
	EQUAL(status.stx_ino, plain.st_ino);
	EQUAL(status.stx_nlink, 1);
	EQUAL(status.stx_mtime.tv_sec, plain.st_mtim.tv_sec);
	EQUAL(status.stx_mtime.tv_nsec, plain.st_mtim.tv_nsec);
	FAILS(statx(AT_FDCWD, "missing", 0, STATX_BASIC_STATS, &status), ENOENT);
	FAILS(statx(AT_FDCWD, "file", 0x10000000, STATX_BASIC_STATS, &status), EINVAL);
	FAILS(statx(AT_FDCWD, "file", 0, 0x80000000, &status), EINVAL);
	OK(statx(0, "", AT_EMPTY_PATH, STATX_TYPE, &status));
}

TEST(ioctl_on_files)
{
	int fd, count = 0;

	test_write_file("file", "0123456789");
	OK(fd = open("file", O_RDONLY));
	OK(lseek(fd, 4, SEEK_SET));
	OK(ioctl(fd, FIONREAD, &count));
	EQUAL(count, 6);
	FAILS(ioctl(fd, TCGETS, &count), ENOTTY);
	OK(ioctl(fd, FIOCLEX));
	EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(ioctl(fd, FIONCLEX));
	EQUAL(fcntl(fd, F_GETFD), 0);
	FAILS(ioctl(-1, FIONREAD, &count), EBADF);
}

TEST(ten_thousand_files)
{
	char name[32];

	for (int i = 0; i < 10000; i++) {
		int fd;

		snprintf(name, sizeof(name), "file%d", i);
		OK(fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600));
		EQUAL(write(fd, name, strlen(name)), strlen(name));
		OK(close(fd));
	}
	for (int i = 9999; i >= 0; i -= 7) {
		snprintf(name, sizeof(name), "file%d", i);
		SAME(test_read_file(name), name);
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		OK(unlink(name));
	}
}

TEST(space_that_nobody_has_is_refused)
{
	int fd;

	OK(fd = open("huge", O_RDWR | O_CREAT, 0600));
	errno = 0;
	EQUAL(fallocate(fd, 0, 0, 1l << 50), -1);
	CHECK(errno == ENOSPC || errno == EFBIG);
	EQUAL(lseek(fd, 0, SEEK_END), 0);
}

TEST(pwritev2_flags)
{
	char text[16] = { 0 };
	struct iovec out = { "xy", 2 }, in = { text, sizeof(text) }, none = { "", 0 };
	int fd, fds[2];

	test_write_file("file", "0123456789");
	OK(fd = open("file", O_RDWR));
	OK(pipe(fds));
	EQUAL(pwritev2(fd, &out, 1, 3, RWF_APPEND), 2);
	EQUAL(lseek(fd, 0, SEEK_CUR), 0);
	EQUAL(pwritev2(fd, &out, 1, -1, RWF_APPEND | RWF_DSYNC), 2);
	EQUAL(lseek(fd, 0, SEEK_CUR), 14);
	EQUAL(pwritev2(fd, &out, 1, 1, RWF_SYNC | RWF_HIPRI), 2);
	EQUAL(preadv2(fd, &in, 1, 0, RWF_HIPRI), 14);
	CHECK(!memcmp(text, "0xy3456789xyxy", 14));
	FAILS(pwritev2(fd, &out, 1, 0, 0x40000000), EOPNOTSUPP);
	FAILS(preadv2(fd, &in, 1, 0, 0x40000000), EOPNOTSUPP);
	EQUAL(preadv2(fd, &none, 1, 0, 0x40000000), 0);
	FAILS(preadv2(fd, &in, 1, -2, 0), EINVAL);
	FAILS(preadv2(fd, &in, 1025, 0, 0x40000000), EINVAL);
	FAILS(preadv2(fd, (struct iovec *)8, 1, 0, 0), EFAULT);
	FAILS(preadv2(-1, &in, 1, 0, 0x40000000), EBADF);
	FAILS(preadv2(fds[0], &in, 1, 0, 0), ESPIPE);
	FAILS(preadv2(fds[0], (struct iovec *)8, 1, 0, 0), ESPIPE);
	FAILS(pwritev2(fds[1], &out, 1, -1, 0x40000000), EOPNOTSUPP);
	EQUAL(pwritev2(fds[1], &out, 1, -1, 0), 2);
}

TEST(file_handles_bad_input)
{
	struct {
		struct file_handle head;
		char bytes[8];
	} some = { .head.handle_bytes = 8 };
	struct file_handle handle = { .handle_bytes = 0 };
	int mount;

	FAILS(name_to_handle_at(AT_FDCWD, "missing", &handle, &mount, 0), ENOENT);
	FAILS(name_to_handle_at(AT_FDCWD, ".", &handle, &mount, 0x8000), EINVAL);
	FAILS(name_to_handle_at(-1, ".", &handle, &mount, 0), EBADF);
	if (geteuid())
		return;
	FAILS(open_by_handle_at(-1, &some.head, O_RDONLY), EBADF);
	FAILS(open_by_handle_at(AT_FDCWD, NULL, O_RDONLY), EFAULT);
	FAILS(open_by_handle_at(AT_FDCWD, &handle, O_RDONLY), EINVAL);
	OK(setuid(65534));
	FAILS(open_by_handle_at(AT_FDCWD, &some.head, O_RDONLY), EPERM);
}

TEST(copy_file_range_bad_input)
{
	int file, directory, read_only, append, fds[2];
	off64_t negative = -1, *bad = (off64_t *)8;

	test_write_file("file", "0123456789");
	OK(file = open("file", O_RDWR));
	OK(read_only = open("file", O_RDONLY));
	OK(append = open("file", O_RDWR | O_APPEND));
	OK(directory = open(".", O_RDONLY));
	OK(pipe(fds));
	FAILS(copy_file_range(file, NULL, directory, NULL, 1, 0), EISDIR);
	FAILS(copy_file_range(directory, NULL, file, NULL, 1, 0), EISDIR);
	FAILS(copy_file_range(fds[1], NULL, file, NULL, 1, 0), EINVAL);
	FAILS(copy_file_range(file, NULL, read_only, NULL, 1, 0), EBADF);
	FAILS(copy_file_range(file, NULL, append, NULL, 1, 0), EBADF);
	FAILS(copy_file_range(file, &negative, append, NULL, 1, 0), EBADF);
	FAILS(copy_file_range(file, &negative, file, NULL, 1, 0), EOVERFLOW);
	FAILS(copy_file_range(file, bad, -1, NULL, 1, 0), EBADF);
	FAILS(copy_file_range(file, bad, directory, NULL, 1, 1), EFAULT);
	FAILS(copy_file_range(file, NULL, directory, NULL, 1, 1), EINVAL);
}

TEST(statfs_of_each_kind)
{
	static const struct {
		const char *path;
		long magic;
	} rows[] = {
		{ "/proc", 0x9fa0 },
		{ "/sys", 0x62656572 },
		{ "/dev/pts", 0x1cd1 },
	};
	struct statfs status;
	int fds[2], memory;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		OK(statfs(rows[i].path, &status));
		EQUAL(status.f_type, rows[i].magic);
		EQUAL(status.f_blocks, 0);
		EQUAL(status.f_bfree, 0);
		EQUAL(status.f_namelen, 255);
	}
	OK(pipe(fds));
	OK(fstatfs(fds[0], &status));
	EQUAL(status.f_type, 0x50495045);
	EQUAL(status.f_blocks, 0);
	OK(memory = memfd_create("memory", 0));
	OK(fstatfs(memory, &status));
	EQUAL(status.f_type, 0x01021994);
}
