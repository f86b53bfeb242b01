/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping; what the system says about itself; random bytes. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>

static bool before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

TEST(clocks_go_forward)
{
	static const int clocks[] = {
		CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,	   CLOCK_MONOTONIC_COARSE,
		CLOCK_BOOTTIME,	 CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_REALTIME,	 CLOCK_REALTIME_COARSE,
	};
	struct timespec a, b;

	for (size_t i = 0; i < COUNT(clocks); i++) {
		OK(clock_gettime(clocks[i], &a));
		for (int j = 0; j < 1000; j++) {
			OK(clock_gettime(clocks[i], &b));
			if (clocks[i] != CLOCK_REALTIME && clocks[i] != CLOCK_REALTIME_COARSE)
				CHECK(!before(b, a));
			CHECK(b.tv_nsec >= 0 && b.tv_nsec < 1000000000);
			a = b;
		}
		OK(clock_getres(clocks[i], &a));
		CHECK(a.tv_sec == 0 && a.tv_nsec > 0);
	}
}

TEST(clock_calls_and_vdso_agree)
{
	struct timespec a, b, c;

	OK(clock_gettime(CLOCK_MONOTONIC, &a));
	OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b));
	OK(clock_gettime(CLOCK_MONOTONIC, &c));
	CHECK(!before(b, a) && !before(c, b));
	struct timeval value;
	OK(syscall(SYS_gettimeofday, &value, NULL));
	OK(clock_gettime(CLOCK_REALTIME, &a));
	CHECK(a.tv_sec - value.tv_sec < 60);
	CHECK(syscall(SYS_time, NULL) - value.tv_sec < 60);
}

TEST(clock_refusals)
{
	struct timespec time = { 0, -1 };

	FAILS(syscall(SYS_clock_gettime, 99, &time), EINVAL);
	FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT);
	FAILS(syscall(SYS_clock_getres, 99, &time), EINVAL);
	FAILS(nanosleep(&time, NULL), EINVAL);
	time.tv_nsec = 1000000000;
	FAILS(nanosleep(&time, NULL), EINVAL);
	EQUAL(clock_nanosleep(99, 0, &time, NULL), EINVAL);
	time.tv_nsec = 0;
	time.tv_sec = -1;
	FAILS(nanosleep(&time, NULL), EINVAL);
	FAILS(nanosleep((void *)8, NULL), EFAULT);
}

TEST(sleeping_takes_at_least_the_time)
{
	struct timespec start, end, brief = { 0, 3000000 };

	OK(clock_gettime(CLOCK_MONOTONIC, &start));
	OK(nanosleep(&brief, NULL));
	OK(clock_gettime(CLOCK_MONOTONIC, &end));
	start.tv_nsec += 3000000;
	if (start.tv_nsec >= 1000000000) {
		start.tv_nsec -= 1000000000;
		start.tv_sec++;
	}
	CHECK(!before(end, start));
	end.tv_nsec = (end.tv_nsec + 1000000) % 1000000000;
	start = end;
	start.tv_sec += end.tv_nsec < 1000000;
	ZERO(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL));
	OK(clock_gettime(CLOCK_MONOTONIC, &end));
	CHECK(!before(end, start));
	start.tv_sec = 0;
	ZERO(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL));
	ZERO(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &start, NULL));
	start.tv_nsec = 0;
	OK(nanosleep(&start, NULL));
}

TEST(processor_time_grows_with_work)
{
	struct timespec start, end;
	struct rusage usage;
	struct tms times_now;

	OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start));
	do {
		for (volatile int i = 0; i < 1000000; i++)
			;
		OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end));
	} while (!before(start, end));
	do {
		OK(getrusage(RUSAGE_SELF, &usage));
	} while (usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec == 0);
	CHECK(usage.ru_maxrss > 100);
	CHECK(times(&times_now) != -1);
	CHECK(clock() != -1);
}

static volatile int fired;
static volatile int fired_value;

static void on_timer(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	fired_value = info->si_value.sival_int;
	fired++;
}

TEST(posix_timers)
{
	struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec time = { { 0, 1000000 }, { 0, 1000000 } }, left;
	timer_t timer;

	event.sigev_value.sival_int = 99;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer)) {
		EQUAL(errno, ENOSYS);
		test_skip("no POSIX timers");
	}
	OK(sigaction(SIGUSR1, &action, NULL));
	OK(timer_settime(timer, 0, &time, NULL));
	while (fired < 3)
		sched_yield();
	EQUAL(fired_value, 99);
	OK(timer_gettime(timer, &left));
	EQUAL(left.it_interval.tv_nsec, 1000000);
	OK(timer_delete(timer));
}

TEST(uname_fields)
{
	struct utsname name;

	OK(uname(&name));
	SAME(name.sysname, "Linux");
	SAME(name.machine, "x86_64");
	CHECK(name.release[0] >= '3' && name.release[0] <= '9');
	CHECK(name.nodename[0]);
	CHECK(name.version[0]);
	char host[65];
	OK(gethostname(host, sizeof(host)));
	SAME(host, name.nodename);
}

TEST(sysinfo_fields)
{
	struct sysinfo info;

	OK(sysinfo(&info));
	CHECK(info.totalram * info.mem_unit > 1 << 20);
	CHECK(info.freeram <= info.totalram);
	CHECK(info.uptime >= 0);
	CHECK(info.procs > 0);
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
	EQUAL(sysconf(_SC_PAGESIZE), 4096);
	EQUAL(sysconf(_SC_CLK_TCK), 100);
}

TEST(random_bytes)
{
	unsigned char a[64] = { 0 }, b[64] = { 0 };

	EQUAL(getrandom(a, sizeof(a), 0), sizeof(a));
	EQUAL(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)));
	FAILS(getrandom(a, sizeof(a), 0x100), EINVAL);
	FAILS(getrandom((void *)8, 8, 0), EFAULT);
	EQUAL(getrandom(a, 0, 0), 0);
	static unsigned char large[100000];
	EQUAL(getrandom(large, sizeof(large), 0), sizeof(large));
	CHECK(large[99999] || large[99998] || large[99997] || large[99996] || large[99995]);
	int fds[2];
	OK(pipe(fds));
	pid_t child = fork();
	if (!child) {
		getrandom(a, 16, 0);
		EQUAL(write(fds[1], a, 16), 16);
		_exit(0);
	}
	getrandom(a, 16, 0);
	EQUAL(read(fds[0], b, 16), 16);
	CHECK(memcmp(a, b, 16));
	EQUAL(test_wait(child), 0);
}

TEST(unknown_calls)
{
	FAILS(syscall(5000), ENOSYS);
	FAILS(syscall(100000), ENOSYS);
	FAILS(syscall(-1), ENOSYS);
	FAILS(syscall(SYS_getpmsg), ENOSYS);
	FAILS(syscall(SYS_tuxcall), ENOSYS);
}

TEST(statfs_fields)
{
	struct statfs status;
	int fd;

	OK(statfs(".", &status));
	CHECK(status.f_bsize > 0);
	CHECK(status.f_namelen >= 255);
	OK(fd = open(".", O_RDONLY));
	OK(fstatfs(fd, &status));
	FAILS(statfs("missing", &status), ENOENT);
	FAILS(fstatfs(-1, &status), EBADF);
	OK(statfs("/proc", &status));
	EQUAL(status.f_type, 0x9fa0);
}
