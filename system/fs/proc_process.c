/* SPDX-License-Identifier: MIT */
/* /proc/PID and /proc/PID/task/TID: state, limits, memory. No locks of its own; see proc_view.c. */
#include <linux/capability.h>
#include <linux/mman.h>

#include "core/channel.h"
#include "core/string.h"
#include "fs/proc.h"
#include "memory/mm.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"

#define NS_PER_TICK 10000000ull

/* ---- status and stat ---- */

static const char *state_name(char state)
{
	switch (state) {
	case 'S':
		return "sleeping";
	case 'T':
		return "stopped";
	case 't':
		return "tracing stop";
	case 'Z':
		return "zombie";
	default:
		return "running";
	}
}

static void status_ids(struct proc_text *text, const struct credentials *credentials)
{
	if (!credentials)
		return;
	proc_print(text, "Uid:\t%u\t%u\t%u\t%u\n", credentials->uid, credentials->euid,
		   credentials->suid, credentials->fsuid);
	proc_print(text, "Gid:\t%u\t%u\t%u\t%u\n", credentials->gid, credentials->egid,
		   credentials->sgid, credentials->fsgid);
}

static void status_groups(struct proc_text *text, const struct credentials *credentials)
{
	proc_print(text, "Groups:\t");
	for (u32 i = 0; credentials && i < credentials->group_count; i++)
		proc_print(text, "%u ", credentials->groups[i]);
	proc_print(text, "\n");
}

static void status_capabilities(struct proc_text *text, const struct credentials *credentials)
{
	if (!credentials)
		return;
	proc_print(text, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n",
		   (unsigned long long)credentials->cap_inheritable,
		   (unsigned long long)credentials->cap_permitted,
		   (unsigned long long)credentials->cap_effective);
	proc_print(text, "CapBnd:\t%016llx\nCapAmb:\t%016llx\n",
		   (unsigned long long)credentials->cap_bounding,
		   (unsigned long long)credentials->cap_ambient);
}

static void status_signals(struct proc_text *text, const struct proc_view *view)
{
	proc_print(text, "Threads:\t%u\n", view->threads);
	proc_print(text, "SigQ:\t%u/%llu\n",
		   __builtin_popcountll(view->pending_process | view->pending_thread),
		   (unsigned long long)view->queued_limit);
	proc_print(text, "SigPnd:\t%016llx\nShdPnd:\t%016llx\n",
		   (unsigned long long)view->pending_thread,
		   (unsigned long long)view->pending_process);
	proc_print(text, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		   (unsigned long long)view->blocked, (unsigned long long)view->ignored,
		   (unsigned long long)view->caught);
}

struct memory_use {
	u64 mapped_kb, locked_kb, data_kb, stack_kb, text_kb;
};

static void memory_use_read(struct mm *mm, struct memory_use *use)
{
	*use = (struct memory_use){ 0 };
	lock_acquire(&mm->lock);
	use->mapped_kb = mm->mapped_bytes >> 10;
	use->locked_kb = mm->locked_bytes >> 10;
	for (u32 i = 0; i < mm->area_count; i++) {
		const struct area *area = &mm->areas[i];
		u64 kb = (area->end - area->start) >> 10;

		if (area->flags & AREA_STACK)
			use->stack_kb += kb;
		else if (area->protection & PROT_EXEC)
			use->text_kb += kb;
		else if (area->protection & PROT_WRITE && !(area->flags & AREA_SHARED))
			use->data_kb += kb;
	}
	lock_release(&mm->lock);
}

static void status_memory(struct proc_text *text, struct process *process, u64 resident_kb)
{
	struct mm *mm = proc_mm_get(process);
	struct memory_use use;

	if (!mm)
		return;
	memory_use_read(mm, &use);
	mm_put(mm);
	resident_kb = MIN(resident_kb, use.mapped_kb);
	proc_print(text, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8llu kB\n",
		   (unsigned long long)use.mapped_kb, (unsigned long long)use.mapped_kb,
		   (unsigned long long)use.locked_kb);
	proc_print(text, "VmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n", (unsigned long long)resident_kb,
		   (unsigned long long)resident_kb);
	proc_print(text, "VmData:\t%8llu kB\nVmStk:\t%8llu kB\nVmExe:\t%8llu kB\n",
		   (unsigned long long)use.data_kb, (unsigned long long)use.stack_kb,
		   (unsigned long long)use.text_kb);
}

static u32 process_umask(struct process *process)
{
	struct fs_context *fs = proc_fs_get(process);
	u32 umask = 0;

	if (fs) {
		umask = READ_ONCE(fs->umask);
		fs_context_put(fs);
	}
	return umask;
}

static u32 process_fd_size(struct process *process)
{
	struct fd_table *files = proc_files_get(process);
	u32 capacity = 0;

	if (files) {
		capacity = READ_ONCE(files->capacity);
		fd_table_put(files);
	}
	return capacity;
}

static void status_show_process(struct proc_text *text, struct process *process,
				const struct proc_view *view)
{
	u32 cpus = config()->cpu_count;

	proc_print(text, "Name:\t%s\nUmask:\t%04o\n", view->name, process_umask(process));
	proc_print(text,
		   "State:\t%c (%s)\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t%u\n",
		   view->state, state_name(view->state), view->pid, view->tid, view->parent_pid,
		   view->tracer_pid);
	status_ids(text, view->credentials);
	proc_print(text, "FDSize:\t%u\n", process_fd_size(process));
	status_groups(text, view->credentials);
	proc_print(text, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\n", view->pid, view->tid,
		   view->pgid, view->sid);
	status_memory(text, process, view->times.max_rss_kb);
	status_signals(text, view);
	status_capabilities(text, view->credentials);
	proc_print(text, "NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\n", view->no_new_privs);
	proc_print(text, "Cpus_allowed_list:\t0-%u\n", cpus - 1);
	proc_print(text, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		   (unsigned long long)view->times.voluntary,
		   (unsigned long long)view->times.involuntary);
}

/* Calls print with the process and its state; what most files here begin with. */
static int with_view(struct proc_text *text, const struct proc_key *key,
		     void (*print)(struct proc_text *text, struct process *process,
				   const struct proc_view *view))
{
	struct process *process = process_find(key->pid);
	struct proc_view view;
	int error;

	if (!process)
		return -ESRCH;
	error = proc_view_take(key, &view);
	if (!error) {
		print(text, process, &view);
		proc_view_release(&view);
	}
	process_put(process);
	return error;
}

static int status_show(struct proc_text *text, const struct proc_key *key)
{
	return with_view(text, key, status_show_process);
}

static void print_numbers(struct proc_text *text, const u64 *numbers, u32 count)
{
	for (u32 i = 0; i < count; i++)
		proc_print(text, " %llu", (unsigned long long)numbers[i]);
}

static void stat_show_process(struct proc_text *text, struct process *process,
			      const struct proc_view *view)
{
	struct mm *mm = proc_mm_get(process);
	u64 resident = view->times.max_rss_kb / (PAGE_SIZE >> 10);
	const struct process_times *own = &view->times, *children = &view->children_times;

	proc_print(text, "%u (%s) %c %u %u %u %u %d 4194304", view->tid, view->name, view->state,
		   view->parent_pid, view->pgid, view->sid, view->tty, view->tty_foreground);
	print_numbers(text, (u64[]){ own->minor_faults, children->minor_faults, own->major_faults,
				     children->major_faults, own->user_ns / NS_PER_TICK,
				     own->system_ns / NS_PER_TICK, children->user_ns / NS_PER_TICK,
				     children->system_ns / NS_PER_TICK, 20 + view->nice }, 9);
	proc_print(text, " %d", view->nice);
	print_numbers(text, (u64[]){ view->threads, 0, view->start_ns / NS_PER_TICK,
				     mm ? mm->mapped_bytes : 0, mm ? resident : 0, ~0ull }, 6);
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
	return with_view(text, key, stat_show_process);
}

static void statm_show_process(struct proc_text *text, struct process *process,
			       const struct proc_view *view)
{
	struct mm *mm = proc_mm_get(process);
	struct memory_use use = { 0 };
	u64 page_kb = PAGE_SIZE >> 10;

	if (mm) {
		memory_use_read(mm, &use);
		mm_put(mm);
	}
	proc_print(text, "%llu %llu 0 %llu 0 %llu 0\n",
		   (unsigned long long)(use.mapped_kb / page_kb),
		   (unsigned long long)(MIN(view->times.max_rss_kb, use.mapped_kb) / page_kb),
		   (unsigned long long)(use.text_kb / page_kb),
		   (unsigned long long)((use.data_kb + use.stack_kb) / page_kb));
}

static int statm_show(struct proc_text *text, const struct proc_key *key)
{
	return with_view(text, key, statm_show_process);
}

static void comm_show_process(struct proc_text *text, struct process *process,
			      const struct proc_view *view)
{
	(void)process;
	proc_print(text, "%s\n", view->name);
}

static int comm_show(struct proc_text *text, const struct proc_key *key)
{
	return with_view(text, key, comm_show_process);
}

/* Only threads of the writer's own process can be renamed. */
static int comm_store(const struct proc_key *key, char *data, size_t size)
{
	struct process *process = process_current();
	struct thread *thread;
	int error = -ESRCH;

	if (key->pid != process->pid)
		return -EINVAL;
	if (size && data[size - 1] == '\n')
		data[size - 1] = '\0';
	lock_acquire(&process->signal_lock);
	list_for_each(thread, &process->threads, process_node) {
		if (thread->tid != (key->tid ? key->tid : key->pid))
			continue;
		strlcpy(thread->name, data, sizeof(thread->name));
		error = 0;
	}
	lock_release(&process->signal_lock);
	return error;
}

/* ---- limits ---- */

static const struct {
	const char *name, *unit;
} limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", "" },
	[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void limit_print(struct proc_text *text, u64 value)
{
	if (value == RLIM64_INFINITY)
		proc_print(text, "%-20s ", "unlimited");
	else
		proc_print(text, "%-20llu ", (unsigned long long)value);
}

static int limits_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);

	if (!process)
		return -ESRCH;
	proc_print(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (u32 i = 0; i < RLIM_NLIMITS; i++) {
		proc_print(text, "%-25s ", limit_names[i].name);
		limit_print(text, process->limits[i].rlim_cur);
		limit_print(text, process->limits[i].rlim_max);
		proc_print(text, "%-10s\n", limit_names[i].unit);
	}
	process_put(process);
	return 0;
}

/* ---- small ones ---- */

static int cgroup_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "0::/\n");
	return 0;
}

static int zero_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "0\n");
	return 0;
}

static int oom_adjust_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);

	if (!process)
		return -ESRCH;
	proc_print(text, "%d\n", READ_ONCE(process->oom_score_adj));
	process_put(process);
	return 0;
}

/* A decimal number with an optional sign and white space behind it. 0 or -EINVAL. */
static int integer_parse(const char *text, s32 *number)
{
	bool negative = *text == '-';
	s64 value = 0;

	text += negative || *text == '+';
	if (*text < '0' || *text > '9')
		return -EINVAL;
	while (*text >= '0' && *text <= '9' && value < INT32_MAX)
		value = value * 10 + (*text++ - '0');
	while (*text == '\n' || *text == ' ' || *text == '\t')
		text++;
	*number = negative ? -value : value;
	return *text ? -EINVAL : 0;
}

/* To lower it takes privilege. */
static int oom_adjust_store(const struct proc_key *key, char *data, size_t size)
{
	struct process *process;
	s32 adjust;
	int error = integer_parse(data, &adjust);

	(void)size;
	if (error || adjust < -1000 || adjust > 1000)
		return -EINVAL;
	process = process_find(key->pid);
	if (!process)
		return -ESRCH;
	if (adjust < process->oom_score_adj &&
	    !credentials_capable(process_current()->credentials, CAP_SYS_RESOURCE))
		error = -EACCES;
	else
		WRITE_ONCE(process->oom_score_adj, adjust);
	process_put(process);
	return error;
}

static int loginuid_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "4294967295");
	return 0;
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

/* ---- the tables ---- */

#define ROWS_OF_BOTH \
	PROC_DIRECTORY("fd", 0500, &proc_fd_directory), \
	PROC_DIRECTORY("fdinfo", 0555, &proc_fdinfo_directory), \
	PROC_DIRECTORY("net", 0555, &proc_net_directory), \
	PROC_FILE("environ", 0400, proc_environ_show), \
	PROC_FILE("auxv", 0400, proc_auxv_show), \
	PROC_FILE("status", 0444, status_show), \
	PROC_FILE("limits", 0444, limits_show), \
	{ .name = "comm", .mode = S_IFREG | 0644, .show = comm_show, .store = comm_store }, \
	PROC_FILE("cmdline", 0444, proc_cmdline_show), \
	PROC_FILE("stat", 0444, stat_show), \
	PROC_FILE("statm", 0444, statm_show), \
	PROC_FILE("maps", 0444, proc_maps_show), \
	{ .name = "mem", .mode = S_IFREG | 0600, .operations = &proc_mem_operations, \
	  .open = proc_mem_open }, \
	PROC_MAGIC("cwd", proc_cwd_link, proc_cwd_follow), \
	PROC_MAGIC("root", proc_root_link, proc_root_follow), \
	PROC_MAGIC("exe", proc_exe_link, proc_exe_follow), \
	PROC_FILE("mounts", 0444, proc_mounts_show), \
	PROC_FILE("mountinfo", 0444, proc_mountinfo_show), \
	PROC_FILE("cgroup", 0444, cgroup_show), \
	PROC_FILE("oom_score", 0444, zero_show), \
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644, .show = oom_adjust_show, \
	  .store = oom_adjust_store }, \
	PROC_FILE("loginuid", 0444, loginuid_show)

static const struct proc_row thread_rows[] = { ROWS_OF_BOTH };
static const struct proc_directory thread_directory = PROC_TABLE(thread_rows);
static const struct proc_row thread_row = PROC_DIRECTORY("", 0555, &thread_directory);

static const struct proc_numbers task_numbers = {
	.next = task_next,
	.key_set = task_key_set,
	.row = &thread_row,
};
static const struct proc_directory task_directory = { .numbers = &task_numbers };

static const struct proc_row process_rows[] = {
	PROC_DIRECTORY("task", 0555, &task_directory),
	ROWS_OF_BOTH,
};
static const struct proc_directory process_directory = PROC_TABLE(process_rows);

const struct proc_row proc_process_row = PROC_DIRECTORY("", 0555, &process_directory);
