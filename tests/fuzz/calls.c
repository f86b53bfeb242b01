/* SPDX-License-Identifier: MIT */
/*
 * Random system calls with random arguments, for a domain only: on bare Linux it would do harm.
 *
 *	calls SEED CHILDREN CALLS
 *
 * Each child makes its calls from its own seed and may die of them; the parent must live and the
 * domain work. A failure is repeated by the same arguments; the number of the child that ran last
 * is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boundary/layout.h"

static uint64_t state;

static uint64_t random_number(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1d;
}

static char page[16384] __attribute__((aligned(4096)));

static long random_argument(void)
{
	static const long odd[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 16, 64, 100, 255, 256, 4095, 4096, 4097, 65536, 1 << 20, -1,
		-2, -100, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
		(long)0x8000000000000000, (long)0xffff888000000000, 0x7fffffffe000, AT_FDCWD,
		O_CREAT | O_RDWR, 0600, 0755, LAYER_BASE, HEAP_BASE, HEAP_BASE + 8192, CHANNEL_BASE,
		WINDOW_BASE, LAYER_END - 4096,
	};
	uint64_t choice = random_number();

	switch (choice % 8) {
	case 0:
	case 1:
		return odd[(choice >> 8) % (sizeof(odd) / sizeof(odd[0]))];
	case 2:
	case 3:
		return (long)page + (choice >> 8) % sizeof(page);
	case 4:
		return (long)page + ((choice >> 8) & 3) * 4096;
	case 5:
		return (choice >> 8) % 12;
	case 6:
		return 1L << ((choice >> 8) % 64);
	}
	return (long)random_number();
}

/*
 * Calls that end, stop or block the child, so that the rest would never be tried, or end all of
 * them.
 */
static int is_final(long number)
{
	static const short final[] = {
		SYS_exit, SYS_exit_group, SYS_pause, SYS_rt_sigsuspend, SYS_rt_sigreturn, SYS_kill,
		SYS_vfork, SYS_reboot, SYS_rt_sigtimedwait, SYS_execve,
		/* These may rightly end the parent. */
		SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
		SYS_pidfd_send_signal,
		SYS_prlimit64,
	};

	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++) {
		if (final[i] == number)
			return 1;
	}
	return 0;
}

static void play(int calls)
{
	static const char *const names[] = {
		"a", "b", "dir", "dir/c", "/dev/zero", "/proc/self/maps", "",
	};

	for (int i = 0; i < calls; i++) {
		long number = random_number() % 462;

		if (number > 334 && number < 424)
			number -= 200;
		if (i % 16 == 0) {
			for (int j = 0; j < 4; j++)
				strcpy(page + j * 4096, names[random_number() % 7]);
		}
		if (i % 64 == 0)
			alarm(2);
		if (is_final(number))
			continue;
		long a = random_argument(), b = random_argument(), c = random_argument();
		long result = syscall(number, a, b, c, random_argument(), random_argument(),
				      random_argument());

		/* A copy of this process must not play on. */
		if ((number == SYS_fork || number == SYS_clone || number == SYS_clone3) &&
		    result == 0)
			_exit(0);
	}
	_exit(0);
}

static int works(void)
{
	int fd = open("check", O_RDWR | O_CREAT | O_TRUNC, 0600), status;
	char text[8] = "";
	pid_t child;

	if (fd < 0 || write(fd, "works", 5) != 5 || pread(fd, text, 5, 0) != 5 ||
	    strcmp(text, "works"))
		return 0;
	close(fd);
	child = fork();
	if (!child)
		_exit(21);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 21;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	int children = argc > 2 ? atoi(argv[2]) : 50, calls = argc > 3 ? atoi(argv[3]) : 1000;
	char directory[] = "/tmp/mezzo-fuzz-XXXXXX";

	if (!getenv("IN_DOMAIN")) {
		printf("for domains only: it would do harm elsewhere; set IN_DOMAIN there\n");
		return 2;
	}
	if (!mkdtemp(directory) || chdir(directory))
		return 2;
	signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < children; i++) {
		struct timespec pause = { 0, 2000000 };
		pid_t child;
		int status;

		printf("child %d\n", i);
		fflush(stdout);
		child = fork();
		if (child < 0) {
			printf("fork: %s\n", strerror(errno));
			return 1;
		}
		if (!child) {
			setpgid(0, 0);
			state = seed * 1000003 + i * 7919 + 1;
			mkdir("dir", 0755);
			/* Every other one is an ordinary user. */
			if (i % 2 && setresuid(12345, 12345, 12345))
				_exit(0);
			close(0);
			close(1);
			close(2);
			play(calls);
		}
		for (int wait = 0; waitpid(child, &status, WNOHANG) == 0; wait++) {
			nanosleep(&pause, NULL);
			if (wait == 3000) {
				kill(-child, SIGKILL);
				kill(child, SIGKILL);
			}
		}
		kill(-child, SIGKILL);
		while (waitpid(-1, &status, WNOHANG) > 0)
			;
		if (!works()) {
			printf("nothing works after child %d\n", i);
			return 1;
		}
	}
	printf("survived\n");
	return 0;
}
