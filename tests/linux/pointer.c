/* SPDX-License-Identifier: MIT */
/* Bad pointers, sizes and flags to every call: an error, never a crash. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

/* Addresses nobody may use: nothing mapped, not canonical, the kernel's, the very end. */
static void *const bad_addresses[] = {
	(void *)8, (void *)0x0000123400000000, (void *)0x7ffffffff000, (void *)0x800000000000,
	(void *)0xffff800000000000, (void *)-4096L, (void *)-8L,
};

#define FOR_BAD(pointer) \
	for (void *const *at_ = bad_addresses, *pointer = *at_; \
	     at_ < bad_addresses + COUNT(bad_addresses); \
	     at_++, pointer = at_ < bad_addresses + COUNT(bad_addresses) ? *at_ : NULL)

#define EFAULTS(...) FAILS(syscall(__VA_ARGS__), EFAULT)

static int file, fds[2];

static void open_some(void)
{
	OK(file = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(write(file, "0123456789", 10), 10);
	OK(pipe(fds));
	EQUAL(write(fds[1], "0123456789", 10), 10);
}

TEST(paths)
{
	char buffer[256];

	open_some();
	FOR_BAD(bad) {
		EFAULTS(SYS_open, bad, O_RDONLY);
		EFAULTS(SYS_openat, AT_FDCWD, bad, O_RDONLY);
		EFAULTS(SYS_stat, bad, buffer);
		EFAULTS(SYS_lstat, bad, buffer);
		EFAULTS(SYS_access, bad, 0);
		EFAULTS(SYS_mkdir, bad, 0755);
		EFAULTS(SYS_rmdir, bad);
		EFAULTS(SYS_unlink, bad);
		EFAULTS(SYS_rename, bad, "x");
		EFAULTS(SYS_rename, "file", bad);
		EFAULTS(SYS_link, bad, "x");
		EFAULTS(SYS_link, "file", bad);
		EFAULTS(SYS_symlink, bad, "x");
		EFAULTS(SYS_symlink, "x", bad);
		EFAULTS(SYS_readlink, bad, buffer, 10);
		EFAULTS(SYS_chmod, bad, 0600);
		EFAULTS(SYS_chown, bad, -1, -1);
		EFAULTS(SYS_truncate, bad, 0);
		EFAULTS(SYS_chdir, bad);
		EFAULTS(SYS_mknod, bad, S_IFIFO | 0600, 0);
		EFAULTS(SYS_utimensat, AT_FDCWD, bad, NULL, 0);
		EFAULTS(SYS_statfs, bad, buffer);
		EFAULTS(SYS_statx, AT_FDCWD, bad, 0, 0x7ff, buffer);
		EFAULTS(SYS_execve, bad, NULL, NULL);
	}
}

TEST(path_at_the_edge_of_a_page)
{
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	open_some();
	OK(munmap(memory + 4096, 4096));
	memcpy(memory + 4096 - 5, "file", 5);
	OK(access(memory + 4096 - 5, F_OK));
	memcpy(memory + 4096 - 4, "file", 4);
	FAILS(access(memory + 4096 - 4, F_OK), EFAULT);
	memory[4095] = 0;
	EQUAL(pread(file, memory + 4086, 10, 0), 10);
	FAILS(pread(file, memory + 4096, 1, 0), EFAULT);
	EQUAL(pread(file, memory + 4091, 5, 5), 5);
}

TEST(read_and_write_buffers)
{
	open_some();
	FOR_BAD(bad) {
		EFAULTS(SYS_read, fds[0], bad, 5);
		EFAULTS(SYS_write, fds[1], bad, 5);
		EFAULTS(SYS_pread64, file, bad, 5, 0);
		EFAULTS(SYS_pwrite64, file, bad, 5, 0);
		EFAULTS(SYS_readv, fds[0], bad, 1);
		EFAULTS(SYS_writev, fds[1], bad, 1);
		struct iovec vector = { bad, 5 };
		EFAULTS(SYS_readv, fds[0], &vector, 1);
		EFAULTS(SYS_writev, fds[1], &vector, 1);
		EFAULTS(SYS_preadv, file, &vector, 1, 0, 0);
		EFAULTS(SYS_pwritev, file, &vector, 1, 0, 0);
	}
	char text[16] = "";
	EQUAL(read(fds[0], text, sizeof(text)), 10);
	SAME(text, "0123456789");
}

TEST(partly_bad_buffers)
{
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec vectors[2] = { { memory, 4 }, { (void *)8, 4 } };
	struct stat status;

	open_some();
	OK(munmap(memory + 4096, 4096));
	memset(memory, 'm', 4096);
	EQUAL(writev(file, vectors, 2), 4);
	long result = pwrite(file, memory + 4092, 8, 100);
	CHECK(result == 4 || (result == -1 && errno == EFAULT));
	OK(fstat(file, &status));
	CHECK(status.st_size <= 104);
	result = pread(file, memory + 4092, 8, 0);
	CHECK(result == 4 || (result == -1 && errno == EFAULT));
}

TEST(read_only_buffers)
{
	char *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	open_some();
	EFAULTS(SYS_read, fds[0], memory, 5);
	EFAULTS(SYS_pread64, file, memory, 5, 0);
	EFAULTS(SYS_fstat, file, memory);
	EFAULTS(SYS_pipe, memory);
	EFAULTS(SYS_uname, memory);
	EFAULTS(SYS_getcwd, memory, 4096);
	EFAULTS(SYS_getrandom, memory, 5, 0);
	EQUAL(write(fds[1], memory, 5), 5);
}

TEST(results_of_files)
{
	open_some();
	FOR_BAD(bad) {
		EFAULTS(SYS_fstat, file, bad);
		EFAULTS(SYS_stat, "file", bad);
		EFAULTS(SYS_lstat, "file", bad);
		EFAULTS(SYS_newfstatat, AT_FDCWD, "file", bad, 0);
		EFAULTS(SYS_statx, AT_FDCWD, "file", 0, 0x7ff, bad);
		EFAULTS(SYS_statfs, ".", bad);
		EFAULTS(SYS_fstatfs, file, bad);
		EFAULTS(SYS_getcwd, bad, 4096);
		EFAULTS(SYS_pipe, bad);
		EFAULTS(SYS_pipe2, bad, 0);
		EFAULTS(SYS_utimensat, AT_FDCWD, "file", bad, 0);
		EFAULTS(SYS_fcntl, file, F_GETLK, bad);
		EFAULTS(SYS_fcntl, file, F_SETLK, bad);
		EFAULTS(SYS_ioctl, fds[0], 0x541b /* FIONREAD */, bad);
		EFAULTS(SYS_sendfile, fds[1], file, bad, 1);
		EFAULTS(SYS_copy_file_range, file, bad, file, NULL, 1, 0);
		int dir = open(".", O_RDONLY);
		EFAULTS(SYS_getdents64, dir, bad, 1000);
		OK(close(dir));
	}
	OK(symlink("target", "link"));
	FOR_BAD(bad)
		EFAULTS(SYS_readlink, "link", bad, 10);
}

TEST(events)
{
	int epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };

	open_some();
	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
	FOR_BAD(bad) {
		EFAULTS(SYS_poll, bad, 1, 0);
		EFAULTS(SYS_ppoll, NULL, 0, bad, NULL, 8);
		EFAULTS(SYS_select, 1, bad, NULL, NULL, NULL);
		EFAULTS(SYS_select, 0, NULL, NULL, NULL, bad);
		EFAULTS(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, fds[1], bad);
		EFAULTS(SYS_epoll_wait, epoll, bad, 1, 0);
	}
}

TEST(signals)
{
	FOR_BAD(bad) {
		EFAULTS(SYS_rt_sigaction, SIGUSR1, bad, NULL, 8);
		EFAULTS(SYS_rt_sigaction, SIGUSR1, NULL, bad, 8);
		EFAULTS(SYS_rt_sigprocmask, SIG_BLOCK, bad, NULL, 8);
		EFAULTS(SYS_rt_sigprocmask, SIG_BLOCK, NULL, bad, 8);
		EFAULTS(SYS_rt_sigpending, bad, 8);
		EFAULTS(SYS_rt_sigsuspend, bad, 8);
		EFAULTS(SYS_rt_sigtimedwait, bad, NULL, NULL, 8);
		EFAULTS(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, bad);
		EFAULTS(SYS_sigaltstack, bad, NULL);
		EFAULTS(SYS_sigaltstack, NULL, bad);
	}
}

TEST(times)
{
	FOR_BAD(bad) {
		EFAULTS(SYS_nanosleep, bad, NULL);
		EFAULTS(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, bad, NULL);
		EFAULTS(SYS_clock_gettime, CLOCK_MONOTONIC, bad);
		EFAULTS(SYS_clock_getres, CLOCK_MONOTONIC, bad);
		EFAULTS(SYS_gettimeofday, bad, NULL);
		EFAULTS(SYS_time, bad);
		EFAULTS(SYS_getitimer, 0, bad);
		EFAULTS(SYS_setitimer, 0, bad, NULL);
		EFAULTS(SYS_times, bad);
	}
}

TEST(process)
{
	FOR_BAD(bad) {
		EFAULTS(SYS_getrlimit, RLIMIT_NOFILE, bad);
		EFAULTS(SYS_setrlimit, RLIMIT_NOFILE, bad);
		EFAULTS(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, bad);
		EFAULTS(SYS_getrusage, 0, bad);
		EFAULTS(SYS_sysinfo, bad);
		EFAULTS(SYS_uname, bad);
		EFAULTS(SYS_getresuid, bad, bad, bad);
		EFAULTS(SYS_getresgid, bad, bad, bad);
		EFAULTS(SYS_capget, bad, NULL);
		EFAULTS(SYS_futex, bad, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
		EFAULTS(SYS_getrandom, bad, 10, 0);
		EFAULTS(SYS_sched_getaffinity, 0, 128, bad);
		EFAULTS(SYS_sched_getparam, 0, bad);
		EFAULTS(SYS_clone3, bad, 88);
		EFAULTS(SYS_prctl, 15 /* PR_SET_NAME */, bad, 0, 0, 0);
		EFAULTS(SYS_prctl, 16 /* PR_GET_NAME */, bad, 0, 0, 0);
		EFAULTS(SYS_execve, "/bin/true", bad, NULL);
		EFAULTS(SYS_execve, "/bin/true", NULL, bad);
		EFAULTS(SYS_memfd_create, bad, 0);
	}
}

TEST(wait_with_a_bad_result)
{
	/* The child is gone all the same. */
	pid_t child = fork();

	if (!child)
		_exit(0);
	FAILS(syscall(SYS_wait4, child, (void *)8, 0, NULL), EFAULT);
	FAILS(waitpid(child, NULL, WNOHANG), ECHILD);
}

TEST(clone_with_bad_pointers)
{
	/* Linux starts the child and drops what it cannot write. */
	int status;
	pid_t child =
		syscall(SYS_clone, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0, 0, 8, 0);

	if (!child)
		_exit(4);
	OK(child);
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(WEXITSTATUS(status), 4);
}

/* Calls that end or stop the caller, wait for ever, or reach beyond the test. */
static bool is_harmful(long number)
{
	static const short harmful[] = {
		SYS_rt_sigreturn, SYS_pause, SYS_clone, SYS_fork, SYS_vfork, SYS_exit,
		SYS_exit_group, SYS_kill, SYS_tkill, SYS_tgkill, SYS_reboot, SYS_shutdown, SYS_sync,
		SYS_syncfs, SYS_pivot_root, SYS_chroot, SYS_mount, SYS_umount2, SYS_swapon,
		SYS_swapoff, SYS_sethostname, SYS_setdomainname, SYS_iopl, SYS_ioperm,
		SYS_init_module, SYS_delete_module, SYS_settimeofday, SYS_clock_settime,
		SYS_adjtimex, SYS_clock_adjtime, SYS_acct, SYS_quotactl, SYS_vhangup, SYS_setsid,
		SYS_munmap, SYS_mremap, SYS_mmap, SYS_mprotect, SYS_brk, SYS_madvise,
		SYS_arch_prctl, SYS_set_robust_list, SYS_rseq, SYS_setuid, SYS_setgid,
		SYS_setresuid, SYS_setresgid, SYS_setreuid, SYS_setregid, SYS_setgroups,
		SYS_setfsuid, SYS_setfsgid, SYS_capset, SYS_prctl, SYS_seccomp, SYS_alarm,
		SYS_unshare, SYS_setns, SYS_rt_sigsuspend, SYS_poll, SYS_select, SYS_pselect6,
		SYS_ppoll, SYS_ptrace, SYS_kexec_load, SYS_bpf, SYS_userfaultfd, SYS_ioprio_set,
		SYS_sched_setscheduler, SYS_sched_setattr, SYS_setpriority, SYS_mlockall,
		SYS_munlockall, SYS_remap_file_pages, SYS_clone3, SYS_process_madvise,
		SYS_personality, SYS_syslog, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_umask,
		SYS_setrlimit, SYS_prlimit64, SYS_close_range, SYS_close, SYS_dup2, SYS_dup3,
		SYS_set_tid_address, SYS_sigaltstack, SYS_waitid, SYS_wait4, SYS_rt_sigtimedwait,
		SYS_pkey_mprotect, SYS_execve, SYS_execveat, SYS_keyctl, SYS_add_key,
		SYS_request_key, SYS_modify_ldt, SYS_membarrier, SYS_landlock_restrict_self,
		SYS_io_uring_setup, SYS_fanotify_init, SYS_perf_event_open, SYS_sched_setaffinity,
		462 /* mseal */,
	};

	for (size_t i = 0; i < COUNT(harmful); i++) {
		if (harmful[i] == number)
			return true;
	}
	return false;
}

/*
 * All calls with one absurd value in every argument; the process lives and its calls work after it.
 */
static void call_all(long value)
{
	for (long number = 0; number < 470; number++) {
		/* 335 to 423: numbers of the kernel's own probes, and none. */
		if (is_harmful(number) || (number > 334 && number < 424))
			continue;
		pid_t child = fork();

		OK(child);
		if (!child) {
			alarm(10);
			for (int fd = 0; fd < 8; fd++)
				close(fd);
			syscall(number, value, value, value, value, value, value);
			_exit(getpid() > 0 ? 0 : 1);
		}
		int status = test_wait(child);

		if (status)
			test_fail(__FILE__, __LINE__, "call %ld with %lx: status %d", number, value,
				  status);
	}
}

TEST_TIMEOUT(all_calls_with_minus_one, 60)
{
	call_all(-1);
}

TEST_TIMEOUT(all_calls_with_a_low_address, 60)
{
	call_all(8);
}

TEST_TIMEOUT(all_calls_with_a_high_address, 60)
{
	call_all(0x7fffffffe000);
}

TEST_TIMEOUT(all_calls_with_a_kernel_address, 60)
{
	call_all(0xffff888012345678);
}

TEST_TIMEOUT(all_calls_with_the_largest_number, 60)
{
	call_all(0x7fffffffffffffff);
}

TEST(absurd_sizes)
{
	char byte;

	open_some();
	FAILS(syscall(SYS_read, fds[0], (void *)8, -1L), EFAULT);
	FAILS(syscall(SYS_pread64, file, &byte, 1L, -1L), EINVAL);
	FAILS(syscall(SYS_lseek, file, 0x7fffffffffffffff, SEEK_END), EINVAL);
	FAILS(syscall(SYS_ftruncate, file, -1L), EINVAL);
	CHECK(syscall(SYS_ftruncate, file, 0x7fffffffffffffff) == 0 || errno == EFBIG ||
	      errno == ENOSPC || errno == EINVAL);
	OK(ftruncate(file, 10));
	FAILS(syscall(SYS_mmap, NULL, -1L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	FAILS(syscall(SYS_munmap, (void *)4096, -1L), EINVAL);
	FAILS(syscall(SYS_getdents64, file, &byte, -1), ENOTDIR);
	FAILS(syscall(SYS_poll, &byte, 0xffffffff, 0), EINVAL);
	FAILS(syscall(SYS_readv, file, &byte, 0x7fffffff), EINVAL);
	FAILS(syscall(SYS_epoll_wait, file, &byte, 0x7fffffff, 0), EINVAL);
	FAILS(syscall(SYS_setgroups, 0x7fffffff, &byte), geteuid() ? EPERM : EINVAL);
	FAILS(syscall(SYS_mkdir, "file", -1), EEXIST);
}

TEST(absurd_descriptors)
{
	static const int numbers[] = { -1, 1000, 1 << 20, 0x7fffffff, -0x7fffffff - 1, -100 };
	char buffer[256];

	for (size_t i = 0; i < COUNT(numbers); i++) {
		int fd = numbers[i];

		FAILS(read(fd, buffer, 1), EBADF);
		FAILS(write(fd, buffer, 1), EBADF);
		FAILS(close(fd), EBADF);
		FAILS(lseek(fd, 0, SEEK_SET), EBADF);
		FAILS(dup(fd), EBADF);
		FAILS(fcntl(fd, F_GETFD), EBADF);
		FAILS(fchmod(fd, 0600), EBADF);
		FAILS(fsync(fd), EBADF);
		FAILS(ioctl(fd, 0x541b, buffer), EBADF);
		FAILS(fstat(fd, (struct stat *)buffer), EBADF);
		FAILS(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), EBADF);
		FAILS(syscall(SYS_getdents64, fd, buffer, 100), EBADF);
		FAILS(epoll_ctl(fd, EPOLL_CTL_ADD, 0, (void *)buffer), EBADF);
	}
}
