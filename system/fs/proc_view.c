/* SPDX-License-Identifier: MIT */
/*
 * What files of /proc know about processes. Ids and states are read under process_tree_lock and
 * signal_lock; the parts of a process (mm, files, fs, exe_file, credentials) are replaced under its
 * exec_lock and signal_lock, and a reference is taken here under the latter.
 */
#include <asm/unistd_64.h>
#include <linux/resource.h>

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

/* The host's clock of a process's processor time, by its id in the domain's namespace. */

int proc_may_inspect(struct process *process)
{
	return ptrace_may_access(process) ? 0 : -EACCES;
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

static struct thread *view_thread_locked(const struct process *process, u32 tid)
{
	struct thread *thread;

	list_for_each(thread, &process->threads, process_node)
		if (thread->tid == tid)
			return thread;
	return NULL;
}

static int view_fill_locked(struct proc_view *view, struct process *process,
			    const struct proc_key *key)
{
	struct thread *thread = view_thread_locked(process, key->tid ? key->tid : key->pid);

	if (key->tid && !thread)
		return -ESRCH;
	view->tid = key->tid ? key->tid : key->pid;
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
	view_name(view, process, thread);
	view_signals_locked(view, process, thread);
	return 0;
}

static void view_times(struct proc_view *view, const struct process *process)
{
	struct __kernel_timespec time;

	if (view->state == 'Z')
		return;
	if (process == process_current())
		process_times_self(&view->times);
	else if (!process->is_played &&
		 !host_call2(__NR_clock_gettime, HOST_PROCESS_CLOCK(process->host_tgid), &time))
		view->times.user_ns += time.tv_sec * 1000000000ull + time.tv_nsec;
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
	if (!error)
		view_times(view, process);
	process_put(process);
	return error;
}

void proc_view_release(struct proc_view *view)
{
	if (view->credentials)
		credentials_put(view->credentials);
}
