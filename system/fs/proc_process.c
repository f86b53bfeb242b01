/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID and /proc/PID/task/TID: their tables, and what is in one line. No locks of its own; see
 * proc_view.c.
 */
#include "boundary/layout.h"
#include "core/string.h"
#include "fs/proc.h"
#include "memory/mm.h"
#include "process/memory_use.h"

#define NS_PER_TICK 10000000ull
#define PAGE_KB (PAGE_SIZE >> 10)

static void print_numbers(struct proc_text *text, const u64 *numbers, u32 count)
{
	for (u32 i = 0; i < count; i++)
		proc_print(text, " %llu", (unsigned long long)numbers[i]);
}

static void stat_show_process(struct proc_text *text, struct process *process,
			      const struct proc_view *view)
{
	struct mm *mm = proc_mm_get(process);
	const struct process_times *own = &view->times, *children = &view->children_times;
	struct process_memory use = { 0 };

	if (mm)
		memory_use_read(view->host_tgid, &use);
	proc_print(text, "%u (%s) %c %u %u %u %u %d 4194304", view->tid, view->name, view->state,
		   view->parent_pid, view->pgid, view->sid, view->tty, view->tty_foreground);
	print_numbers(text, (u64[]){ own->minor_faults, children->minor_faults, own->major_faults,
				     children->major_faults, own->user_ns / NS_PER_TICK,
				     own->system_ns / NS_PER_TICK, children->user_ns / NS_PER_TICK,
				     children->system_ns / NS_PER_TICK, 20 + view->nice }, 9);
	proc_print(text, " %d", view->nice);
	print_numbers(text, (u64[]){ view->threads, 0, view->start_ns / NS_PER_TICK,
				     mm ? mm->mapped_bytes : 0, use.resident_kb / PAGE_KB,
				     ~0ull }, 6);
	print_numbers(text,
		      (u64[]){ mm ? mm->start_code : 0, mm ? mm->end_code : 0,
			       mm ? mm->stack_start : 0, 0, 0, view->pending_thread & INT32_MAX,
			       view->blocked & INT32_MAX, view->ignored & INT32_MAX,
			       view->caught & INT32_MAX, 0, 0, 0, view->exit_signal },
		      13);
	print_numbers(text,
		      (u64[]){ 0, 0, 0, 0, 0, 0, mm ? mm->start_data : 0, mm ? mm->end_data : 0,
			       mm ? mm->brk_start : 0, mm ? mm->arg_start : 0, mm ? mm->arg_end : 0,
			       mm ? mm->env_start : 0, mm ? mm->env_end : 0, view->exit_status },
		      14);
	proc_print(text, "\n");
	if (mm)
		mm_put(mm);
}

static int stat_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_view(text, key, stat_show_process);
}

static void statm_show_process(struct proc_text *text, struct process *process,
			       const struct proc_view *view)
{
	struct mm *mm = proc_mm_get(process);
	struct process_memory use = { 0 };
	struct proc_memory memory = { 0 };

	if (mm) {
		memory_use_read(view->host_tgid, &use);
		proc_memory_read(mm, &memory);
		mm_put(mm);
	}
	proc_print(text, "%llu %llu %llu %llu 0 %llu 0\n",
		   (unsigned long long)(memory.mapped_kb / PAGE_KB),
		   (unsigned long long)(use.resident_kb / PAGE_KB),
		   (unsigned long long)((use.file_kb + use.shared_kb) / PAGE_KB),
		   (unsigned long long)(memory.text_kb / PAGE_KB),
		   (unsigned long long)((memory.data_kb + memory.stack_kb) / PAGE_KB));
}

static int statm_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_view(text, key, statm_show_process);
}

/* How long it waited for a processor the host does not tell. */
static void schedstat_show_process(struct proc_text *text, struct process *process,
				   const struct proc_view *view)
{
	(void)process;
	proc_print(text, "%llu 0 %llu\n",
		   (unsigned long long)(view->times.user_ns + view->times.system_ns),
		   (unsigned long long)(view->times.voluntary + view->times.involuntary));
}

static int schedstat_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_view(text, key, schedstat_show_process);
}

static void syscall_show_process(struct proc_text *text, struct process *process,
				 const struct proc_view *view)
{
	(void)process;
	if (!view->in_call) {
		proc_print(text, "running\n");
		return;
	}
	proc_print(text, "%lld", (long long)view->call);
	for (u32 i = 0; i < ARRAY_SIZE(view->arguments); i++)
		proc_print(text, " 0x%llx", (unsigned long long)view->arguments[i]);
	proc_print(text, " 0x%llx 0x%llx\n", (unsigned long long)view->stack_pointer,
		   (unsigned long long)view->instruction);
}

static int syscall_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);
	int error;

	if (!process)
		return -ESRCH;
	error = proc_may_inspect(process);
	process_put(process);
	return error ? error : proc_with_view(text, key, syscall_show_process);
}

/* ---- /proc/PID/task ---- */

static u32 task_next(const struct proc_key *key, u32 from)
{
	struct process *process = process_find(key->pid);
	struct thread *thread;
	u32 next = PROC_NONE;

	if (!process)
		return PROC_NONE;
	lock_acquire(&process->signal_lock);
	list_for_each(thread, &process->threads, process_node)
		if (thread->tid >= from && thread->tid < next)
			next = thread->tid;
	lock_release(&process->signal_lock);
	process_put(process);
	return next;
}

static void task_key_set(struct proc_key *key, u32 number)
{
	key->tid = number;
}

/* Linux remembers which thread made a child; here all are the first thread's. */
static int children_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid), *child;

	if (!process)
		return -ESRCH;
	lock_acquire(&process_tree_lock);
	if (key->tid == key->pid)
		list_for_each(child, &process->children, sibling_node)
			proc_print(text, "%u ", child->pid);
	lock_release(&process_tree_lock);
	process_put(process);
	return 0;
}

/* ---- the tables ---- */

#define ROWS_OF_BOTH \
	PROC_DIRECTORY("fd", 0500, &proc_fd_directory), \
	PROC_DIRECTORY("fdinfo", 0555, &proc_fdinfo_directory), \
	PROC_DIRECTORY("ns", 0511, &proc_ns_directory), \
	PROC_DIRECTORY("net", 0555, &proc_net_directory), \
	PROC_FILE("environ", 0400, proc_environ_show), \
	PROC_FILE("auxv", 0400, proc_auxv_show), \
	PROC_FILE("status", 0444, proc_status_show), \
	{ .name = "personality", .mode = S_IFREG | 0400, .text = "00000000\n" }, \
	PROC_FILE("limits", 0444, proc_limits_show), \
	PROC_WRITABLE("comm", 0644, proc_comm_show, proc_comm_store), \
	PROC_FILE("syscall", 0400, syscall_show), \
	PROC_FILE("io", 0400, proc_io_show), \
	PROC_FILE("cmdline", 0444, proc_cmdline_show), \
	PROC_FILE("stat", 0444, stat_show), \
	PROC_FILE("statm", 0444, statm_show), \
	PROC_FILE("maps", 0444, proc_maps_show), \
	PROC_FILE("smaps", 0444, proc_smaps_show), \
	PROC_FILE("smaps_rollup", 0444, proc_smaps_rollup_show), \
	PROC_FILE("numa_maps", 0444, proc_numa_maps_show), \
	{ .name = "mem", .mode = S_IFREG | 0600, .operations = &proc_mem_operations, \
	  .open = proc_mem_open }, \
	PROC_MAGIC("cwd", proc_cwd_link, proc_cwd_follow), \
	PROC_MAGIC("root", proc_root_link, proc_root_follow), \
	PROC_MAGIC("exe", proc_exe_link, proc_exe_follow), \
	PROC_FILE("mounts", 0444, proc_mounts_show), \
	PROC_FILE("mountinfo", 0444, proc_mountinfo_show), \
	PROC_CONSTANT("wchan", "0"), /* the layer shows no names of its functions */ \
	PROC_FILE("schedstat", 0444, schedstat_show), \
	PROC_CONSTANT("cpuset", "/\n"), \
	PROC_CONSTANT("cgroup", "0::/\n"), \
	PROC_FILE("oom_score", 0444, proc_oom_score_show), \
	PROC_WRITABLE("oom_adj", 0644, proc_oom_adj_show, proc_oom_adj_store), \
	PROC_WRITABLE("oom_score_adj", 0644, proc_oom_score_adj_show, proc_oom_score_adj_store), \
	PROC_WRITABLE("loginuid", 0644, proc_loginuid_show, proc_loginuid_store), \
	PROC_CONSTANT("sessionid", "4294967295"), \
	PROC_WRITABLE("uid_map", 0644, proc_id_map_show, proc_namespace_store), \
	PROC_WRITABLE("gid_map", 0644, proc_id_map_show, proc_namespace_store), \
	PROC_WRITABLE("projid_map", 0644, proc_id_map_show, proc_namespace_store), \
	PROC_WRITABLE("setgroups", 0644, proc_setgroups_show, proc_namespace_store)

static const struct proc_row thread_rows[] = {
	PROC_FILE("children", 0444, children_show),
	ROWS_OF_BOTH,
};
static const struct proc_directory thread_directory = PROC_TABLE(thread_rows);
static const struct proc_row thread_row = PROC_DIRECTORY("", 0555, &thread_directory);

static const struct proc_numbers task_numbers = {
	.next = task_next,
	.key_set = task_key_set,
	.row = &thread_row,
};
static const struct proc_directory task_directory = { .numbers = &task_numbers };

/* Of the one time namespace there is; it can't be changed. */
#define TIME_OFFSETS "monotonic           0         0\nboottime            0         0\n"

static const struct proc_row process_rows[] = {
	PROC_DIRECTORY("task", 0555, &task_directory),
	PROC_WRITABLE("timerslack_ns", 0666, proc_timer_slack_show, proc_timer_slack_store),
	PROC_WRITABLE("coredump_filter", 0644, proc_core_filter_show, proc_core_filter_store),
	PROC_FILE("mountstats", 0400, proc_mountstats_show),
	{ .name = "timens_offsets", .mode = S_IFREG | 0644, .text = TIME_OFFSETS },
	ROWS_OF_BOTH,
};
static const struct proc_directory process_directory = PROC_TABLE(process_rows);

const struct proc_row proc_process_row = PROC_DIRECTORY("", 0555, &process_directory);
