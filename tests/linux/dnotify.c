/* SPDX-License-Identifier: MIT */
/* F_NOTIFY: signals for what happens in a directory. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define ALL_EVENTS (DN_ACCESS | DN_MODIFY | DN_CREATE | DN_DELETE | DN_RENAME | DN_ATTRIB)

static int told(void)
{
	siginfo_t info;

	return test_signals_take(SIGRTMIN, &info);
}

/* Directory a, whose events come as SIGRTMIN, which is blocked. */
static int watched(long events)
{
	int fd;

	test_block(SIGRTMIN);
	OK(mkdir("a", 0755));
	OK(mkdir("b", 0755));
	OK(fd = open("a", O_RDONLY));
	OK(fcntl(fd, F_SETSIG, SIGRTMIN));
	OK(fcntl(fd, F_NOTIFY, events));
	return fd;
}

static void make(const char *path)
{
	test_write_file(path, "text");
}

static void read_it(const char *path)
{
	char byte;
	int fd;

	OK(fd = open(path, O_RDONLY));
	EQUAL(read(fd, &byte, 1), 1);
	OK(close(fd));
}

TEST(dnotify_tells_each_event)
{
	static const struct {
		long event;
		int made, read, changed, mode, renamed, left, came, removed;
	} rows[] = {
		{ DN_CREATE,	1, 0, 0, 0, 1, 0, 1, 0 },
		{ DN_ACCESS,	0, 1, 0, 0, 0, 0, 0, 0 },
		{ DN_MODIFY,	1, 0, 1, 0, 0, 0, 0, 0 },
		{ DN_ATTRIB,	0, 0, 0, 1, 0, 0, 0, 0 },
		{ DN_RENAME,	0, 0, 0, 0, 1, 0, 0, 0 },
		{ DN_DELETE,	0, 0, 0, 0, 1, 1, 0, 1 },
	};
	int fd = watched(0);

	for (size_t i = 0; i < COUNT(rows); i++) {
		OK(fcntl(fd, F_NOTIFY, DN_MULTISHOT | rows[i].event));
		make("a/x");
		EQUAL(told(), rows[i].made);
		read_it("a/x");
		EQUAL(told(), rows[i].read);
		OK(truncate("a/x", 1));
		EQUAL(told(), rows[i].changed);
		OK(chmod("a/x", 0600));
		EQUAL(told(), rows[i].mode);
		OK(rename("a/x", "a/y"));
		EQUAL(told(), rows[i].renamed);
		OK(rename("a/y", "b/y"));
		EQUAL(told(), rows[i].left);
		OK(rename("b/y", "a/y"));
		EQUAL(told(), rows[i].came);
		OK(unlink("a/y"));
		EQUAL(told(), rows[i].removed);
		OK(fcntl(fd, F_NOTIFY, 0));
	}
}

TEST(dnotify_says_which_descriptor)
{
	int fd = watched(DN_CREATE);
	siginfo_t info;

	EQUAL(fcntl(fd, F_GETOWN), getpid());
	make("a/x");
	EQUAL(test_signals_take(SIGRTMIN, &info), 1);
	EQUAL(info.si_code, POLL_MSG);
	EQUAL(info.si_band, POLLIN | POLLRDNORM | POLLMSG);
	EQUAL(info.si_fd, fd);
	test_block(SIGIO);
	OK(fcntl(fd, F_SETSIG, 0));
	OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	make("a/y");
	EQUAL(test_signals_take(SIGIO, &info), 1);
	EQUAL(info.si_code, SI_KERNEL);
}

TEST(dnotify_tells_once_or_on_and_on)
{
	int fd = watched(DN_CREATE);

	make("a/1");
	make("a/2");
	EQUAL(told(), 1);
	OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	OK(fcntl(fd, F_NOTIFY, DN_DELETE | DN_MULTISHOT));
	make("a/3");
	OK(unlink("a/3"));
	EQUAL(told(), 2);
	make("a/4");
	EQUAL(told(), 1);
	/* Once to last, it lasts. */
	OK(fcntl(fd, F_NOTIFY, DN_RENAME));
	OK(rename("a/4", "a/5"));
	EQUAL(told(), 3);
	make("a/6");
	EQUAL(told(), 1);
	OK(fcntl(fd, F_NOTIFY, DN_MULTISHOT));
	make("a/7");
	EQUAL(told(), 0);
}

TEST(dnotify_is_of_the_directory_and_its_entries)
{
	char buffer[1024];
	int fd = watched(ALL_EVENTS | DN_MULTISHOT);

	OK(chmod("a", 0700));
	EQUAL(told(), 1);
	CHECK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0);
	EQUAL(told(), 1);
	OK(rename("a", "c"));
	make("b/x");
	EQUAL(told(), 0);
	OK(mkdir("c/d", 0755));
	EQUAL(told(), 1);
	make("c/d/x");
	EQUAL(told(), 0);
	OK(rename("b/x", "c/x"));
	EQUAL(told(), 1);
	make("c/y");
	(void)told();
	/* What is replaced is not told of. */
	OK(rename("c/y", "c/x"));
	EQUAL(told(), 3);
}

TEST(dnotify_goes_with_a_descriptor)
{
	int fd = watched(ALL_EVENTS | DN_MULTISHOT), other;

	OK(other = dup(fd));
	/* Another table's descriptors do not matter. */
	IN_CHILD(OK(close(fd)));
	make("a/1");
	CHECK(told() > 0);
	OK(close(other));
	make("a/2");
	EQUAL(told(), 0);
	OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	make("a/3");
	EQUAL(told(), 1);
	OK(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	OK(dup2(0, fd));
	make("a/4");
	EQUAL(told(), 0);
}

TEST(dnotify_of_many_processes)
{
	int fd = watched(DN_CREATE | DN_MULTISHOT);
	siginfo_t info;
	int go[2];
	pid_t child;

	OK(pipe(go));
	OK(child = fork());
	if (!child) {
		int own = open("a", O_RDONLY);

		OK(own);
		OK(fcntl(own, F_SETSIG, SIGRTMIN));
		OK(fcntl(own, F_NOTIFY, DN_CREATE));
		make("a/1");
		/* Both were told: this one by its own. */
		EQUAL(test_signals_take(SIGRTMIN, &info), 1);
		EQUAL(info.si_fd, own);
		/* Of the parent's file it can ask for something too, and the parent is told. */
		OK(fcntl(fd, F_NOTIFY, DN_DELETE));
		OK(unlink("a/1"));
		EQUAL(told(), 0);
		_exit(0);
	}
	EQUAL(test_wait(child), 0);
	EQUAL(told(), 2);
	make("a/2");
	EQUAL(told(), 1);
}

TEST(dnotify_bad_input)
{
	int fd = watched(0), file, path, fds[2];

	OK(pipe(fds));
	make("file");
	OK(file = open("file", O_RDONLY));
	OK(path = open("a", O_PATH));
	FAILS(fcntl(file, F_NOTIFY, DN_CREATE), ENOTDIR);
	FAILS(fcntl(fds[0], F_NOTIFY, DN_CREATE), ENOTDIR);
	OK(fcntl(file, F_NOTIFY, 0));
	OK(fcntl(file, F_NOTIFY, DN_MULTISHOT));
	FAILS(fcntl(path, F_NOTIFY, DN_CREATE), EBADF);
	FAILS(fcntl(path, F_NOTIFY, 0), EBADF);
	FAILS(fcntl(99, F_NOTIFY, DN_CREATE), EBADF);
	FAILS(fcntl(-1, F_NOTIFY, 0), EBADF);
	/* Bits that mean nothing are taken. */
	OK(fcntl(fd, F_NOTIFY, 0x100));
	make("a/x");
	EQUAL(told(), 0);
}
