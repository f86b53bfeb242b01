/* SPDX-License-Identifier: MIT */
/* Processes as files: pidfd_open, CLONE_PIDFD, and what can be done by them. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#define CLEAR_SIGHAND 0x100000000ull

static int pidfd_open(pid_t pid, unsigned int flags)
{
	return syscall(SYS_pidfd_open, pid, flags);
}

static int send(int pidfd, int number, siginfo_t *info, unsigned int flags)
{
	return syscall(SYS_pidfd_send_signal, pidfd, number, info, flags);
}

static int getfd(int pidfd, int fd, unsigned int flags)
{
	return syscall(SYS_pidfd_getfd, pidfd, fd, flags);
}

/* A child that sleeps until it is killed. */
static pid_t make_sleeper(void)
{
	pid_t child = fork();

	OK(child);
	while (!child)
		pause();
	return child;
}

static bool is_ended(int pidfd)
{
	struct pollfd pollfd = { pidfd, POLLIN, 0 };

	OK(poll(&pollfd, 1, 0));
	return pollfd.revents & POLLIN;
}

TEST(pidfd_is_readable_at_the_end)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	pid_t child = make_sleeper();
	int fd, epoll;
	siginfo_t info;
	char byte;

	OK(fd = pidfd_open(child, 0));
	EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(epoll = epoll_create1(0));
	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	CHECK(!is_ended(fd));
	FAILS(read(fd, &byte, 1), EINVAL);
	FAILS(write(fd, &byte, 1), EINVAL);
	OK(send(fd, SIGKILL, NULL, 0));
	EQUAL(epoll_wait(epoll, &event, 1, -1), 1);
	CHECK(is_ended(fd));
	OK(send(fd, 0, NULL, 0));	/* a zombie takes signals */
	EQUAL(waitid(P_PIDFD, fd, &info, WEXITED | WNOWAIT), 0);
	EQUAL(info.si_pid, child);
	EQUAL(info.si_status, SIGKILL);
	EQUAL(waitid(P_PIDFD, fd, &info, WEXITED), 0);
	CHECK(is_ended(fd));
	FAILS(send(fd, 0, NULL, 0), ESRCH);
	FAILS(send(fd, SIGKILL, NULL, 0), ESRCH);
	FAILS(waitid(P_PIDFD, fd, &info, WEXITED), ECHILD);
	FAILS(getfd(fd, 0, 0), ESRCH);
	FAILS(pidfd_open(child, 0), ESRCH);
}

TEST(pidfd_open_bad_arguments)
{
	int fds[2];

	OK(pipe(fds));
	FAILS(pidfd_open(0, 0), EINVAL);
	FAILS(pidfd_open(-1, 0), EINVAL);
	FAILS(pidfd_open(getpid(), 1), EINVAL);
	FAILS(pidfd_open(0x3fffffff, 0), ESRCH);
	FAILS(send(-1, 0, NULL, 0), EBADF);
	FAILS(send(fds[0], 0, NULL, 0), EBADF);
	FAILS(getfd(-1, 0, 0), EBADF);
	FAILS(getfd(fds[0], 0, 0), EBADF);
	FAILS(waitid(P_PIDFD, -1, NULL, WEXITED), EINVAL);
	FAILS(waitid(P_PIDFD, fds[0], NULL, WEXITED), EBADF);
	FAILS(waitid(P_PIDFD, 999, NULL, WEXITED), EBADF);
	FAILS(waitid(P_PIDFD, 999, NULL, 0), EINVAL);
}

static volatile sig_atomic_t taken;
static volatile int taken_value;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	taken = number;
	taken_value = info->si_code == SI_QUEUE ? info->si_value.sival_int : -info->si_pid;
}

TEST(pidfd_sends_signals)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
	int fd = pidfd_open(getpid(), 0), other;
	pid_t child = make_sleeper();

	OK(fd);
	OK(sigaction(SIGUSR1, &action, NULL));
	OK(send(fd, SIGUSR1, NULL, 0));
	EQUAL(taken, SIGUSR1);
	EQUAL(taken_value, -getpid());
	info.si_value.sival_int = 77;
	OK(send(fd, SIGUSR1, &info, 0));
	EQUAL(taken_value, 77);
	FAILS(send(fd, SIGUSR2, &info, 0), EINVAL);
	FAILS(send(fd, 65, NULL, 0), EINVAL);
	FAILS(send(fd, -1, NULL, 0), EINVAL);
	FAILS(send(fd, SIGUSR1, (void *)8, 0), EFAULT);
	FAILS(send(fd, SIGUSR1, NULL, 0x80), EINVAL);
	OK(other = pidfd_open(child, 0));
	info.si_code = SI_USER;
	FAILS(send(other, SIGUSR1, &info, 0), EPERM);
	info.si_code = SI_TKILL;
	FAILS(send(other, SIGUSR1, &info, 0), EPERM);
	info.si_code = SI_QUEUE;
	OK(send(other, SIGUSR1, &info, 0));
	OK(kill(child, SIGKILL));
	test_wait(child);
}

TEST(directory_of_a_process_takes_signals)
{
	pid_t child = make_sleeper();
	char path[32];
	int fd, place;

	snprintf(path, sizeof(path), "/proc/%d", child);
	OK(fd = open(path, O_RDONLY | O_DIRECTORY));
	OK(place = open(path, O_PATH));
	OK(send(fd, 0, NULL, 0));
	FAILS(send(place, 0, NULL, 0), EBADF);
	FAILS(waitid(P_PIDFD, fd, NULL, WEXITED), EBADF);
	OK(send(fd, SIGKILL, NULL, 0));
	EQUAL(test_wait(child), 1000 + SIGKILL);
	FAILS(send(fd, 0, NULL, 0), ESRCH);
	OK(fd = open("/proc", O_RDONLY));
	FAILS(send(fd, 0, NULL, 0), EBADF);
	OK(fd = open("/proc/self/fd", O_RDONLY));
	FAILS(send(fd, 0, NULL, 0), EBADF);
}

TEST(pidfd_sends_with_permission_only)
{
	int fd;

	if (geteuid())
		test_skip("needs root");
	OK(fd = pidfd_open(getpid(), 0));
	IN_CHILD(OK(setuid(65534));
		 FAILS(send(fd, SIGUSR1, NULL, 0), EPERM);
		 FAILS(getfd(fd, 0, 0), EPERM));
}

TEST(pidfd_gives_descriptors)
{
	int ready = eventfd(0, 0), done = eventfd(0, 0), pidfd, fd;
	uint64_t value = 1;
	pid_t child = fork();

	OK(child);
	if (!child) {
		EQUAL(eventfd(5, 0), done + 1);
		EQUAL(write(ready, &value, 8), 8);
		EQUAL(read(done, &value, 8), 8);
		_exit(0);
	}
	EQUAL(read(ready, &value, 8), 8);
	OK(pidfd = pidfd_open(child, 0));
	OK(fd = getfd(pidfd, done + 1, 0));
	EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQUAL(read(fd, &value, 8), 8);
	EQUAL(value, 5);
	FAILS(getfd(pidfd, 999, 0), EBADF);
	FAILS(getfd(pidfd, -1, 0), EBADF);
	FAILS(getfd(pidfd, 0, 1), EINVAL);
	EQUAL(write(done, &value, 8), 8);
	EQUAL(test_wait(child), 0);
}

static pid_t clone_child(uint64_t flags, int *pidfd)
{
	struct clone_args args = {
		.flags = flags, .pidfd = (uintptr_t)pidfd, .exit_signal = SIGCHLD,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

TEST(clone_makes_a_pidfd)
{
	int pidfd = -1, again = -1, status;
	siginfo_t info;
	pid_t child;

	OK(child = clone_child(CLONE_PIDFD, &pidfd));
	if (!child) {
		/* It is the parent's alone. */
		errno = 0;
		_exit(fcntl(pidfd, F_GETFD) == -1 && errno == EBADF ? 3 : 4);
	}
	CHECK(pidfd >= 0);
	EQUAL(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	EQUAL(waitid(P_PIDFD, pidfd, &info, WEXITED), 0);
	EQUAL(info.si_pid, child);
	EQUAL(info.si_status, 3);
	/* The old call puts it where the parent's copy of the id would go. */
	child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &again, 0, 0);
	if (!child)
		_exit(7);
	OK(child);
	CHECK(again > pidfd);
	EQUAL(waitid(P_PIDFD, again, &info, WEXITED | WNOWAIT), 0);
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(WEXITSTATUS(status), 7);
}

static int run_false(void *unused)
{
	(void)unused;
	execl("/bin/false", "false", NULL);
	_exit(9);
}

TEST(clone_with_vfork_makes_a_pidfd)
{
	static char stack[16384] __attribute__((aligned(16)));
	int pidfd = -1;
	siginfo_t info;
	pid_t child;

	OK(child = clone(run_false, stack + sizeof(stack),
			 CLONE_PIDFD | CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, &pidfd));
	CHECK(pidfd >= 0);
	EQUAL(waitid(P_PIDFD, pidfd, &info, WEXITED), 0);
	EQUAL(info.si_pid, child);
	EQUAL(info.si_status, 1);
}

TEST(clone_pidfd_bad_arguments)
{
	int pidfd;

	FAILS(clone_child(CLONE_PIDFD, (int *)8), EFAULT);
	FAILS(clone_child(CLONE_PIDFD | CLONE_VM | CLONE_VFORK, (int *)8), EFAULT);
	FAILS(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &pidfd, 0, 0),
	      EINVAL);
	FAILS(syscall(SYS_clone, CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, 0, &pidfd, 0, 0), EINVAL);
	FAILS(clone_child(CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, NULL), EINVAL);
	FAILS(waitpid(-1, NULL, 0), ECHILD);
}

static void ignore(int number)
{
	(void)number;
}

TEST(clone_clears_handlers)
{
	struct sigaction action;
	pid_t child;

	CHECK(signal(SIGUSR1, ignore) != SIG_ERR);
	CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	OK(child = clone_child(CLEAR_SIGHAND, NULL));
	if (!child) {
		OK(sigaction(SIGUSR1, NULL, &action));
		CHECK(action.sa_handler == SIG_DFL && !action.sa_flags);
		OK(sigaction(SIGUSR2, NULL, &action));
		CHECK(action.sa_handler == SIG_IGN);
		_exit(0);
	}
	EQUAL(test_wait(child), 0);
}

TEST(pidfd_that_must_not_block)
{
	pid_t child = make_sleeper();
	siginfo_t info;
	int fd;

	OK(fd = pidfd_open(child, O_NONBLOCK));
	FAILS(waitid(P_PIDFD, fd, &info, WEXITED), EAGAIN);
	EQUAL(waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG), 0);
	OK(kill(child, SIGKILL));
	OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	EQUAL(waitid(P_PIDFD, fd, &info, WEXITED), 0);
	EQUAL(info.si_pid, child);
}

TEST(pidfd_is_not_anothers)
{
	int fd, status;
	siginfo_t info;
	pid_t first = make_sleeper(), second;

	OK(fd = pidfd_open(first, 0));
	IN_CHILD(FAILS(waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG), ECHILD));
	OK(kill(first, SIGKILL));
	EQUAL(waitpid(first, &status, 0), first);
	OK(second = fork());
	if (!second)
		_exit(0);
	FAILS(waitid(P_PIDFD, fd, &info, WEXITED), ECHILD);
	EQUAL(test_wait(second), 0);
}

static void *sleep_for_ever(void *tid)
{
	*(pid_t *)tid = gettid();
	for (;;)
		pause();
	return NULL;
}

TEST(pidfd_of_a_process_with_threads)
{
	int fd, fds[2];
	pid_t child, tid;

	OK(pipe(fds));
	OK(child = fork());
	if (!child) {
		pthread_t thread;
		static volatile pid_t other;

		ZERO(pthread_create(&thread, NULL, sleep_for_ever, (void *)&other));
		while (!other)
			sched_yield();
		EQUAL(write(fds[1], (void *)&other, sizeof(other)), sizeof(other));
		/* The first thread goes, the process stays. */
		pthread_exit(NULL);
	}
	EQUAL(read(fds[0], &tid, sizeof(tid)), sizeof(tid));
	OK(fd = pidfd_open(child, 0));
	EQUAL(pidfd_open(tid, 0), -1);
	CHECK(!is_ended(fd));
	OK(send(fd, SIGKILL, NULL, 0));
	EQUAL(test_wait(child), 1000 + SIGKILL);
	CHECK(is_ended(fd));
}

TEST(pidfd_shows_whose_it_is)
{
	pid_t child = make_sleeper();
	char path[64], want[64];
	int fd;

	OK(fd = pidfd_open(child, 0));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(want, sizeof(want), "Pid:\t%d\n", child);
	CHECK(strstr(test_read_file(path), want));
	OK(kill(child, SIGKILL));
	test_wait(child);
	CHECK(strstr(test_read_file(path), "Pid:\t-1\n"));
}

/* Ends are told to several waiters at once, in whatever order they come. */
TEST(pidfd_ends_in_a_storm)
{
	struct pollfd polls[16];

	for (int turn = 0; turn < 20; turn++) {
		int left = COUNT(polls);

		for (size_t i = 0; i < COUNT(polls); i++) {
			pid_t child = fork();

			if (!child)
				_exit(0);
			OK(child);
			polls[i] = (struct pollfd){ pidfd_open(child, 0), POLLIN, 0 };
			OK(polls[i].fd);
		}
		while (left) {
			OK(poll(polls, COUNT(polls), -1));
			for (size_t i = 0; i < COUNT(polls); i++) {
				if (polls[i].fd < 0 || !(polls[i].revents & POLLIN))
					continue;
				EQUAL(waitid(P_PIDFD, polls[i].fd, NULL, WEXITED), 0);
				OK(close(polls[i].fd));
				polls[i].fd = -1;
				left--;
			}
		}
	}
}
