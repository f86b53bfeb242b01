/* SPDX-License-Identifier: MIT */
/* User and group ids, supplementary groups, capabilities as far as programs ask, limits. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void need_root(void)
{
	if (geteuid())
		test_skip("needs root");
	pid_t child = fork();
	if (!child)
		_exit(setresuid(12345, 12345, 12345) != 0);
	if (test_wait(child))
		test_skip("needs further uids");
}

static void check_ids(uid_t real, uid_t effective, uid_t saved)
{
	uid_t r, e, s;

	OK(getresuid(&r, &e, &s));
	EQUAL(r, real);
	EQUAL(e, effective);
	EQUAL(s, saved);
	EQUAL(getuid(), real);
	EQUAL(geteuid(), effective);
}

TEST(ids_are_consistent)
{
	gid_t r, e, s;

	OK(getresgid(&r, &e, &s));
	EQUAL(getgid(), r);
	EQUAL(getegid(), e);
	OK(setuid(getuid()));
	OK(setgid(getgid()));
	OK(setresuid(-1, -1, -1));
	CHECK(getgroups(0, NULL) >= 0);
}

TEST(setuid_of_root_is_final)
{
	need_root();
	IN_CHILD({
		OK(setuid(100));
		check_ids(100, 100, 100);
		FAILS(setuid(0), EPERM);
		FAILS(setresuid(0, 0, 0), EPERM);
		FAILS(setgroups(0, NULL), EPERM);
		FAILS(setgid(5), EPERM);
	});
	check_ids(0, 0, 0);
}

TEST(seteuid_can_return)
{
	need_root();
	OK(seteuid(100));
	check_ids(0, 100, 0);
	FAILS(setgroups(0, NULL), EPERM);
	OK(seteuid(0));
	check_ids(0, 0, 0);
	OK(setresuid(100, 200, 300));
	check_ids(100, 200, 300);
	OK(setresuid(-1, 300, -1));
	check_ids(100, 300, 300);
	FAILS(setresuid(-1, 0, -1), EPERM);
	OK(setreuid(300, 100));
	check_ids(300, 100, 100);
}

TEST(setreuid_sets_saved)
{
	need_root();
	IN_CHILD({
		OK(setreuid(100, 200));
		check_ids(100, 200, 200);
	});
	IN_CHILD({
		OK(setreuid(-1, 200));
		check_ids(0, 200, 200);
	});
}

TEST(group_ids)
{
	gid_t r, e, s;

	need_root();
	OK(setresgid(1, 2, 3));
	OK(getresgid(&r, &e, &s));
	EQUAL(r * 100 + e * 10 + s, 123);
	OK(setegid(0));
	EQUAL(getegid(), 0);
	OK(setgid(7));
	OK(getresgid(&r, &e, &s));
	EQUAL(r * 100 + e * 10 + s, 777);
}

TEST(supplementary_groups)
{
	gid_t groups[5] = { 10, 20, 30 }, got[5];

	need_root();
	OK(setgroups(3, groups));
	EQUAL(getgroups(0, NULL), 3);
	EQUAL(getgroups(5, got), 3);
	EQUAL(got[0] + got[1] + got[2], 60);
	FAILS(getgroups(2, got), EINVAL);
	FAILS(setgroups(70000, groups), EINVAL);
	IN_CHILD(EQUAL(getgroups(0, NULL), 3));
	OK(setgroups(0, NULL));
	EQUAL(getgroups(0, NULL), 0);
}

static void *wait_on_pipe(void *fd)
{
	char byte;

	read((int)(long)fd, &byte, 1);
	return NULL;
}

/* Sets its ids while another thread could be reading the old ones. */
static void set_ids_beside_a_thread(void)
{
	pthread_t thread;
	int pipe_fds[2];

	OK(pipe(pipe_fds));
	ZERO(pthread_create(&thread, NULL, wait_on_pipe, (void *)(long)pipe_fds[0]));
	for (int i = 0; i < 4; i++)
		OK(syscall(SYS_setresuid, getuid(), geteuid(), -1));
	OK(close(pipe_fds[1]));
	ZERO(pthread_join(thread, NULL));
	OK(close(pipe_fds[0]));
}

/* A child begins with its parent's very ids; both replace them, each with threads about. */
TEST(ids_are_replaced_by_parent_and_child)
{
	for (int i = 0; i < 4; i++) {
		pid_t child;
		int status;

		set_ids_beside_a_thread();
		OK(child = fork());
		set_ids_beside_a_thread();
		if (!child)
			_exit(0);
		EQUAL(waitpid(child, &status, 0), child);
		EQUAL(status, 0);
	}
}

TEST(credentials_are_inherited_by_exec)
{
	need_root();
	pid_t child = fork();
	if (!child) {
		OK(setresgid(22, 22, 22));
		OK(setresuid(11, 11, 11));
		execl("/bin/sh", "sh", "-c", "test \"$(id -u) $(id -g)\" = '11 22'", NULL);
		_exit(9);
	}
	EQUAL(test_wait(child), 0);
}

TEST(fsuid_follows_and_differs)
{
	need_root();
	EQUAL(setfsuid(-1), 0);
	OK(seteuid(100));
	EQUAL(setfsuid(-1), 100);
	OK(seteuid(0));
	EQUAL(setfsuid(500), 0);
	EQUAL(setfsuid(-1), 500);
	int fd = open("/tmp/mezzo-fsuid", O_CREAT | O_WRONLY | O_EXCL, 0600);
	struct stat status;
	OK(fd);
	OK(fstat(fd, &status));
	EQUAL(status.st_uid, 500);
	EQUAL(setfsuid(0), 500);
	OK(unlink("/tmp/mezzo-fsuid"));
}

TEST(signals_between_users)
{
	need_root();
	pid_t self = getpid();
	IN_CHILD({
		OK(setresuid(100, 100, 100));
		FAILS(kill(self, 0), EPERM);
		FAILS(kill(self, SIGTERM), EPERM);
		OK(kill(getpid(), 0));
	});
}

TEST(no_new_privileges)
{
	OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EQUAL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	FAILS(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	IN_CHILD(EQUAL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1));
}

TEST(dumpable_and_unknown_prctl)
{
	EQUAL(prctl(PR_GET_DUMPABLE), 1);
	OK(prctl(PR_SET_DUMPABLE, 0));
	EQUAL(prctl(PR_GET_DUMPABLE), 0);
	FAILS(prctl(PR_SET_DUMPABLE, 7), EINVAL);
	FAILS(prctl(123456, 0, 0, 0, 0), EINVAL);
}

TEST(limits_read_and_set)
{
	struct rlimit limit, again;

	OK(getrlimit(RLIMIT_NOFILE, &limit));
	CHECK(limit.rlim_cur <= limit.rlim_max);
	limit.rlim_cur = 50;
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	OK(getrlimit(RLIMIT_NOFILE, &again));
	EQUAL(again.rlim_cur, 50);
	EQUAL(again.rlim_max, limit.rlim_max);
	IN_CHILD({
		OK(getrlimit(RLIMIT_NOFILE, &again));
		EQUAL(again.rlim_cur, 50);
	});
	limit.rlim_cur = limit.rlim_max + 1;
	if (limit.rlim_max != RLIM_INFINITY)
		FAILS(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
	FAILS(getrlimit(99, &limit), EINVAL);
	FAILS(setrlimit(99, &limit), EINVAL);
	OK(prlimit(0, RLIMIT_NOFILE, NULL, &again));
	EQUAL(again.rlim_cur, 50);
	FAILS(prlimit(999999999, RLIMIT_NOFILE, NULL, &again), ESRCH);
}

TEST(limit_of_descriptors)
{
	struct rlimit limit;
	int fd;

	OK(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 20;
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		CHECK(fd < 20);
	EQUAL(errno, EMFILE);
	FAILS(dup(0), EMFILE);
	FAILS(dup2(0, 20), EBADF);
	FAILS(fcntl(0, F_DUPFD, 20), EINVAL);
	FAILS(fcntl(0, F_DUPFD, 10), EMFILE);
	OK(close(15));
	EQUAL(dup(0), 15);
}

TEST(limit_of_file_size)
{
	struct rlimit limit = { 1000, RLIM_INFINITY };
	char data[800] = "";
	int fd;

	OK(getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = 1000;
	OK(setrlimit(RLIMIT_FSIZE, &limit));
	OK(fd = open("file", O_CREAT | O_RDWR, 0600));
	signal(SIGXFSZ, SIG_IGN);
	EQUAL(write(fd, data, 800), 800);
	EQUAL(write(fd, data, 800), 200);
	FAILS(write(fd, data, 1), EFBIG);
	FAILS(ftruncate(fd, 2000), EFBIG);
	pid_t child = fork();
	if (!child) {
		signal(SIGXFSZ, SIG_DFL);
		write(fd, data, 1);
		_exit(0);
	}
	int status;
	EQUAL(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
}

TEST(limit_of_address_space)
{
	struct rlimit limit;

	OK(getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = 256 << 20;
	OK(setrlimit(RLIMIT_AS, &limit));
	FAILS(mmap(NULL, 512 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

TEST(capabilities_are_readable)
{
	struct { uint32_t version; int pid; } header = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } data[2];

	OK(syscall(SYS_capget, &header, data));
	header.version = 1;
	FAILS(syscall(SYS_capget, &header, data), EINVAL);
	EQUAL(header.version, 0x20080522);
	EQUAL(prctl(PR_CAPBSET_READ, 999, 0, 0, 0), -1);
}
