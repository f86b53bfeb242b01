/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals: making them, /dev/pts, what either end sees of the other, packet mode. */
#include "tests/linux/tty.h"

#include <dirent.h>
#include <linux/tty.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define DEVPTS_MAGIC 0x1cd1

/* ---- Making ---- */

TEST(pty_is_locked_at_first)
{
	int master, number, locked, one = 1, zero = 0, slave;
	char name[64];

	OK(master = open("/dev/ptmx", O_RDWR | O_NOCTTY));
	OK(ioctl(master, TIOCGPTN, &number));
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	SAME(ptsname(master), name);
	OK(ioctl(master, TIOCGPTLCK, &locked));
	EQUAL(locked, 1);
	FAILS(open(name, O_RDWR | O_NOCTTY), EIO);
	OK(ioctl(master, TIOCSPTLCK, &zero));
	OK(slave = open(name, O_RDWR | O_NOCTTY));
	OK(ioctl(master, TIOCSPTLCK, &one));
	FAILS(open(name, O_RDWR | O_NOCTTY), EIO);
	close(slave);
}

TEST(pty_has_a_name_as_long_as_its_master)
{
	struct pair pair = pair_open();
	struct stat status, opened;
	int again;

	OK(stat(pair.name, &status));
	OK(fstat(pair.slave, &opened));
	EQUAL(status.st_ino, opened.st_ino);
	EQUAL(status.st_dev, opened.st_dev);
	CHECK(S_ISCHR(status.st_mode));
	EQUAL(status.st_uid, geteuid());
	EQUAL(major(status.st_rdev), 136);
	EQUAL(minor(status.st_rdev), atoi(pair.name + strlen("/dev/pts/")));
	SAME(ttyname(pair.slave), pair.name);
	CHECK(isatty(pair.slave) && isatty(pair.master));
	OK(chmod(pair.name, 0600));
	OK(fstat(pair.slave, &opened));
	EQUAL(opened.st_mode & 07777, 0600);
	OK(again = open(pair.name, O_RDWR | O_NOCTTY));
	close(pair.master);
	FAILS(stat(pair.name, &status), ENOENT);
	FAILS(open(pair.name, O_RDWR | O_NOCTTY), ENOENT);
	close(again);
}

TEST(pty_numbers_are_used_again)
{
	struct pair first = pair_open(), second = pair_open(), third;
	char name[64];

	CHECK(strcmp(first.name, second.name));
	strcpy(name, first.name);
	close(first.slave);
	close(first.master);
	third = pair_open();
	SAME(third.name, name);
	close(second.slave);
	close(third.slave);
}

TEST(pty_directory)
{
	struct pair pair = pair_open();
	const char *number = pair.name + strlen("/dev/pts/");
	struct statfs space;
	struct stat status;
	struct dirent *entry;
	int found = 0;
	DIR *directory;

	OK(statfs("/dev/pts", &space));
	EQUAL(space.f_type, DEVPTS_MAGIC);
	OK(fstatfs(pair.slave, &space));
	EQUAL(space.f_type, DEVPTS_MAGIC);
	CHECK(directory = opendir("/dev/pts"));
	while ((entry = readdir(directory)))
		found += !strcmp(entry->d_name, number);
	closedir(directory);
	EQUAL(found, 1);
	OK(stat("/dev/pts/ptmx", &status));
	EQUAL(status.st_rdev, makedev(5, 2));
	FAILS(stat("/dev/pts/99999999", &status), ENOENT);
	FAILS(stat("/dev/pts/00", &status), ENOENT);
	FAILS(stat("/dev/pts/x", &status), ENOENT);
}

TEST(pty_peer_without_a_name)
{
	struct pair pair = pair_open();
	struct stat named, peer_status;
	int peer, one = 1;

	OK(peer = ioctl(pair.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	EQUAL(fcntl(peer, F_GETFD), FD_CLOEXEC);
	OK(stat(pair.name, &named));
	OK(fstat(peer, &peer_status));
	EQUAL(named.st_ino, peer_status.st_ino);
	SAME(ttyname(peer), pair.name);
	tty_type(peer, "x");
	tty_expect(pair.master, "x");
	OK(ioctl(pair.master, TIOCSPTLCK, &one));
	FAILS(ioctl(pair.master, TIOCGPTPEER, O_RDWR), EIO);
	FAILS(ioctl(pair.slave, TIOCGPTPEER, O_RDWR), EIO);
}

TEST(pty_of_the_library)
{
	struct winsize window = { 11, 22, 33, 44 }, got;
	struct termios modes;
	int master, slave;
	char name[64];

	OK(openpty(&master, &slave, name, NULL, &window));
	OK(ioctl(slave, TIOCGWINSZ, &got));
	EQUAL(memcmp(&window, &got, sizeof(got)), 0);
	SAME(ttyname(slave), name);
	OK(tcgetattr(slave, &modes));
	EQUAL(cfgetospeed(&modes), B38400);
}

/* ---- Commands that one end does not know ---- */

static const struct {
	const char *name;
	unsigned long command;
	bool on_master;
	int error;
} strangers[] = {
	{ "TIOCPKT on the slave", TIOCPKT, false, ENOTTY },
	{ "TIOCGPTN on the slave", TIOCGPTN, false, ENOTTY },
	{ "TIOCSPTLCK on the slave", TIOCSPTLCK, false, ENOTTY },
	{ "TIOCGPTLCK on the slave", TIOCGPTLCK, false, ENOTTY },
	{ "TIOCSIG on the slave", TIOCSIG, false, ENOTTY },
	{ "TIOCMGET", TIOCMGET, false, ENOTTY },
	{ "an unknown one", 0x54ee, false, ENOTTY },
	{ "an unknown one on the master", 0x54ee, true, ENOTTY },
	{ "TIOCNOTTY on the master", TIOCNOTTY, true, ENOTTY },
	{ "TIOCGSID without a session", TIOCGSID, true, ENOTTY },
	{ "TIOCGPGRP of a terminal not our own", TIOCGPGRP, false, ENOTTY },
	{ "TIOCGSID of a terminal not our own", TIOCGSID, false, ENOTTY },
};

static const struct {
	unsigned long command;
	bool on_master;
} pointers[] = {
	{ TCGETS, false }, { TCSETS, false }, { TCSETSW, false }, { TCSETSF, false },
	{ TIOCGWINSZ, false }, { TIOCSWINSZ, false }, { FIONREAD, false }, { TIOCOUTQ, false },
	{ TIOCGETD, false }, { TIOCGEXCL, false }, { TIOCGDEV, false }, { TCGETS, true },
	{ TIOCPKT, true }, { TIOCGPKT, true }, { TIOCSPTLCK, true }, { TIOCGPTLCK, true },
	{ TIOCGPTN, true }, { FIONREAD, true }, { TIOCGPGRP, true },
};

TEST(pty_commands_that_fail)
{
	struct pair pair = pair_open();
	char space[64] = { 0 };

	for (size_t i = 0; i < COUNT(strangers); i++) {
		int fd = strangers[i].on_master ? pair.master : pair.slave;

		errno = 0;
		if (ioctl(fd, strangers[i].command, space) != -1 || errno != strangers[i].error)
			test_fail(__FILE__, __LINE__, "%s: %s", strangers[i].name, strerror(errno));
	}
	for (size_t i = 0; i < COUNT(pointers); i++) {
		int fd = pointers[i].on_master ? pair.master : pair.slave;

		errno = 0;
		if (ioctl(fd, pointers[i].command, (void *)8) != -1 || errno != EFAULT)
			test_fail(__FILE__, __LINE__, "%#lx: %s", pointers[i].command,
				  strerror(errno));
	}
	FAILS(lseek(pair.slave, 0, SEEK_SET), ESPIPE);
	FAILS(lseek(pair.master, 0, SEEK_SET), ESPIPE);
	FAILS(write(pair.slave, (void *)8, 1), EFAULT);
	FAILS(write(pair.master, (void *)8, 1), EFAULT);
	tty_type(pair.master, "a\n");
	FAILS(read(pair.slave, (void *)8, 1), EFAULT);
}

TEST(pty_modes_by_either_end)
{
	struct pair pair = pair_open();
	struct termios modes, got;
	int value;

	OK(tcgetattr(pair.master, &modes));
	CHECK(modes.c_lflag & ICANON);
	modes.c_lflag &= ~ECHO;
	modes.c_cflag = (modes.c_cflag & ~(CSIZE | CREAD)) | CS5 | PARENB;
	OK(tcsetattr(pair.master, TCSANOW, &modes));
	OK(tcgetattr(pair.slave, &got));
	CHECK(!(got.c_lflag & ECHO));
	EQUAL(got.c_cflag & (CSIZE | PARENB | CREAD), CS8 | CREAD);
	OK(ioctl(pair.slave, TIOCGETD, &value));
	EQUAL(value, N_TTY);
	OK(ioctl(pair.slave, TIOCGDEV, &value));
	EQUAL(major(value), 136);
}

/* struct termios2, which libc's headers do not have beside struct termios. */
struct modes2 {
	unsigned int iflag, oflag, cflag, lflag;
	unsigned char line, cc[19];
	unsigned int input_speed, output_speed;
};

TEST(pty_modes_with_speeds)
{
	struct pair pair = pair_open();
	struct modes2 modes;

	OK(ioctl(pair.slave, _IOR('T', 0x2a, struct modes2), &modes));
	EQUAL(modes.output_speed, 38400);
	EQUAL(modes.input_speed, 38400);
	modes.cflag = (modes.cflag & ~0x100fu) | 0x1000;	/* BOTHER */
	modes.output_speed = modes.input_speed = 12345;
	OK(ioctl(pair.slave, _IOW('T', 0x2b, struct modes2), &modes));
	memset(&modes, 0, sizeof(modes));
	OK(ioctl(pair.master, _IOR('T', 0x2a, struct modes2), &modes));
	EQUAL(modes.output_speed, 12345);
	EQUAL(modes.input_speed, 12345);
	modes.cflag = (modes.cflag & ~0x100fu) | B9600;
	OK(ioctl(pair.slave, _IOW('T', 0x2c, struct modes2), &modes));
	OK(ioctl(pair.slave, _IOR('T', 0x2a, struct modes2), &modes));
	EQUAL(modes.output_speed, 9600);
}

TEST(pty_exclusive)
{
	struct pair pair = pair_open();
	int value, fd;

	if (geteuid())
		test_skip("needs root");
	OK(ioctl(pair.slave, TIOCEXCL));
	OK(ioctl(pair.slave, TIOCGEXCL, &value));
	EQUAL(value, 1);
	OK(chmod(pair.name, 0666));
	IN_CHILD({
		OK(setuid(1000));
		FAILS(open(pair.name, O_RDWR | O_NOCTTY), EBUSY);
	});
	OK(fd = open(pair.name, O_RDWR | O_NOCTTY));
	OK(ioctl(pair.slave, TIOCNXCL));
	IN_CHILD({
		OK(setuid(1000));
		OK(open(pair.name, O_RDWR | O_NOCTTY));
	});
}

TEST(pty_permission)
{
	struct pair pair = pair_open();

	if (geteuid())
		test_skip("needs root");
	IN_CHILD({
		OK(setgid(1000));
		OK(setuid(1000));
		FAILS(open(pair.name, O_RDWR | O_NOCTTY), EACCES);
		struct stat status;
		struct pair own = pair_open();
		OK(stat(own.name, &status));
		EQUAL(status.st_uid, 1000);
		FAILS(ioctl(own.slave, TIOCVHANGUP), EPERM);
	});
}

/* ---- The ends ---- */

static short state_of(int fd)
{
	struct pollfd poller = { fd, POLLIN | POLLOUT | POLLPRI, 0 };

	OK(poll(&poller, 1, 0));
	return poller.revents;
}

/* Until the state has come that an asynchronous kernel takes a moment for. */
static void await_state(int fd, short wanted)
{
	struct pollfd poller = { fd, wanted, 0 };

	OK(poll(&poller, 1, -1));
	EQUAL(poller.revents & wanted, wanted);
}

TEST(pty_poll)
{
	struct pair pair = pair_open();
	char data[16];

	EQUAL(state_of(pair.slave), POLLOUT);
	EQUAL(state_of(pair.master), POLLOUT);
	tty_set(pair.slave, 0, ECHO);
	tty_type(pair.master, "a");
	EQUAL(state_of(pair.slave), POLLOUT);
	tty_type(pair.master, "\n");
	await_state(pair.slave, POLLIN);
	EQUAL(state_of(pair.slave), POLLIN | POLLOUT);
	EQUAL(read(pair.slave, data, sizeof(data)), 2);
	EQUAL(state_of(pair.slave), POLLOUT);
	tty_type(pair.slave, "x");
	await_state(pair.master, POLLIN);
	tty_expect(pair.master, "x");
	EQUAL(state_of(pair.master), POLLOUT);
	tty_raw(pair.slave, 3, 0);
	tty_type(pair.master, "ab");
	EQUAL(state_of(pair.slave), POLLOUT);
	tty_type(pair.master, "c");
	await_state(pair.slave, POLLIN);
	OK(tcflow(pair.slave, TCOOFF));
	EQUAL(state_of(pair.slave), POLLIN);
}

TEST(pty_epoll_edge)
{
	struct pair pair = pair_open();
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll;

	OK(epoll = epoll_create1(0));
	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, pair.master, &event));
	EQUAL(epoll_wait(epoll, &event, 1, 0), 0);
	for (int i = 0; i < 3; i++) {
		tty_type(pair.slave, "x");
		EQUAL(epoll_wait(epoll, &event, 1, -1), 1);
		EQUAL(epoll_wait(epoll, &event, 1, 0), 0);
	}
	tty_expect(pair.master, "xxx");
}

TEST(pty_slave_closes)
{
	struct pair pair = pair_open();
	char data[16];

	tty_type(pair.slave, "last");
	close(pair.slave);
	await_state(pair.master, POLLHUP);
	tty_expect(pair.master, "last");
	FAILS(read(pair.master, data, sizeof(data)), EIO);
	EQUAL(state_of(pair.master) & POLLHUP, POLLHUP);
	EQUAL(write(pair.master, "early\n", 6), 6);
	OK(pair.slave = open(pair.name, O_RDWR | O_NOCTTY));
	EQUAL(state_of(pair.master) & POLLHUP, 0);
	tty_expect(pair.slave, "early\n");
	set_nonblock(pair.master, true);
	OK(read(pair.master, data, sizeof(data)));
	FAILS(read(pair.master, data, sizeof(data)), EAGAIN);
}

/* Only the last file of several is the end. */
TEST(pty_slave_is_open_twice)
{
	struct pair pair = pair_open();
	char byte;
	int again;

	OK(again = open(pair.name, O_RDWR | O_NOCTTY));
	close(pair.slave);
	set_nonblock(pair.master, true);
	FAILS(read(pair.master, &byte, 1), EAGAIN);
	close(again);
	FAILS(read(pair.master, &byte, 1), EIO);
}

TEST(pty_slave_was_never_open)
{
	int master, zero = 0;
	char byte;

	OK(master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK));
	OK(ioctl(master, TIOCSPTLCK, &zero));
	FAILS(read(master, &byte, 1), EAGAIN);
	EQUAL(state_of(master), POLLOUT);
	EQUAL(write(master, "x", 1), 1);
}

TEST(pty_master_closes)
{
	struct pair pair = pair_open();
	struct termios modes;
	char byte;
	int pgrp = 1;

	tty_type(pair.master, "lost\n");
	close(pair.master);
	EQUAL(read(pair.slave, &byte, 1), 0);
	FAILS(write(pair.slave, "x", 1), EIO);
	FAILS(tcgetattr(pair.slave, &modes), EIO);
	FAILS(ioctl(pair.slave, TIOCSPGRP, &pgrp), ENOTTY);
	EQUAL(state_of(pair.slave), POLLIN | POLLOUT | POLLERR | POLLHUP);
}

TEST(pty_master_closes_under_a_reader)
{
	struct pair pair = pair_open();
	char byte;
	pid_t child;

	OK(child = fork());
	if (!child) {
		close(pair.master);
		ssize_t result = read(pair.slave, &byte, 1);
		CHECK(result == 0 || (result == -1 && errno == EIO));
		_exit(0);
	}
	test_await_sleep(child);
	close(pair.master);
	EQUAL(test_wait(child), 0);
}

TEST(pty_slave_closes_under_a_reader)
{
	struct pair pair = pair_open();
	char byte;
	pid_t child;

	OK(child = fork());
	if (!child) {
		close(pair.slave);
		FAILS(read(pair.master, &byte, 1), EIO);
		_exit(0);
	}
	test_await_sleep(child);
	close(pair.slave);
	EQUAL(test_wait(child), 0);
}

/* A child writes 1 MiB to the one end; all of it comes out of the other. */
static void carry_much(int from, int to)
{
	static char data[1 << 20], got[1 << 20];
	size_t done = 0;
	pid_t child;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + i / 1000;
	OK(child = fork());
	if (!child) {
		EQUAL(write(from, data, sizeof(data)), sizeof(data));
		_exit(0);
	}
	while (done < sizeof(got)) {
		ssize_t n = read(to, got + done, sizeof(got) - done);

		OK(n);
		done += n;
	}
	EQUAL(test_wait(child), 0);
	EQUAL(memcmp(data, got, sizeof(data)), 0);
}

TEST(pty_much_output)
{
	struct pair pair = pair_open();

	tty_raw(pair.slave, 1, 0);
	carry_much(pair.slave, pair.master);
}

TEST(pty_much_input)
{
	struct pair pair = pair_open();

	tty_raw(pair.slave, 1, 0);
	carry_much(pair.master, pair.slave);
}

/* Until nothing goes in any more: Linux moves on by a thread what has been written. */
static void fill(int fd)
{
	static const char data[1 << 18];

	do
		while (write(fd, data, sizeof(data)) > 0)
			;
	while (write(fd, "x", 1) == 1 || state_of(fd) & POLLOUT);
	EQUAL(errno, EAGAIN);
}

TEST(pty_full)
{
	static char data[1 << 18];
	struct pair pair = pair_open();
	ssize_t first;
	char byte;

	tty_raw(pair.slave, 1, 0);
	set_nonblock(pair.slave, true);
	set_nonblock(pair.master, true);
	OK(first = write(pair.slave, data, sizeof(data)));
	CHECK(first >= 4096 && first < (ssize_t)sizeof(data));
	fill(pair.slave);
	fill(pair.master);
	while (read(pair.slave, data, sizeof(data)) > 0)
		;
	await_state(pair.master, POLLOUT);
	OK(tcflush(pair.master, TCIOFLUSH));
	OK(read(pair.master, &byte, 1) == 1 || errno == EAGAIN ? 0 : -1);
}

/* Whatever the other end is at. */
TEST(pty_ends_at_any_time)
{
	for (int i = 0; i < 100; i++) {
		struct pair pair = pair_open();
		char data[4096];
		pid_t child = fork();

		OK(child);
		if (!child) {
			close(pair.master);
			OK(setsid());
			/* Too late where the master is closed already. */
			if (ioctl(pair.slave, TIOCSCTTY, 0))
				_exit(errno != EIO);
			while (i % 2 ? write(pair.slave, data, sizeof(data)) > 0
				     : read(pair.slave, data, sizeof(data)) > 0)
				;
			_exit(0);
		}
		close(pair.slave);
		for (int j = 0; j < i % 7; j++)
			EQUAL(write(pair.master, "line\n", 5), 5);
		close(pair.master);
		int status = test_wait(child);
		CHECK(status == 0 || status == 1000 + SIGHUP);
	}
}

/* ---- Packet mode ---- */

/* What belongs together may come one by one. */
static void expect_note(int master, int note)
{
	int got = 0;
	char data[16];

	while (got != note) {
		await_state(master, POLLIN);
		EQUAL(state_of(master) & POLLPRI, POLLPRI);
		EQUAL(read(master, data, sizeof(data)), 1);
		got |= data[0];
		EQUAL(got & ~note, 0);
	}
}

TEST(pty_packet_mode)
{
	struct pair pair = pair_open();
	struct termios modes;
	char data[16];
	int on = 1, off = 0, value;

	OK(ioctl(pair.master, TIOCPKT, &on));
	OK(ioctl(pair.master, TIOCGPKT, &value));
	EQUAL(value, 1);
	tty_type(pair.slave, "ab");
	EQUAL(read(pair.master, data, sizeof(data)), 3);
	EQUAL(data[0], TIOCPKT_DATA);
	EQUAL(data[2], 'b');
	OK(tcflow(pair.slave, TCOOFF));
	expect_note(pair.master, TIOCPKT_STOP);
	OK(tcflow(pair.slave, TCOON));
	expect_note(pair.master, TIOCPKT_START);
	OK(tcflush(pair.slave, TCIFLUSH));
	expect_note(pair.master, TIOCPKT_FLUSHREAD);
	OK(tcflush(pair.slave, TCOFLUSH));
	expect_note(pair.master, TIOCPKT_FLUSHWRITE);
	OK(tcgetattr(pair.slave, &modes));
	modes.c_iflag &= ~IXON;
	OK(tcsetattr(pair.slave, TCSANOW, &modes));
	expect_note(pair.master, TIOCPKT_NOSTOP);
	modes.c_iflag |= IXON;
	OK(tcsetattr(pair.slave, TCSANOW, &modes));
	expect_note(pair.master, TIOCPKT_DOSTOP);
	modes.c_lflag |= EXTPROC;
	OK(tcsetattr(pair.slave, TCSANOW, &modes));
	expect_note(pair.master, TIOCPKT_IOCTL);
	tty_type(pair.slave, "c");
	EQUAL(read(pair.master, data, 1), 1);
	EQUAL(data[0], TIOCPKT_DATA);
	OK(ioctl(pair.master, TIOCPKT, &off));
	tty_expect(pair.master, "c");
}

TEST(pty_packet_notes_of_keys)
{
	struct pair pair = pair_open();
	char data[16];
	int on = 1;

	tty_set(pair.slave, 0, ECHO);
	OK(ioctl(pair.master, TIOCPKT, &on));
	tty_type(pair.master, "\23");
	expect_note(pair.master, TIOCPKT_STOP);
	tty_type(pair.master, "\21");
	expect_note(pair.master, TIOCPKT_START);
	tty_type(pair.master, "\3");
	expect_note(pair.master, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
	set_nonblock(pair.master, true);
	FAILS(read(pair.master, data, sizeof(data)), EAGAIN);
}
