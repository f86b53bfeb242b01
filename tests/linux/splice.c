/* SPDX-License-Identifier: MIT */
/* splice, tee, vmsplice, sendfile: bytes, ends, blocking, limits, bad input. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define PIPE_SIZE 65536

static int file_with(const char *path, const char *text)
{
	int fd;

	test_write_file(path, text);
	OK(fd = open(path, O_RDWR));
	return fd;
}

/* What is in the pipe now is this text, and nothing else. */
static void expect_bytes(int fd, const char *text)
{
	char bytes[100];
	ssize_t size = read(fd, bytes, sizeof(bytes));

	EQUAL(size, strlen(text));
	CHECK(!memcmp(bytes, text, (size_t)size));
}

/* As many bytes as fit. */
static void fill(int fd)
{
	char page[4096] = { 0 };

	OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	while (write(fd, page, sizeof(page)) > 0)
		;
	EQUAL(errno, EAGAIN);
	OK(fcntl(fd, F_SETFL, 0));
}

TEST(splice_from_a_file)
{
	int file = file_with("file", "0123456789"), fds[2];
	off64_t at = 7;

	OK(pipe(fds));
	EQUAL(splice(file, NULL, fds[1], NULL, 4, 0), 4);
	EQUAL(lseek(file, 0, SEEK_CUR), 4);
	EQUAL(splice(file, &at, fds[1], NULL, 100, SPLICE_F_MOVE | SPLICE_F_MORE), 3);
	EQUAL(at, 10);
	EQUAL(lseek(file, 0, SEEK_CUR), 4);
	expect_bytes(fds[0], "0123789");
	EQUAL(splice(file, &at, fds[1], NULL, 100, 0), 0);
	EQUAL(splice(file, NULL, fds[1], NULL, 0, ~0u), 0);
}

TEST(splice_to_a_file)
{
	int file = file_with("file", "abcdefgh"), fds[2];
	off64_t at = 2;

	OK(pipe(fds));
	EQUAL(write(fds[1], "12345", 5), 5);
	EQUAL(splice(fds[0], NULL, file, &at, 2, 0), 2);
	EQUAL(at, 4);
	EQUAL(splice(fds[0], NULL, file, NULL, 100, 0), 3);
	EQUAL(lseek(file, 0, SEEK_CUR), 3);
	CHECK(!strcmp(test_read_file("file"), "3452efgh"));
	OK(close(fds[1]));
	EQUAL(splice(fds[0], NULL, file, NULL, 100, 0), 0);
}

TEST(splice_moves_no_more_than_fits)
{
	int file = file_with("file", ""), fds[2];
	off64_t at = 0;
	static char bytes[PIPE_SIZE];

	OK(pipe(fds));
	OK(ftruncate(file, 1 << 20));
	EQUAL(splice(file, &at, fds[1], NULL, 1 << 20, 0), PIPE_SIZE);
	EQUAL(at, PIPE_SIZE);
	FAILS(splice(file, &at, fds[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	OK(fcntl(fds[1], F_SETFL, O_NONBLOCK));
	FAILS(splice(file, &at, fds[1], NULL, 1, 0), EAGAIN);
	EQUAL(at, PIPE_SIZE);
	EQUAL(read(fds[0], bytes, sizeof(bytes)), PIPE_SIZE);
	EQUAL(sendfile(fds[1], file, &at, 1 << 20), PIPE_SIZE);
	EQUAL(at, 2 * PIPE_SIZE);
	FAILS(sendfile(fds[1], file, &at, 1), EAGAIN);
}

TEST(splice_between_pipes)
{
	int a[2], b[2];

	OK(pipe(a));
	OK(pipe(b));
	EQUAL(write(a[1], "hello", 5), 5);
	EQUAL(splice(a[0], NULL, b[1], NULL, 2, 0), 2);
	EQUAL(splice(a[0], NULL, b[1], NULL, 100, 0), 3);
	expect_bytes(b[0], "hello");
	FAILS(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	FAILS(splice(a[0], NULL, a[1], NULL, 1, 0), EINVAL);
	OK(close(a[1]));
	EQUAL(splice(a[0], NULL, b[1], NULL, 1, 0), 0);
}

TEST(splice_waits_for_bytes)
{
	int file = file_with("file", ""), fds[2];
	pid_t child;

	OK(pipe(fds));
	OK(child = fork());
	if (!child) {
		EQUAL(splice(fds[0], NULL, file, NULL, 100, 0), 3);
		_exit(0);
	}
	test_await_sleep(child);
	EQUAL(write(fds[1], "abc", 3), 3);
	EQUAL(test_wait(child), 0);
	CHECK(!strcmp(test_read_file("file"), "abc"));
}

TEST(splice_waits_for_room)
{
	int file = file_with("file", "x"), fds[2];
	static char bytes[PIPE_SIZE];
	pid_t child;

	OK(pipe(fds));
	fill(fds[1]);
	OK(child = fork());
	if (!child) {
		EQUAL(splice(file, NULL, fds[1], NULL, 100, 0), 1);
		_exit(0);
	}
	test_await_sleep(child);
	EQUAL(read(fds[0], bytes, sizeof(bytes)), PIPE_SIZE);
	EQUAL(test_wait(child), 0);
	expect_bytes(fds[0], "x");
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

TEST(splice_is_interrupted)
{
	struct sigaction action = { .sa_handler = count_signal };
	int file = file_with("file", "x"), fds[2], ready[2];
	pid_t child;

	OK(pipe(fds));
	OK(pipe(ready));
	OK(sigaction(SIGUSR1, &action, NULL));
	OK(child = fork());
	if (!child) {
		FAILS(splice(fds[0], NULL, file, NULL, 100, 0), EINTR);
		_exit(0);
	}
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	EQUAL(test_wait(child), 0);
}

TEST(splice_where_nobody_reads)
{
	int file = file_with("file", "x"), fds[2], in[2];
	struct iovec vector = { "abc", 3 };

	OK(pipe(fds));
	OK(pipe(in));
	EQUAL(write(in[1], "abc", 3), 3);
	OK(close(fds[0]));
	CHECK(signal(SIGPIPE, count_signal) != SIG_ERR);
	FAILS(splice(file, NULL, fds[1], NULL, 1, 0), EPIPE);
	EQUAL(signals, 1);
	FAILS(splice(in[0], NULL, fds[1], NULL, 1, 0), EPIPE);
	EQUAL(signals, 2);
	FAILS(tee(in[0], fds[1], 1, 0), EPIPE);
	EQUAL(signals, 3);
	FAILS(vmsplice(fds[1], &vector, 1, 0), EPIPE);
	EQUAL(signals, 4);
	FAILS(sendfile(fds[1], file, NULL, 1), EPIPE);
	EQUAL(signals, 5);
}

/* What finds no place stays in the pipe. */
TEST(splice_keeps_what_is_not_written)
{
	int file = file_with("file", ""), fds[2], sealed;

	OK(pipe(fds));
	OK(sealed = memfd_create("sealed", MFD_ALLOW_SEALING));
	OK(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE));
	EQUAL(write(fds[1], "abc", 3), 3);
	FAILS(splice(fds[0], NULL, sealed, NULL, 3, 0), EPERM);
	OK(fcntl(file, F_SETFL, O_APPEND));
	FAILS(splice(fds[0], NULL, file, NULL, 3, 0), EINVAL);
	expect_bytes(fds[0], "abc");
}

TEST(splice_with_sockets_and_devices)
{
	int sockets[2], fds[2], null, zero;
	char bytes[4] = "xxxx";

	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	OK(pipe(fds));
	OK(null = open("/dev/null", O_RDWR));
	OK(zero = open("/dev/zero", O_RDWR));
	EQUAL(write(fds[1], "abc", 3), 3);
	EQUAL(splice(fds[0], NULL, sockets[0], NULL, 100, 0), 3);
	EQUAL(splice(sockets[1], NULL, fds[1], NULL, 100, 0), 3);
	expect_bytes(fds[0], "abc");
	EQUAL(write(fds[1], "abc", 3), 3);
	EQUAL(splice(fds[0], NULL, null, NULL, 100, 0), 3);
	EQUAL(splice(zero, NULL, fds[1], NULL, 4, 0), 4);
	EQUAL(read(fds[0], bytes, 4), 4);
	CHECK(!memcmp(bytes, "\0\0\0\0", 4));
}

/* The null device can be read and the full one written, but not so. */
TEST(splice_with_devices_that_refuse)
{
	int fds[2], null, full, file;
	char bytes[4];

	signal(SIGPIPE, SIG_IGN);
	OK(pipe2(fds, O_NONBLOCK));
	OK(null = open("/dev/null", O_RDWR));
	OK(full = open("/dev/full", O_RDWR));
	test_write_file("file", "abcdef");
	OK(file = open("file", O_RDWR));
	FAILS(splice(null, NULL, fds[1], NULL, 10, 0), EINVAL);
	FAILS(splice(null, &(loff_t){ 3 }, fds[1], NULL, 10, 0), EINVAL);
	EQUAL(splice(null, NULL, fds[1], NULL, 0, 0), 0);
	FAILS(sendfile(file, null, NULL, 10), EINVAL);
	FAILS(splice(fds[0], NULL, full, NULL, 10, 0), EINVAL);
	EQUAL(write(fds[1], "abc", 3), 3);
	FAILS(splice(fds[0], NULL, full, NULL, 10, 0), EINVAL);
	expect_bytes(fds[0], "abc");
	FAILS(sendfile(full, file, NULL, 3), EINVAL);
	EQUAL(sendfile(full, file, NULL, 0), 0);
	EQUAL(lseek(file, 0, SEEK_CUR), 0);
	EQUAL(splice(full, NULL, fds[1], NULL, 2, 0), 2);
	EQUAL(read(fds[0], bytes, sizeof(bytes)), 2);
	fill(fds[1]);
	FAILS(splice(null, NULL, fds[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
	OK(close(fds[0]));
	FAILS(splice(null, NULL, fds[1], NULL, 10, 0), EPIPE);
}

TEST(splice_many_at_once)
{
	static char bytes[4096];
	int in[2], out[2], total = 0, stream;
	pid_t children[3];
	ssize_t size;

	OK(pipe(in));
	OK(pipe(out));
	for (int i = 0; i < 3; i++) {
		OK(children[i] = fork());
		if (children[i])
			continue;
		OK(close(in[1]));
		OK(close(out[0]));
		stream = i;
		while (stream ? splice(in[0], NULL, out[1], NULL, 1000, 0) > 0 : 0)
			;
		while (!stream && (size = read(in[0], bytes, 77)) > 0)
			EQUAL(write(out[1], bytes, (size_t)size), size);
		_exit(0);
	}
	OK(close(out[1]));
	if (!fork()) {
		memset(bytes, 'a', sizeof(bytes));
		for (int i = 0; i < 100; i++)
			EQUAL(write(in[1], bytes, sizeof(bytes)), sizeof(bytes));
		_exit(0);
	}
	OK(close(in[1]));
	while ((size = read(out[0], bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < size; i++)
			EQUAL(bytes[i], 'a');
		total += (int)size;
	}
	EQUAL(total, 100 * 4096);
	for (int i = 0; i < 3; i++)
		EQUAL(test_wait(children[i]), 0);
}

TEST(tee_leaves_the_bytes)
{
	int a[2], b[2];

	OK(pipe(a));
	OK(pipe(b));
	EQUAL(write(a[1], "hello", 5), 5);
	EQUAL(tee(a[0], b[1], 100, 0), 5);
	EQUAL(tee(a[0], b[1], 2, 0), 2);
	expect_bytes(b[0], "hellohe");
	expect_bytes(a[0], "hello");
	FAILS(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	EQUAL(write(a[1], "x", 1), 1);
	fill(b[1]);
	FAILS(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	OK(close(a[1]));
	expect_bytes(a[0], "x");
}

TEST(vmsplice_moves_memory)
{
	char head[3], tail[10];
	struct iovec out[] = { { "abc", 3 }, { "", 0 }, { "defg", 4 } },
		     in[] = { { head, sizeof(head) }, { tail, sizeof(tail) } };
	int fds[2];

	OK(pipe(fds));
	EQUAL(vmsplice(fds[1], out, 3, SPLICE_F_GIFT), 7);
	EQUAL(vmsplice(fds[0], in, 2, 0), 7);
	CHECK(!memcmp(head, "abc", 3) && !memcmp(tail, "defg", 4));
	FAILS(vmsplice(fds[0], in, 2, SPLICE_F_NONBLOCK), EAGAIN);
	EQUAL(vmsplice(fds[0], in, 0, 0), 0);
	fill(fds[1]);
	FAILS(vmsplice(fds[1], out, 3, SPLICE_F_NONBLOCK), EAGAIN);
}

/* ---- Into files: as write(2) ---- */

static ssize_t by_sendfile(int in, int out, size_t size)
{
	return sendfile(out, in, &(off_t){ 0 }, size);
}

static ssize_t by_copy(int in, int out, size_t size)
{
	return copy_file_range(in, &(loff_t){ 0 }, out, NULL, size, 0);
}

static ssize_t by_splice(int in, int out, size_t size)
{
	int ends[2], saved;
	ssize_t moved;

	OK(pipe(ends));
	EQUAL(splice(in, &(loff_t){ 0 }, ends[1], NULL, size, 0), size);
	moved = splice(ends[0], NULL, out, NULL, size, 0);
	saved = errno;
	OK(close(ends[0]));
	OK(close(ends[1]));
	errno = saved;
	return moved;
}

static const struct {
	ssize_t (*move)(int in, int out, size_t size);
	bool is_told;		/* also of a limit that cuts what is moved */
} movers[] = { { by_sendfile, true }, { by_copy, false }, { by_splice, true } };

static volatile sig_atomic_t limits_met;

static void limit_met(int number)
{
	(void)number;
	limits_met++;
}

TEST(moved_bytes_stay_within_the_limit)
{
	struct rlimit limit = { 6, 6 };
	int in = file_with("in", "0123456789"), out;

	signal(SIGXFSZ, limit_met);
	OK(setrlimit(RLIMIT_FSIZE, &limit));
	for (size_t i = 0; i < COUNT(movers); i++) {
		OK(out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0644));
		limits_met = 0;
		EQUAL(movers[i].move(in, out, 10), 6);
		EQUAL(limits_met, movers[i].is_told);
		limits_met = 0;
		FAILS(movers[i].move(in, out, 2), EFBIG);
		EQUAL(limits_met, 1);
		OK(close(out));
	}
}

TEST(moved_bytes_take_rights_away)
{
	struct stat status;
	int in = file_with("in", "0123456789"), out;

	OK(chmod(".", 0777));
	if (!geteuid()) {
		OK(setgid(7777));
		OK(setuid(7777));
	}
	for (size_t i = 0; i < COUNT(movers); i++) {
		OK(out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0755));
		OK(fchmod(out, 06755));
		EQUAL(movers[i].move(in, out, 4), 4);
		OK(fstat(out, &status));
		EQUAL(status.st_mode, S_IFREG | 0755);
		OK(close(out));
	}
}

/* ---- Bad input ---- */

TEST(splice_bad_input)
{
	int file = file_with("file", "x"), other = file_with("other", "y"), fds[2], event[2];
	int directory, place, read_only;
	off64_t zero = 0, negative = -1, *bad = (off64_t *)8;
	struct iovec vector = { "x", 1 }, *bad_vector = (struct iovec *)8;

	OK(pipe(fds));
	OK(pipe(event));
	OK(directory = open(".", O_RDONLY));
	OK(place = open("file", O_PATH));
	OK(read_only = open("file", O_RDONLY));
	EQUAL(write(fds[1], "abc", 3), 3);

	const struct {
		int in;
		off64_t *in_at;
		int out;
		off64_t *out_at;
		unsigned int flags;
		int error;
	} splices[] = {
		{ -1, NULL, fds[1], NULL, 0, EBADF },
		{ file, NULL, -1, NULL, 0, EBADF },
		{ -1, bad, -1, bad, 16, EINVAL },
		{ file, NULL, other, NULL, 0, EINVAL },
		{ place, NULL, fds[1], NULL, 0, EBADF },
		{ fds[0], NULL, place, NULL, 0, EBADF },
		{ fds[0], NULL, read_only, NULL, 0, EBADF },
		{ fds[1], NULL, file, NULL, 0, EBADF },
		{ file, NULL, fds[0], NULL, 0, EBADF },
		{ fds[0], &zero, file, NULL, 0, ESPIPE },
		{ fds[0], bad, file, NULL, 0, ESPIPE },
		{ file, NULL, fds[1], &zero, 0, ESPIPE },
		{ file, bad, fds[1], NULL, 0, EFAULT },
		{ fds[0], NULL, file, bad, 0, EFAULT },
		{ fds[0], NULL, read_only, bad, 0, EFAULT },
		{ file, &negative, fds[1], NULL, 0, EINVAL },
		{ fds[0], NULL, file, &negative, 0, EINVAL },
		{ directory, NULL, fds[1], NULL, 0, EINVAL },
		{ fds[0], NULL, directory, NULL, 0, EBADF },
	};
	for (size_t i = 0; i < sizeof(splices) / sizeof(*splices); i++) {
		errno = 0;
		if (splice(splices[i].in, splices[i].in_at, splices[i].out, splices[i].out_at, 1,
			   splices[i].flags) != -1 || errno != splices[i].error)
			test_fail(__FILE__, __LINE__, "row %zu: %s", i, strerror(errno));
	}
	FAILS(tee(file, fds[1], 1, 0), EINVAL);
	FAILS(tee(fds[0], file, 1, 0), EINVAL);
	FAILS(tee(fds[0], fds[1], 1, 0), EINVAL);
	FAILS(tee(fds[1], event[1], 1, 0), EBADF);
	FAILS(tee(-1, event[1], 1, 0), EBADF);
	FAILS(tee(fds[0], event[1], 1, 16), EINVAL);
	FAILS(tee(fds[0], event[1], 0, 16), EINVAL);
	EQUAL(tee(-1, -1, 0, 0), 0);
	FAILS(vmsplice(file, &vector, 1, 0), EBADF);
	FAILS(vmsplice(-1, &vector, 1, 0), EBADF);
	FAILS(vmsplice(place, &vector, 1, 0), EBADF);
	FAILS(vmsplice(fds[1], bad_vector, 1, 0), EFAULT);
	FAILS(vmsplice(fds[1], &vector, 1025, 0), EINVAL);
	FAILS(vmsplice(fds[1], &vector, 1, 16), EINVAL);
	EQUAL(vmsplice(file, &vector, 0, 0), 0);
}
