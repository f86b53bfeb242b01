/* SPDX-License-Identifier: MIT */
/*
 * The system-call filter, installed for real in a child whose gate is one instruction of this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "boundary/abi.h"
#include "host/launch/filter.h"
#include "tests/unit/unit.h"

extern char gate_begin[], gate_end[];
long gate(long number, long a, long b, long c, long d, long e, long f);

asm(".pushsection .text\n"
    ".globl gate, gate_begin, gate_end\n"
    "gate_begin:\n"
    "gate:\n"
    "	mov %rdi, %rax\n"
    "	mov %rsi, %rdi\n"
    "	mov %rdx, %rsi\n"
    "	mov %rcx, %rdx\n"
    "	mov %r8, %r10\n"
    "	mov %r9, %r8\n"
    "	mov 8(%rsp), %r9\n"
    "	syscall\n"
    "	ret\n"
    "gate_end:\n"
    ".popsection\n");

/* A trapped call: its number is the child's exit status, by way of the gate. */
static void on_trap(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	gate(SYS_exit_group, info->si_syscall, 0, 0, 0, 0, 0);
}

static void close_filter(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	struct rlimit no_core = { 0, 0 };
	static struct filter filter;
	struct sock_fprog program = { .filter = filter.code };
	struct error err;

	setrlimit(RLIMIT_CORE, &no_core);
	sigaction(SIGSYS, &action, NULL);
	if (filter_build(&filter, (uintptr_t)gate_begin, (uintptr_t)gate_end, &err))
		_exit(250);
	program.len = (unsigned short)filter.count;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		_exit(251);
}

/* A call: its number and up to six arguments. */
struct call {
	long values[7];
};

#define CALL(...) ((struct call){ { __VA_ARGS__ } })

/* The wait status of a child that makes one call from the gate and then leaves with status 42. */
static int from_gate(struct call call)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		close_filter();
		gate(call.values[0], call.values[1], call.values[2], call.values[3], call.values[4],
		     call.values[5], call.values[6]);
		gate(SYS_exit_group, 42, 0, 0, 0, 0, 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void assert_allowed(struct call call)
{
	int status = from_gate(call);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 42)
		fail_msg("call %ld was not allowed", call.values[0]);
}

static void assert_killed(struct call call)
{
	int status = from_gate(call);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		fail_msg("call %ld was allowed", call.values[0]);
}

static void test_calls_from_elsewhere_trap(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		close_filter();
		syscall(SYS_getppid);
		gate(SYS_exit_group, 42, 0, 0, 0, 0, 0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SYS_getppid);
}

static void test_listed_calls(void **state)
{
	static uint32_t word;

	(void)state;
	assert_allowed(CALL(SYS_sched_yield));
	assert_allowed(CALL(SYS_futex, (long)&word, FUTEX_WAKE, 1));
	assert_allowed(CALL(SYS_futex, (long)&word, FUTEX_WAKE_PRIVATE, 1));
	assert_allowed(CALL(SYS_futex, (long)&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1,
				      0, 0, 1));
	assert_allowed(CALL(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1));
	assert_allowed(CALL(SYS_madvise, 0, 0, MADV_DONTNEED));
	assert_allowed(CALL(SYS_tgkill, 1, 1, KICK_SIGNAL));
	assert_allowed(CALL(SYS_sendmsg, HANDLE_MONITOR));
	assert_allowed(CALL(SYS_clone, 0));
	assert_allowed(CALL(SYS_fallocate, -1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1));
}

static void test_unlisted_calls(void **state)
{
	static const int numbers[] = {
		SYS_open, SYS_openat, SYS_openat2, SYS_socket, SYS_connect, SYS_execve,
		SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_kill, SYS_tkill, SYS_unshare,
		SYS_setns, SYS_mount, SYS_pivot_root, SYS_chroot, SYS_clone3, SYS_rt_sigreturn,
		SYS_bpf, SYS_io_uring_setup, SYS_io_uring_enter, SYS_userfaultfd,
		SYS_perf_event_open, SYS_prctl, SYS_arch_prctl, SYS_ioctl, SYS_keyctl, SYS_add_key,
		SYS_dup, SYS_dup2, SYS_fcntl, SYS_read, SYS_write, SYS_fork, SYS_vfork, SYS_seccomp,
		SYS_setuid, SYS_capset, SYS_pidfd_open, SYS_pidfd_getfd, SYS_memfd_secret,
		SYS_modify_ldt, SYS_rseq, SYS_get_robust_list, SYS_shmget, SYS_mq_open,
		SYS_mincore, SYS_fadvise64, SYS_readahead,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_killed(CALL(numbers[i]));
	assert_killed(CALL(0x40000000 | SYS_sched_yield));
	assert_killed(CALL(-1));
	assert_killed(CALL(0xffff));
}

static void test_wrong_arguments(void **state)
{
	static const long clone_flags[] = {
		CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS,
		CLONE_NEWCGROUP, CLONE_PTRACE, CLONE_PIDFD, CLONE_UNTRACED, CLONE_IO,
	};
	static uint32_t word;

	(void)state;
	for (size_t i = 0; i < sizeof(clone_flags) / sizeof(clone_flags[0]); i++)
		assert_killed(CALL(SYS_clone, clone_flags[i] | SIGCHLD));
	assert_killed(CALL(SYS_futex, (long)&word, FUTEX_LOCK_PI));
	assert_killed(CALL(SYS_futex, (long)&word, FUTEX_FD));
	assert_killed(CALL(SYS_futex, (long)&word, 64));
	assert_killed(CALL(SYS_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1));
	assert_killed(CALL(SYS_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1));
	assert_killed(CALL(SYS_mmap, 0, 4096, PROT_GROWSDOWN | 3, MAP_PRIVATE, -1));
	assert_killed(CALL(SYS_mmap, 0, 4096, 3, 1l << 40, -1));
	assert_killed(CALL(SYS_madvise, 0, 0, MADV_DONTFORK));
	assert_killed(CALL(SYS_madvise, 0, 0, MADV_HWPOISON));
	assert_killed(CALL(SYS_madvise, 0, 0, MADV_MERGEABLE));
	assert_killed(CALL(SYS_madvise, 0, 0, MADV_COLD));
	assert_killed(CALL(SYS_madvise, 0, 0, MADV_PAGEOUT));
	assert_killed(CALL(SYS_tgkill, 1, 1, SIGKILL));
	assert_killed(CALL(SYS_sendmsg, HANDLE_HEAP));
	assert_killed(CALL(SYS_recvmsg, 3));
	assert_killed(CALL(SYS_lseek, 0, 0, SEEK_SET));
	assert_killed(CALL(SYS_memfd_create, (long)"x", MFD_HUGETLB));
	assert_killed(CALL(SYS_membarrier, 1));
	assert_killed(CALL(SYS_fallocate, -1, 0, 0, 1));
	assert_killed(CALL(SYS_fallocate, -1, FALLOC_FL_KEEP_SIZE, 0, 1));
	assert_killed(CALL(SYS_fallocate, -1, FALLOC_FL_PUNCH_HOLE, 0, 1));
	assert_killed(CALL(SYS_fallocate, -1, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_from_elsewhere_trap),
		cmocka_unit_test(test_listed_calls),
		cmocka_unit_test(test_unlisted_calls),
		cmocka_unit_test(test_wrong_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
