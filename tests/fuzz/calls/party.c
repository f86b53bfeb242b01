/* SPDX-License-Identifier: MIT */
/*
 * One process of the fuzzer: it opens something of each sort, then its threads make calls on these,
 * on the same memory and on one another. What they fork plays on for a while. No locks.
 */
#include "tests/fuzz/calls/party.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/calls/arguments.h"

enum { THREADS = 4, FORKS = 24, CALLS_OF_A_FORK = 300 };

/* Shared by all that descend from the party. */
static long *forks_left;
static struct arena arena;
static int mounts_are_own;

/* ---- Things to play with ---- */

static void descriptors_open(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int pair[2], epoll = epoll_create1(0), listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct epoll_event event = { .events = EPOLLIN };
	sigset_t signals;

	mkdir("dir", 0777);
	mkfifo("fifo", 0666);
	symlink("dir", "link");
	open("a", O_RDWR | O_CREAT, 0666);
	open("dir/a", O_RDWR | O_CREAT | O_APPEND, 0666);
	open(".", O_RDONLY | O_DIRECTORY);
	open("dir", O_PATH);
	open("fifo", O_RDWR | O_NONBLOCK);
	open("/dev/zero", O_RDWR);
	open("/proc/self/maps", O_RDONLY);
	open("/dev/ptmx", O_RDWR | O_NOCTTY);
	pipe(pair);
	pipe2(pair, O_NONBLOCK);
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++)
		socketpair(AF_UNIX, type, 0, pair);
	bind(listener, (struct sockaddr *)&name, sizeof(name));
	listen(listener, 4);
	epoll_ctl(epoll, EPOLL_CTL_ADD, eventfd(3, EFD_NONBLOCK), &event);
	epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
	timerfd_create(CLOCK_MONOTONIC, 0);
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	signalfd(-1, &signals, SFD_NONBLOCK);
	inotify_add_watch(inotify_init1(IN_NONBLOCK), "dir", IN_ALL_EVENTS);
	memfd_create("m", MFD_ALLOW_SEALING);
	syscall(SYS_pidfd_open, getpid(), 0);
}

/* ---- Calls ---- */

static void nothing(int signal)
{
	(void)signal;
}

/*
 * A clone that may share memory: the child ends at once and does not touch the stack, which may
 * be the caller's own.
 */
static long clone_and_end(long number, const long *arguments)
{
	register long r10 __asm__("r10") = arguments[3];
	register long r8 __asm__("r8") = arguments[4];
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(result)
			 : "a"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]),
			   "r"(r10), "r"(r8), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return result;
}

static void play(struct random *random, long calls);

static int fork_taken(void)
{
	return __atomic_sub_fetch(forks_left, 1, __ATOMIC_RELAXED) >= 0;
}

static void fork_and_play(struct random *random)
{
	uint64_t seed = random_number(random);

	if (fork_taken() && !fork()) {
		*random = random_stream(seed, 0);
		play(random, CALLS_OF_A_FORK);
		_exit(0);
	}
}

/* A process before the party, or all. */
static int is_elder(long pid)
{
	return labs((int)pid) <= 2 && (int)pid;
}

static int means_elder(const struct call *call, const long *arguments)
{
	for (int i = 0; i < CALL_ARGUMENTS && call->kinds[i]; i++)
		if (!strcmp(call->kinds[i], "pid") && is_elder(arguments[i]))
			return 1;
	return 0;
}

/* True for calls that end what plays, or what is not the party's to end; some of them seldom. */
static int call_spared(struct random *random, const struct call *call, const long *arguments)
{
	if (means_elder(call, arguments))
		return 1;
	switch (call->number) {
	case SYS_fcntl:
		return arguments[1] == F_SETSIG && arguments[2] == SIGKILL;
	case SYS_mount:
	case SYS_umount2:
		return !mounts_are_own;
	/* Would stand in for the party by another program. */
	case SYS_execve:
	case SYS_execveat:
		return 1;
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
	case SYS_pause:
		return random_below(random, 100) != 0;
	default:
		return 0;
	}
}

static void call_make(struct random *random)
{
	const struct call *call = &call_table[random_below(random, call_count)];
	long arguments[CALL_ARGUMENTS];

	arguments_choose(random, &arena, call, arguments);
	if (call_spared(random, call, arguments))
		return;
	switch (call->number) {
	case SYS_fork:
	case SYS_vfork:
		fork_and_play(random);
		return;
	case SYS_clone:
	case SYS_clone3:
		if (fork_taken())
			clone_and_end(call->number, arguments);
		return;
	}
	syscall(call->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
		arguments[5]);
}

/* Sleeps in calls are cut short: a signal comes all the time, unless the game blocks it. */
static void prod_begin(void)
{
	struct sigaction action = { .sa_handler = nothing };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2 };
	struct itimerspec often = { { 0, 5000000 }, { 0, 5000000 } };
	timer_t timer;

	sigaction(SIGUSR2, &action, NULL);
	event._sigev_un._tid = gettid();
	if (!timer_create(CLOCK_MONOTONIC, &event, &timer))
		timer_settime(timer, 0, &often, NULL);
}

static void play(struct random *random, long calls)
{
	prod_begin();
	for (long i = 0; i < calls; i++)
		call_make(random);
}

static void *thread_main(void *data)
{
	play(data, LONG_MAX);
	return NULL;
}

void party_play(uint64_t seed)
{
	static struct random randoms[THREADS];
	pthread_t thread;

	close_range(0, ~0u, 0);
	signal(SIGALRM, nothing);
	mounts_are_own = !unshare(CLONE_NEWNS);
	arena = arena_create();
	forks_left = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*forks_left = FORKS;
	descriptors_open();
	for (int i = 0; i < THREADS; i++)
		randoms[i] = random_stream(seed, i + 1);
	for (int i = 1; i < THREADS; i++)
		pthread_create(&thread, NULL, thread_main, &randoms[i]);
	thread_main(&randoms[0]);
	_exit(0);
}
