/* SPDX-License-Identifier: MIT */
/* ptrace: attaching and letting go, events, threads, stops of whole processes, and who may. */
#include "tests/linux/traced.h"

#include <fcntl.h>
#include <linux/ptrace.h>
#include <pthread.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int test_reentry(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	return 0;
}

static pid_t sleeper_start(void)
{
	pid_t child = fork();

	OK(child);
	if (!child)
		for (;;)
			pause();
	test_await_sleep(child);
	return child;
}

static void sleeper_end(pid_t child)
{
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

static int status_number(pid_t pid, const char *field)
{
	char path[64];
	const char *found;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	found = strstr(test_read_file(path), field);
	CHECK(found);
	return atoi(found + strlen(field));
}

TEST(attach_and_detach)
{
	pid_t child = sleeper_start();

	EQUAL(status_number(child, "TracerPid:\t"), 0);
	OK(ptrace(PTRACE_ATTACH, child, 0, 0));
	FAILS(ptrace(PTRACE_ATTACH, child, 0, 0), EPERM);
	STOPS(child, SIGSTOP);
	EQUAL(status_number(child, "TracerPid:\t"), getpid());
	EQUAL(test_process_state(child), 't');
	OK(ptrace(PTRACE_DETACH, child, 0, 0));
	FAILS(ptrace(PTRACE_CONT, child, 0, 0), ESRCH);
	EQUAL(status_number(child, "TracerPid:\t"), 0);
	test_await_sleep(child);
	OK(ptrace(PTRACE_ATTACH, child, 0, 0));
	STOPS(child, SIGSTOP);
	OK(ptrace(PTRACE_DETACH, child, 0, SIGTERM));
	EQUAL(test_wait(child), 1000 + SIGTERM);
}

TEST(who_may_not_trace)
{
	pid_t child = sleeper_start();

	FAILS(ptrace(PTRACE_ATTACH, getpid(), 0, 0), EPERM);
	FAILS(ptrace(PTRACE_ATTACH, 999999, 0, 0), ESRCH);
	FAILS(ptrace(PTRACE_ATTACH, -1, 0, 0), ESRCH);
	FAILS(ptrace(PTRACE_SEIZE, child, 1, 0), EIO);
	FAILS(ptrace(PTRACE_SEIZE, child, 0, 0x40000000), EIO);
	FAILS(ptrace(PTRACE_PEEKDATA, child, test_self, 0), ESRCH);
	FAILS(ptrace(PTRACE_CONT, child, 0, 0), ESRCH);
	FAILS(ptrace(PTRACE_KILL, child, 0, 0), ESRCH);
	OK(ptrace(PTRACE_ATTACH, child, 0, 0));
	STOPS(child, SIGSTOP);
	IN_CHILD(FAILS(ptrace(PTRACE_ATTACH, child, 0, 0), EPERM);
		 FAILS(ptrace(PTRACE_CONT, child, 0, 0), ESRCH));
	FAILS(ptrace(PTRACE_INTERRUPT, child, 0, 0), EIO);
	FAILS(ptrace(PTRACE_LISTEN, child, 0, 0), EIO);
	GO_ON(PTRACE_CONT, child, 0);
	test_await_sleep(child);
	/* It is not stopped. */
	FAILS(ptrace(PTRACE_PEEKUSER, child, 0, 0), ESRCH);
	FAILS(ptrace(PTRACE_DETACH, child, 0, 0), ESRCH);
	sleeper_end(child);
	IN_CHILD(OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		 FAILS(ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM));
}

TEST(users_do_not_trace_others)
{
	pid_t child = sleeper_start(), same, quiet;

	if (getuid())
		test_skip("not root");
	IN_CHILD(OK(setresgid(99, 99, 99)); OK(setresuid(99, 99, 99));
		 FAILS(ptrace(PTRACE_ATTACH, child, 0, 0), EPERM);
		 OK(prctl(PR_SET_DUMPABLE, 1));
		 same = sleeper_start();
		 OK(ptrace(PTRACE_ATTACH, same, 0, 0));
		 STOPS(same, SIGSTOP);
		 sleeper_end(same);
		 OK(prctl(PR_SET_DUMPABLE, 0));
		 quiet = sleeper_start();
		 FAILS(ptrace(PTRACE_ATTACH, quiet, 0, 0), EPERM);
		 sleeper_end(quiet));
	sleeper_end(child);
}

TEST(seize_and_interrupt)
{
	siginfo_t info;
	pid_t child = sleeper_start();

	OK(ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESYSGOOD));
	EQUAL(waitpid(child, NULL, WNOHANG | __WALL), 0);
	OK(ptrace(PTRACE_INTERRUPT, child, 0, 0));
	EQUAL(report_of(child), PTRACE_EVENT_STOP << 16 | SIGTRAP << 8 | 0x7f);
	OK(ptrace(PTRACE_GETSIGINFO, child, 0, &info));
	EQUAL(info.si_code, PTRACE_EVENT_STOP << 8 | SIGTRAP);
	GO_ON(PTRACE_CONT, child, 0);
	test_await_sleep(child);
	sleeper_end(child);
}

TEST(seized_process_listens_while_it_is_stopped)
{
	pid_t child = sleeper_start();

	OK(ptrace(PTRACE_SEIZE, child, 0, 0));
	OK(kill(child, SIGSTOP));
	STOPS(child, SIGSTOP);
	GO_ON(PTRACE_CONT, child, SIGSTOP);
	EQUAL(report_of(child), PTRACE_EVENT_STOP << 16 | SIGSTOP << 8 | 0x7f);
	OK(ptrace(PTRACE_LISTEN, child, 0, 0));
	EQUAL(waitpid(child, NULL, WNOHANG | __WALL), 0);
	OK(kill(child, SIGCONT));
	EQUAL(report_of(child), PTRACE_EVENT_STOP << 16 | SIGTRAP << 8 | 0x7f);
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGCONT);
	GO_ON(PTRACE_CONT, child, SIGCONT);
	test_await_sleep(child);
	sleeper_end(child);
}

/* As strace starts programs: whether it is seen to be stopped or to go on, it is not lost. */
TEST(seize_and_continue_at_once)
{
	for (int i = 0; i < 500; i++) {
		pid_t child = fork();
		int status;

		OK(child);
		if (!child) {
			raise(SIGSTOP);
			_exit(3);
		}
		EQUAL(waitpid(child, &status, WUNTRACED), child);
		CHECK(WIFSTOPPED(status));
		OK(ptrace(PTRACE_SEIZE, child, 0, 0));
		for (int pause = 0; pause < i % 100 * 50; pause++)
			__asm__ volatile("pause");
		OK(kill(child, SIGCONT));
		for (;;) {
			status = report_of(child);
			if (!WIFSTOPPED(status))
				break;
			if (EVENT_OF(status) == PTRACE_EVENT_STOP && WSTOPSIG(status) == SIGSTOP)
				OK(ptrace(PTRACE_LISTEN, child, 0, 0));
			else if (EVENT_OF(status))
				GO_ON(PTRACE_CONT, child, 0);
			else
				GO_ON(PTRACE_CONT, child, WSTOPSIG(status));
		}
		EQUAL(status, 3 << 8);
	}
}

TEST(group_stop_of_an_attached_process)
{
	siginfo_t info;
	pid_t child = sleeper_start();

	OK(ptrace(PTRACE_ATTACH, child, 0, 0));
	STOPS(child, SIGSTOP);
	GO_ON(PTRACE_CONT, child, SIGSTOP);
	STOPS(child, SIGSTOP);
	FAILS(ptrace(PTRACE_GETSIGINFO, child, 0, &info), EINVAL);
	OK(ptrace(PTRACE_DETACH, child, 0, 0));
	/* It goes from the one stop to the other by itself. */
	while (test_process_state(child) != 'T')
		;
	OK(kill(child, SIGCONT));
	test_await_sleep(child);
	sleeper_end(child);
}

TEST(attach_to_a_stopped_process)
{
	pid_t child = sleeper_start();
	int status;

	OK(kill(child, SIGSTOP));
	EQUAL(waitpid(child, &status, WUNTRACED), child);
	OK(ptrace(PTRACE_SEIZE, child, 0, 0));
	EQUAL(report_of(child), PTRACE_EVENT_STOP << 16 | SIGSTOP << 8 | 0x7f);
	GO_ON(PTRACE_CONT, child, 0);
	test_await_sleep(child);
	sleeper_end(child);
}

/* ---- Events ---- */

static unsigned long message_of(pid_t pid)
{
	unsigned long message;

	OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	return message;
}

TEST(events_of_fork_and_exit)
{
	pid_t child, grandchild;

	TRACED(child, grandchild = fork(); if (!grandchild) _exit(4);
	       EQUAL(test_wait(grandchild), 4); _exit(3));
	OK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS_EVENT(child, PTRACE_EVENT_FORK);
	grandchild = (pid_t)message_of(child);
	STOPS(grandchild, SIGSTOP);
	EQUAL(status_number(grandchild, "PPid:\t"), child);
	GO_ON(PTRACE_CONT, child, 0);
	GO_ON(PTRACE_CONT, grandchild, 0);
	STOPS_EVENT(grandchild, PTRACE_EVENT_EXIT);
	EQUAL(message_of(grandchild), 4 << 8);
	GO_ON(PTRACE_CONT, grandchild, 0);
	/* The tracer hears of the end before the parent does. */
	ENDS(grandchild, 4);
	STOPS(child, SIGCHLD);
	GO_ON(PTRACE_CONT, child, SIGCHLD);
	STOPS_EVENT(child, PTRACE_EVENT_EXIT);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 3);
}

TEST(events_of_vfork)
{
	pid_t child, grandchild;

	TRACED(child, grandchild = vfork(); if (!grandchild) _exit(4);
	       EQUAL(test_wait(grandchild), 4));
	OK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS_EVENT(child, PTRACE_EVENT_VFORK);
	grandchild = (pid_t)message_of(child);
	STOPS(grandchild, SIGSTOP);
	GO_ON(PTRACE_CONT, child, 0);
	EQUAL(waitpid(child, NULL, WNOHANG | __WALL), 0);
	GO_ON(PTRACE_CONT, grandchild, 0);
	ENDS(grandchild, 4);
	STOPS_EVENT(child, PTRACE_EVENT_VFORK_DONE);
	EQUAL(message_of(child), grandchild);
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGCHLD);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

TEST(event_of_exec)
{
	char *arguments[] = { test_self, "--child", NULL };
	pid_t child;

	TRACED(child, execv(test_self, arguments); _exit(1));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS(child, SIGTRAP);
	OK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXEC));
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
	TRACED(child, execv(test_self, arguments); _exit(1));
	OK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS_EVENT(child, PTRACE_EVENT_EXEC);
	EQUAL(message_of(child), child);
	GO_ON(PTRACE_SYSCALL, child, 0);
	EQUAL(report_of(child), (SIGTRAP | 0x80) << 8 | 0x7f);
	EQUAL(registers_of(child).orig_rax, SYS_execve);
	EQUAL(registers_of(child).rax, 0);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

/* A debugger starts its program so. */
TEST(exec_by_a_traced_vfork_child)
{
	char *arguments[] = { test_self, "--child", NULL };
	pid_t child = vfork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(test_self, arguments);
		_exit(1);
	}
	STOPS(child, SIGTRAP);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 0);
}

/* ---- Threads ---- */

static void *thread_body(void *argument)
{
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
	return argument;
}

static void threaded(void)
{
	pthread_t thread;

	signal(SIGUSR1, SIG_IGN);
	ZERO(pthread_create(&thread, NULL, thread_body, NULL));
	ZERO(pthread_join(thread, NULL));
}

TEST(events_of_threads)
{
	pid_t child, thread;

	/* The second stop: so that the thread does not end by the process's end. */
	TRACED(child, threaded(); raise(SIGSTOP); _exit(5));
	OK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE));
	GO_ON(PTRACE_CONT, child, 0);
	STOPS_EVENT(child, PTRACE_EVENT_CLONE);
	thread = (pid_t)message_of(child);
	STOPS(thread, SIGSTOP);
	CHECK(registers_of(thread).fs_base != registers_of(child).fs_base);
	GO_ON(PTRACE_CONT, child, 0);
	GO_ON(PTRACE_CONT, thread, 0);
	STOPS(thread, SIGUSR1);
	EQUAL(status_number(child, "Threads:\t"), 2);
	GO_ON(PTRACE_CONT, thread, 0);
	ENDS(thread, 0);
	FAILS(waitpid(thread, NULL, __WALL), ECHILD);
	STOPS(child, SIGSTOP);
	GO_ON(PTRACE_CONT, child, 0);
	ENDS(child, 5);
}

static void *sleeping_body(void *argument)
{
	for (;;)
		pause();
	return argument;
}

static void threads_sleep(int ready)
{
	pthread_t thread;

	for (int i = 0; i < 2; i++)
		ZERO(pthread_create(&thread, NULL, sleeping_body, NULL));
	EQUAL(write(ready, "x", 1), 1);
	sleeping_body(NULL);
}

TEST(kill_of_traced_threads)
{
	pid_t child, threads[2];
	int fds[2];
	char byte;

	OK(pipe(fds));
	TRACED(child, threads_sleep(fds[1]));
	OK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE));
	for (int i = 0; i < 2; i++) {
		GO_ON(PTRACE_CONT, child, 0);
		STOPS_EVENT(child, PTRACE_EVENT_CLONE);
		threads[i] = (pid_t)message_of(child);
		STOPS(threads[i], SIGSTOP);
	}
	GO_ON(PTRACE_CONT, child, 0);
	GO_ON(PTRACE_CONT, threads[0], 0);
	EQUAL(read(fds[0], &byte, 1), 1);
	/* One of them stopped, the others asleep. */
	OK(kill(child, SIGKILL));
	EQUAL(report_of(threads[0]), SIGKILL);
	EQUAL(report_of(threads[1]), SIGKILL);
	EQUAL(report_of(child), SIGKILL);
	FAILS(waitpid(-1, NULL, __WALL), ECHILD);
}

/* ---- The end of a tracer ---- */

TEST(tracee_of_a_tracer_that_ends)
{
	pid_t child = sleeper_start();

	IN_CHILD(OK(ptrace(PTRACE_ATTACH, child, 0, 0)); STOPS(child, SIGSTOP));
	EQUAL(status_number(child, "TracerPid:\t"), 0);
	test_await_sleep(child);
	IN_CHILD(OK(ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_EXITKILL)));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

TEST(parent_waits_for_the_tracer)
{
	int fds[2], back[2];
	pid_t child = sleeper_start(), tracer;
	char byte;

	OK(pipe(fds));
	OK(pipe(back));
	tracer = fork();
	OK(tracer);
	if (!tracer) {
		OK(ptrace(PTRACE_SEIZE, child, 0, 0));
		OK(kill(child, SIGKILL));
		/* It has ended, which only we can know. */
		OK(waitid(P_PID, child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT | __WALL));
		EQUAL(write(fds[1], "x", 1), 1);
		EQUAL(read(back[0], &byte, 1), 1);
		EQUAL(report_of(child), SIGKILL);
		_exit(0);
	}
	EQUAL(read(fds[0], &byte, 1), 1);
	EQUAL(waitpid(child, NULL, WNOHANG), 0);
	EQUAL(write(back[1], "x", 1), 1);
	EQUAL(test_wait(child), 1000 + SIGKILL);
	EQUAL(test_wait(tracer), 0);
}

TEST(personality_without_random_addresses)
{
	EQUAL(personality(0xffffffff), 0);
	IN_CHILD(EQUAL(personality(ADDR_NO_RANDOMIZE), 0);
		 EQUAL(personality(0xffffffff), ADDR_NO_RANDOMIZE);
		 IN_CHILD(EQUAL(personality(0xffffffff), ADDR_NO_RANDOMIZE)));
}
