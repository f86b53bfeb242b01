/* SPDX-License-Identifier: MIT */
/*
 * What files of /proc know about processes. Ids and states are read under process_tree_lock and
 * signal_lock; the parts of a process (mm, files, fs, exe_file, credentials) are replaced under its
 * exec_lock and signal_lock, and a reference is taken here under the latter.
 */
#include <asm/unistd_64.h>
#include <linux/resource.h>

#include "arch/x86_64/regs.h"
#include "core/channel.h"
#include "core/host.h"
#include "core/string.h"
#include "fs/proc.h"
#include "memory/mm.h"
#include "process/ptrace.h"
#include "process/times.h"
#include "signal/signal.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"
#include "tty/tty.h"

int proc_may_inspect(struct process *process)
{
	return ptrace_may_access(process, PTRACE_FS_IDS) ? 0 : -EACCES;
}

struct mm *proc_mm_get(struct process *process)
{
	struct mm *mm;

	lock_acquire(&process->signal_lock);
	mm = process->mm;
	if (mm)
		refcount_get(&mm->references);
	lock_release(&process->signal_lock);
	return mm;
}

struct fd_table *proc_files_get(struct process *process)
{
	struct fd_table *files;

	lock_acquire(&process->signal_lock);
	files = process->files;
	if (files)
		refcount_get(&files->references);
	lock_release(&process->signal_lock);
	return files;
}

struct fs_context *proc_fs_get(struct process *process)
{
	struct fs_context *fs;

	lock_acquire(&process->signal_lock);
	fs = process->fs;
	if (fs)
		fs_context_get(fs);
	lock_release(&process->signal_lock);
	return fs;
}

struct file *proc_exe_get(struct process *process)
{
	struct file *exe;

	lock_acquire(&process->signal_lock);
	exe = process->exe_file;
	if (exe)
		file_get(exe);
	lock_release(&process->signal_lock);
	return exe;
}

/* ---- A process at one moment ---- */

static char thread_state(const struct process *process, const struct thread *thread)
{
	/* The layer's own process only ever sleeps in the host. */
	if (process == init_process)
		return 'S';
	/* Also a leader that ended before its other threads. */
	if (process->state != PROCESS_RUNNING || !thread)
		return 'Z';
	if (thread->player)
		return 'D';
	if (thread->tracee && (thread->tracee->state == TRACEE_STOPPED ||
			       thread->tracee->state == TRACEE_LISTENS))
		return 't';
	if (process->stopped && !thread->tracee)
		return 'T';
	return thread != thread_current() &&
	       (READ_ONCE(thread->parked) || READ_ONCE(thread->host_waits)) ? 'S' : 'R';
}

static bool process_threads_count(struct process *process, void *data)
{
	struct proc_thread_count *count = data;
	struct thread *thread;

	lock_acquire(&process->signal_lock);
	list_for_each(thread, &process->threads, process_node) {
		count->all++;
		count->running += thread_state(process, thread) == 'R';
	}
	lock_release(&process->signal_lock);
	return false;
}

void proc_threads_count(struct proc_thread_count *count)
{
	*count = (struct proc_thread_count){ 0 };
	process_for_each(process_threads_count, count);
}

/* A process without threads (a zombie) still has the name of its program; init has none. */
static void view_name(struct proc_view *view, const struct process *process,
		      const struct thread *thread)
{
	const char *path = process->exe_path ? process->exe_path : "mezzo",
		   *slash = strrchr(path, '/');

	strlcpy(view->name, thread ? thread->name : slash ? slash + 1 : path, sizeof(view->name));
}

static void view_signals_locked(struct proc_view *view, const struct process *process,
				const struct thread *thread)
{
	for (u32 i = 0; i < SIGNAL_COUNT; i++) {
		if (process->actions[i].handler == (uptr)SIG_IGN)
			view->ignored |= SIGNAL_BIT(i + 1);
		else if (process->actions[i].handler != (uptr)SIG_DFL)
			view->caught |= SIGNAL_BIT(i + 1);
	}
	view->pending_process = process->pending;
	if (!thread)
		return;
	view->pending_thread = thread->pending;
	view->blocked = thread->signal_mask;
}

struct thread *proc_thread_locked(const struct process *process, const struct proc_key *key)
{
	u32 tid = key->tid ? key->tid : key->pid;
	struct thread *thread;

	list_for_each(thread, &process->threads, process_node)
		if (thread->tid == tid)
			return thread;
	return NULL;
}

/*
 * A thread that sleeps in a call has its registers in its block, where they stay until it runs
 * again: after it was looked at, it may.
 */
static void view_call_locked(struct proc_view *view, const struct thread *thread)
{
	const struct regs *regs = thread ? READ_ONCE(thread->regs) : NULL;

	view->in_call = regs && (view->state == 'S' || thread == thread_current());
	if (!view->in_call)
		return;
	view->call = regs->orig_rax;
	memcpy(view->arguments, (u64[]){ regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8,
					 regs->r9 }, sizeof(view->arguments));
	view->stack_pointer = regs->rsp;
	view->instruction = regs->rip;
}

static int view_fill_locked(struct proc_view *view, struct process *process,
			    const struct proc_key *key)
{
	struct thread *thread = proc_thread_locked(process, key);

	if (key->tid && !thread)
		return -ESRCH;
	view->tid = key->tid ? key->tid : key->pid;
	view->host_tid = thread ? thread->host_tid : 0;
	view->host_tgid = thread ? thread->host_tgid : 0;
	/* The first thread may end before the others do: it is a zombie until they have. */
	view->state = thread_state(process, thread);
	if (thread && thread->tracee)
		view->tracer_pid = thread->tracee->tracer->pid;
	view->threads = process->thread_count;
	view->nice = process->nice;
	view->no_new_privs = process->no_new_privs;
	view->exit_status = process->exit_status;
	view->exit_signal = process->exit_signal;
	view->start_ns = process->start_ns;
	view->queued_limit = process->limits[RLIMIT_SIGPENDING].rlim_cur;
	view->credentials = process->credentials;
	if (view->credentials)
		refcount_get(&view->credentials->references);
	view_call_locked(view, thread);
	view_name(view, process, thread);
	view_signals_locked(view, process, thread);
	return 0;
}

/* Of others the host tells no more than the CPU time. */
static void view_times_process(struct proc_view *view, const struct process *process)
{
	struct process_times now;

	if (view->state == 'Z')
		return;
	if (process == process_current()) {
		process_times_self(&view->times);
	} else if (!process->is_played) {
		host_times_read(HOST_PROCESS_CLOCK(process->host_tgid), &now);
		process_times_add(&view->times, &now);
	}
}

/* Of other processes' threads the host tells nothing: an only one has used what its process did. */
static void view_times_thread(struct proc_view *view, const struct process *process)
{
	u64 max_rss_kb = view->times.max_rss_kb;

	if (process != process_current() && view->threads == 1)
		return;
	memset(&view->times, 0, sizeof(view->times));
	if (view->tid == thread_current()->tid)
		process_times_read(RUSAGE_THREAD, &view->times);
	else if (view->host_tid)
		host_times_read(HOST_THREAD_CLOCK(view->host_tid), &view->times);
	view->times.max_rss_kb = MAX(view->times.max_rss_kb, max_rss_kb);
}

static void view_processors(struct proc_view *view)
{
	u32 last = config()->cpu_count - 1;
	long size = -ESRCH;

	if (view->host_tid)
		size = host_call3(__NR_sched_getaffinity, view->host_tid, sizeof(view->processors),
				  view->processors);
	/* One that has ended could run anywhere. */
	for (u32 i = 0; size < 0 && i <= last; i++)
		view->processors[i / 64] |= 1ull << i % 64;
	for (u32 i = last; i < PROC_PROCESSORS_MAX; i++)
		if (view->processors[i / 64] >> i % 64 & 1)
			last = i;
	view->processor_count = last + 1;
}

int proc_view_take(const struct proc_key *key, struct proc_view *view)
{
	struct process *process = process_find(key->pid);
	int error;

	if (!process)
		return -ESRCH;
	*view = (struct proc_view){ .pid = process->pid };
	lock_acquire(&process_tree_lock);
	view->parent_pid = process->parent ? process->parent->pid : 0;
	view->pgid = process->pgid;
	view->sid = process->sid;
	view->tty = process->tty ? process->tty->device : 0;
	view->tty_foreground = process->tty ? (s32)process->tty->foreground : -1;
	view->times = process->own_times;
	view->children_times = process->children_times;
	lock_acquire(&process->signal_lock);
	error = view_fill_locked(view, process, key);
	lock_release(&process->signal_lock);
	lock_release(&process_tree_lock);
	if (!error) {
		view_times_process(view, process);
		if (key->tid)
			view_times_thread(view, process);
		view_processors(view);
	}
	process_put(process);
	return error;
}

void proc_view_release(struct proc_view *view)
{
	credentials_put(view->credentials);
}

int proc_with_view(struct proc_text *text, const struct proc_key *key,
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
