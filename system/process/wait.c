/* SPDX-License-Identifier: MIT */
/*
 * wait4 and waitid: looking through the children, and the threads that the process traces, under
 * process_tree_lock, and sleeping on child_wait where none has anything to tell.
 */
#include <linux/resource.h>
#include <linux/wait.h>

#include "core/string.h"
#include "ipc/pidfd.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "process/times.h"
#include "signal/signal.h"
#include "syscalls.h"
#include "vfs/file.h"

struct wait_request {
	u32 type;		/* P_ALL, P_PID, P_PGID, P_PIDFD */
	u32 id;
	struct file *pidfd;	/* P_PIDFD: reference held */
	/* WEXITED, WSTOPPED, WCONTINUED, WNOWAIT, WNOHANG, __WALL, __WCLONE */
	u32 options;

	/* The answer. */
	u32 pid;
	u32 uid;
	int code;		/* CLD_* */
	u32 status;		/* wait status */
	struct process_times times;
	long error;
};

static bool child_matches(const struct wait_request *request, const struct process *child)
{
	bool is_clone = child->exit_signal != SIGCHLD;

	if (!(request->options & __WALL) && is_clone != !!(request->options & __WCLONE))
		return false;
	switch (request->type) {
	case P_PID:
		return child->pid == request->id;
	case P_PGID:
		return child->pgid == request->id;
	case P_PIDFD:
		return child == pidfd_process(request->pidfd);
	default:
		return true;
	}
}

static void answer_fill(struct wait_request *request, struct process *child, int code, u32 status)
{
	request->pid = child->pid;
	request->uid = child->credentials ? child->credentials->uid : 0;
	request->code = code;
	request->status = status;
	request->times = child->own_times;
	process_times_add(&request->times, &child->children_times);
}

static bool zombie_take(struct wait_request *request, struct process *child)
{
	u32 status = child->exit_status;

	if (!(request->options & WEXITED) || child->state != PROCESS_ZOMBIE ||
	    ptrace_hides_locked(child))
		return false;
	answer_fill(request, child, wait_code(status), status);
	if (request->options & WNOWAIT)
		return true;
	process_times_add(&child->parent->children_times, &request->times);
	io_counts_add(&child->parent->io, &child->io);
	process_release_locked(child);
	return true;
}

static bool stopped_take(struct wait_request *request, struct process *child)
{
	bool taken = false;

	if (!(request->options & (WSTOPPED | WCONTINUED)) || child->state != PROCESS_RUNNING)
		return false;
	lock_acquire(&child->signal_lock);
	/* A tracer hears of each thread's stop instead. */
	if ((request->options & WSTOPPED) && child->stopped && child->stop_unreported &&
	    (!child->leader_tracee || ptrace_hides_locked(child))) {
		answer_fill(request, child, CLD_STOPPED, child->stop_signal << 8 | 0x7f);
		if (!(request->options & WNOWAIT))
			child->stop_unreported = false;
		taken = true;
	} else if ((request->options & WCONTINUED) && child->continue_unreported) {
		answer_fill(request, child, CLD_CONTINUED, 0xffff);
		if (!(request->options & WNOWAIT))
			child->continue_unreported = false;
		taken = true;
	}
	lock_release(&child->signal_lock);
	return taken;
}

/* ---- Those that are traced ---- */

static bool tracee_matches(const struct wait_request *request, const struct tracee *tracee)
{
	switch (request->type) {
	case P_PID:
		return tracee->tid == request->id;
	case P_PGID:
		return tracee->process->pgid == request->id;
	case P_PIDFD:
		return tracee->process == pidfd_process(request->pidfd) &&
		       tracee->tid == tracee->process->pid;
	default:
		return true;
	}
}

static void tracee_answer(struct wait_request *request, const struct tracee *tracee, int code,
			  u32 status)
{
	answer_fill(request, tracee->process, code, status);
	request->pid = tracee->tid;
}

/*
 * A thread by itself, or a process that is another's child: who waits for that comes after the
 * tracer.
 */
static bool tracee_end_take(struct wait_request *request, struct tracee *tracee)
{
	struct process *process = tracee->process;
	bool of_process = tracee == process->leader_tracee;
	u32 status = of_process ? process->exit_status : tracee->exit_status;

	if (!(request->options & WEXITED))
		return false;
	if (of_process ? process->state != PROCESS_ZOMBIE || !ptrace_hides_locked(process)
		       : tracee->state != TRACEE_ENDED)
		return false;
	tracee_answer(request, tracee, wait_code(status), status);
	if (!(request->options & WNOWAIT))
		ptrace_detach_locked(tracee, 0);
	return true;
}

static bool tracee_stop_take(struct wait_request *request, struct tracee *tracee)
{
	struct process *process = tracee->process;
	bool taken;

	lock_acquire(&process->signal_lock);
	taken = tracee->state == TRACEE_STOPPED && tracee->unreported;
	if (taken) {
		tracee_answer(request, tracee, CLD_TRAPPED, tracee->code << 8 | 0x7f);
		if (!(request->options & WNOWAIT))
			tracee->unreported = false;
	}
	lock_release(&process->signal_lock);
	return taken;
}

/* One look at all tracees. *found: there is one that the request is about. */
static bool tracees_look(struct wait_request *request, struct process *self, bool *found)
{
	struct tracee *tracee;

	list_for_each(tracee, &self->tracees, node) {
		if (!tracee_matches(request, tracee))
			continue;
		*found = true;
		if (tracee_end_take(request, tracee) || tracee_stop_take(request, tracee))
			return true;
	}
	return false;
}

/*
 * One look at all children: true where the answer is known, be it an error or "nothing yet" for
 * WNOHANG.
 */
static bool wait_look(struct wait_request *request, struct process *self)
{
	struct process *child;
	bool found = false, done = false;

	lock_acquire(&process_tree_lock);
	list_for_each(child, &self->children, sibling_node) {
		if (!child_matches(request, child))
			continue;
		found = true;
		done = zombie_take(request, child) || stopped_take(request, child);
		if (done)
			break;
	}
	done = done || tracees_look(request, self, &found);
	lock_release(&process_tree_lock);
	if (!found) {
		request->error = -ECHILD;
		done = true;
	}
	return done || (request->options & WNOHANG);
}

/* The pid of the child that answers (0: none yet, with WNOHANG), or -errno. */
static long wait_for_child(struct wait_request *request)
{
	struct process *self = process_current();
	int error = wait_event(&self->child_wait, wait_look(request, self), FOREVER);

	if (error)
		return error;
	return request->error ? request->error : (long)request->pid;
}

static u32 own_group(void)
{
	return process_current()->pgid;
}

static int usage_put(uptr address, const struct process_times *times)
{
	struct rusage usage;

	process_times_to_rusage(times, &usage);
	return put_user(usage, address);
}

long sys_wait4(s32 pid, uptr status_address, int options, uptr usage_address)
{
	struct wait_request request = { .options = options | WEXITED };
	long result;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == (s32)0x80000000)
		return -ESRCH;
	request.type = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	request.id = pid > 0 ? (u32)pid : pid == 0 ? own_group() : (u32)-pid;
	result = wait_for_child(&request);
	if (result <= 0)
		return result;
	if (status_address && put_user(request.status, status_address))
		return -EFAULT;
	if (usage_address && usage_put(usage_address, &request.times))
		return -EFAULT;
	return result;
}

static int info_put(uptr address, const struct wait_request *request)
{
	u32 status = request->status;
	signal_info info;

	memset(&info, 0, sizeof(info));
	if (request->pid) {
		info.si_signo = SIGCHLD;
		info.si_code = request->code;
		info.si_pid = request->pid;
		info.si_uid = request->uid;
		if (request->code == CLD_EXITED || request->code == CLD_STOPPED)
			info.si_status = status >> 8 & 0xff;
		else if (request->code == CLD_TRAPPED)
			info.si_status = (int)(status >> 8);
		else
			info.si_status = request->code == CLD_CONTINUED ? SIGCONT
									: (int)(status & 0x7f);
	}
	/* Linux writes the fields one by one and leaves the rest of the structure alone. */
	return copy_to_user(address, &info,
			    offsetof(signal_info, si_status) + sizeof(info.si_status));
}

static long wait_type_decode(struct wait_request *request, int type, s32 id)
{
	request->type = type;
	request->id = id;
	switch (type) {
	case P_ALL:
		return 0;
	case P_PID:
		return id > 0 ? 0 : -EINVAL;
	case P_PGID:
		if (id == 0)
			request->id = own_group();
		return id >= 0 ? 0 : -EINVAL;
	case P_PIDFD:
		if (id < 0)
			return -EINVAL;
		request->pidfd = pidfd_get(id);
		return request->pidfd ? 0 : -EBADF;
	default:
		return -EINVAL;
	}
}

/* A pidfd that must not block says so even to who would wait. */
static long wait_for_pidfd(struct wait_request *request)
{
	bool must_not_block = request->pidfd->flags & O_NONBLOCK &&
			      !(request->options & WNOHANG);
	long result;

	if (must_not_block)
		request->options |= WNOHANG;
	result = wait_for_child(request);
	file_put(request->pidfd);
	return !result && must_not_block ? -EAGAIN : result;
}

long sys_waitid(int type, s32 id, uptr info_address, int options, uptr usage_address)
{
	struct wait_request request = { .options = options };
	long result;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			__WCLONE | __WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	result = wait_type_decode(&request, type, id);
	if (result)
		return result;
	result = request.pidfd ? wait_for_pidfd(&request) : wait_for_child(&request);
	if (result < 0)
		return result;
	if (result > 0 && usage_address && usage_put(usage_address, &request.times))
		return -EFAULT;
	if (info_address && info_put(info_address, &request))
		return -EFAULT;
	return 0;
}
