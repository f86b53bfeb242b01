/* SPDX-License-Identifier: MIT */
/*
 * Life and death: wait, stops, groups, orphans, threads of one process, under the lock order's
 * checker.
 */
#include "play.h"

#include <linux/wait.h>

#include "core/timer.h"
#include "core/wait.h"
#include "process/times.h"

static u32 hits;

static void count(int number)
{
	(void)number;
	atomic_add(&hits, 1);
}

static int status_of(long pid, int options)
{
	int status = -1;

	assert_int_equal(play_call(sys_wait4((s32)pid, (uptr)&status, options, 0)), pid);
	return status;
}

static int exit_with(void *argument)
{
	return (int)(long)argument;
}

static int sleep_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		play_call(sys_pause());
	return 0;
}

static void wait_returns_the_status(void **state)
{
	int status;

	(void)state;
	assert_int_equal(sys_wait4(-1, (uptr)&status, 0, 0), -ECHILD);
	for (long i = 0; i < 200; i++)
		assert_int_equal(status_of(play_fork(exit_with, (void *)i), 0), (i & 0xff) << 8);
	assert_int_equal(sys_wait4(-1, (uptr)&status, 0, 0), -ECHILD);
	assert_int_equal(process_count(), 2);
}

static void many_at_once(void **state)
{
	u32 seen = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		play_fork(exit_with, (void *)3);
	while (play_call(sys_wait4(-1, 0, 0, 0)) > 0)
		seen++;
	assert_int_equal(seen, 100);
}

static void signals_end_processes(void **state)
{
	static const int numbers[] = { SIGTERM, SIGKILL, SIGHUP, SIGUSR1, 40 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		u32 pid = play_fork(sleep_for_ever, NULL);

		assert_int_equal(play_call(sys_kill((s32)pid, numbers[i])), 0);
		assert_int_equal(status_of(pid, 0), numbers[i]);
		assert_int_equal(sys_kill((s32)pid, 0), -ESRCH);
	}
}

static void stop_and_continue(void **state)
{
	u32 pid = play_fork(sleep_for_ever, NULL);
	int status;

	(void)state;
	for (int i = 0; i < 50; i++) {
		sys_kill((s32)pid, SIGSTOP);
		assert_int_equal(status_of(pid, WUNTRACED), SIGSTOP << 8 | 0x7f);
		assert_int_equal(sys_wait4((s32)pid, (uptr)&status, WUNTRACED | WNOHANG, 0), 0);
		sys_kill((s32)pid, SIGCONT);
		assert_int_equal(status_of(pid, WCONTINUED), 0xffff);
	}
	sys_kill((s32)pid, SIGSTOP);
	status_of(pid, WUNTRACED);
	sys_kill((s32)pid, SIGTERM);
	assert_int_equal(sys_wait4((s32)pid, (uptr)&status, WNOHANG, 0), 0);
	sys_kill((s32)pid, SIGCONT);
	assert_int_equal(status_of(pid, 0), SIGTERM);
	pid = play_fork(sleep_for_ever, NULL);
	sys_kill((s32)pid, SIGSTOP);
	status_of(pid, WUNTRACED);
	sys_kill((s32)pid, SIGKILL);
	assert_int_equal(status_of(pid, 0), SIGKILL);
}

static void child_signals(void **state)
{
	(void)state;
	hits = 0;
	play_action(SIGCHLD, count, SA_RESTART);
	for (int i = 0; i < 20; i++)
		status_of(play_fork(exit_with, NULL), 0);
	play_look();
	assert_in_range(hits, 1, 20);
	play_action(SIGCHLD, (void *)SIG_IGN, 0);
	play_fork(exit_with, NULL);
	assert_int_equal(play_call(sys_wait4(-1, 0, 0, 0)), -ECHILD);
	play_action(SIGCHLD, (void *)SIG_DFL, 0);
	assert_int_equal(process_count(), 2);
}

static void whole_groups_are_killed(void **state)
{
	u32 leader = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		u32 pid = play_fork(sleep_for_ever, NULL);

		if (!leader)
			leader = pid;
		assert_int_equal(sys_setpgid((s32)pid, (s32)leader), 0);
	}
	assert_int_equal(sys_kill(-(s32)leader, SIGUSR2), 0);
	for (int i = 0; i < 10; i++)
		assert_true(play_call(sys_wait4(-(s32)leader, 0, 0, 0)) > 0);
	assert_int_equal(sys_kill(-(s32)leader, SIGUSR2), -ESRCH);
	assert_int_equal(sys_setpgid(0, (s32)leader), -EPERM);
}

static u32 orphan_parent;

static int orphan(void *argument)
{
	s32 parent = (s32)(long)argument;

	while (sys_getppid() == parent)
		cpu_relax();
	return sys_getppid() == 2 ? 21 : 22;
}

static int middle(void *argument)
{
	(void)argument;
	orphan_parent = (u32)sys_getpid();
	play_fork(orphan, (void *)(long)orphan_parent);
	return 0;
}

static void orphans_go_to_the_subreaper(void **state)
{
	int status;

	(void)state;
	process_current()->child_subreaper = true;
	status_of(play_fork(middle, NULL), 0);
	assert_true(play_call(sys_wait4(-1, (uptr)&status, 0, 0)) > 0);
	assert_int_equal(status, 21 << 8);
	process_current()->child_subreaper = false;
	status_of(play_fork(middle, NULL), 0);
	while (process_count() > 2)
		cpu_relax();
}

static int spin(void *argument)
{
	(void)argument;
	for (;;)
		play_look();
	return 0;
}

static int threads_then_exit(void *argument)
{
	(void)argument;
	for (int i = 0; i < 6; i++)
		play_thread(i & 1 ? spin : sleep_for_ever, NULL);
	sys_exit_group(7);
	return 0;
}

static int threads_then_wait(void *argument)
{
	for (int i = 0; i < 6; i++)
		play_thread(i & 1 ? spin : sleep_for_ever, NULL);
	return sleep_for_ever(argument);
}

static void all_threads_end(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		u32 pid;

		assert_int_equal(status_of(play_fork(threads_then_exit, NULL), 0), 7 << 8);
		pid = play_fork(threads_then_wait, NULL);
		sys_kill((s32)pid, SIGSTOP);
		assert_int_equal(status_of(pid, WUNTRACED), SIGSTOP << 8 | 0x7f);
		sys_kill((s32)pid, i & 1 ? SIGKILL : SIGCONT);
		sys_kill((s32)pid, SIGTERM);
		assert_int_equal(status_of(pid, 0), i & 1 ? SIGKILL : SIGTERM);
	}
	assert_int_equal(process_count(), 2);
}

static int signal_parent(void *argument)
{
	for (long i = 0; i < (long)argument; i++) {
		union sigval value = { .sival_int = (int)i };
		signal_info info = { .si_signo = 40, .si_code = SI_QUEUE, .si_value = value };

		while (sys_rt_sigqueueinfo(2, 40, (uptr)&info) == -EAGAIN)
			cpu_relax();
	}
	return 0;
}

static void queued_signals_come_in_order(void **state)
{
	u64 set = SIGNAL_BIT(40);
	signal_info info;
	u32 pid;

	(void)state;
	sys_rt_sigprocmask(SIG_BLOCK, (uptr)&set, 0, 8);
	pid = play_fork(signal_parent, (void *)3000);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(sys_rt_sigtimedwait((uptr)&set, (uptr)&info, 0, 8), 40);
		assert_int_equal(info.si_int, i);
	}
	status_of(pid, 0);
	sys_rt_sigprocmask(SIG_UNBLOCK, (uptr)&set, 0, 8);
}

static int kill_parent_slowly(void *argument)
{
	for (int i = 0; i < 2000; i++) {
		sys_kill(2, SIGUSR1);
		while (READ_ONCE(hits) <= (u32)i)
			cpu_relax();
	}
	return (int)(long)argument;
}

static void suspended_threads_see_each_signal(void **state)
{
	u64 set = SIGNAL_BIT(SIGUSR1), none = 0;
	u32 pid;

	(void)state;
	hits = 0;
	play_action(SIGUSR1, count, 0);
	sys_rt_sigprocmask(SIG_BLOCK, (uptr)&set, 0, 8);
	pid = play_fork(kill_parent_slowly, NULL);
	for (u32 i = 0; i < 2000; i++) {
		assert_int_equal(play_call(sys_rt_sigsuspend((uptr)&none, 8)), -EINTR);
		assert_int_equal(hits, i + 1);
		assert_true(thread_current()->signal_mask & set);
	}
	status_of(pid, 0);
	sys_rt_sigprocmask(SIG_UNBLOCK, (uptr)&set, 0, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wait_returns_the_status),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(signals_end_processes),
		cmocka_unit_test(stop_and_continue),
		cmocka_unit_test(child_signals),
		cmocka_unit_test(whole_groups_are_killed),
		cmocka_unit_test(orphans_go_to_the_subreaper),
		cmocka_unit_test(all_threads_end),
		cmocka_unit_test(queued_signals_come_in_order),
		cmocka_unit_test(suspended_threads_see_each_signal),
	};

	return cmocka_run_group_tests(tests, play_start, NULL);
}
