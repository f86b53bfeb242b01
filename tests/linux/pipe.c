/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

TEST(pipe_carries_bytes_in_order)
{
	char text[16] = "";
	int fds[2];

	OK(pipe(fds));
	EQUAL(write(fds[1], "abc", 3), 3);
	EQUAL(write(fds[1], "def", 3), 3);
	EQUAL(read(fds[0], text, 4), 4);
	SAME(text, "abcd");
	EQUAL(read(fds[0], text, sizeof(text)), 2);
	CHECK(!memcmp(text, "ef", 2));
}

TEST(pipe_ends_are_one_way)
{
	char byte;
	int fds[2];

	OK(pipe(fds));
	FAILS(write(fds[0], "x", 1), EBADF);
	FAILS(read(fds[1], &byte, 1), EBADF);
	FAILS(lseek(fds[0], 0, SEEK_SET), ESPIPE);
	FAILS(pread(fds[0], &byte, 1, 0), ESPIPE);
	FAILS(pwrite(fds[1], &byte, 1, 0), ESPIPE);
}

TEST(pipe_ends_with_its_last_writer)
{
	char byte;
	int fds[2], copy;

	OK(pipe(fds));
	copy = dup(fds[1]);
	OK(copy);
	EQUAL(write(fds[1], "x", 1), 1);
	OK(close(fds[1]));
	EQUAL(read(fds[0], &byte, 1), 1);
	OK(fcntl(fds[0], F_SETFL, O_NONBLOCK));
	FAILS(read(fds[0], &byte, 1), EAGAIN);
	OK(close(copy));
	EQUAL(read(fds[0], &byte, 1), 0);
}

TEST(pipe_without_reader_gives_epipe_and_sigpipe)
{
	int fds[2];
	pid_t child;

	OK(pipe(fds));
	OK(close(fds[0]));
	child = fork();
	OK(child);
	if (!child) {
		write(fds[1], "x", 1);
		_exit(0);
	}
	EQUAL(test_wait(child), 1000 + SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	FAILS(write(fds[1], "x", 1), EPIPE);
}

TEST(pipe_nonblocking_full_and_empty)
{
	char page[4096] = "";
	size_t total = 0;
	int fds[2];

	OK(pipe2(fds, O_NONBLOCK));
	FAILS(read(fds[0], page, 1), EAGAIN);
	while (write(fds[1], page, sizeof(page)) == sizeof(page))
		total += sizeof(page);
	EQUAL(errno, EAGAIN);
	EQUAL(total, 65536);
	EQUAL(fcntl(fds[1], F_GETPIPE_SZ), 65536);
	EQUAL(read(fds[0], page, sizeof(page)), sizeof(page));
	EQUAL(write(fds[1], page, sizeof(page)), sizeof(page));
	FAILS(write(fds[1], page, 1), EAGAIN);
}

TEST(pipe_nonblocking_large_write_is_partial)
{
	static char data[1 << 20];
	int fds[2];

	OK(pipe2(fds, O_NONBLOCK));
	EQUAL(write(fds[1], data, sizeof(data)), 65536);
	FAILS(write(fds[1], data, sizeof(data)), EAGAIN);
}

TEST(pipe_capacity_can_be_set)
{
	static char data[1 << 20];
	int fds[2];

	OK(pipe2(fds, O_NONBLOCK));
	EQUAL(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
	EQUAL(fcntl(fds[0], F_GETPIPE_SZ), 1 << 20);
	EQUAL(write(fds[1], data, sizeof(data)), sizeof(data));
	FAILS(fcntl(fds[1], F_SETPIPE_SZ, 4096), EBUSY);
	EQUAL(read(fds[0], data, sizeof(data)), sizeof(data));
	EQUAL(fcntl(fds[1], F_SETPIPE_SZ, 1), 4096);
	EQUAL(fcntl(fds[1], F_SETPIPE_SZ, 5000), 8192);
	FAILS(fcntl(fds[1], F_SETPIPE_SZ, -1), EINVAL);
	test_write_file("file", "x");
	OK(fds[0] = open("file", O_RDONLY));
	FAILS(fcntl(fds[0], F_GETPIPE_SZ), EBADF);
}

TEST(pipe_writes_up_to_pipe_buf_are_atomic)
{
	enum { WRITERS = 4, RECORDS = 400, SIZE = 1000 };
	char record[SIZE];
	int fds[2], count[WRITERS] = { 0 };

	OK(pipe(fds));
	for (int writer = 0; writer < WRITERS; writer++) {
		pid_t child = fork();

		OK(child);
		if (child)
			continue;
		memset(record, 'a' + writer, SIZE);
		for (int i = 0; i < RECORDS; i++)
			EQUAL(write(fds[1], record, SIZE), SIZE);
		_exit(0);
	}
	OK(close(fds[1]));
	for (;;) {
		size_t size = 0;
		ssize_t got = 1;

		while (size < SIZE && (got = read(fds[0], record + size, SIZE - size)) > 0)
			size += got;
		OK(got);
		if (!size)
			break;
		EQUAL(size, SIZE);
		for (int i = 1; i < SIZE; i++)
			EQUAL(record[i], record[0]);
		count[record[0] - 'a']++;
	}
	for (int writer = 0; writer < WRITERS; writer++) {
		EQUAL(count[writer], RECORDS);
		EQUAL(test_wait(-1), 0);
	}
}

TEST(pipe_blocked_reader_is_woken)
{
	int fds[2];
	pid_t child;

	OK(pipe(fds));
	child = fork();
	OK(child);
	if (!child) {
		char byte = 0;

		OK(close(fds[1]));
		EQUAL(read(fds[0], &byte, 1), 1);
		EQUAL(byte, 'w');
		EQUAL(read(fds[0], &byte, 1), 0);
		_exit(0);
	}
	test_await_sleep(child);
	EQUAL(write(fds[1], "w", 1), 1);
	OK(close(fds[1]));
	EQUAL(test_wait(child), 0);
}

TEST(pipe_blocked_writer_is_woken)
{
	static char data[300000];
	size_t total = 0;
	int fds[2];
	pid_t child;

	OK(pipe(fds));
	child = fork();
	OK(child);
	if (!child) {
		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = i % 251;
		EQUAL(write(fds[1], data, sizeof(data)), sizeof(data));
		_exit(0);
	}
	OK(close(fds[1]));
	test_await_sleep(child);
	for (ssize_t got; (got = read(fds[0], data, 777)) > 0; total += got) {
		for (ssize_t i = 0; i < got; i++)
			EQUAL(data[i], (char)((total + i) % 251));
	}
	EQUAL(total, sizeof(data));
	EQUAL(test_wait(child), 0);
}

TEST(pipe_blocked_writer_ends_with_the_last_reader)
{
	static char data[300000];
	int fds[2];
	pid_t child;

	OK(pipe(fds));
	child = fork();
	OK(child);
	if (!child) {
		signal(SIGPIPE, SIG_IGN);
		OK(close(fds[0]));
		EQUAL(write(fds[1], data, sizeof(data)), 65536);
		FAILS(write(fds[1], data, 1), EPIPE);
		_exit(0);
	}
	test_await_sleep(child);
	OK(close(fds[0]));
	EQUAL(test_wait(child), 0);
}

TEST(pipe_bulk_transfer_keeps_content)
{
	enum { TOTAL = 8 << 20 };
	static unsigned char data[70000];
	uint32_t seed = 1, check = 1;
	size_t total = 0;
	int fds[2];
	pid_t child;

	OK(pipe(fds));
	child = fork();
	OK(child);
	if (!child) {
		for (size_t sent = 0; sent < TOTAL;) {
			size_t size = 1 + sent % 65537;

			if (size > TOTAL - sent)
				size = TOTAL - sent;
			for (size_t i = 0; i < size; i++)
				data[i] = (seed = seed * 1103515245 + 12345) >> 16;
			EQUAL(write(fds[1], data, size), size);
			sent += size;
		}
		_exit(0);
	}
	OK(close(fds[1]));
	for (ssize_t got; (got = read(fds[0], data, sizeof(data))) > 0; total += got) {
		for (ssize_t i = 0; i < got; i++)
			EQUAL(data[i], (unsigned char)((check = check * 1103515245 + 12345) >> 16));
	}
	EQUAL(total, TOTAL);
	EQUAL(test_wait(child), 0);
}

TEST(pipe_vectors)
{
	char a[4] = "", b[4] = "";
	struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } };
	struct iovec in[2] = { { a, 3 }, { b, 3 } };
	int fds[2];

	OK(pipe(fds));
	EQUAL(writev(fds[1], out, 3), 6);
	EQUAL(readv(fds[0], in, 2), 6);
	SAME(a, "abc");
	SAME(b, "def");
	FAILS(readv(fds[0], in, -1), EINVAL);
	FAILS(writev(fds[1], out, 1025), EINVAL);
}

TEST(pipe_empty_operations)
{
	int fds[2];

	OK(pipe(fds));
	EQUAL(write(fds[1], "", 0), 0);
	EQUAL(read(fds[0], NULL, 0), 0);
}

TEST(pipe_fionread_and_stat)
{
	struct stat status;
	int fds[2], count = -1;

	OK(pipe(fds));
	EQUAL(write(fds[1], "hello", 5), 5);
	OK(ioctl(fds[0], FIONREAD, &count));
	EQUAL(count, 5);
	OK(fstat(fds[0], &status));
	CHECK(S_ISFIFO(status.st_mode));
	CHECK(!isatty(fds[0]));
	EQUAL(errno, ENOTTY);
}

TEST(pipe2_flags)
{
	int fds[2];

	OK(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	EQUAL(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	EQUAL(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	EQUAL(fcntl(fds[0], F_GETFL), O_RDONLY | O_NONBLOCK);
	EQUAL(fcntl(fds[1], F_GETFL), O_WRONLY | O_NONBLOCK);
	FAILS(pipe2(fds, O_APPEND), EINVAL);
	FAILS(pipe2((int *)8, 0), EFAULT);
}

TEST(pipe_poll_states)
{
	char byte;
	int fds[2];

	OK(pipe(fds));
	struct pollfd polls[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLOUT, 0 } };

	EQUAL(poll(polls, 2, 0), 1);
	EQUAL(polls[0].revents, 0);
	EQUAL(polls[1].revents, POLLOUT);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(poll(polls, 2, 0), 2);
	EQUAL(polls[0].revents, POLLIN);
	OK(close(fds[1]));
	EQUAL(poll(polls, 1, 0), 1);
	EQUAL(polls[0].revents, POLLIN | POLLHUP);
	EQUAL(read(fds[0], &byte, 1), 1);
	EQUAL(poll(polls, 1, 0), 1);
	EQUAL(polls[0].revents, POLLHUP);
	OK(pipe(fds));
	OK(close(fds[0]));
	polls[1].fd = fds[1];
	EQUAL(poll(polls + 1, 1, 0), 1);
	EQUAL(polls[1].revents, POLLOUT | POLLERR);
}

TEST(fifo_joins_reader_and_writer)
{
	char text[8] = "";
	struct stat status;
	pid_t child;
	int fd;

	OK(mkfifo("fifo", 0600));
	OK(stat("fifo", &status));
	EQUAL(status.st_mode, S_IFIFO | 0600);
	FAILS(mkfifo("fifo", 0600), EEXIST);
	child = fork();
	OK(child);
	if (!child) {
		OK(fd = open("fifo", O_WRONLY));
		EQUAL(write(fd, "through", 7), 7);
		_exit(0);
	}
	test_await_sleep(child);
	OK(fd = open("fifo", O_RDONLY));
	EQUAL(read(fd, text, sizeof(text)), 7);
	SAME(text, "through");
	EQUAL(test_wait(child), 0);
	EQUAL(read(fd, text, sizeof(text)), 0);
	OK(close(fd));
	OK(unlink("fifo"));
}

TEST(fifo_nonblocking_open)
{
	char byte;
	int in, out;

	OK(mkfifo("fifo", 0600));
	FAILS(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	OK(in = open("fifo", O_RDONLY | O_NONBLOCK));
	EQUAL(read(in, &byte, 1), 0);
	OK(out = open("fifo", O_WRONLY | O_NONBLOCK));
	FAILS(read(in, &byte, 1), EAGAIN);
	EQUAL(write(out, "x", 1), 1);
	EQUAL(read(in, &byte, 1), 1);
	OK(close(out));
	EQUAL(read(in, &byte, 1), 0);
	FAILS(open("fifo", O_RDONLY | O_DIRECTORY), ENOTDIR);
}

TEST(fifo_read_write_open_does_not_block)
{
	char byte = 0;
	int fd;

	OK(mkfifo("fifo", 0600));
	OK(fd = open("fifo", O_RDWR));
	EQUAL(write(fd, "y", 1), 1);
	EQUAL(read(fd, &byte, 1), 1);
	EQUAL(byte, 'y');
}

TEST(fifo_content_is_shared_by_names)
{
	char byte = 0;
	int in, out;

	OK(mkfifo("fifo", 0600));
	OK(link("fifo", "second"));
	OK(in = open("fifo", O_RDONLY | O_NONBLOCK));
	OK(out = open("second", O_WRONLY | O_NONBLOCK));
	EQUAL(write(out, "z", 1), 1);
	EQUAL(read(in, &byte, 1), 1);
	EQUAL(byte, 'z');
}

TEST(fifo_writer_that_comes_and_goes_is_not_missed)
{
	OK(mkfifo("fifo", 0600));
	for (int i = 0; i < 1000; i++) {
		char byte = 0;
		pid_t child = fork();
		int fd;

		OK(child);
		if (!child) {
			OK(fd = open("fifo", O_WRONLY));
			EQUAL(write(fd, "x", 1), 1);
			_exit(0);
		}
		OK(fd = open("fifo", O_RDONLY));
		EQUAL(read(fd, &byte, 1), 1);
		EQUAL(byte, 'x');
		EQUAL(read(fd, &byte, 1), 0);
		OK(close(fd));
		EQUAL(test_wait(child), 0);
	}
}
