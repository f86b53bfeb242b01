/* SPDX-License-Identifier: MIT */
/* ptrace: signals, calls, steps, memory and registers of a child that asked to be traced. */
#include "tests/linux/traced.h"

#include <fcntl.h>
#include <linux/ptrace.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static volatile int handled;

static void handler(int number)
{
	handled = number;
}

TEST(trace_of_signals)
{
	siginfo_t info;
	pid_t child;

	TRACED(child,
	       signal(SIGUSR1, handler); signal(SIGUSR2, handler);
	       raise(SIGUSR1); EQUAL(handled, 0);
	       raise(SIGUSR1); EQUAL(handled, SIGUSR1);
	       raise(SIGUSR1); EQUAL(handled, SIGUSR2));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGUSR1);
	OK(ptrace(PTRACE_GETSIGINFO, child, 0, &info));
	EQUAL(info.si_signo, SIGUSR1);
	EQUAL(info.si_code, SI_TKILL);
	EQUAL(info.si_pid, child);
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGUSR1);
	GO_ON(PTRACE_CONT, child, SIGUSR1);
	STOPS(child, SIGUSR1);
	GO_ON(PTRACE_CONT, child, SIGUSR2);
	ENDS(child, 0);
	FAILS(ptrace(PTRACE_CONT, child, 0, 0), ESRCH);
	FAILS(waitpid(child, NULL, __WALL), ECHILD);
}

static void info_handler(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	handled = info->si_value.sival_int;
}

TEST(trace_of_what_comes_with_a_signal)
{
	struct sigaction action = { .sa_sigaction = info_handler, .sa_flags = SA_SIGINFO };
	uint64_t mask, next;
	siginfo_t info;
	pid_t child;

	TRACED(child,
	       OK(sigaction(SIGUSR1, &action, NULL));
	       raise(SIGUSR1); EQUAL(handled, 77);
	       raise(SIGUSR2));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGUSR1);
	OK(ptrace(PTRACE_GETSIGINFO, child, 0, &info));
	info.si_value.sival_int = 77;
	OK(ptrace(PTRACE_SETSIGINFO, child, 0, &info));
	OK(ptrace(PTRACE_GETSIGMASK, child, 8, &mask));
	EQUAL(mask, 0);
	next = 1ull << (SIGUSR2 - 1);
	OK(ptrace(PTRACE_SETSIGMASK, child, 8, &next));
	OK(ptrace(PTRACE_GETSIGMASK, child, 8, &mask));
	EQUAL(mask, next);
	FAILS(ptrace(PTRACE_GETSIGMASK, child, 4, &mask), EINVAL);
	GO_ON(PTRACE_CONT, child, SIGUSR1);
	/* The second is blocked by now. */
	ENDS(child, 0);
}

TEST(trace_of_ignored_and_deadly_signals)
{
	pid_t child;

	TRACED(child, signal(SIGUSR1, SIG_IGN); raise(SIGUSR1); raise(SIGCHLD); raise(SIGTERM));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGUSR1);
	GO_ON(PTRACE_CONT, child, SIGUSR1);
	STOPS(child, SIGCHLD);
	GO_ON(PTRACE_CONT, child, SIGCHLD);
	STOPS(child, SIGTERM);
	GO_ON(PTRACE_CONT, child, SIGTERM);
	EQUAL(report_of(child), SIGTERM);
}

TEST(trace_ends_by_kill)
{
	pid_t child;

	TRACED(child, for (;;) pause());
	OK(kill(child, SIGKILL));
	EQUAL(report_of(child), SIGKILL);
	TRACED(child, for (;;) pause());
	OK(ptrace(PTRACE_KILL, child, 0, 0));
	EQUAL(report_of(child), SIGKILL);
	TRACED(child, for (;;) pause());
	GO_ON(PTRACE_CONT, child, SIGKILL);
	EQUAL(report_of(child), SIGKILL);
}

TEST(trace_by_waitid)
{
	siginfo_t info;
	pid_t child;

	TRACED(child, raise(SIGUSR1));
	GO_ON(PTRACE_CONT, child, 0);
	OK(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT));
	EQUAL(info.si_code, CLD_TRAPPED);
	EQUAL(info.si_status, SIGUSR1);
	OK(waitid(P_ALL, 0, &info, WEXITED));
	EQUAL(info.si_pid, child);
	EQUAL(info.si_code, CLD_TRAPPED);
	info.si_pid = 5;
	OK(waitid(P_PID, child, &info, WSTOPPED | WNOHANG));
	EQUAL(info.si_pid, 0);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

/* ---- Calls ---- */

#define STOPS_CALL(child) EQUAL(report_of(child), (SIGTRAP | 0x80) << 8 | 0x7f)

static struct __ptrace_syscall_info call_info(pid_t child, long size)
{
	struct __ptrace_syscall_info info;

	memset(&info, 0, sizeof(info));
	EQUAL(ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info), size);
	EQUAL(info.arch, 0xc000003e);
	return info;
}

TEST(trace_of_calls)
{
	struct __ptrace_syscall_info info;
	struct user_regs_struct regs;
	unsigned long message;
	pid_t child;

	TRACED(child, EQUAL(syscall(SYS_lseek, 1234, 5, 6), -1));
	EQUAL(call_info(child, 24).op, PTRACE_SYSCALL_INFO_NONE);
	OK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD));
	GO_ON(PTRACE_SYSCALL, child, 0);
	do {
		STOPS_CALL(child);
		regs = registers_of(child);
		if (regs.orig_rax != SYS_lseek)
			GO_ON(PTRACE_SYSCALL, child, 0);
	} while (regs.orig_rax != SYS_lseek);
	EQUAL(regs.rax, -ENOSYS);
	EQUAL(regs.rdi, 1234);
	info = call_info(child, 80);
	EQUAL(info.op, PTRACE_SYSCALL_INFO_ENTRY);
	EQUAL(info.entry.nr, SYS_lseek);
	EQUAL(info.entry.args[2], 6);
	EQUAL(info.instruction_pointer, regs.rip);
	EQUAL(info.stack_pointer, regs.rsp);
	OK(ptrace(PTRACE_GETEVENTMSG, child, 0, &message));
	EQUAL(message, PTRACE_EVENTMSG_SYSCALL_ENTRY);
	GO_ON(PTRACE_SYSCALL, child, 0);
	STOPS_CALL(child);
	info = call_info(child, 33);
	EQUAL(info.op, PTRACE_SYSCALL_INFO_EXIT);
	EQUAL(info.exit.rval, -EBADF);
	EQUAL(info.exit.is_error, 1);
	EQUAL(registers_of(child).rax, -EBADF);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

TEST(trace_changes_calls)
{
	struct user_regs_struct regs;
	pid_t child;

	TRACED(child,
	       EQUAL(syscall(SYS_lseek, 1234, 5, 6), 4321);
	       EQUAL(syscall(SYS_lseek, 1234, 5, 6), getppid()));
	for (int i = 0; i < 2; i++) {
		do {
			GO_ON(PTRACE_SYSCALL, child, 0);
			STOPS(child, SIGTRAP);
			regs = registers_of(child);
		} while (regs.orig_rax != SYS_lseek);
		regs.orig_rax = i ? SYS_getppid : -1ul;
		OK(ptrace(PTRACE_SETREGS, child, 0, &regs));
		GO_ON(PTRACE_SYSCALL, child, 0);
		STOPS(child, SIGTRAP);
		if (i)
			continue;
		regs = registers_of(child);
		EQUAL(regs.rax, -ENOSYS);
		regs.rax = 4321;
		OK(ptrace(PTRACE_SETREGS, child, 0, &regs));
	}
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

TEST(trace_of_an_interrupted_call)
{
	struct user_regs_struct regs;
	int fds[2];
	pid_t child;
	char byte;

	OK(pipe(fds));
	TRACED(child, signal(SIGUSR1, handler); EQUAL(read(fds[0], &byte, 1), 1));
	GO_ON(PTRACE_CONT, child, 0);
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	STOPS(child, SIGUSR1);
	regs = registers_of(child);
	EQUAL(regs.orig_rax, SYS_read);
	EQUAL(regs.rax, -512);
	GO_ON(PTRACE_CONT, child, 0);
	test_await_sleep(child);
	EQUAL(write(fds[1], "x", 1), 1);
	ENDS(child, 0);
}

/* ---- Steps and breakpoints ---- */

void stepped(void), stepped_call(void), stepped_behind(void), stepped_end(void);

__asm__(".text\n.globl stepped, stepped_call, stepped_behind, stepped_end\n"
	"stepped:\n"
	"	mov $39, %eax\n"
	"stepped_call:\n"
	"	syscall\n"
	"stepped_behind:\n"
	"	cmp $-4095, %rax\n"
	"	jae stepped_end\n"
	"	nop\n"
	"stepped_end:\n"
	"	ret\n");

static long text_word(void (*at)(void))
{
	long word;

	memcpy(&word, (void *)at, sizeof(word));
	return word;
}

static void calls_make(int count)
{
	for (int i = 0; i < count; i++)
		stepped();
}

/*
 * From here on each instruction is one stop, the call too; nothing but the program's own text is
 * seen.
 */
static void steps_check(pid_t child)
{
	const unsigned long places[] = {
		(unsigned long)stepped_call, (unsigned long)stepped_behind,
		(unsigned long)stepped_behind + 6, (unsigned long)stepped_behind + 8,
		(unsigned long)stepped_end,
	};

	for (size_t i = 0; i < COUNT(places); i++) {
		struct user_regs_struct regs;

		GO_ON(PTRACE_SINGLESTEP, child, 0);
		STOPS(child, SIGTRAP);
		regs = registers_of(child);
		EQUAL(regs.rip, places[i]);
		EQUAL(regs.eflags & 0x100, 0);
		if (regs.rip == (unsigned long)stepped_behind)
			EQUAL(regs.rax, child);
	}
}

static void breakpoint_run_to(pid_t child, void (*at)(void))
{
	long word = ptrace(PTRACE_PEEKTEXT, child, at, 0);
	struct user_regs_struct regs;

	EQUAL(word, text_word(at));
	OK(ptrace(PTRACE_POKETEXT, child, at, (word & ~0xffl) | 0xcc));
	EQUAL(ptrace(PTRACE_PEEKTEXT, child, at, 0), (word & ~0xffl) | 0xcc);
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGTRAP);
	regs = registers_of(child);
	EQUAL(regs.rip, (unsigned long)at + 1);
	OK(ptrace(PTRACE_POKETEXT, child, at, word));
	regs.rip--;
	OK(ptrace(PTRACE_SETREGS, child, 0, &regs));
}

TEST(steps_and_breakpoints)
{
	pid_t child;

	TRACED(child, calls_make(3));
	breakpoint_run_to(child, stepped);
	steps_check(child);
	breakpoint_run_to(child, stepped_call);
	GO_ON(PTRACE_SINGLESTEP, child, 0);
	STOPS(child, SIGTRAP);
	EQUAL(registers_of(child).rip, (unsigned long)stepped_behind);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
	/* What the debugger wrote was its child's alone. */
	CHECK((text_word(stepped) & 0xff) == 0xb8);
}

TEST(steps_in_a_program_that_made_many_calls)
{
	int fds[2];
	pid_t child;
	char byte;

	OK(pipe(fds));
	child = fork();
	if (!child) {
		calls_make(100);
		EQUAL(read(fds[0], &byte, 1), 1);
		calls_make(1);
		_exit(0);
	}
	test_await_sleep(child);
	OK(ptrace(PTRACE_ATTACH, child, 0, 0));
	STOPS(child, SIGSTOP);
	EQUAL(ptrace(PTRACE_PEEKTEXT, child, stepped, 0), text_word(stepped));
	EQUAL(ptrace(PTRACE_PEEKTEXT, child, stepped_call, 0), text_word(stepped_call));
	EQUAL(write(fds[1], "x", 1), 1);
	breakpoint_run_to(child, stepped);
	steps_check(child);
	OK(ptrace(PTRACE_DETACH, child, 0, 0));
	EQUAL(test_wait(child), 0);
}

TEST(step_into_a_handler)
{
	pid_t child;

	TRACED(child, signal(SIGUSR1, handler); raise(SIGUSR1); EQUAL(handled, SIGUSR1));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGUSR1);
	GO_ON(PTRACE_SINGLESTEP, child, SIGUSR1);
	STOPS(child, SIGTRAP);
	EQUAL(registers_of(child).rip, (unsigned long)handler);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

/* ---- Memory ---- */

TEST(memory_of_a_tracee)
{
	static long word = 0x1122334455667788;
	static const long constant = 99;
	long *page = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	CHECK(page != MAP_FAILED);
	OK(munmap((char *)page + 4096, 4096));
	TRACED(child, raise(SIGUSR1); EQUAL(word, 5); EQUAL(*(volatile const long *)&constant, 6);
	       OK(mprotect(page, 4096, PROT_READ)); EQUAL(*page, 7));
	word = 1;
	EQUAL(ptrace(PTRACE_PEEKDATA, child, &word, 0), 0x1122334455667788);
	OK(ptrace(PTRACE_POKEDATA, child, &word, 5));
	OK(ptrace(PTRACE_POKEDATA, child, &constant, 6));
	OK(ptrace(PTRACE_POKEDATA, child, page, 7));
	EQUAL(ptrace(PTRACE_PEEKDATA, child, page, 0), 7);
	FAILS(ptrace(PTRACE_PEEKDATA, child, 8, 0), EIO);
	FAILS(ptrace(PTRACE_POKEDATA, child, 8, 0), EIO);
	FAILS(ptrace(PTRACE_PEEKDATA, child, (char *)page + 4092, 0), EIO);
	EQUAL(constant, 99);
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGUSR1);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

TEST(memory_by_proc_mem)
{
	static long word = 3;
	char path[64];
	long value;
	pid_t child;
	int fd;

	TRACED(child, EQUAL(word, 8));
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	OK(fd = open(path, O_RDWR));
	EQUAL(pread(fd, &value, sizeof(value), (off_t)&word), sizeof(value));
	EQUAL(value, 3);
	value = 8;
	EQUAL(pwrite(fd, &value, sizeof(value), (off_t)&word), sizeof(value));
	EQUAL(pread(fd, &value, 1, (off_t)stepped), 1);
	EQUAL(value & 0xff, 0xb8);
	FAILS(pread(fd, &value, sizeof(value), 8), EIO);
	EQUAL(lseek(fd, 4096, SEEK_SET), 4096);
	FAILS(lseek(fd, 0, SEEK_END), EINVAL);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
	CHECK(pread(fd, &value, sizeof(value), (off_t)&word) <= 0);
	OK(close(fd));
}

/* Nobody has to be traced for this: a sleeping, a running and the own process. */
TEST(memory_by_process_vm)
{
	static volatile char from[100000], to[100000];
	struct iovec local[2] = { { (void *)to, 1000 }, { (void *)(to + 1000), 99000 } };
	struct iovec remote = { (void *)from, sizeof(from) }, bad = { (void *)8, 8 };
	pid_t children[2], child;

	for (size_t i = 0; i < 2; i++) {
		children[i] = child = fork();
		OK(child);
		if (!child) {
			memset((char *)from, 'a' + (int)i, sizeof(from));
			from[0] = 1;
			while (i || from[0] != 2)
				if (!i)
					pause();
			_exit(from[1] == 'z' ? 0 : 1);
		}
	}
	for (size_t i = 0; i < 2; i++) {
		do
			EQUAL(process_vm_readv(children[i], local, 2, &remote, 1, 0), sizeof(from));
		while (to[0] != 1);
		EQUAL(to[99999], 'a' + (long)i);
	}
	FAILS(process_vm_readv(children[0], local, 2, &bad, 1, 0), EFAULT);
	FAILS(process_vm_readv(children[0], local, 2, &remote, 1, 1), EINVAL);
	FAILS(process_vm_readv(children[0], local, 2000, &remote, 1, 0), EINVAL);
	FAILS(process_vm_readv(children[0], local, 2, &remote, 2000, 0), EINVAL);
	FAILS(process_vm_readv(children[0], &bad, 1, &remote, 1, 0), EFAULT);
	FAILS(process_vm_readv(999999, local, 2, &remote, 1, 0), ESRCH);
	FAILS(process_vm_writev(children[0], local, 1, &(struct iovec){ (void *)stepped, 1 }, 1, 0),
	      EFAULT);
	EQUAL(process_vm_readv(getpid(), local, 0, &remote, 1, 0), 0);
	EQUAL(process_vm_readv(getpid(), local, 1, &remote, 1, 0), 1000);
	EQUAL(to[0], 0);
	to[0] = 2;
	to[1] = 'z';
	EQUAL(process_vm_writev(children[0], local, 1, &remote, 1, 0), 1000);
	OK(kill(children[1], SIGKILL));
	EQUAL(test_wait(children[1]), 1000 + SIGKILL);
	OK(kill(children[0], SIGKILL));
	EQUAL(test_wait(children[0]), 1000 + SIGKILL);
}

/* ---- Registers ---- */

static void int3_with_xmm(double *value)
{
	__asm__ volatile("movsd %0, %%xmm3; int3; movsd %%xmm3, %0" : "+m"(*value) : : "xmm3");
}

TEST(vector_registers)
{
	static double value = 1.5;
	struct user_fpregs_struct fpregs;
	unsigned char state[16384];
	struct iovec vector = { state, sizeof(state) };
	double next = 2.5;
	uint64_t features;
	pid_t child;

	TRACED(child, int3_with_xmm(&value); CHECK(value == 2.5);
	       int3_with_xmm(&value); CHECK(value == 1.5));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGTRAP);
	OK(ptrace(PTRACE_GETFPREGS, child, 0, &fpregs));
	CHECK(!memcmp(&fpregs.xmm_space[12], &value, sizeof(value)));
	EQUAL(fpregs.mxcsr & 0x1f80, 0x1f80);
	memcpy(&fpregs.xmm_space[12], &next, sizeof(next));
	OK(ptrace(PTRACE_SETFPREGS, child, 0, &fpregs));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGTRAP);
	OK(ptrace(PTRACE_GETREGSET, child, NT_X86_XSTATE, &vector));
	CHECK(vector.iov_len >= 576 && vector.iov_len < sizeof(state));
	memcpy(&features, state + 464, sizeof(features));
	EQUAL(features & 3, 3);
	CHECK(!memcmp(state + 160 + 3 * 16, &next, sizeof(next)));
	memcpy(state + 160 + 3 * 16, &value, sizeof(value));
	OK(ptrace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector));
	state[520] = 1;
	FAILS(ptrace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector), EINVAL);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

TEST(general_registers)
{
	struct user_regs_struct regs, same;
	struct iovec vector = { &same, sizeof(same) };
	pid_t child;

	TRACED(child, (void)0);
	regs = registers_of(child);
	OK(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &vector));
	EQUAL(vector.iov_len, sizeof(same));
	CHECK(!memcmp(&regs, &same, sizeof(regs)));
	EQUAL(regs.cs, 0x33);
	EQUAL(regs.ss, 0x2b);
	CHECK(regs.fs_base);
	EQUAL(ptrace(PTRACE_PEEKUSER, child, offsetof(struct user, regs.rsp), 0), regs.rsp);
	FAILS(ptrace(PTRACE_PEEKUSER, child, 3, 0), EIO);
	FAILS(ptrace(PTRACE_PEEKUSER, child, 4096, 0), EIO);
	OK(ptrace(PTRACE_POKEUSER, child, offsetof(struct user, regs.r15), 4));
	EQUAL(registers_of(child).r15, 4);
	OK(ptrace(PTRACE_SETREGS, child, 0, &regs));
	vector.iov_len = 12;
	FAILS(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &vector), EINVAL);
	vector.iov_len = 16;
	OK(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &vector));
	EQUAL(vector.iov_len, 16);
	FAILS(ptrace(PTRACE_GETREGSET, child, 0x7777, &vector), EINVAL);
	FAILS(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, 8), EFAULT);
	FAILS(ptrace(PTRACE_GETREGS, child, 0, 8), EFAULT);
	regs.cs = 0;
	FAILS(ptrace(PTRACE_SETREGS, child, 0, &regs), EIO);
	FAILS(ptrace(0x5555, child, 0, 0), EIO);
	FAILS(ptrace(PTRACE_CONT, child, 0, 100), EIO);
	FAILS(ptrace(PTRACE_SETOPTIONS, child, 0, 0x40000000), EINVAL);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

TEST(jump_to_nowhere)
{
	struct user_regs_struct regs;
	pid_t child;

	TRACED(child, (void)0);
	regs = registers_of(child);
	regs.rip = 0x8000000000000000;
	OK(ptrace(PTRACE_SETREGS, child, 0, &regs));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGSEGV);
	GO_ON(PTRACE_CONT, child, SIGSEGV);
	EQUAL(report_of(child) & 0x7f, SIGSEGV);
}
