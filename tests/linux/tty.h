/* SPDX-License-Identifier: MIT */
/* What the tests of terminals share: a pair of pseudo-terminals, and what comes out of its ends. */
#ifndef TESTS_LINUX_TTY_H
#define TESTS_LINUX_TTY_H

#include "tests/linux/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

struct pair {
	int master, slave;
	char name[64];
};

/* Unlocked; the slave is opened without becoming anybody's controlling terminal. */
static inline struct pair pair_open(void)
{
	struct pair pair;

	OK(pair.master = posix_openpt(O_RDWR | O_NOCTTY));
	OK(grantpt(pair.master));
	OK(unlockpt(pair.master));
	OK(ptsname_r(pair.master, pair.name, sizeof(pair.name)));
	OK(pair.slave = open(pair.name, O_RDWR | O_NOCTTY));
	return pair;
}

static inline void tty_set(int fd, tcflag_t on_local, tcflag_t off_local)
{
	struct termios modes;

	OK(tcgetattr(fd, &modes));
	modes.c_lflag = (modes.c_lflag | on_local) & ~off_local;
	OK(tcsetattr(fd, TCSANOW, &modes));
}

static inline void tty_raw(int fd, int min, int time)
{
	struct termios modes;

	OK(tcgetattr(fd, &modes));
	cfmakeraw(&modes);
	modes.c_cc[VMIN] = min;
	modes.c_cc[VTIME] = time;
	OK(tcsetattr(fd, TCSANOW, &modes));
}

static inline void tty_type(int fd, const char *text)
{
	EQUAL(write(fd, text, strlen(text)), strlen(text));
}

/* Exactly this comes next, in one read or several. */
static inline void tty_expect(int fd, const char *text)
{
	char data[4096];
	size_t size = strlen(text), got = 0;

	while (got < size) {
		ssize_t n = read(fd, data + got, size - got);

		OK(n);
		CHECK(n > 0);
		got += n;
	}
	data[got] = '\0';
	SAME(data, text);
}

static inline void set_nonblock(int fd, bool on)
{
	OK(fcntl(fd, F_SETFL, on ? O_RDWR | O_NONBLOCK : O_RDWR));
}

/* All there is, each read ended by a bar, as one string; how long that is. */
static inline size_t tty_drain(int fd, char *to, size_t size)
{
	size_t got = 0;
	ssize_t n;

	set_nonblock(fd, true);
	while ((n = read(fd, to + got, size - got - 2)) >= 0) {
		got += n;
		to[got++] = '|';
		if (size - got < 4)
			test_fail(__FILE__, __LINE__, "there is no end of it");
	}
	if (errno != EAGAIN && errno != EIO)
		test_fail(__FILE__, __LINE__, "%s", strerror(errno));
	set_nonblock(fd, false);
	to[got] = '\0';
	return got;
}

/* Bytes as text that can be printed. */
static inline const char *tty_show(const char *data, size_t size)
{
	static char shown[2][16384];
	static int turn;
	char *to = shown[turn ^= 1], *at = to;

	for (size_t i = 0; i < size && at - to < 16000; i++) {
		unsigned char byte = data[i];

		at += sprintf(at, byte < 32 || byte > 126 ? "\\%03o" : "%c", byte);
	}
	*at = '\0';
	return to;
}

#endif
