/* SPDX-License-Identifier: MIT */
/* Terminals and sessions: who has which, foreground and background, hanging up. */
#include "tests/linux/tty.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <utmp.h>

#define HUNG_UP 77	/* exit status: a handler of SIGHUP has run */

static volatile sig_atomic_t caught[65];

static void note(int number)
{
	caught[number]++;
}

static void catch(int number)
{
	struct sigaction action = { .sa_handler = note };

	OK(sigaction(number, &action, NULL));
}

/* Runs the code as the leader of a session whose terminal is the pair's slave. */
#define IN_SESSION(pair, ...) IN_CHILD({ \
	OK(setsid()); \
	OK(ioctl((pair).slave, TIOCSCTTY, 0)); \
	__VA_ARGS__; \
})

static void tell(int fd)
{
	EQUAL(write(fd, "x", 1), 1);
}

static void await(int fd)
{
	char byte;

	EQUAL(read(fd, &byte, 1), 1);
}

/* ---- Gaining and losing a terminal ---- */

TEST(tty_session_open_makes_it_the_leaders)
{
	struct pair pair = pair_open();

	IN_CHILD({
		int tty;
		OK(setsid());
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		OK(tty = open(pair.name, O_RDWR | O_NOCTTY));
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		FAILS(tcgetpgrp(tty), ENOTTY);
		close(tty);
		OK(open(pair.name, O_WRONLY));
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		OK(tty = open(pair.name, O_RDWR));
		EQUAL(tcgetpgrp(tty), getpgrp());
		EQUAL(tcgetsid(tty), getsid(0));
		EQUAL(tcgetsid(pair.master), getsid(0));
		EQUAL(tcgetpgrp(pair.master), getpgrp());
		OK(open("/dev/tty", O_RDWR));
	});
}

TEST(tty_session_only_a_leader_gets_it)
{
	struct pair pair = pair_open();

	IN_CHILD({
		OK(setsid());
		IN_CHILD({
			int tty;
			OK(tty = open(pair.name, O_RDWR));
			FAILS(open("/dev/tty", O_RDWR), ENXIO);
			FAILS(ioctl(tty, TIOCSCTTY, 0), EPERM);
		});
	});
}

TEST(tty_session_of_another)
{
	struct pair pair = pair_open();
	int ready[2], go[2];

	if (geteuid())
		test_skip("needs root");
	OK(pipe(ready));
	OK(pipe(go));
	pid_t other = fork();
	OK(other);
	if (!other) {
		OK(setsid());
		OK(ioctl(pair.slave, TIOCSCTTY, 0));
		tell(ready[1]);
		await(go[0]);
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	await(ready[0]);
	IN_CHILD({
		OK(setsid());
		FAILS(ioctl(pair.slave, TIOCSCTTY, 0), EPERM);
		OK(ioctl(pair.slave, TIOCSCTTY, 1));		/* steals it */
		EQUAL(tcgetsid(pair.slave), getsid(0));
		tell(go[1]);
		EQUAL(wait(NULL), -1);
	});
	EQUAL(test_wait(other), 0);
}

TEST(tty_session_has_one_terminal)
{
	struct pair first = pair_open(), second = pair_open();

	IN_SESSION(first, {
		OK(ioctl(first.slave, TIOCSCTTY, 0));
		FAILS(ioctl(second.slave, TIOCSCTTY, 0), EPERM);
		OK(open(second.name, O_RDWR));
		FAILS(tcgetpgrp(second.slave), ENOTTY);
		FAILS(ioctl(second.slave, TIOCNOTTY), ENOTTY);
	});
}

TEST(tty_session_without_reading_permission)
{
	struct pair pair = pair_open();

	if (geteuid())
		test_skip("needs root");
	OK(chmod(pair.name, 0666));
	IN_CHILD({
		int tty;
		OK(setuid(1000));
		OK(setsid());
		OK(tty = open(pair.name, O_WRONLY));
		FAILS(ioctl(tty, TIOCSCTTY, 0), EPERM);
		FAILS(ioctl(tty, TIOCSTI, "x"), EPERM);
	});
}

TEST(tty_session_dev_tty)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		struct stat status;
		int tty;
		OK(tty = open("/dev/tty", O_RDWR));
		tty_type(tty, "seen\n");
		tty_expect(pair.master, "seen\r\n");
		OK(fstat(tty, &status));
		EQUAL(status.st_rdev, makedev(5, 0));
		EQUAL(tcgetpgrp(tty), getpgrp());
	});
}

TEST(tty_session_is_inherited_until_setsid)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		IN_CHILD({
			OK(open("/dev/tty", O_RDWR));
			OK(setsid());
			FAILS(open("/dev/tty", O_RDWR), ENXIO);
		});
		IN_CHILD({
			OK(ioctl(pair.slave, TIOCNOTTY));
			FAILS(open("/dev/tty", O_RDWR), ENXIO);
			IN_CHILD(FAILS(open("/dev/tty", O_RDWR), ENXIO));
		});
		OK(open("/dev/tty", O_RDWR));
	});
}

TEST(tty_session_child_from_before_has_none)
{
	struct pair pair = pair_open();

	IN_CHILD({
		int go[2];
		OK(setsid());
		OK(pipe(go));
		pid_t child = fork();
		OK(child);
		if (!child) {
			await(go[0]);
			FAILS(open("/dev/tty", O_RDWR), ENXIO);
			FAILS(tcgetpgrp(pair.slave), ENOTTY);
			_exit(0);
		}
		OK(ioctl(pair.slave, TIOCSCTTY, 0));
		tell(go[1]);
		EQUAL(test_wait(child), 0);
	});
}

TEST(tty_session_leader_gives_it_up)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		catch(SIGHUP);
		catch(SIGCONT);
		OK(ioctl(pair.slave, TIOCNOTTY));
		EQUAL(caught[SIGHUP], 1);
		EQUAL(caught[SIGCONT], 1);
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		FAILS(tcgetsid(pair.master), ENOTTY);
		EQUAL(write(pair.slave, "x", 1), 1);
		OK(ioctl(pair.slave, TIOCSCTTY, 0));
	});
}

TEST(tty_session_in_proc)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		int tty;
		int foreground;
		const char *at = strrchr(test_read_file("/proc/self/stat"), ')');
		EQUAL(sscanf(at, ") %*c %*d %*d %*d %d %d", &tty, &foreground), 2);
		EQUAL(major(tty), 136);
		EQUAL(minor(tty), atoi(pair.name + strlen("/dev/pts/")));
		EQUAL(foreground, getpgrp());
	});
}

/* ---- Foreground and background ---- */

/* A child in a group of its own, in the background. */
#define IN_BACKGROUND(...) do { \
	pid_t background_ = fork(); \
	OK(background_); \
	if (!background_) { \
		OK(setpgid(0, 0)); \
		__VA_ARGS__; \
		_exit(0); \
	} \
	setpgid(background_, background_); \
	EQUAL(test_wait(background_), 0); \
} while (0)

TEST(tty_session_reading_in_the_background)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		char byte;
		IN_BACKGROUND({
			catch(SIGTTIN);
			FAILS(read(pair.slave, &byte, 1), EINTR);
			EQUAL(caught[SIGTTIN], 1);
			signal(SIGTTIN, SIG_IGN);
			FAILS(read(pair.slave, &byte, 1), EIO);
		});
		pid_t child = fork();
		OK(child);
		if (!child) {
			OK(setpgid(0, 0));
			read(pair.slave, &byte, 1);
			_exit(0);
		}
		int status;
		EQUAL(waitpid(child, &status, WUNTRACED), child);
		CHECK(WIFSTOPPED(status));
		EQUAL(WSTOPSIG(status), SIGTTIN);
		tty_type(pair.master, "x\n");
		OK(tcsetpgrp(pair.slave, child));
		OK(kill(child, SIGCONT));
		EQUAL(test_wait(child), 0);
	});
}

TEST(tty_session_changing_in_the_background)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		struct termios modes;
		OK(tcgetattr(pair.slave, &modes));
		IN_BACKGROUND({
			catch(SIGTTOU);
			OK(tcgetattr(pair.slave, &modes));
			FAILS(tcsetattr(pair.slave, TCSANOW, &modes), EINTR);
			FAILS(tcsetpgrp(pair.slave, getpgrp()), EINTR);
			FAILS(tcflush(pair.slave, TCIFLUSH), EINTR);
			FAILS(tcflow(pair.slave, TCOON), EINTR);
			FAILS(tcsendbreak(pair.slave, 0), EINTR);
			EQUAL(caught[SIGTTOU], 5);
			struct winsize window = { 1, 2, 3, 4 };
			OK(ioctl(pair.slave, TIOCSWINSZ, &window));
			signal(SIGTTOU, SIG_IGN);
			OK(tcsetattr(pair.slave, TCSANOW, &modes));
			OK(tcsetpgrp(pair.slave, getpgrp()));
		});
	});
}

TEST(tty_session_writing_in_the_background)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		IN_BACKGROUND({
			catch(SIGTTOU);
			tty_type(pair.slave, "free");
			EQUAL(caught[SIGTTOU], 0);
		});
	});
	tty_expect(pair.master, "free");
}

TEST(tty_session_tostop)
{
	struct pair pair = pair_open();

	tty_set(pair.slave, TOSTOP, 0);
	IN_SESSION(pair, IN_BACKGROUND({
		sigset_t set;
		catch(SIGTTOU);
		FAILS(write(pair.slave, "x", 1), EINTR);
		EQUAL(caught[SIGTTOU], 1);
		sigemptyset(&set);
		sigaddset(&set, SIGTTOU);
		OK(sigprocmask(SIG_BLOCK, &set, NULL));
		EQUAL(write(pair.slave, "y", 1), 1);
	}));
	tty_expect(pair.master, "y");
}

/* Nobody could continue an orphaned group: it gets an error and no signal. */
TEST(tty_session_orphaned_group)
{
	struct pair pair = pair_open();
	int go[2], done[2];

	OK(pipe(go));
	OK(pipe(done));
	IN_SESSION(pair, {
		pid_t middle = fork();
		OK(middle);
		if (!middle) {
			pid_t orphan = fork();
			OK(orphan);
			if (orphan)
				_exit(0);
			struct termios modes;
			char byte;
			OK(setpgid(0, 0));
			await(go[0]);
			FAILS(read(pair.slave, &byte, 1), EIO);
			OK(tcgetattr(pair.slave, &modes));
			FAILS(tcsetattr(pair.slave, TCSANOW, &modes), EIO);
			FAILS(tcsetpgrp(pair.slave, getpgrp()), ENOTTY);
			tell(done[1]);
			_exit(0);
		}
		EQUAL(test_wait(middle), 0);
		tell(go[1]);
		await(done[0]);
	});
}

TEST(tty_session_foreground_that_can_not_be)
{
	struct pair pair = pair_open(), other = pair_open();

	IN_SESSION(pair, {
		int group;
		group = -1;
		FAILS(ioctl(pair.slave, TIOCSPGRP, &group), EINVAL);
		group = 0x7ffffff0;
		FAILS(ioctl(pair.slave, TIOCSPGRP, &group), ESRCH);
		group = getppid();
		FAILS(ioctl(pair.slave, TIOCSPGRP, &group), EPERM);
		FAILS(ioctl(pair.slave, TIOCSPGRP, (void *)8), EFAULT);
		FAILS(ioctl(other.slave, TIOCSPGRP, &group), ENOTTY);
		OK(tcsetpgrp(pair.master, getpgrp()));
	});
}

/* ---- Keys that are signals, windows ---- */

static const struct {
	const char *key;
	int number;
} keys[] = { { "\3", SIGINT }, { "\34", SIGQUIT }, { "\32", SIGTSTP } };

/* They reach the foreground group, all of it, and nobody else. */
TEST(tty_session_keys_that_are_signals)
{
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct pair pair = pair_open();

		IN_SESSION(pair, {
			int ready[2];
			OK(pipe(ready));
			catch(keys[i].number);
			pid_t child = fork();
			OK(child);
			if (!child) {
				sigset_t none;
				sigset_t all;
				sigfillset(&all);
				OK(sigprocmask(SIG_BLOCK, &all, &none));
				OK(setpgid(0, 0));
				signal(SIGTTOU, SIG_IGN);
				OK(tcsetpgrp(pair.slave, getpgrp()));
				tell(ready[1]);
				while (!caught[keys[i].number])
					sigsuspend(&none);
				_exit(0);
			}
			await(ready[0]);
			tty_type(pair.master, keys[i].key);
			EQUAL(test_wait(child), 0);
			EQUAL(caught[keys[i].number], 0);
		});
	}
}

TEST(tty_session_signal_by_the_master)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		catch(SIGINT);
		OK(ioctl(pair.master, TIOCSIG, SIGINT));
		EQUAL(caught[SIGINT], 1);
		FAILS(ioctl(pair.master, TIOCSIG, SIGHUP), EINVAL);
		FAILS(ioctl(pair.master, TIOCSIG, 99), EINVAL);
	});
}

TEST(tty_session_window)
{
	struct pair pair = pair_open();

	IN_SESSION(pair, {
		struct winsize window = { 24, 80, 0, 0 };
		struct winsize got;
		catch(SIGWINCH);
		OK(ioctl(pair.slave, TIOCGWINSZ, &got));
		EQUAL(got.ws_row, 0);
		OK(ioctl(pair.master, TIOCSWINSZ, &window));
		EQUAL(caught[SIGWINCH], 1);
		OK(ioctl(pair.slave, TIOCGWINSZ, &got));
		EQUAL(got.ws_col, 80);
		OK(ioctl(pair.slave, TIOCSWINSZ, &window));
		EQUAL(caught[SIGWINCH], 1);
		window.ws_ypixel = 7;
		OK(ioctl(pair.slave, TIOCSWINSZ, &window));
		EQUAL(caught[SIGWINCH], 2);
		OK(ioctl(pair.master, TIOCGWINSZ, &got));
		EQUAL(got.ws_ypixel, 7);
	});
}

/* ---- Hanging up ---- */

TEST(tty_session_master_closes)
{
	struct pair pair = pair_open();
	int ready[2];

	OK(pipe(ready));
	pid_t leader = fork();
	OK(leader);
	if (!leader) {
		sigset_t none, all;

		sigfillset(&all);
		OK(sigprocmask(SIG_BLOCK, &all, &none));
		catch(SIGHUP);
		catch(SIGCONT);
		close(pair.master);
		OK(setsid());
		OK(ioctl(pair.slave, TIOCSCTTY, 0));
		tell(ready[1]);
		while (!caught[SIGHUP] || !caught[SIGCONT])
			sigsuspend(&none);
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		FAILS(ioctl(pair.slave, TIOCSCTTY, 0), EIO);
		_exit(0);
	}
	await(ready[0]);
	close(pair.master);
	EQUAL(test_wait(leader), 0);
}

static void hup_exit(int number)
{
	(void)number;
	_exit(HUNG_UP);
}

/* Its foreground group gets SIGHUP; the terminal itself goes on. */
TEST(tty_session_leader_ends)
{
	struct pair pair = pair_open();
	int ready[2], ended[2];
	char byte;

	OK(pipe(ready));
	OK(pipe(ended));
	IN_SESSION(pair, {
		pid_t child = fork();
		OK(child);
		if (!child) {
			signal(SIGHUP, hup_exit);
			signal(SIGTTOU, SIG_IGN);
			close(ended[0]);
			OK(setpgid(0, 0));
			OK(tcsetpgrp(pair.slave, getpgrp()));
			tell(ready[1]);
			for (;;)
				pause();
		}
		await(ready[0]);
	});
	close(ended[1]);
	EQUAL(read(ended[0], &byte, 1), 0);	/* only then all of them have ended */
	FAILS(tcgetsid(pair.master), ENOTTY);
	EQUAL(write(pair.slave, "x", 1), 1);
	tty_expect(pair.master, "x");
	IN_SESSION(pair, EQUAL(tcgetsid(pair.slave), getpid()));
}

TEST(tty_session_vhangup)
{
	struct pair pair = pair_open();

	if (geteuid())
		test_skip("needs root");
	IN_SESSION(pair, {
		char byte;
		int again;
		tty_set(pair.slave, 0, ECHO);
		catch(SIGHUP);
		catch(SIGCONT);
		OK(vhangup());
		EQUAL(caught[SIGHUP], 1);
		EQUAL(caught[SIGCONT], 1);
		EQUAL(read(pair.slave, &byte, 1), 0);
		FAILS(write(pair.slave, "x", 1), EIO);
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		struct termios modes;
		FAILS(tcgetattr(pair.slave, &modes), EIO);
		OK(again = open(pair.name, O_RDWR));
		EQUAL(tcgetsid(again), getsid(0));
		OK(tcgetattr(again, &modes));
		CHECK(modes.c_lflag & ECHO);
		tty_type(again, "y");
		tty_expect(pair.master, "y");
	});
	IN_CHILD({
		OK(setsid());
		OK(vhangup());
		OK(setuid(1000));
		FAILS(vhangup(), EPERM);
	});
}

TEST(tty_session_of_forkpty)
{
	char data[64];
	int master, status;
	pid_t child;

	OK(child = forkpty(&master, NULL, NULL, NULL));
	if (!child) {
		EQUAL(getsid(0), getpid());
		EQUAL(tcgetpgrp(0), getpgrp());
		EQUAL(write(1, ttyname(0), 9), 9);
		_exit(3);
	}
	EQUAL(read(master, data, sizeof(data)), 9);
	EQUAL(memcmp(data, "/dev/pts/", 9), 0);
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(WEXITSTATUS(status), 3);
	FAILS(read(master, data, sizeof(data)), EIO);
}
