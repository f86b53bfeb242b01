/* SPDX-License-Identifier: MIT */
/* Leases: who gets one, who is told of others' opens, and who waits for whom. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BREAK_TIME "/proc/sys/fs/lease-break-time"

static int told(void)
{
	siginfo_t info;

	return test_signals_take(SIGRTMIN, &info);
}

/* Sleeps until a holder is told. */
static void await_told(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	EQUAL(sigwaitinfo(&set, NULL), SIGRTMIN);
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags);

	OK(fd);
	return fd;
}

/* A file "file" with a lease, whose holder is told by SIGRTMIN, which is blocked. */
static int leased(int type)
{
	int fd;

	test_block(SIGRTMIN);
	test_write_file("file", "text");
	fd = opened("file", O_RDONLY);
	OK(fcntl(fd, F_SETSIG, SIGRTMIN));
	OK(fcntl(fd, F_SETLEASE, type));
	return fd;
}

TEST(lease_by_how_the_file_is_open)
{
	static const struct {
		int own, other;		/* other -1: nobody */
		int read, write;	/* errno, or 0 */
	} rows[] = {
		{ O_RDONLY, -1,			0,	0 },
		{ O_RDWR,   -1,			EAGAIN, 0 },
		{ O_WRONLY, -1,			EAGAIN, 0 },
		{ O_RDONLY, O_RDONLY,		0,	EAGAIN },
		{ O_RDONLY, O_WRONLY,		EAGAIN, EAGAIN },
		{ O_RDONLY, O_RDWR,		EAGAIN, EAGAIN },
		{ O_RDONLY, O_PATH,		0,	0 },
		{ O_RDWR,   O_RDONLY,		EAGAIN, EAGAIN },
	};

	test_write_file("file", "text");
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int type = F_RDLCK; type <= F_WRLCK; type++) {
			int error = type == F_RDLCK ? rows[i].read : rows[i].write;
			int own = opened("file", rows[i].own);
			int other = rows[i].other < 0 ? -1 : opened("file", rows[i].other);

			EQUAL(fcntl(own, F_GETLEASE), F_UNLCK);
			if (error)
				FAILS(fcntl(own, F_SETLEASE, type), error);
			else
				OK(fcntl(own, F_SETLEASE, type));
			EQUAL(fcntl(own, F_GETLEASE), error ? F_UNLCK : type);
			if (other >= 0)
				OK(close(other));
			if (!error)
				OK(fcntl(own, F_SETLEASE, F_UNLCK));
			FAILS(fcntl(own, F_SETLEASE, F_UNLCK), EAGAIN);
			OK(close(own));
		}
	}
}

TEST(lease_is_of_the_open_file)
{
	int fd = leased(F_WRLCK), other;

	OK(other = dup(fd));
	EQUAL(fcntl(other, F_GETLEASE), F_WRLCK);
	OK(close(fd));
	IN_CHILD(EQUAL(fcntl(other, F_GETLEASE), F_WRLCK));
	EQUAL(fcntl(other, F_GETLEASE), F_WRLCK);
	EQUAL(fcntl(other, F_GETOWN), getpid());
	OK(fcntl(other, F_SETLEASE, F_RDLCK));
	fd = opened("file", O_RDONLY);
	EQUAL(fcntl(fd, F_GETLEASE), F_UNLCK);
	OK(fcntl(fd, F_SETLEASE, F_RDLCK));
	FAILS(fcntl(fd, F_SETLEASE, F_WRLCK), EAGAIN);
	/* With the last descriptor it goes. */
	OK(close(other));
	OK(fcntl(fd, F_SETLEASE, F_WRLCK));
	OK(close(fd));
	fd = opened("file", O_RDWR | O_NONBLOCK);
	EQUAL(told(), 0);
}

TEST(lease_given_back_has_no_owner)
{
	int fd = leased(F_RDLCK);

	EQUAL(fcntl(fd, F_GETSIG), SIGRTMIN);
	OK(fcntl(fd, F_SETLEASE, F_UNLCK));
	EQUAL(fcntl(fd, F_GETOWN), 0);
	EQUAL(fcntl(fd, F_GETSIG), 0);
}

TEST(lease_break_is_told_once)
{
	static const struct {
		int type, flags, shown;	/* shown -1: not broken */
	} rows[] = {
		{ F_RDLCK, O_RDONLY, -1 },
		{ F_RDLCK, O_WRONLY, F_UNLCK },
		{ F_RDLCK, O_RDWR, F_UNLCK },
		{ F_RDLCK, O_WRONLY | O_TRUNC, F_UNLCK },
		{ F_RDLCK, O_RDWR | O_CREAT, F_UNLCK },
		{ F_RDLCK, O_PATH, -1 },
		{ F_WRLCK, O_RDONLY, F_RDLCK },
		{ F_WRLCK, O_RDWR, F_UNLCK },
		{ F_WRLCK, O_PATH, -1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = leased(rows[i].type);
		siginfo_t info;

		if (rows[i].shown < 0) {
			OK(close(open("file", rows[i].flags | O_NONBLOCK)));
			EQUAL(told(), 0);
			EQUAL(fcntl(fd, F_GETLEASE), rows[i].type);
			OK(close(fd));
			continue;
		}
		for (int turn = 0; turn < 2; turn++) {
			FAILS(open("file", rows[i].flags | O_NONBLOCK, 0600), EWOULDBLOCK);
			EQUAL(test_signals_take(SIGRTMIN, &info), !turn);
			EQUAL(fcntl(fd, F_GETLEASE), rows[i].shown);
		}
		EQUAL(info.si_code, POLL_MSG);
		EQUAL(info.si_band, POLLIN | POLLRDNORM | POLLMSG);
		EQUAL(info.si_fd, fd);
		OK(fcntl(fd, F_SETLEASE, rows[i].shown));
		OK(close(open("file", rows[i].flags | O_NONBLOCK, 0600)));
		OK(close(fd));
	}
}

TEST(lease_break_by_sigio)
{
	int fd = leased(F_RDLCK);
	siginfo_t info;
	sigset_t set;

	test_block(SIGIO);
	OK(fcntl(fd, F_SETSIG, 0));
	FAILS(open("file", O_WRONLY | O_NONBLOCK), EWOULDBLOCK);
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	EQUAL(sigwaitinfo(&set, &info), SIGIO);
	EQUAL(info.si_code, SI_KERNEL);
}

TEST(lease_broken_further)
{
	int fd = leased(F_WRLCK);

	FAILS(open("file", O_RDONLY | O_NONBLOCK), EWOULDBLOCK);
	FAILS(open("file", O_RDWR | O_NONBLOCK), EWOULDBLOCK);
	EQUAL(told(), 2);
	EQUAL(fcntl(fd, F_GETLEASE), F_UNLCK);
	/* Weaker is not enough: readers pass, and the rest is still asked for. */
	OK(fcntl(fd, F_SETLEASE, F_RDLCK));
	EQUAL(fcntl(fd, F_GETLEASE), F_UNLCK);
	OK(close(open("file", O_RDONLY | O_NONBLOCK)));
	FAILS(open("file", O_RDWR | O_NONBLOCK), EWOULDBLOCK);
	EQUAL(told(), 0);
	/* No new ones meanwhile. */
	FAILS(fcntl(opened("file", O_RDONLY), F_SETLEASE, F_RDLCK), EAGAIN);
}

/* A child that opens or truncates the file, and ends with 0 once it could. */
static pid_t child_uses(int flags)
{
	pid_t child = fork();

	OK(child);
	if (child)
		return child;
	if (flags < 0)
		OK(truncate("file", 1));
	else
		OK(open("file", flags));
	_exit(0);
}

TEST(lease_is_waited_for)
{
	static const struct {
		int type, flags, change;
	} rows[] = {
		{ F_RDLCK, O_WRONLY, F_UNLCK },
		{ F_RDLCK, -1, F_UNLCK },
		{ F_WRLCK, O_RDONLY, F_UNLCK },
		{ F_WRLCK, O_RDONLY, F_RDLCK },
		{ F_WRLCK, O_RDWR, F_UNLCK },
		{ F_WRLCK, -1, F_UNLCK },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = leased(rows[i].type);
		pid_t child = child_uses(rows[i].flags);

		await_told();
		test_await_sleep(child);
		EQUAL(waitpid(child, NULL, WNOHANG), 0);
		OK(fcntl(fd, F_SETLEASE, rows[i].change));
		EQUAL(test_wait(child), 0);
		OK(close(fd));
	}
}

TEST(lease_waits_for_all_holders)
{
	int first = leased(F_RDLCK), second = opened("file", O_RDONLY);
	pid_t child;

	OK(fcntl(second, F_SETSIG, SIGRTMIN));
	OK(fcntl(second, F_SETLEASE, F_RDLCK));
	OK(child = fork());
	if (!child) {
		/* The holders are the parent's: closed here they stay. */
		OK(close(first));
		OK(close(second));
		OK(open("file", O_WRONLY));
		_exit(0);
	}
	await_told();
	await_told();
	OK(close(first));
	test_await_sleep(child);
	EQUAL(waitpid(child, NULL, WNOHANG), 0);
	OK(close(second));
	EQUAL(test_wait(child), 0);
}

TEST(lease_ends_with_its_process)
{
	int go[2], waits;
	char byte;
	pid_t holder;

	test_write_file("file", "text");
	OK(pipe(go));
	OK(holder = fork());
	if (!holder) {
		signal(SIGIO, SIG_IGN);
		OK(fcntl(opened("file", O_RDONLY), F_SETLEASE, F_WRLCK));
		EQUAL(write(go[1], "x", 1), 1);
		pause();
	}
	EQUAL(read(go[0], &byte, 1), 1);
	waits = child_uses(O_RDWR);
	test_await_sleep(waits);
	OK(kill(holder, SIGKILL));
	EQUAL(test_wait(holder), 1000 + SIGKILL);
	EQUAL(test_wait(waits), 0);
}

static void handler(int number)
{
	(void)number;
}

TEST(lease_wait_is_interrupted)
{
	static const struct sigaction action = { .sa_handler = handler };
	int fd = leased(F_RDLCK);
	pid_t child;

	OK(sigaction(SIGUSR1, &action, NULL));
	for (int i = 0; i < 2; i++) {
		OK(child = fork());
		if (!child) {
			FAILS(i ? truncate("file", 0) : open("file", O_WRONLY), EINTR);
			_exit(0);
		}
		test_await_sleep(child);
		OK(kill(child, SIGUSR1));
		EQUAL(test_wait(child), 0);
	}
	EQUAL(told(), 1);
	SAME(test_read_file("file"), "text");
	EQUAL(fcntl(fd, F_GETLEASE), F_UNLCK);
}

TEST(lease_is_not_broken_by_names_and_attributes)
{
	int fd = leased(F_WRLCK);
	struct stat status;

	OK(stat("file", &status));
	OK(access("file", R_OK | W_OK));
	OK(chmod("file", 0600));
	OK(link("file", "other"));
	OK(rename("other", "another"));
	OK(unlink("file"));
	EQUAL(told(), 0);
	EQUAL(fcntl(fd, F_GETLEASE), F_WRLCK);
	FAILS(open("another", O_RDONLY | O_NONBLOCK), EWOULDBLOCK);
}

TEST(lease_holds_up_a_program)
{
	int fd;
	pid_t child;

	test_block(SIGRTMIN);
	test_write_file("program", "#!/bin/true\n");
	OK(chmod("program", 0755));
	fd = opened("program", O_RDONLY);
	OK(fcntl(fd, F_SETSIG, SIGRTMIN));
	OK(fcntl(fd, F_SETLEASE, F_WRLCK));
	OK(child = fork());
	if (!child) {
		execl("program", "program", NULL);
		_exit(1);
	}
	await_told();
	test_await_sleep(child);
	EQUAL(waitpid(child, NULL, WNOHANG), 0);
	OK(fcntl(fd, F_SETLEASE, F_RDLCK));
	EQUAL(test_wait(child), 0);
}

TEST(lease_of_time_that_is_over)
{
	int fd, setting = open(BREAK_TIME, O_WRONLY);
	char former[32];

	if (setting < 0)
		test_skip("the time to give a lease back can't be set");
	snprintf(former, sizeof(former), "%s", test_read_file(BREAK_TIME));
	FAILS(write(setting, "x", 1), EINVAL);
	EQUAL(write(setting, "1\n", 2), 2);
	SAME(test_read_file(BREAK_TIME), "1\n");
	fd = leased(F_WRLCK);
	/* A reader leaves it a lease to read. */
	OK(close(open("file", O_RDONLY)));
	EQUAL(fcntl(fd, F_GETLEASE), F_RDLCK);
	OK(truncate("file", 1));
	EQUAL(fcntl(fd, F_GETLEASE), F_UNLCK);
	FAILS(fcntl(fd, F_SETLEASE, F_UNLCK), EAGAIN);
	EQUAL(pwrite(setting, former, strlen(former), 0), strlen(former));
}

TEST(lease_bad_input)
{
	static const int kinds[] = { F_RDLCK, F_WRLCK, F_UNLCK };
	int file, null, directory, path, fds[2];

	test_write_file("file", "x");
	file = opened("file", O_RDONLY);
	null = opened("/dev/null", O_RDONLY);
	directory = opened(".", O_RDONLY);
	path = opened("file", O_PATH);
	OK(pipe(fds));
	for (size_t i = 0; i < COUNT(kinds); i++) {
		FAILS(fcntl(null, F_SETLEASE, kinds[i]), EINVAL);
		FAILS(fcntl(directory, F_SETLEASE, kinds[i]), EINVAL);
		FAILS(fcntl(fds[0], F_SETLEASE, kinds[i]), EINVAL);
		FAILS(fcntl(path, F_SETLEASE, kinds[i]), EBADF);
		FAILS(fcntl(99, F_SETLEASE, kinds[i]), EBADF);
	}
	EQUAL(fcntl(null, F_GETLEASE), F_UNLCK);
	FAILS(fcntl(path, F_GETLEASE), EBADF);
	FAILS(fcntl(file, F_SETLEASE, 77), EINVAL);
	FAILS(fcntl(file, F_SETLEASE, -1), EINVAL);
	/* The argument is an int. */
	OK(fcntl(file, F_SETLEASE, 0x100000000l | F_RDLCK));
	OK(fcntl(file, F_SETLEASE, F_UNLCK));
}

TEST(lease_of_whose_file)
{
	int file;

	if (geteuid())
		test_skip("only root gives files away");
	test_write_file("file", "x");
	file = opened("file", O_RDONLY);
	IN_CHILD(OK(setuid(65534));
		 FAILS(fcntl(file, F_SETLEASE, F_RDLCK), EACCES);
		 FAILS(fcntl(file, F_SETLEASE, F_UNLCK), EACCES);
		 FAILS(fcntl(file, F_SETLEASE, 77), EINVAL);
		 EQUAL(fcntl(file, F_GETLEASE), F_UNLCK));
	/* CAP_LEASE does it, and who owns the file. */
	OK(chown("file", 65534, 65534));
	OK(fcntl(file, F_SETLEASE, F_WRLCK));
	IN_CHILD(OK(setuid(65534)); OK(fcntl(file, F_SETLEASE, F_RDLCK)));
	EQUAL(fcntl(file, F_GETLEASE), F_RDLCK);
}

TEST(lease_of_a_memory_file)
{
	int fd = memfd_create("file", 0);

	OK(fd);
	OK(fcntl(fd, F_SETLEASE, F_RDLCK));
	FAILS(fcntl(fd, F_SETLEASE, F_WRLCK), EAGAIN);
}
