/* SPDX-License-Identifier: MIT */
/* Signals: handlers, masks, queues, waiting for them, restart of calls, and the state they keep. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

static volatile sig_atomic_t count, last, order[64];
/*
 * The compiler trusts that raise() and its like change nothing here: what they change is volatile.
 */
static volatile siginfo_t last_info;
static sigset_t mask_inside;
static volatile uintptr_t stack_inside;

static void on_signal(int number)
{
	char here;

	if (count < 64)
		order[count] = number;
	count++;
	last = number;
	stack_inside = (uintptr_t)&here;
	sigprocmask(SIG_BLOCK, NULL, &mask_inside);
}

static void on_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	last_info = *info;
	on_signal(number);
}

static void install(int number, int flags)
{
	struct sigaction action = { .sa_flags = flags };

	if (flags & SA_SIGINFO)
		action.sa_sigaction = on_info;
	else
		action.sa_handler = on_signal;
	OK(sigaction(number, &action, NULL));
}

static void block(int how, int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	OK(sigprocmask(how, &set, NULL));
}

TEST(handler_runs_once_per_signal)
{
	install(SIGUSR1, 0);
	OK(raise(SIGUSR1));
	EQUAL(count, 1);
	EQUAL(last, SIGUSR1);
	OK(kill(getpid(), SIGUSR1));
	EQUAL(count, 2);
	OK(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
	EQUAL(count, 3);
}

TEST(actions_are_remembered)
{
	struct sigaction action, before;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART | SA_NODEFER;
	sigaddset(&action.sa_mask, SIGHUP);
	OK(sigaction(SIGUSR1, &action, &before));
	CHECK(before.sa_handler == SIG_DFL);
	OK(sigaction(SIGUSR1, NULL, &before));
	CHECK(before.sa_handler == on_signal);
	EQUAL(before.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO), SA_RESTART | SA_NODEFER);
	EQUAL(sigismember(&before.sa_mask, SIGHUP), 1);
	FAILS(sigaction(SIGKILL, &action, NULL), EINVAL);
	FAILS(sigaction(SIGSTOP, &action, NULL), EINVAL);
	OK(sigaction(SIGKILL, NULL, &before));
	FAILS(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL);
	FAILS(syscall(SYS_rt_sigaction, 0, NULL, NULL, 8), EINVAL);
	FAILS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16), EINVAL);
}

TEST(default_actions)
{
	static const int ends[] = { SIGHUP,  SIGINT,  SIGPIPE, SIGALRM,	  SIGTERM,
				    SIGUSR2, SIGPOLL, SIGPROF, SIGVTALRM, SIGSTKFLT,
				    SIGPWR,  SIGQUIT, SIGABRT, SIGXCPU };
	static const int ignored[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };

	for (size_t i = 0; i < COUNT(ends); i++) {
		pid_t child = fork();

		if (!child) {
			raise(ends[i]);
			_exit(0);
		}
		EQUAL(test_wait(child), 1000 + ends[i]);
	}
	for (size_t i = 0; i < COUNT(ignored); i++)
		IN_CHILD(raise(ignored[i]));
}

TEST(blocked_signal_waits)
{
	sigset_t set;

	install(SIGUSR1, 0);
	block(SIG_BLOCK, SIGUSR1);
	for (int i = 0; i < 5; i++)
		OK(raise(SIGUSR1));
	EQUAL(count, 0);
	OK(sigpending(&set));
	EQUAL(sigismember(&set, SIGUSR1), 1);
	EQUAL(sigismember(&set, SIGUSR2), 0);
	block(SIG_UNBLOCK, SIGUSR1);
	EQUAL(count, 1);
	OK(sigpending(&set));
	EQUAL(sigismember(&set, SIGUSR1), 0);
}

TEST(ignored_signal_is_dropped)
{
	/* Only once it is not blocked, or when it becomes ignored. */
	sigset_t set;

	block(SIG_BLOCK, SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	OK(raise(SIGUSR1));
	OK(sigpending(&set));
	EQUAL(sigismember(&set, SIGUSR1), 1);
	signal(SIGUSR1, SIG_DFL);
	OK(sigpending(&set));
	EQUAL(sigismember(&set, SIGUSR1), 1);
	signal(SIGUSR1, SIG_IGN);
	OK(sigpending(&set));
	EQUAL(sigismember(&set, SIGUSR1), 0);
}

TEST(mask_during_a_handler)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t after;

	sigaddset(&action.sa_mask, SIGHUP);
	OK(sigaction(SIGUSR1, &action, NULL));
	OK(raise(SIGUSR1));
	asm volatile("" ::: "memory");
	EQUAL(sigismember(&mask_inside, SIGUSR1), 1);
	EQUAL(sigismember(&mask_inside, SIGHUP), 1);
	EQUAL(sigismember(&mask_inside, SIGTERM), 0);
	OK(sigprocmask(SIG_BLOCK, NULL, &after));
	EQUAL(sigismember(&after, SIGUSR1), 0);
	install(SIGUSR2, SA_NODEFER);
	OK(raise(SIGUSR2));
	EQUAL(sigismember(&mask_inside, SIGUSR2), 0);
}

static void raise_again(int number)
{
	if (++count < 5)
		raise(number);
	order[--last + 10] = count;
}

TEST(nested_handlers_with_nodefer)
{
	struct sigaction action = { .sa_handler = raise_again, .sa_flags = SA_NODEFER };

	OK(sigaction(SIGUSR1, &action, NULL));
	OK(raise(SIGUSR1));
	EQUAL(count, 5);
	EQUAL(last, -5);
}

TEST(reset_hand_runs_once)
{
	struct sigaction action;

	install(SIGUSR1, SA_RESETHAND);
	OK(raise(SIGUSR1));
	EQUAL(count, 1);
	OK(sigaction(SIGUSR1, NULL, &action));
	CHECK(action.sa_handler == SIG_DFL);
	pid_t child = fork();
	if (!child) {
		raise(SIGUSR1);
		_exit(0);
	}
	EQUAL(test_wait(child), 1000 + SIGUSR1);
}

TEST(mask_functions)
{
	sigset_t set, old;

	sigfillset(&set);
	OK(sigprocmask(SIG_SETMASK, &set, NULL));
	OK(sigprocmask(SIG_BLOCK, NULL, &old));
	EQUAL(sigismember(&old, SIGKILL), 0);
	EQUAL(sigismember(&old, SIGSTOP), 0);
	EQUAL(sigismember(&old, SIGTERM), 1);
	EQUAL(sigismember(&old, SIGRTMAX), 1);
	FAILS(syscall(SYS_rt_sigprocmask, 99, &set, NULL, 8), EINVAL);
	FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL);
	FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8L, NULL, 8), EFAULT);
}

TEST(information_of_kill_and_sigqueue)
{
	union sigval value = { .sival_int = 4711 };

	install(SIGUSR1, SA_SIGINFO);
	OK(kill(getpid(), SIGUSR1));
	EQUAL(last_info.si_signo, SIGUSR1);
	EQUAL(last_info.si_code, SI_USER);
	EQUAL(last_info.si_pid, getpid());
	EQUAL(last_info.si_uid, getuid());
	OK(sigqueue(getpid(), SIGUSR1, value));
	EQUAL(last_info.si_code, SI_QUEUE);
	EQUAL(last_info.si_value.sival_int, 4711);
	EQUAL(last_info.si_pid, getpid());
	OK(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
	EQUAL(last_info.si_code, SI_TKILL);
	siginfo_t forged = { .si_code = SI_USER };
	IN_CHILD(FAILS(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &forged), EPERM));
}

TEST(real_time_signals_are_queued_in_order)
{
	sigset_t set;
	siginfo_t info;

	sigfillset(&set);
	OK(sigprocmask(SIG_SETMASK, &set, NULL));
	for (int i = 0; i < 20; i++) {
		union sigval value = { .sival_int = i };

		OK(sigqueue(getpid(), SIGRTMIN + 1 + i % 2, value));
	}
	OK(raise(SIGUSR1));
	EQUAL(sigwaitinfo(&set, &info), SIGUSR1);
	for (int i = 0; i < 10; i++) {
		EQUAL(sigwaitinfo(&set, &info), SIGRTMIN + 1);
		EQUAL(info.si_value.sival_int, i * 2);
	}
	for (int i = 0; i < 10; i++) {
		EQUAL(sigwaitinfo(&set, &info), SIGRTMIN + 2);
		EQUAL(info.si_value.sival_int, i * 2 + 1);
	}
	struct timespec none = { 0, 0 };
	FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
}

TEST(real_time_handlers_run_per_instance)
{
	install(SIGRTMIN + 3, 0);
	block(SIG_BLOCK, SIGRTMIN + 3);
	for (int i = 0; i < 7; i++)
		OK(raise(SIGRTMIN + 3));
	block(SIG_UNBLOCK, SIGRTMIN + 3);
	EQUAL(count, 7);
}

TEST(sigsuspend_waits_with_another_mask)
{
	sigset_t set, after;

	install(SIGUSR1, 0);
	block(SIG_BLOCK, SIGUSR1);
	OK(raise(SIGUSR1));
	sigemptyset(&set);
	FAILS(sigsuspend(&set), EINTR);
	EQUAL(count, 1);
	OK(sigprocmask(SIG_BLOCK, NULL, &after));
	EQUAL(sigismember(&after, SIGUSR1), 1);
	pid_t self = getpid();
	pid_t child = fork();
	if (!child) {
		test_await_sleep(self);
		kill(self, SIGUSR1);
		_exit(0);
	}
	FAILS(sigsuspend(&set), EINTR);
	EQUAL(count, 2);
	EQUAL(test_wait(child), 0);
}

TEST(sigtimedwait_ways)
{
	struct timespec brief = { 0, 1000000 }, bad = { 0, -1 };
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	FAILS(sigtimedwait(&set, &info, &brief), EAGAIN);
	FAILS(sigtimedwait(&set, &info, &bad), EINVAL);
	OK(kill(getpid(), SIGUSR1));
	EQUAL(sigtimedwait(&set, &info, &brief), SIGUSR1);
	EQUAL(info.si_code, SI_USER);
	pid_t self = getpid(), child = fork();
	if (!child) {
		test_await_sleep(self);
		kill(self, SIGUSR1);
		_exit(0);
	}
	EQUAL(sigwaitinfo(&set, &info), SIGUSR1);
	EQUAL(info.si_pid, child);
	EQUAL(test_wait(child), 0);
	install(SIGUSR2, SA_RESTART);
	child = fork();
	if (!child) {
		test_await_sleep(self);
		kill(self, SIGUSR2);
		_exit(0);
	}
	FAILS(sigwaitinfo(&set, &info), EINTR);
	EQUAL(test_wait(child), 0);
}

TEST(pause_returns_after_a_handler)
{
	pid_t self = getpid(), child;

	install(SIGUSR1, SA_RESTART);
	child = fork();
	if (!child) {
		test_await_sleep(self);
		kill(self, SIGUSR1);
		_exit(0);
	}
	FAILS(pause(), EINTR);
	EQUAL(count, 1);
	EQUAL(test_wait(child), 0);
}

/* Sends the signal to this process once it sleeps, then, after the handler ran, runs finish. */
static pid_t poke_when_asleep(int number, volatile int *ran, void (*finish)(void *), void *argument)
{
	pid_t self = getpid(), child = fork();

	OK(child);
	if (!child) {
		test_await_sleep(self);
		kill(self, number);
		while (ran && !*ran)
			test_pause_ms(1);
		if (finish)
			finish(argument);
		_exit(0);
	}
	return child;
}

static volatile int *shared_flag;

static void set_flag(int number)
{
	(void)number;
	count++;
	*shared_flag = 1;
}

static void install_flag(int flags)
{
	struct sigaction action = { .sa_handler = set_flag, .sa_flags = flags };

	shared_flag = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	OK(sigaction(SIGUSR1, &action, NULL));
}

static void write_byte(void *argument)
{
	EQUAL(write(*(int *)argument, "r", 1), 1);
}

TEST(restart_of_read)
{
	int fds[2];
	char byte;
	pid_t child;

	OK(pipe(fds));
	install_flag(SA_RESTART);
	child = poke_when_asleep(SIGUSR1, shared_flag, write_byte, &fds[1]);
	EQUAL(read(fds[0], &byte, 1), 1);
	EQUAL(byte, 'r');
	EQUAL(count, 1);
	EQUAL(test_wait(child), 0);
}

TEST(no_restart_of_read)
{
	int fds[2];
	char byte;
	pid_t child;

	OK(pipe(fds));
	install_flag(0);
	child = poke_when_asleep(SIGUSR1, NULL, NULL, NULL);
	FAILS(read(fds[0], &byte, 1), EINTR);
	EQUAL(count, 1);
	EQUAL(test_wait(child), 0);
}

TEST(interrupted_write_reports_what_it_wrote)
{
	static char data[200000];
	int fds[2];
	pid_t child;

	OK(pipe(fds));
	install_flag(0);
	child = poke_when_asleep(SIGUSR1, NULL, NULL, NULL);
	EQUAL(write(fds[1], data, sizeof(data)), 65536);
	EQUAL(test_wait(child), 0);
}

TEST(restart_of_wait)
{
	int fds[2], status;
	char byte;
	pid_t waited, child;

	OK(pipe(fds));
	install_flag(SA_RESTART);
	waited = fork();
	if (!waited) {
		EQUAL(read(fds[0], &byte, 1), 1);
		_exit(8);
	}
	child = poke_when_asleep(SIGUSR1, shared_flag, write_byte, &fds[1]);
	EQUAL(waitpid(waited, &status, 0), waited);
	EQUAL(WEXITSTATUS(status), 8);
	EQUAL(count, 1);
	EQUAL(test_wait(child), 0);
}

TEST(no_restart_of_wait)
{
	int status;
	pid_t waited, child;

	install_flag(0);
	waited = fork();
	if (!waited) {
		signal(SIGUSR1, SIG_DFL);
		for (;;)
			pause();
	}
	child = poke_when_asleep(SIGUSR1, NULL, NULL, NULL);
	FAILS(waitpid(waited, &status, 0), EINTR);
	EQUAL(test_wait(child), 0);
	OK(kill(waited, SIGKILL));
	EQUAL(test_wait(waited), 1000 + SIGKILL);
}

TEST(sleep_is_interrupted_and_says_what_is_left)
{
	struct timespec time = { 1000, 0 }, left = { 0, 0 };
	pid_t child;

	install_flag(SA_RESTART);
	child = poke_when_asleep(SIGUSR1, NULL, NULL, NULL);
	FAILS(nanosleep(&time, &left), EINTR);
	CHECK(left.tv_sec > 900 && left.tv_sec < 1000);
	EQUAL(test_wait(child), 0);
	child = poke_when_asleep(SIGUSR1, NULL, NULL, NULL);
	EQUAL(clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &left), EINTR);
	EQUAL(test_wait(child), 0);
}

TEST(poll_and_select_are_never_restarted)
{
	struct pollfd pollfd = { .events = POLLIN };
	int fds[2];
	fd_set set;
	pid_t child;

	OK(pipe(fds));
	install_flag(SA_RESTART);
	pollfd.fd = fds[0];
	child = poke_when_asleep(SIGUSR1, NULL, NULL, NULL);
	FAILS(poll(&pollfd, 1, -1), EINTR);
	EQUAL(test_wait(child), 0);
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	child = poke_when_asleep(SIGUSR1, NULL, NULL, NULL);
	FAILS(select(fds[0] + 1, &set, NULL, NULL, NULL), EINTR);
	EQUAL(test_wait(child), 0);
	EQUAL(count, 2);
}

TEST(sleep_goes_on_after_ignored_and_stop_signals)
{
	struct timespec time = { 0, 100000000 };
	int status;
	pid_t child;

	child = fork();
	if (!child)
		_exit(nanosleep(&time, NULL) != 0);
	test_await_sleep(child);
	OK(kill(child, SIGCHLD));
	OK(kill(child, SIGWINCH));
	OK(kill(child, SIGSTOP));
	EQUAL(waitpid(child, &status, WUNTRACED), child);
	if (WIFSTOPPED(status)) {
		OK(kill(child, SIGCONT));
		EQUAL(waitpid(child, &status, 0), child);
	}
	EQUAL(status, 0);
}

TEST(child_signal_information)
{
	sigset_t set;
	siginfo_t info;
	pid_t child;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	child = fork();
	if (!child)
		_exit(5);
	EQUAL(sigwaitinfo(&set, &info), SIGCHLD);
	EQUAL(info.si_code, CLD_EXITED);
	EQUAL(info.si_pid, child);
	EQUAL(info.si_status, 5);
	EQUAL(test_wait(child), 5);
	child = fork();
	if (!child)
		for (;;)
			pause();
	OK(kill(child, SIGSTOP));
	EQUAL(sigwaitinfo(&set, &info), SIGCHLD);
	EQUAL(info.si_code, CLD_STOPPED);
	EQUAL(info.si_status, SIGSTOP);
	OK(kill(child, SIGCONT));
	EQUAL(sigwaitinfo(&set, &info), SIGCHLD);
	EQUAL(info.si_code, CLD_CONTINUED);
	OK(kill(child, SIGKILL));
	EQUAL(sigwaitinfo(&set, &info), SIGCHLD);
	EQUAL(info.si_code, CLD_KILLED);
	EQUAL(info.si_status, SIGKILL);
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

TEST(no_child_stop_flag)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_NOCLDSTOP | SA_RESTART };
	int status;
	pid_t child;

	OK(sigaction(SIGCHLD, &action, NULL));
	child = fork();
	if (!child)
		for (;;)
			pause();
	OK(kill(child, SIGSTOP));
	EQUAL(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status));
	EQUAL(count, 0);
	OK(kill(child, SIGKILL));
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(count, 1);
}

TEST(alternate_stack)
{
	static char space[65536] __attribute__((aligned(16)));
	stack_t stack = { .ss_sp = space, .ss_size = sizeof(space) }, got;

	OK(sigaltstack(NULL, &got));
	EQUAL(got.ss_flags, SS_DISABLE);
	OK(sigaltstack(&stack, NULL));
	install(SIGUSR1, SA_ONSTACK);
	install(SIGUSR2, 0);
	OK(raise(SIGUSR1));
	CHECK(stack_inside >= (uintptr_t)space && stack_inside < (uintptr_t)space + sizeof(space));
	OK(raise(SIGUSR2));
	CHECK(stack_inside < (uintptr_t)space || stack_inside >= (uintptr_t)space + sizeof(space));
	OK(sigaltstack(NULL, &got));
	CHECK(got.ss_sp == space);
	EQUAL(got.ss_size, sizeof(space));
	EQUAL(got.ss_flags, 0);
	stack.ss_size = 100;
	FAILS(sigaltstack(&stack, NULL), ENOMEM);
	stack.ss_flags = 0x40;
	FAILS(sigaltstack(&stack, NULL), EINVAL);
	stack.ss_flags = SS_DISABLE;
	OK(sigaltstack(&stack, NULL));
	OK(sigaltstack(NULL, &got));
	EQUAL(got.ss_flags, SS_DISABLE);
}

static stack_t stack_seen;
static int stack_change_error;

static void look_at_stack(int number)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	on_signal(number);
	sigaltstack(NULL, &stack_seen);
	stack_change_error = sigaltstack(&none, NULL) ? errno : 0;
}

TEST(alternate_stack_while_in_use)
{
	static char space[65536];
	stack_t stack = { .ss_sp = space, .ss_size = sizeof(space) };
	struct sigaction action = { .sa_handler = look_at_stack, .sa_flags = SA_ONSTACK };

	OK(sigaltstack(&stack, NULL));
	OK(sigaction(SIGUSR1, &action, NULL));
	OK(raise(SIGUSR1));
	EQUAL(stack_seen.ss_flags, SS_ONSTACK);
	EQUAL(stack_change_error, EPERM);
}

static sigjmp_buf jump;

static void jump_out(int number)
{
	count++;
	siglongjmp(jump, number);
}

TEST(jump_out_of_a_handler)
{
	sigset_t mask;

	signal(SIGUSR1, jump_out);
	for (volatile int i = 0; i < 1000; i++) {
		if (!sigsetjmp(jump, 1)) {
			raise(SIGUSR1);
			CHECK(!"reached");
		}
	}
	EQUAL(count, 1000);
	OK(sigprocmask(SIG_BLOCK, NULL, &mask));
	EQUAL(sigismember(&mask, SIGUSR1), 0);
}

TEST(jump_out_of_a_handler_in_a_call)
{
	pid_t child;
	int fds[2];
	char byte;

	OK(pipe(fds));
	signal(SIGUSR1, jump_out);
	child = poke_when_asleep(SIGUSR1, NULL, NULL, NULL);
	if (!sigsetjmp(jump, 1)) {
		read(fds[0], &byte, 1);
		CHECK(!"reached");
	}
	EQUAL(count, 1);
	EQUAL(test_wait(child), 0);
	EQUAL(write(fds[1], "x", 1), 1);
	EQUAL(read(fds[0], &byte, 1), 1);
}

static void change_context(int number, siginfo_t *info, void *context)
{
	ucontext_t *state = context;

	(void)number;
	(void)info;
	state->uc_mcontext.gregs[REG_R12] = 0x1234567890;
	sigaddset(&state->uc_sigmask, SIGHUP);
}

TEST(handler_changes_registers_and_mask)
{
	struct sigaction action = { .sa_sigaction = change_context, .sa_flags = SA_SIGINFO };
	sigset_t mask;
	long value;

	OK(sigaction(SIGUSR1, &action, NULL));
	asm volatile("mov $5, %%r12\n"
		     "syscall\n"
		     "mov %%r12, %0\n"
		     : "=r"(value)
		     : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
		     : "r12", "rcx", "r11", "memory");
	EQUAL(value, 0x1234567890);
	OK(sigprocmask(SIG_BLOCK, NULL, &mask));
	EQUAL(sigismember(&mask, SIGHUP), 1);
}

static void spoil_registers(int number)
{
	on_signal(number);
	asm volatile("xorps %%xmm0, %%xmm0\n xorps %%xmm7, %%xmm7\n xorps %%xmm15, %%xmm15\n"
		     "fninit\n fldz\n fldz\n fldz\n"
		     "ldmxcsr %0" :: "m"(*(const unsigned int *)&(unsigned int){ 0x1fa0 })
		     : "xmm0", "xmm7", "xmm15");
}

TEST(registers_survive_a_handler)
{
	/* All general registers, flags, SSE and x87 across a signal sent by this very code. */
	unsigned long values[16], pattern = 0x1111111111111111;
	unsigned char sse[32] __attribute__((aligned(16)));
	unsigned int mxcsr = 0x1f80 | 0x6000, mxcsr_after;
	unsigned short control = 0x0c7f, control_after;
	double top = 0;

	signal(SIGUSR1, spoil_registers);
	asm volatile("fninit\n fldcw %[control]\n ldmxcsr %[mxcsr]\n fld1\n fldpi\n"
		     "movq %[pattern], %%xmm0\n movq %[pattern], %%xmm15\n pslldq $8, %%xmm15\n"
		     "push %%rbx\n push %%rbp\n"
		     "mov $1, %%rbx\n mov $2, %%rbp\n mov $3, %%r8\n mov $4, %%r9\n mov $5, %%r10\n"
		     "mov $6, %%r12\n mov $7, %%r13\n mov $8, %%r14\n mov $9, %%r15\n mov $10, "
		     "%%rdx\n"
		     "stc\n std\n cld\n stc\n"
		     "syscall\n"
		     "setc %%al\n"
		     "add %%rbx, %%rbp\n add %%r8, %%rbp\n add %%r9, %%rbp\n add %%r10, %%rbp\n"
		     "add %%r12, %%rbp\n add %%r13, %%rbp\n add %%r14, %%rbp\n add %%r15, %%rbp\n"
		     "add %%rdx, %%rbp\n mov %%rbp, %%rcx\n"
		     "pop %%rbp\n pop %%rbx\n"
		     "fstpl %[top]\n fnstcw %[control_after]\n stmxcsr %[mxcsr_after]\n"
		     "movups %%xmm0, %[low]\n movups %%xmm15, %[high]\n"
		     "fninit\n"
		     : "=c"(values[0]), "=a"(values[1]), [top] "=m"(top),
		       [control_after] "=m"(control_after), [mxcsr_after] "=m"(mxcsr_after),
		       [low] "=m"(*(char(*)[16])sse), [high] "=m"(*(char(*)[16])(sse + 16))
		     : [pattern] "r"(pattern), [control] "m"(control), [mxcsr] "m"(mxcsr),
		       "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
		     : "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm15",
		       "memory", "cc");
	asm volatile("ldmxcsr %0" :: "m"(*(const unsigned int *)&(unsigned int){ 0x1f80 }));
	EQUAL(count, 1);
	EQUAL(values[0], 55);
	EQUAL(values[1] & 255, 1);
	CHECK(top > 3.14159 && top < 3.1416);
	EQUAL(control_after, control);
	EQUAL(mxcsr_after, mxcsr);
	CHECK(!memcmp(sse, &pattern, 8));
	CHECK(!memcmp(sse + 24, &pattern, 8));
}

static void count_and_spoil_stack(int number)
{
	volatile char space[2000];

	(void)number;
	for (size_t i = 0; i < sizeof(space); i++)
		space[i] = 0x5a;
	count++;
}

TEST(red_zone_survives_signals)
{
	/* A leaf keeps values below its stack pointer while a timer interrupts it. */
	struct itimerval timer = { { 0, 500 }, { 0, 500 } };
	long good = 0;

	signal(SIGALRM, count_and_spoil_stack);
	OK(setitimer(ITIMER_REAL, &timer, NULL));
	while (count < 50) {
		long sum;

		asm volatile("movq $1, -8(%%rsp)\n movq $2, -64(%%rsp)\n movq $4, -128(%%rsp)\n"
			     "mov $2000, %%ecx\n"
			     "1: dec %%ecx\n jnz 1b\n"
			     "mov -8(%%rsp), %0\n add -64(%%rsp), %0\n add -128(%%rsp), %0\n"
			     : "=&r"(sum) : : "rcx", "cc", "memory");
		EQUAL(sum, 7);
		good++;
	}
	CHECK(good > 0);
}

TEST(red_zone_survives_calls)
{
	for (int i = 0; i < 1000; i++) {
		long sum, result = SYS_getppid;

		asm volatile("movq $1, -8(%%rsp)\n movq $2, -64(%%rsp)\n movq $4, -128(%%rsp)\n"
			     "syscall\n"
			     "mov -8(%%rsp), %0\n add -64(%%rsp), %0\n add -128(%%rsp), %0\n"
			     : "=&r"(sum), "+a"(result) : : "rcx", "r11", "cc", "memory");
		EQUAL(sum, 7);
		EQUAL(result, getppid());
	}
}

TEST(calls_keep_registers)
{
	/* Linux changes rax, rcx and r11 alone. */
	for (int i = 0; i < 300; i++) {
		unsigned long sum, result = SYS_getuid;

		asm volatile("push %%rbx\n push %%rbp\n"
			     "mov $1, %%rbx\n mov $2, %%rbp\n mov $3, %%r8\n mov $4, %%r9\n"
			     "mov $5, %%r10\n mov $6, %%r12\n mov $7, %%r13\n mov $8, %%r14\n"
			     "mov $9, %%r15\n mov $10, %%rdx\n mov $11, %%rdi\n mov $12, %%rsi\n"
			     "syscall\n"
			     "lea (%%rbx, %%rbp), %%rcx\n add %%r8, %%rcx\n add %%r9, %%rcx\n"
			     "add %%r10, %%rcx\n add %%r12, %%rcx\n add %%r13, %%rcx\n"
			     "add %%r14, %%rcx\n add %%r15, %%rcx\n add %%rdx, %%rcx\n"
			     "add %%rdi, %%rcx\n add %%rsi, %%rcx\n"
			     "pop %%rbp\n pop %%rbx\n"
			     : "=&c"(sum), "+a"(result)
			     : : "rdx", "rdi", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
			       "r15", "cc", "memory");
		EQUAL(sum, 78);
		EQUAL(result, getuid());
	}
}

TEST(calls_keep_vector_registers)
{
	int fds[2];
	char buffer[64];

	OK(pipe(fds));
	for (int i = 0; i < 100; i++) {
		unsigned long values[4] = { 0 }, result = SYS_write;
		unsigned long pattern = 0x0123456789abcdef + i;

		asm volatile("movq %[pattern], %%xmm1\n movq %[pattern], %%xmm6\n"
			     "movq %[pattern], %%xmm11\n movq %[pattern], %%xmm15\n"
			     "syscall\n"
			     "movq %%xmm1, %[a]\n movq %%xmm6, %[b]\n movq %%xmm11, %[c]\n"
			     "movq %%xmm15, %[d]\n"
			     : [a] "=m"(values[0]), [b] "=m"(values[1]), [c] "=m"(values[2]),
			       [d] "=m"(values[3]), "+a"(result)
			     : [pattern] "r"(pattern), "D"((long)fds[1]), "S"(buffer), "d"(64L)
			     : "rcx", "r11", "xmm1", "xmm6", "xmm11", "xmm15", "memory");
		EQUAL(result, 64);
		for (int j = 0; j < 4; j++)
			EQUAL(values[j], pattern);
	}
}

static volatile int timer_hits;

static void on_timer(int number)
{
	(void)number;
	timer_hits++;
}

TEST(signal_storm_in_calls_and_code)
{
	/* Interrupts land anywhere, in calls and between them; every result stays right. */
	struct itimerval timer = { { 0, 200 }, { 0, 200 } };
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	int fds[2], fd;
	char text[16];

	OK(pipe(fds));
	test_write_file("file", "0123456789");
	OK(fd = open("file", O_RDONLY));
	OK(sigaction(SIGALRM, &action, NULL));
	OK(setitimer(ITIMER_REAL, &timer, NULL));
	for (int i = 0; timer_hits < 300; i++) {
		EQUAL(write(fds[1], &i, sizeof(i)), sizeof(i));
		int back = -1;
		EQUAL(read(fds[0], &back, sizeof(back)), sizeof(back));
		EQUAL(back, i);
		EQUAL(pread(fd, text, 4, 3), 4);
		CHECK(!memcmp(text, "3456", 4));
		EQUAL(getppid(), getppid());
	}
}

TEST(signals_between_processes_none_lost)
{
	enum { ROUNDS = 2000 };
	sigset_t set;
	siginfo_t info;
	pid_t self = getpid(), child;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	child = fork();
	if (!child) {
		for (int i = 0; i < ROUNDS; i++) {
			EQUAL(sigwaitinfo(&set, &info), SIGUSR1);
			OK(kill(self, SIGUSR1));
		}
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		OK(kill(child, SIGUSR1));
		EQUAL(sigwaitinfo(&set, &info), SIGUSR1);
	}
	EQUAL(test_wait(child), 0);
}

TEST(timers_fire)
{
	struct itimerval timer = { { 0, 0 }, { 0, 1000 } }, left;
	struct sigaction action = { .sa_handler = on_signal };

	OK(sigaction(SIGALRM, &action, NULL));
	OK(setitimer(ITIMER_REAL, &timer, NULL));
	while (!count)
		;
	OK(getitimer(ITIMER_REAL, &left));
	EQUAL(left.it_value.tv_sec, 0);
	EQUAL(left.it_value.tv_usec, 0);
	timer.it_interval.tv_usec = 1000;
	OK(setitimer(ITIMER_REAL, &timer, NULL));
	while (count < 5)
		pause();
	timer = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	OK(setitimer(ITIMER_REAL, &timer, &left));
	EQUAL(left.it_interval.tv_usec, 1000);
	timer.it_value.tv_usec = 1000000;
	FAILS(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
	FAILS(setitimer(7, &timer, NULL), EINVAL);
	EQUAL(alarm(1000), 0);
	unsigned int rest = alarm(0);
	CHECK(rest > 900 && rest <= 1000);
	IN_CHILD({
		OK(getitimer(ITIMER_REAL, &left));
		EQUAL(left.it_value.tv_sec, 0);
	});
}

TEST(processor_time_timers)
{
	struct itimerval timer = { { 0, 0 }, { 0, 10000 } };

	install(SIGVTALRM, 0);
	install(SIGPROF, 0);
	OK(setitimer(ITIMER_VIRTUAL, &timer, NULL));
	while (last != SIGVTALRM)
		;
	OK(setitimer(ITIMER_PROF, &timer, NULL));
	while (last != SIGPROF)
		;
}

TEST(signal_to_a_certain_thread_of_the_process)
{
	install(SIGUSR1, 0);
	block(SIG_BLOCK, SIGUSR1);
	OK(syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1));
	EQUAL(count, 0);
	block(SIG_UNBLOCK, SIGUSR1);
	EQUAL(count, 1);
	FAILS(syscall(SYS_tkill, 999999999, 0), ESRCH);
	FAILS(syscall(SYS_tkill, 0, 0), EINVAL);
}

TEST(signal_descriptor)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	OK(fd);
	FAILS(read(fd, &info, sizeof(info)), EAGAIN);
	OK(raise(SIGUSR1));
	EQUAL(read(fd, &info, sizeof(info)), sizeof(info));
	EQUAL(info.ssi_signo, SIGUSR1);
	EQUAL(info.ssi_pid, (uint32_t)getpid());
}

static volatile sig_atomic_t stop_counting;

static void on_stop_counting(int number)
{
	(void)number;
	stop_counting = 1;
}

/*
 * A thread takes what was sent to it before what was sent to its process, but what ends it is not
 * held up by what would stop it. On one processor the child gets both at once.
 */
TEST(kill_is_not_held_up_by_stop)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	OK(sched_setaffinity(0, sizeof(one), &one));
	for (int i = 0; i < 50; i++) {
		pid_t child;
		int status;

		OK(child = fork());
		while (!child)
			sched_yield();
		OK(kill(child, SIGKILL));
		OK(syscall(SYS_tgkill, child, child, SIGSTOP));
		EQUAL(waitpid(child, &status, 0), child);
		CHECK(WIFSIGNALED(status));
		EQUAL(WTERMSIG(status), SIGKILL);
	}
}

/* All are sent while the target is kept from running. */
TEST(two_thousand_signals_at_once)
{
	cpu_set_t one;
	pid_t child;
	int ready[2];

	CPU_ZERO(&one);
	OK(sched_getaffinity(0, sizeof(one), &one));
	for (int i = 0, found = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &one) && found++)
			CPU_CLR(i, &one);
	}
	OK(sched_setaffinity(0, sizeof(one), &one));
	OK(pipe(ready));
	child = fork();
	OK(child);
	if (!child) {
		signal(SIGRTMIN + 1, on_signal);
		signal(SIGRTMIN + 2, on_stop_counting);
		write(ready[1], "x", 1);
		while (!stop_counting)
			;
		_exit(count == 2000 ? 0 : 1);
	}
	char byte;

	EQUAL(read(ready[0], &byte, 1), 1);
	for (int i = 0; i < 2000; i++)
		OK(kill(child, SIGRTMIN + 1));
	OK(kill(child, SIGRTMIN + 2));
	EQUAL(test_wait(child), 0);
}

/* Each waits for the other's signal, which comes at any moment of the call. */
TEST(two_processes_in_turn_by_sigtimedwait)
{
	const struct timespec patience = { .tv_sec = 20 };
	pid_t parent = getpid(), child;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	child = fork();
	OK(child);
	for (int i = 0; i < 20000; i++) {
		if (!child)
			OK(kill(parent, SIGUSR1));
		EQUAL(sigtimedwait(&set, NULL, &patience), SIGUSR1);
		if (child)
			OK(kill(child, SIGUSR1));
	}
	if (!child)
		_exit(0);
	EQUAL(test_wait(child), 0);
}

/* A call of one argument, made with these flags set; rax of the call. */
static long call_with_flags(unsigned long flags, long number, long argument)
{
	long result, saved;

	asm volatile("pushfq\n\t mov (%%rsp), %[saved]\n\t or %[flags], (%%rsp)\n\t popfq\n\t"
		     "syscall\n\t"
		     "push %[saved]\n\t popfq"
		     : "=a"(result), [saved] "=&r"(saved)
		     : "0"(number), "D"(argument), "S"((long)SIGUSR1), [flags] "r"(flags)
		     : "rcx", "r11", "cc", "memory");
	return result;
}

static volatile sig_atomic_t flag_signals;

static void on_flag_signal(int number)
{
	(void)number;
	flag_signals++;
}

/*
 * NT, AC, DF and ID are a program's to set; a kernel works all the same, signal handlers included.
 */
TEST(flags_of_the_program_do_no_harm)
{
	static const unsigned long flags[] = { 1 << 10, 1 << 14, 1 << 18, 1 << 21,
					       1 << 14 | 1 << 18 };

	OK(signal(SIGUSR1, on_flag_signal) == SIG_ERR ? -1 : 0);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		for (int j = 0; j < 20; j++) {
			EQUAL(call_with_flags(flags[i], SYS_getppid, 0), getppid());
			flag_signals = 0;
			EQUAL(call_with_flags(flags[i], SYS_kill, getpid()), 0);
			EQUAL(flag_signals, 1);
		}
}
