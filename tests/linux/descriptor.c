/* SPDX-License-Identifier: MIT */
/* Descriptors: dup, fcntl, flags, ten thousand of them, close_range; locks of files. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

TEST(dup_takes_the_lowest)
{
	int a, b;

	OK(a = open("/dev/null", O_RDONLY));
	OK(b = dup(a));
	EQUAL(b, a + 1);
	OK(close(a));
	EQUAL(dup(b), a);
	FAILS(dup(999), EBADF);
	FAILS(dup(-1), EBADF);
}

TEST(dup2_replaces)
{
	struct stat before, after;
	int a, b;

	test_write_file("file", "x");
	OK(a = open("file", O_RDONLY | O_CLOEXEC));
	OK(b = open("/dev/null", O_RDONLY));
	EQUAL(dup2(a, b), b);
	OK(fstat(a, &before));
	OK(fstat(b, &after));
	EQUAL(before.st_ino, after.st_ino);
	EQUAL(fcntl(b, F_GETFD), 0);
	EQUAL(fcntl(a, F_GETFD), FD_CLOEXEC);
	EQUAL(dup2(a, a), a);
	EQUAL(fcntl(a, F_GETFD), FD_CLOEXEC);
	EQUAL(dup2(a, 100), 100);
	FAILS(dup2(999, b), EBADF);
	FAILS(dup2(999, 999), EBADF);
	FAILS(dup2(a, -1), EBADF);
	OK(fcntl(b, F_GETFD));
}

TEST(dup3_flags)
{
	int fd;

	OK(fd = open("/dev/null", O_RDONLY));
	EQUAL(dup3(fd, 50, O_CLOEXEC), 50);
	EQUAL(fcntl(50, F_GETFD), FD_CLOEXEC);
	FAILS(dup3(fd, fd, 0), EINVAL);
	FAILS(dup3(fd, 51, O_APPEND), EINVAL);
}

TEST(fcntl_duplicates)
{
	int fd;

	OK(fd = open("/dev/null", O_RDONLY));
	EQUAL(fcntl(fd, F_DUPFD, 60), 60);
	EQUAL(fcntl(fd, F_DUPFD, 60), 61);
	EQUAL(fcntl(fd, F_DUPFD_CLOEXEC, 70), 70);
	EQUAL(fcntl(70, F_GETFD), FD_CLOEXEC);
	EQUAL(fcntl(60, F_GETFD), 0);
	FAILS(fcntl(fd, F_DUPFD, -1), EINVAL);
	FAILS(fcntl(999, F_DUPFD, 0), EBADF);
	FAILS(fcntl(fd, 9999, 0), EINVAL);
}

TEST(status_flags)
{
	int fd, copy, again;

	OK(fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));
	EQUAL(fcntl(fd, F_GETFL), O_RDWR | 0100000 /* O_LARGEFILE, which is 0 in C */);
	OK(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	OK(copy = dup(fd));
	EQUAL(fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
	      O_RDWR | O_APPEND | O_NONBLOCK);
	OK(again = open("file", O_WRONLY));
	EQUAL(fcntl(again, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY);
	OK(fcntl(fd, F_SETFL, O_RDONLY));
	EQUAL(fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR);
	int on = 1;
	OK(ioctl(fd, FIONBIO, &on));
	EQUAL(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST(descriptor_table_is_copied_by_fork)
{
	int fd;

	OK(fd = open("/dev/null", O_RDONLY));
	IN_CHILD(OK(close(fd)));
	OK(fcntl(fd, F_GETFD));
}

TEST(ten_thousand_descriptors)
{
	struct rlimit limit;
	int fds[2];
	char byte;

	OK(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_max < 10100)
		test_skip("the hard limit is lower");
	limit.rlim_cur = 10100;
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	OK(pipe(fds));
	int first = dup(fds[1]);
	for (int i = 1; i < 10000; i++)
		EQUAL(dup(fds[1]), first + i);
	EQUAL(write(first + 9999, "x", 1), 1);
	EQUAL(read(fds[0], &byte, 1), 1);
	IN_CHILD({
		EQUAL(write(first + 5000, "y", 1), 1);
		EQUAL(read(fds[0], &byte, 1), 1);
	});
	OK(fcntl(fds[0], F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 10000; i++)
		OK(close(first + i));
	FAILS(read(fds[0], &byte, 1), EAGAIN);
	OK(close(fds[1]));
	EQUAL(read(fds[0], &byte, 1), 0);
}

TEST(ten_thousand_open_files)
{
	struct rlimit limit;

	OK(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_max < 10100)
		test_skip("the hard limit is lower");
	limit.rlim_cur = 10100;
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	test_write_file("file", "content");
	int first = open("file", O_RDONLY);
	OK(first);
	for (int i = 1; i < 10000; i++)
		EQUAL(open("file", O_RDONLY), first + i);
	for (int i = 0; i < 10000; i += 99) {
		char text[8] = "";

		EQUAL(read(first + i, text, 7), 7);
		SAME(text, "content");
	}
}

TEST(close_range_closes)
{
	int fd;

	OK(fd = open("/dev/null", O_RDONLY));
	for (int i = 50; i < 60; i++)
		OK(dup2(fd, i));
	OK(syscall(SYS_close_range, 52, 55, 0));
	OK(fcntl(51, F_GETFD));
	FAILS(fcntl(52, F_GETFD), EBADF);
	FAILS(fcntl(55, F_GETFD), EBADF);
	OK(fcntl(56, F_GETFD));
	OK(syscall(SYS_close_range, 56, ~0U, 4));
	EQUAL(fcntl(57, F_GETFD), FD_CLOEXEC);
	OK(syscall(SYS_close_range, 3, ~0U, 0));
	FAILS(fcntl(fd, F_GETFD), EBADF);
	FAILS(syscall(SYS_close_range, 5, 4, 0), EINVAL);
	FAILS(syscall(SYS_close_range, 5, 6, 99), EINVAL);
}

static struct flock lock_of(short type, off_t start, off_t length)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length
	};
}

static int lock(int fd, int command, short type, off_t start, off_t length)
{
	struct flock flock = lock_of(type, start, length);

	return fcntl(fd, command, &flock);
}

TEST(record_locks_exclude_processes)
{
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	OK(lock(fd, F_SETLK, F_WRLCK, 10, 10));
	OK(lock(fd, F_SETLK, F_WRLCK, 10, 10));
	IN_CHILD({
		struct flock flock = lock_of(F_WRLCK, 0, 0);

		CHECK(lock(fd, F_SETLK, F_WRLCK, 15, 1) == -1);
		CHECK(errno == EAGAIN || errno == EACCES);
		CHECK(lock(fd, F_SETLK, F_RDLCK, 0, 0) == -1);
		OK(lock(fd, F_SETLK, F_WRLCK, 0, 10));
		OK(lock(fd, F_SETLK, F_WRLCK, 20, 0));
		flock = lock_of(F_RDLCK, 12, 1);
		OK(fcntl(fd, F_GETLK, &flock));
		EQUAL(flock.l_type, F_WRLCK);
		EQUAL(flock.l_pid, getppid());
		EQUAL(flock.l_start, 10);
		EQUAL(flock.l_len, 10);
		flock = lock_of(F_RDLCK, 100, 1);
		OK(fcntl(fd, F_GETLK, &flock));
		EQUAL(flock.l_type, F_UNLCK);
	});
	OK(lock(fd, F_SETLK, F_UNLCK, 12, 2));
	IN_CHILD({
		OK(lock(fd, F_SETLK, F_WRLCK, 12, 2));
		CHECK(lock(fd, F_SETLK, F_WRLCK, 14, 1) == -1);
		CHECK(lock(fd, F_SETLK, F_WRLCK, 11, 1) == -1);
	});
}

TEST(record_locks_share_reading)
{
	int fd;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	OK(lock(fd, F_SETLK, F_RDLCK, 0, 0));
	IN_CHILD({
		OK(lock(fd, F_SETLK, F_RDLCK, 0, 0));
		CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 0) == -1);
	});
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	FAILS(lock(999, F_SETLK, F_WRLCK, 0, 0), EBADF);
	OK(fd = open("file", O_RDONLY));
	FAILS(lock(fd, F_SETLK, F_WRLCK, 0, 0), EBADF);
	FAILS(lock(fd, F_SETLK, 77, 0, 0), EINVAL);
	FAILS(lock(fd, F_SETLK, F_RDLCK, -5, 1), EINVAL);
}

TEST(record_locks_end_with_any_close)
{
	int fd, other;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	OK(other = open("file", O_RDONLY));
	OK(close(other));
	IN_CHILD(OK(lock(fd, F_SETLK, F_WRLCK, 0, 0)));
}

TEST(record_lock_waits)
{
	int fd;
	pid_t child;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	child = fork();
	if (!child) {
		OK(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
		_exit(0);
	}
	test_await_sleep(child);
	OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	EQUAL(test_wait(child), 0);
}

TEST(record_lock_ends_with_the_process)
{
	int fd, fds[2];
	char byte;
	pid_t child;

	OK(pipe(fds));
	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	child = fork();
	if (!child) {
		OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
		EQUAL(write(fds[1], "x", 1), 1);
		for (;;)
			pause();
	}
	EQUAL(read(fds[0], &byte, 1), 1);
	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 0) == -1);
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
}

TEST(record_lock_deadlock_is_found)
{
	int fd;
	pid_t child;

	OK(fd = open("file", O_RDWR | O_CREAT, 0600));
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 1));
	child = fork();
	if (!child) {
		OK(lock(fd, F_SETLK, F_WRLCK, 1, 1));
		OK(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
		_exit(0);
	}
	test_await_sleep(child);
	FAILS(lock(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	OK(lock(fd, F_SETLK, F_UNLCK, 0, 1));
	EQUAL(test_wait(child), 0);
}

TEST(open_file_locks)
{
	struct flock flock = lock_of(F_WRLCK, 0, 0);
	int a, b;

	OK(a = open("file", O_RDWR | O_CREAT, 0600));
	OK(b = open("file", O_RDWR));
	OK(fcntl(a, F_OFD_SETLK, &flock));
	FAILS(fcntl(b, F_OFD_SETLK, &flock), EAGAIN);
	IN_CHILD(OK(fcntl(a, F_OFD_SETLK, &flock)));
	OK(close(a));
	OK(fcntl(b, F_OFD_SETLK, &flock));
}

TEST(flock_belongs_to_the_open_file)
{
	int a, b, copy;

	OK(a = open("file", O_RDWR | O_CREAT, 0600));
	OK(b = open("file", O_RDWR));
	OK(copy = dup(a));
	OK(flock(a, LOCK_MAND | LOCK_READ));
	OK(flock(a, LOCK_EX));
	OK(flock(copy, LOCK_EX));
	FAILS(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	FAILS(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	OK(flock(a, LOCK_SH));
	OK(flock(b, LOCK_SH | LOCK_NB));
	FAILS(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	IN_CHILD(OK(flock(a, LOCK_UN)));
	OK(flock(b, LOCK_EX | LOCK_NB));
	FAILS(flock(b, LOCK_NB), EINVAL);
	FAILS(flock(999, LOCK_EX), EBADF);
	OK(close(b));
	OK(flock(a, LOCK_EX | LOCK_NB));
	OK(close(a));
	OK(b = open("file", O_RDWR));
	FAILS(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	OK(close(copy));
	OK(flock(b, LOCK_EX | LOCK_NB));
}

TEST(flock_waits)
{
	int a, b;
	pid_t child;

	OK(a = open("file", O_RDWR | O_CREAT, 0600));
	OK(flock(a, LOCK_EX));
	child = fork();
	if (!child) {
		OK(b = open("file", O_RDWR));
		OK(flock(b, LOCK_EX));
		_exit(0);
	}
	test_await_sleep(child);
	OK(flock(a, LOCK_UN));
	EQUAL(test_wait(child), 0);
}

TEST(owner_of_descriptor_signals)
{
	int fds[2];

	OK(pipe(fds));
	OK(fcntl(fds[0], F_SETOWN, getpid()));
	EQUAL(fcntl(fds[0], F_GETOWN), getpid());
	OK(fcntl(fds[0], F_SETSIG, SIGUSR1));
	EQUAL(fcntl(fds[0], F_GETSIG), SIGUSR1);
}

static int in_thread(void *unused)
{
	struct stat status;

	(void)unused;
	OK(unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
	OK(close(100));
	OK(chdir("/"));
	OK(umask(0777));
	FAILS(fstat(100, &status), EBADF);
	return 0;
}

TEST(unshare_makes_own_files)
{
	static char stack[65536];
	struct stat before, after;
	pid_t child;

	EQUAL(dup2(0, 100), 100);
	OK(stat(".", &before));
	umask(022);
	OK(child = clone(in_thread, stack + sizeof(stack),
			 CLONE_FS | CLONE_FILES | CLONE_VM | SIGCHLD, NULL));
	EQUAL(test_wait(child), 0);
	OK(fcntl(100, F_GETFD));
	OK(stat(".", &after));
	EQUAL(before.st_ino, after.st_ino);
	EQUAL(umask(022), 022);
}

TEST(namespaces_bad_input)
{
	int fd;

	OK(fd = open(".", O_RDONLY));
	OK(unshare(0));
	FAILS(unshare(1), EINVAL);
	FAILS(setns(-1, 0), EBADF);
	FAILS(setns(fd, CLONE_NEWNET), EINVAL);
	if (geteuid())
		return;
	OK(setuid(65534));
	FAILS(unshare(CLONE_NEWNS), EPERM);
	FAILS(unshare(CLONE_NEWUTS | CLONE_NEWIPC), EPERM);
}
