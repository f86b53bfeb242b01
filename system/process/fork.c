/* SPDX-License-Identifier: MIT */
/*
 * clone(2) and its family.
 *
 * A thread is a host thread. A child with memory of its own is a host fork, made while the locks of
 * the parent's mm are held, so that the copy and its record agree. A child of vfork is played by
 * the parent's thread (vfork.c).
 */
#include "process/fork.h"

#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <linux/sched.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/patch.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "core/wait.h"
#include "ipc/pidfd.h"
#include "ipc/sysv_sem.h"
#include "memory/mm.h"
#include "memory/mm_private.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "process/thread.h"
#include "process/vfork.h"
#include "signal/signal.h"
#include "syscalls.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"

#define CLONE_NAMESPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
				 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define HOST_THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
				 CLONE_SYSVSEM)
#define HOST_PROCESS_FLAGS	(CLONE_FILES | CLONE_PARENT | SIGCHLD)

struct clone_request {
	u64 flags;		/* CLONE_*, without the signal */
	u32 exit_signal;
	uptr stack;		/* 0: the caller's */
	uptr parent_tid, child_tid, tls;
	uptr pidfd;		/* CLONE_PIDFD: where the parent finds it */
	u32 event;		/* PTRACE_EVENT_* for a tracer; 0: none */
};

/* ---- What a child inherits ---- */

static void thread_inherit(struct thread *thread, const struct thread *parent,
			   const struct clone_request *request)
{
	*thread->regs = *parent->regs;
	ptrace_step_clear(thread->regs, parent);
	thread->regs->rax = 0;
	thread->regs->orig_rax = -1ul;
	if (request->stack)
		thread->regs->rsp = request->stack;
	thread->flags = parent->flags & THREAD_TRAPPED;
	thread->signal_mask = parent->signal_mask;
	thread->timer_slack_ns = parent->timer_slack_ns;
	thread->memory_policy = parent->memory_policy;
	thread->gs_base = parent->gs_base;
	memcpy(thread->name, parent->name, sizeof(thread->name));
	if (request->flags & CLONE_CHILD_CLEARTID)
		thread->clear_tid = request->child_tid;
	if (!(request->flags & CLONE_VM) || (request->flags & CLONE_VFORK)) {
		thread->altstack_base = parent->altstack_base;
		thread->altstack_size = parent->altstack_size;
		thread->altstack_flags = parent->altstack_flags;
	}
}

/* What is ignored stays so; what has a handler is default again. */
static void actions_clear(struct signal_action *actions)
{
	for (int i = 0; i < SIGNAL_COUNT; i++) {
		bool ignored = actions[i].handler == (uptr)SIG_IGN;

		actions[i] = (struct signal_action){ .handler = ignored ? (uptr)SIG_IGN : 0 };
	}
}

static void plain_fields_inherit(struct process *child, struct process *parent)
{
	memcpy(child->limits, parent->limits, sizeof(child->limits));
	child->dumpable = parent->dumpable;
	child->no_new_privs = parent->no_new_privs;
	child->keep_caps = parent->keep_caps;
	child->nice = parent->nice;
	child->io_priority = parent->io_priority;
	child->personality = parent->personality;
	child->no_huge_pages = parent->no_huge_pages;
	child->memory_failure_policy = parent->memory_failure_policy;
	child->oom_score_adj = parent->oom_score_adj;
	child->login_uid = parent->login_uid;
	child->core_filter = parent->core_filter;
	child->credentials = parent->credentials;
	refcount_get(&child->credentials->references);
	lock_acquire(&parent->signal_lock);
	memcpy(child->actions, parent->actions, sizeof(child->actions));
	lock_release(&parent->signal_lock);
}

static int files_inherit(struct process *child, struct process *parent, u64 flags)
{
	if (flags & CLONE_FILES) {
		refcount_get(&parent->files->references);
		child->files = parent->files;
	} else {
		child->files = fd_table_copy(parent->files);
	}
	if (flags & CLONE_FS) {
		fs_context_get(parent->fs);
		child->fs = parent->fs;
	} else {
		child->fs = fs_context_copy(parent->fs);
	}
	return child->files && child->fs ? 0 : -ENOMEM;
}

static int exe_inherit(struct process *child, struct process *parent)
{
	if (parent->exe_path) {
		child->exe_path = heap_strdup(parent->exe_path);
		if (!child->exe_path)
			return -ENOMEM;
	}
	child->exe_file = parent->exe_file;
	if (child->exe_file)
		file_get(child->exe_file);
	return 0;
}

static bool over_process_limit(const struct process *parent)
{
	u64 limit = parent->limits[RLIMIT_NPROC].rlim_cur;

	if (!parent->credentials->uid || credentials_capable(parent->credentials, CAP_SYS_RESOURCE))
		return false;
	return process_count() >= limit;
}

/* A child process without memory and threads. ERROR_PTR. */
static struct process *child_create(struct process *parent, const struct clone_request *request)
{
	struct process *child;
	int error;

	if (over_process_limit(parent))
		return ERROR_PTR(-EAGAIN);
	child = process_create();
	if (IS_ERROR(child))
		return child;
	plain_fields_inherit(child, parent);
	if (request->flags & CLONE_CLEAR_SIGHAND)
		actions_clear(child->actions);
	/* A sibling tells the common parent by the same signal as its maker. */
	child->exit_signal = request->flags & CLONE_PARENT ? parent->exit_signal
							   : request->exit_signal;
	error = files_inherit(child, parent, request->flags) ?: exe_inherit(child, parent);
	if (!error && (request->flags & CLONE_SYSVSEM))
		error = sem_undo_share(child, parent);
	if (error) {
		process_release_resources(child);
		process_discard(child);
		return ERROR_PTR(error);
	}
	return child;
}

/*
 * A parent that asks for it gets a sibling. -ERESTARTNOINTR where a signal is to be taken before: the
 * child would escape one that was sent to all processes, or to a group.
 */
static int child_publish(struct process *child, struct process *parent, u64 flags)
{
	struct process *tree_parent = parent;
	struct thread *self = thread_current();
	bool late;

	if (flags & CLONE_PARENT)
		tree_parent = parent->parent;
	lock_acquire(&process_tree_lock);
	lock_acquire(&parent->signal_lock);
	late = signal_precedes_fork_locked(self);
	/* Where it is another thread's, this one begins anew all the same. */
	if (late)
		atomic_or(&self->work, WORK_SIGNAL);
	lock_release(&parent->signal_lock);
	if (!late) {
		child->pgid = parent->pgid;
		child->sid = parent->sid;
		child->tty = parent->tty;
		process_publish_locked(child, tree_parent);
	}
	lock_release(&process_tree_lock);
	return late ? -ERESTARTNOINTR : 0;
}

/*
 * Gives the calling process a pidfd of its child, whose own descriptors were copied before: 0 or
 * -errno. *fd: to be closed where the child can't begin; -1 for none.
 */
static int pidfd_give(struct process *child, const struct clone_request *request, int *fd)
{
	*fd = -1;
	if (!(request->flags & CLONE_PIDFD))
		return 0;
	*fd = pidfd_install(child, 0);
	if (*fd < 0)
		return *fd;
	return put_user(*fd, request->pidfd);
}

static void pidfd_take_back(int fd)
{
	if (fd >= 0)
		fd_close(process_current()->files, fd);
}

/* ---- Threads ---- */

static __noreturn void child_run(struct thread *thread)
{
	uptr child_tid = (uptr)thread->start_argument;

	/* As on Linux, a bad address is the program's own problem. */
	if (child_tid && put_user(thread->tid, child_tid))
		log_verbose("thread %u: no room for its id", thread->tid);
	thread_go_to_program(thread->regs);
}

/* Where a new thread begins, or a process that shares memory, on its own kernel stack. */
static void child_start(struct thread *thread)
{
	host_thread_enter(thread);
	if (!thread->process->host_tgid)
		thread->process->host_tgid = thread->host_tgid;
	child_run(thread);
}

/* The same for a child with a copy of the memory. */
static void fork_start(struct thread *thread)
{
	host_thread_enter(thread);
	thread->process->host_tgid = thread->host_tgid;
	mm_drop_uninherited(thread->process->mm);
	child_run(thread);
}

static long thread_clone(struct thread *self, const struct clone_request *request)
{
	u64 host_flags = HOST_THREAD_FLAGS | (request->flags & CLONE_SETTLS);
	struct thread *thread = thread_create(self->process, 0, true);
	struct tracee *tracee;
	u32 tid;
	int error;

	if (!thread)
		return -EAGAIN;
	tid = thread->tid;
	tracee = ptrace_child_create(request->flags, request->event, &error);
	thread_inherit(thread, self, request);
	thread->start_argument =
		(void *)(request->flags & CLONE_CHILD_SETTID ? request->child_tid : 0);
	if (!error && (request->flags & CLONE_PARENT_SETTID))
		error = put_user(tid, request->parent_tid);
	if (!error)
		error = thread_publish(thread);
	if (error) {
		tracee_put(tracee);
		id_free(tid);
		thread_free(thread);
		return error;
	}
	ptrace_child_attach(thread, tracee);
	error = (int)host_thread_start(thread, host_flags, request->tls, child_start);
	if (!error)
		return tid;
	thread_unpublish(thread);
	thread_free(thread);
	return error;
}

/* ---- Processes ---- */

/* It never ran. Whoever waits for it looks again. */
static void child_withdraw(struct process *child)
{
	struct process *parent;

	process_release_resources(child);
	lock_acquire(&process_tree_lock);
	parent = child->parent;
	process_release_locked(child);
	wait_queue_wake_all(&parent->child_wait, 0);
	lock_release(&process_tree_lock);
}

void process_withdraw(struct process *process, struct thread *thread)
{
	thread_unpublish(thread);
	thread_free(thread);
	child_withdraw(process);
}

/* The copy of the memory and its record: both locks keep jumps from being half written. */
static long host_fork(struct process *child, struct thread *thread, struct mm *mm, u64 flags,
		      uptr tls)
{
	long error = 0;

	lock_acquire(&mm->lock);
	lock_acquire(&mm->stub_lock);
	sites_patch_known(mm);
	if (flags & CLONE_VM) {
		refcount_get(&mm->references);
		child->mm = mm;
	} else {
		child->mm = mm_copy_locked(mm);
		if (!child->mm)
			error = -ENOMEM;
	}
	if (!error)
		error = host_thread_start(thread,
					  HOST_PROCESS_FLAGS | (flags & (CLONE_VM | CLONE_SETTLS)),
					  tls, flags & CLONE_VM ? child_start : fork_start);
	lock_release(&mm->stub_lock);
	lock_release(&mm->lock);
	return error;
}

/* The child runs: its parent's tracer hears of it, and a parent that lent it its memory waits. */
static void child_tell(struct process *child, const struct clone_request *request, u32 pid)
{
	struct thread *self = thread_current();

	if (request->event)
		ptrace_event(request->event, pid);
	if (!(request->flags & CLONE_VFORK))
		return;
	wait_event_uninterruptible(&child->thread_wait, READ_ONCE(child->has_execed) ||
							 !READ_ONCE(child->mm) ||
							 thread_is_ending(self));
	ptrace_event(PTRACE_EVENT_VFORK_DONE, pid);
}

/* The child has all it needs, and is published: its thread has the first word. */
static long child_begin(struct process *child, struct thread *thread, struct tracee *tracee,
			const struct clone_request *request)
{
	u32 pid = child->pid;
	long error;

	process_get(child);
	error = thread_publish(thread);
	if (error)
		tracee_put(tracee);
	else
		ptrace_child_attach(thread, tracee);
	if (!error)
		error = host_fork(child, thread, process_current()->mm, request->flags,
				  request->tls);
	if (error)
		process_withdraw(child, thread);
	else
		child_tell(child, request, pid);
	process_put(child);
	return error ? error : pid;
}

static long process_clone(struct thread *self, const struct clone_request *request)
{
	struct process *parent = self->process, *child = child_create(parent, request);
	struct thread *thread;
	struct tracee *tracee = NULL;
	int error, pidfd;
	long result;

	if (IS_ERROR(child))
		return PTR_ERROR(child);
	error = pidfd_give(child, request, &pidfd);
	thread = error ? NULL : thread_create(child, child->pid, request->flags & CLONE_VM);
	if (thread)
		tracee = ptrace_child_create(request->flags, request->event, &error);
	if (thread && !error && (request->flags & CLONE_PARENT_SETTID))
		error = put_user(child->pid, request->parent_tid);
	if (thread && !error)
		error = child_publish(child, parent, request->flags);
	if (!thread || error) {
		tracee_put(tracee);
		if (thread)
			thread_free(thread);
		pidfd_take_back(pidfd);
		process_release_resources(child);
		process_discard(child);
		return error ? error : -EAGAIN;
	}
	thread_inherit(thread, self, request);
	thread->start_argument =
		(void *)(request->flags & CLONE_CHILD_SETTID ? request->child_tid : 0);
	result = child_begin(child, thread, tracee, request);
	if (result < 0)
		pidfd_take_back(pidfd);
	return result;
}

/* ---- vfork ---- */

static long vfork_play(struct thread *self, const struct clone_request *request)
{
	struct process *parent = self->process, *child = child_create(parent, request);
	struct vfork_frame *frame = NULL;
	long error;
	int pidfd;

	if (IS_ERROR(child))
		return PTR_ERROR(child);
	error = pidfd_give(child, request, &pidfd);
	if (!error)
		frame = vfork_frame_create(child);
	if (frame) {
		refcount_get(&parent->mm->references);
		child->mm = parent->mm;
		child->host_tgid = self->host_tgid;
		error = child_publish(child, parent, request->flags);
	}
	if (!frame || error) {
		pidfd_take_back(pidfd);
		process_release_resources(child);
		process_discard(child);
		if (frame)
			vfork_frame_free(frame);
		return error ? error : -ENOMEM;
	}
	error = vfork_begin(frame);
	if (error) {
		pidfd_take_back(pidfd);
		child_withdraw(child);
		vfork_frame_free(frame);
		return error;
	}
	if ((request->flags & CLONE_PARENT_SETTID) && put_user(child->pid, request->parent_tid))
		log_verbose("vfork: no room for the child's id");
	if (request->stack)
		self->regs->rsp = request->stack;
	if (request->flags & CLONE_SETTLS)
		fs_base_set(request->tls);
	return 0;
}

/* ---- System calls ---- */

static long flags_check(const struct clone_request *request)
{
	u64 flags = request->flags;

	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_FS) && (flags & CLONE_NEWNS))
		return -EINVAL;
	if (flags & CLONE_NAMESPACES)
		return -EPERM;
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
		return -EINVAL;
	if ((flags & CLONE_CLEAR_SIGHAND) && (flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SETTLS) && !user_range_ok(request->tls, 0))
		return -EPERM;
	if ((flags & CLONE_PARENT) && process_current()->pid == FIRST_PROGRAM_PID)
		return -EINVAL;
	return 0;
}

/* A traced thread's vfork is a clone that waits: child and parent may both have to stop. */
static bool is_played(const struct clone_request *request)
{
	return (request->flags & (CLONE_VFORK | CLONE_VM)) == (CLONE_VFORK | CLONE_VM) &&
	       !(READ_ONCE(thread_current()->work) & WORK_PTRACE);
}

static long clone_do(struct clone_request *request)
{
	struct thread *self = thread_current();
	long error = flags_check(request), result;

	if (error)
		return error;
	if (is_played(request))
		return vfork_play(self, request);
	if (READ_ONCE(self->work) & WORK_PTRACE)
		request->event = ptrace_clone_event(request->flags, request->exit_signal);
	if (!(request->flags & CLONE_THREAD))
		return process_clone(self, request);
	result = thread_clone(self, request);
	if (result > 0 && request->event)
		ptrace_event(request->event, (u64)result);
	return result;
}

long sys_clone(u64 flags, uptr stack, uptr parent_tid, uptr child_tid, u64 tls)
{
	struct clone_request request = {
		.flags = (flags & ~0xfful) & 0xffffffff,
		.exit_signal = flags & 0xff,
		.stack = stack,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.tls = tls,
		.pidfd = parent_tid,
	};

	/* Both would be told at one address. */
	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
		return -EINVAL;
	return clone_do(&request);
}

long sys_fork(void)
{
	struct clone_request request = { .exit_signal = SIGCHLD };

	return clone_do(&request);
}

long sys_vfork(void)
{
	struct clone_request request = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

	return clone_do(&request);
}

/*
 * struct clone_args: what lies behind the size that the program knows is zero; more than we know
 * must be.
 */
static long clone_args_read(uptr address, size_t size, struct clone_args *args)
{
	u8 rest;

	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(args, 0, sizeof(*args));
	if (copy_from_user(args, address, MIN(size, sizeof(*args))))
		return -EFAULT;
	for (size_t i = sizeof(*args); i < size; i++) {
		if (get_user(rest, address + i))
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	return 0;
}

long sys_clone3(uptr address, size_t size)
{
	struct clone_request request;
	struct clone_args args;
	long error = clone_args_read(address, size, &args);

	if (error)
		return error;
	if (args.flags & (CLONE_DETACHED | 0xff) || args.flags >> 32 & ~(CLONE_CLEAR_SIGHAND >> 32) ||
	    args.exit_signal > SIGNAL_COUNT)
		return -EINVAL;
	if (!args.stack != !args.stack_size || args.set_tid_size)
		return -EINVAL;
	if (((args.flags & (CLONE_THREAD | CLONE_PARENT)) && args.exit_signal) ||
	    !user_range_ok(args.stack, args.stack_size))
		return -EINVAL;
	request = (struct clone_request){
		.flags = args.flags, .exit_signal = args.exit_signal,
		.stack = args.stack ? args.stack + args.stack_size : 0,
		.parent_tid = args.parent_tid, .child_tid = args.child_tid, .tls = args.tls,
		.pidfd = args.pidfd,
	};
	return clone_do(&request);
}
