/* SPDX-License-Identifier: MIT */
/* POSIX message queues: mq_open and its family, notification, the file system. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

/* A name that no other test of this machine uses; removed by the test. */
static const char *fresh_name(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "/mezzo-test-%d", getpid());
	return name;
}

static mqd_t make(long messages, long size, int flags)
{
	struct mq_attr attributes = { .mq_maxmsg = messages, .mq_msgsize = size };
	mqd_t queue = mq_open(fresh_name(), O_CREAT | O_EXCL | O_RDWR | flags, 0600, &attributes);

	OK(queue);
	OK(mq_unlink(fresh_name()));
	return queue;
}

static long count(mqd_t queue)
{
	struct mq_attr attributes;

	OK(mq_getattr(queue, &attributes));
	return attributes.mq_curmsgs;
}

TEST(open_and_unlink)
{
	struct mq_attr attributes = { .mq_maxmsg = 3, .mq_msgsize = 20 }, got;
	const char *name = fresh_name();
	mqd_t queue, again;

	FAILS(mq_open(name, O_RDWR), ENOENT);
	OK(queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0640, &attributes));
	FAILS(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0640, &attributes), EEXIST);
	EQUAL(fcntl(queue, F_GETFD), FD_CLOEXEC);
	EQUAL(fcntl(queue, F_GETFL) & O_ACCMODE, O_RDWR);
	OK(mq_send(queue, "text", 5, 0));
	/* Attributes are those of who made it. */
	attributes.mq_maxmsg = 0;
	OK(again = mq_open(name, O_CREAT | O_RDONLY | O_NONBLOCK, 0600, &attributes));
	OK(mq_getattr(again, &got));
	EQUAL(got.mq_maxmsg, 3);
	EQUAL(got.mq_msgsize, 20);
	EQUAL(got.mq_curmsgs, 1);
	EQUAL(got.mq_flags, O_NONBLOCK);
	OK(mq_unlink(name));
	FAILS(mq_unlink(name), ENOENT);
	FAILS(mq_open(name, O_RDWR), ENOENT);
	EQUAL(count(queue), 1);
	OK(mq_close(queue));
	OK(mq_close(again));
	FAILS(mq_close(again), EBADF);
}

TEST(names)
{
	char longest[260];

	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	FAILS(syscall(SYS_mq_open, "", O_RDWR, 0, NULL), ENOENT);
	FAILS(syscall(SYS_mq_open, "a/b", O_RDWR | O_CREAT, 0600, NULL), EACCES);
	FAILS(syscall(SYS_mq_open, ".", O_RDWR, 0, NULL), EACCES);
	FAILS(syscall(SYS_mq_open, "..", O_RDWR, 0, NULL), EACCES);
	FAILS(syscall(SYS_mq_open, longest, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG);
	FAILS(syscall(SYS_mq_open, (void *)8, O_RDWR, 0, NULL), EFAULT);
	FAILS(syscall(SYS_mq_open, "x", O_RDWR, 0, (void *)8), EFAULT);
	FAILS(syscall(SYS_mq_unlink, (void *)8), EFAULT);
	FAILS(syscall(SYS_mq_unlink, "a/b"), EACCES);
	FAILS(syscall(SYS_mq_unlink, ""), ENOENT);
}

TEST(attributes_that_are_refused)
{
	static const struct { long messages, size; } rows[] = {
		{ 0, 10 }, { -1, 10 }, { 10, 0 }, { 10, -1 }, { 65537, 10 }, { 1, (16 << 20) + 1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mq_attr attributes = { 0, rows[i].messages, rows[i].size, 0, { 0 } };

		FAILS(mq_open(fresh_name(), O_CREAT | O_RDWR, 0600, &attributes), EINVAL);
	}
	if (geteuid())
		return;
	IN_CHILD({
		struct mq_attr attributes = { .mq_maxmsg = 11, .mq_msgsize = 10 };
		mqd_t queue;

		OK(setuid(7777));
		FAILS(mq_open(fresh_name(), O_CREAT | O_RDWR, 0600, &attributes), EINVAL);
		attributes.mq_maxmsg = 10;
		attributes.mq_msgsize = 8193;
		FAILS(mq_open(fresh_name(), O_CREAT | O_RDWR, 0600, &attributes), EINVAL);
		attributes.mq_msgsize = 8192;
		OK(queue = mq_open(fresh_name(), O_CREAT | O_RDWR, 0600, &attributes));
		OK(mq_unlink(fresh_name()));
		OK(mq_close(queue));
	});
}

TEST(the_limit_of_a_user)
{
	struct rlimit limit = { 2000, 2000 };
	struct mq_attr attributes = { .mq_maxmsg = 10, .mq_msgsize = 100 };

	OK(setrlimit(RLIMIT_MSGQUEUE, &limit));
	attributes.mq_maxmsg = 5;
	OK(mq_open(fresh_name(), O_CREAT | O_RDWR, 0600, &attributes));
	OK(mq_unlink(fresh_name()));
	attributes.mq_maxmsg = 10;
	FAILS(mq_open(fresh_name(), O_CREAT | O_RDWR, 0600, &attributes), EMFILE);
	FAILS(mq_open(fresh_name(), O_RDWR), ENOENT);
}

TEST(priorities)
{
	mqd_t queue = make(10, 32, 0);
	char text[32];
	unsigned int priority;

	OK(mq_send(queue, "low", 4, 1));
	OK(mq_send(queue, "high", 5, 9));
	OK(mq_send(queue, "low too", 8, 1));
	OK(mq_send(queue, "highest", 8, 32767));
	FAILS(mq_send(queue, "x", 1, 32768), EINVAL);
	EQUAL(mq_receive(queue, text, sizeof(text), &priority), 8);
	SAME(text, "highest");
	EQUAL(priority, 32767);
	EQUAL(mq_receive(queue, text, sizeof(text), NULL), 5);
	SAME(text, "high");
	EQUAL(mq_receive(queue, text, sizeof(text), &priority), 4);
	SAME(text, "low");
	EQUAL(mq_receive(queue, text, sizeof(text), &priority), 8);
	SAME(text, "low too");
	EQUAL(priority, 1);
}

TEST(bad_arguments)
{
	mqd_t queue = make(2, 8, O_NONBLOCK);
	struct timespec bad = { 0, 1000000000 }, fine = { 0, 0 };
	struct mq_attr attributes = { .mq_flags = O_APPEND };
	char text[8];
	int file, reader, writer;

	FAILS(mq_send(queue, "123456789", 9, 0), EMSGSIZE);
	FAILS(mq_receive(queue, text, 7, NULL), EMSGSIZE);
	FAILS(mq_receive(queue, text, 8, NULL), EAGAIN);
	OK(mq_send(queue, "", 0, 0));
	EQUAL(mq_receive(queue, text, 8, NULL), 0);
	FAILS(mq_send(queue, (void *)8, 5, 0), EFAULT);
	FAILS(mq_timedsend(queue, "x", 1, 0, &bad), EINVAL);
	FAILS(mq_timedsend(-1, "x", 1, 0, &bad), EINVAL);
	FAILS(mq_timedreceive(queue, text, 8, NULL, &bad), EINVAL);
	FAILS(mq_timedreceive(queue, text, 8, NULL, (void *)8), EFAULT);
	FAILS(mq_timedreceive(-1, text, 8, NULL, &fine), EBADF);
	FAILS(mq_setattr(queue, &attributes, NULL), EINVAL);
	FAILS(mq_setattr(-1, &attributes, NULL), EINVAL);
	OK(file = open("file", O_RDWR | O_CREAT, 0600));
	FAILS(mq_send(file, "x", 1, 0), EBADF);
	FAILS(mq_getattr(file, &attributes), EBADF);
	FAILS(mq_notify(file, NULL), EBADF);
	OK(reader = mq_open(fresh_name(), O_CREAT | O_RDONLY, 0600, NULL));
	OK(writer = mq_open(fresh_name(), O_WRONLY));
	OK(mq_unlink(fresh_name()));
	FAILS(mq_send(reader, "x", 1, 0), EBADF);
	FAILS(mq_receive(writer, text, 8, NULL), EBADF);
	OK(mq_send(queue, "1", 1, 0));
	OK(mq_send(queue, "2", 1, 0));
	FAILS(mq_send(queue, "3", 1, 0), EAGAIN);
	FAILS(mq_receive(queue, (void *)8, 8, NULL), EFAULT);
	EQUAL(count(queue), 1);
}

TEST(setattr_changes_one_flag)
{
	struct mq_attr attributes = { .mq_flags = O_NONBLOCK, .mq_maxmsg = 99 }, old;
	mqd_t queue = make(2, 8, 0);

	OK(mq_setattr(queue, &attributes, &old));
	EQUAL(old.mq_flags, 0);
	EQUAL(old.mq_maxmsg, 2);
	OK(mq_getattr(queue, &old));
	EQUAL(old.mq_flags, O_NONBLOCK);
	EQUAL(old.mq_maxmsg, 2);
	CHECK(fcntl(queue, F_GETFL) & O_NONBLOCK);
	attributes.mq_flags = 0;
	OK(mq_setattr(queue, &attributes, NULL));
	CHECK(!(fcntl(queue, F_GETFL) & O_NONBLOCK));
}

TEST(a_receiver_waits)
{
	mqd_t queue = make(2, 8, 0);
	pid_t child = fork();
	char text[8];

	if (!child) {
		EQUAL(mq_receive(queue, text, 8, NULL), 3);
		_exit(strcmp(text, "hi") ? 1 : 0);
	}
	test_await_sleep(child);
	OK(mq_send(queue, "hi", 3, 0));
	EQUAL(count(queue), 0);
	EQUAL(test_wait(child), 0);
}

TEST(senders_wait_in_their_order)
{
	mqd_t queue = make(1, 8, 0);
	pid_t first, second;
	char text[8];

	OK(mq_send(queue, "0", 2, 0));
	first = fork();
	if (!first)
		_exit(mq_send(queue, "1", 2, 0) ? errno : 0);
	test_await_sleep(first);
	second = fork();
	if (!second)
		_exit(mq_send(queue, "2", 2, 0) ? errno : 0);
	test_await_sleep(second);
	for (char digit = '0'; digit < '3'; digit++) {
		EQUAL(mq_receive(queue, text, 8, NULL), 2);
		EQUAL(*text, digit);
	}
	EQUAL(test_wait(first), 0);
	EQUAL(test_wait(second), 0);
}

static void ignore_signal(int number)
{
	(void)number;
}

TEST(waits_end)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	struct timespec until, past = { 1, 0 };
	mqd_t queue = make(1, 8, 0);
	char text[8];
	pid_t child;

	FAILS(mq_timedreceive(queue, text, 8, NULL, &past), ETIMEDOUT);
	OK(clock_gettime(CLOCK_REALTIME, &until));
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	FAILS(mq_timedreceive(queue, text, 8, NULL, &until), ETIMEDOUT);
	OK(mq_timedsend(queue, "x", 1, 0, &past));
	FAILS(mq_timedsend(queue, "x", 1, 0, &past), ETIMEDOUT);
	OK(sigaction(SIGUSR1, &action, NULL));
	child = fork();
	if (!child)
		_exit(mq_send(queue, "x", 1, 0) ? errno : 0);
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	EQUAL(test_wait(child), EINTR);
	EQUAL(count(queue), 1);
	action.sa_flags = SA_RESTART;
	OK(sigaction(SIGUSR1, &action, NULL));
	child = fork();
	if (!child)
		_exit(mq_send(queue, "y", 1, 0) ? errno : 0);
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	OK(mq_receive(queue, text, 8, NULL));
	EQUAL(test_wait(child), 0);
}

TEST(poll_tells)
{
	mqd_t queue = make(1, 8, 0);
	struct pollfd both = { queue, POLLIN | POLLOUT, 0 }, in = { queue, POLLIN, 0 };
	pid_t child, self = getpid();

	EQUAL(poll(&both, 1, 0), 1);
	EQUAL(both.revents, POLLOUT);
	child = fork();
	if (!child) {
		test_await_sleep(self);
		_exit(mq_send(queue, "x", 1, 0) ? errno : 0);
	}
	EQUAL(poll(&in, 1, -1), 1);
	EQUAL(poll(&both, 1, 0), 1);
	EQUAL(both.revents, POLLIN);
	EQUAL(test_wait(child), 0);
}

/* ---- Notification ---- */

static siginfo_t wait_for(int number)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	EQUAL(sigwaitinfo(&set, &info), number);
	return info;
}

static void block(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

TEST(notification_by_a_signal)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	mqd_t queue = make(3, 8, 0);
	siginfo_t info;
	pid_t child;
	char text[8];

	block(SIGUSR1);
	event.sigev_value.sival_int = 4711;
	OK(mq_notify(queue, &event));
	FAILS(mq_notify(queue, &event), EBUSY);
	child = fork();
	if (!child) {
		FAILS(mq_notify(queue, &event), EBUSY);
		/* Not ours to take away. */
		OK(mq_notify(queue, NULL));
		_exit(mq_send(queue, "x", 1, 0) ? errno : 0);
	}
	info = wait_for(SIGUSR1);
	EQUAL(info.si_code, SI_MESGQ);
	EQUAL(info.si_pid, child);
	EQUAL(info.si_uid, getuid());
	EQUAL(info.si_value.sival_int, 4711);
	EQUAL(test_wait(child), 0);
	/* Once, and only for a queue that was empty. */
	OK(mq_notify(queue, &event));
	OK(mq_send(queue, "x", 1, 0));
	FAILS(mq_notify(queue, &event), EBUSY);
	OK(mq_receive(queue, text, 8, NULL));
	OK(mq_receive(queue, text, 8, NULL));
	OK(mq_send(queue, "x", 1, 0));
	wait_for(SIGUSR1);
	OK(mq_notify(queue, &event));
	OK(mq_notify(queue, NULL));
	OK(mq_notify(queue, NULL));
	OK(mq_notify(queue, &event));
}

TEST(who_waits_comes_before_notification)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	mqd_t queue = make(3, 8, 0);
	char text[8];
	pid_t child;

	OK(mq_notify(queue, &event));
	child = fork();
	if (!child)
		_exit(mq_receive(queue, text, 8, NULL) == 1 ? 0 : 1);
	test_await_sleep(child);
	OK(mq_send(queue, "x", 1, 0));
	EQUAL(test_wait(child), 0);
	FAILS(mq_notify(queue, &event), EBUSY);
	OK(mq_send(queue, "x", 1, 0));
	OK(mq_notify(queue, &event));
}

TEST(notification_ends_with_a_close)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	mqd_t queue = make(3, 8, 0), copy;

	OK(copy = dup(queue));
	OK(mq_notify(queue, &event));
	OK(close(copy));
	OK(mq_notify(queue, &event));
	OK(mq_notify(queue, NULL));
	IN_CHILD(OK(mq_notify(queue, &event)));
	OK(mq_notify(queue, &event));
}

TEST(notification_arguments)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 };
	mqd_t queue = make(3, 8, 0);

	FAILS(mq_notify(queue, &event), EINVAL);
	event.sigev_signo = -1;
	FAILS(mq_notify(queue, &event), EINVAL);
	event.sigev_signo = 0;
	event.sigev_notify = 77;
	FAILS(mq_notify(queue, &event), EINVAL);
	FAILS(mq_notify(-1, &event), EINVAL);
	FAILS(syscall(SYS_mq_notify, queue, (void *)8), EFAULT);
	FAILS(mq_notify(-1, NULL), EBADF);
}

/* ---- Files ---- */

TEST(permissions)
{
	mqd_t queue;

	if (geteuid())
		test_skip("wants root");
	umask(022);
	OK(queue = mq_open(fresh_name(), O_CREAT | O_RDWR, 0664, NULL));
	IN_CHILD({
		char name[64];
		struct stat status;

		OK(fstat(queue, &status));
		EQUAL(status.st_mode, S_IFREG | 0644);
		EQUAL(status.st_size, 80);
		snprintf(name, sizeof(name), "/mezzo-test-%d", getppid());
		OK(setgid(7777));
		OK(setuid(7777));
		OK(mq_open(name, O_RDONLY));
		FAILS(mq_open(name, O_WRONLY), EACCES);
		FAILS(mq_open(name, O_RDWR), EACCES);
		CHECK(mq_unlink(name) < 0 && (errno == EPERM || errno == EACCES));
	});
	OK(fchmod(queue, 0));
	IN_CHILD({
		char name[64];

		snprintf(name, sizeof(name), "/mezzo-test-%d", getppid());
		OK(setuid(7777));
		FAILS(mq_open(name, O_RDONLY), EACCES);
	});
	OK(mq_unlink(fresh_name()));
}

TEST(a_queue_is_read_as_a_file)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	mqd_t queue = make(3, 8, 0);
	char text[100] = "", wanted[100];

	OK(mq_send(queue, "12345", 5, 0));
	OK(mq_send(queue, "123", 3, 0));
	OK(mq_notify(queue, &event));
	snprintf(wanted, sizeof(wanted), "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", 8,
		 SIGEV_SIGNAL, SIGUSR1, getpid());
	CHECK(read(queue, text, sizeof(text) - 1) > 0);
	SAME(text, wanted);
	FAILS(write(queue, "x", 1), EINVAL);
}

TEST(the_file_system)
{
	struct mq_attr attributes;
	char path[128];
	mqd_t queue;
	int file;

	snprintf(path, sizeof(path), "/dev/mqueue%s", fresh_name());
	file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (file < 0 || mq_getattr(file, &attributes)) {
		unlink(path);
		test_skip("no mqueue file system is mounted");
	}
	OK(queue = mq_open(fresh_name(), O_RDWR));
	EQUAL(attributes.mq_maxmsg, 10);
	EQUAL(attributes.mq_msgsize, 8192);
	OK(mq_send(queue, "x", 1, 0));
	EQUAL(count(file), 1);
	OK(close(open(path, O_RDWR | O_TRUNC)));
	EQUAL(count(file), 1);
	FAILS(mkdir("/dev/mqueue/mezzo-test-directory", 0700), EPERM);
	OK(unlink(path));
	FAILS(mq_open(fresh_name(), O_RDWR), ENOENT);
}

TEST(limits_are_shown)
{
	SAME(test_read_file("/proc/sys/fs/mqueue/msg_max"), "10\n");
	SAME(test_read_file("/proc/sys/fs/mqueue/msgsize_max"), "8192\n");
	SAME(test_read_file("/proc/sys/fs/mqueue/queues_max"), "256\n");
}

TEST(many_through_a_narrow_queue)
{
	enum { WRITERS = 4, EACH = 300 };
	mqd_t queue = make(2, sizeof(int), 0);
	pid_t children[WRITERS];
	int next[WRITERS] = { 0 }, value;

	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		for (int j = 0; j < EACH; j++) {
			value = i << 16 | j;
			OK(mq_send(queue, (char *)&value, sizeof(value), 0));
		}
		_exit(0);
	}
	for (int i = 0; i < WRITERS * EACH; i++) {
		EQUAL(mq_receive(queue, (char *)&value, sizeof(value), NULL), (long)sizeof(value));
		EQUAL(value & 0xffff, next[value >> 16]++);
	}
	for (int i = 0; i < WRITERS; i++)
		EQUAL(test_wait(children[i]), 0);
}
