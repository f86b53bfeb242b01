/* SPDX-License-Identifier: MIT */
/* The system calls on signals: actions, masks, waiting and sending. Locks are those of signal/. */
#include "core/string.h"
#include "core/wait.h"
#include "fs/proc.h"
#include "ipc/pidfd.h"
#include "ipc/signalfd.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"
#include "syscall/wait_mask.h"
#include "syscalls.h"

#define UNBLOCKABLE	(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define ACTION_FLAGS	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | \
			 SA_NODEFER | SA_RESETHAND | SA_RESTORER | SA_EXPOSE_TAGBITS)

static bool number_is_valid(int number)
{
	return number >= 1 && number <= SIGNAL_COUNT;
}

/* ---- Actions and masks ---- */

static void action_exchange(int number, const struct signal_action *next, struct signal_action *old)
{
	struct process *process = process_current();

	lock_acquire(&process->signal_lock);
	*old = process->actions[number - 1];
	if (next)
		process->actions[number - 1] = *next;
	lock_release(&process->signal_lock);
	if (next)
		signal_drop_ignored(process, number);
}

long sys_rt_sigaction(int number, uptr next_address, uptr old_address, size_t size)
{
	struct signal_action next = { 0 }, old;

	if (size != sizeof(u64))
		return -EINVAL;
	if (next_address && get_user(next, next_address))
		return -EFAULT;
	if (!number_is_valid(number) || (next_address && (SIGNAL_BIT(number) & UNBLOCKABLE)))
		return -EINVAL;
	next.flags &= (u64)(u32)ACTION_FLAGS;
	next.mask &= ~UNBLOCKABLE;
	action_exchange(number, next_address ? &next : NULL, &old);
	if (old_address && put_user(old, old_address))
		return -EFAULT;
	return 0;
}

static long mask_change(int how, u64 set)
{
	u64 mask = thread_current()->signal_mask;

	switch (how) {
	case SIG_BLOCK:
		mask |= set;
		break;
	case SIG_UNBLOCK:
		mask &= ~set;
		break;
	case SIG_SETMASK:
		mask = set;
		break;
	default:
		return -EINVAL;
	}
	signal_mask_set(mask);
	return 0;
}

long sys_rt_sigprocmask(int how, uptr set_address, uptr old_address, size_t size)
{
	u64 old = thread_current()->signal_mask, set;
	long error;

	if (size != sizeof(u64))
		return -EINVAL;
	if (set_address) {
		if (get_user(set, set_address))
			return -EFAULT;
		error = mask_change(how, set);
		if (error)
			return error;
	}
	if (old_address && put_user(old, old_address))
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(uptr set_address, size_t size)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	u64 set;

	if (size > sizeof(set))
		return -EINVAL;
	lock_acquire(&process->signal_lock);
	set = (thread->pending | process->pending) & thread->signal_mask;
	lock_release(&process->signal_lock);
	return copy_to_user(set_address, &set, size);
}

/* ---- Waiting ---- */

static void interruption_wait(void)
{
	for (;;) {
		u32 seen = thread_park_begin();

		if (thread_interrupted())
			return;
		thread_park(seen, FOREVER);
	}
}

long sys_pause(void)
{
	interruption_wait();
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(uptr set_address, size_t size)
{
	int error;

	if (size != sizeof(u64))
		return -EINVAL;
	if (!set_address)
		return -EFAULT;
	error = wait_mask_begin(set_address, size);
	if (error)
		return error;
	interruption_wait();
	wait_mask_end(set_address, true);
	return -ERESTARTNOHAND;
}

/* Lets senders choose this thread for signals that it blocks but waits for. */
static void wait_set_put(struct thread *thread, u64 set)
{
	struct process *process = thread->process;

	lock_acquire(&process->signal_lock);
	thread->wait_set = set;
	lock_release(&process->signal_lock);
}

/* The number of a signal in set, or -EAGAIN after the deadline, -EINTR after any other signal. */
static long signal_wait(u64 set, u64 deadline_ns, signal_info *info)
{
	struct thread *thread = thread_current();
	int number = signal_dequeue(set, info);
	int error = 0;

	if (number || !deadline_ns)
		return number ? number : -EAGAIN;
	wait_set_put(thread, set);
	for (;;) {
		u32 seen = thread_park_begin();

		number = signal_dequeue(set, info);
		if (number || error)
			break;
		/* Perhaps by one of set that came just now: another look. */
		if (thread_interrupted())
			error = -EINTR;
		else if (thread_park(seen, deadline_ns) == -ETIMEDOUT)
			error = -EAGAIN;
	}
	wait_set_put(thread, 0);
	return number ? number : error;
}

long sys_rt_sigtimedwait(uptr set_address, uptr info_address, uptr timeout_address, size_t size)
{
	signal_info info;
	u64 set, deadline_ns;
	long result;

	if (size != sizeof(set))
		return -EINVAL;
	if (get_user(set, set_address))
		return -EFAULT;
	result = deadline_from_timespec(timeout_address, &deadline_ns);
	if (result)
		return result;
	result = signal_wait(set & ~UNBLOCKABLE, deadline_ns, &info);
	if (result > 0 && info_address && put_user(info, info_address))
		return -EFAULT;
	return result;
}

long sys_signalfd4(int fd, uptr set_address, size_t size, int flags)
{
	struct file *file;
	long result;
	u64 set;

	if (size != sizeof(set) || (flags & ~(O_CLOEXEC | O_NONBLOCK)))
		return -EINVAL;
	if (get_user(set, set_address))
		return -EFAULT;
	set &= ~UNBLOCKABLE;
	file = fd == -1 ? signalfd_create(set, flags) : current_fd_get(fd);
	if (!file)
		return -EBADF;
	if (IS_ERROR(file))
		return PTR_ERROR(file);
	if (fd == -1) {
		result = current_fd_install(file, flags & O_CLOEXEC);
		if (result >= 0)
			return result;
	} else {
		result = signalfd_change(file, set);
		if (!result)
			result = fd;
	}
	file_put(file);
	return result;
}

long sys_signalfd(int fd, uptr set_address, size_t size)
{
	return sys_signalfd4(fd, set_address, size, 0);
}

/* ---- Sending ---- */

static void info_from_self(signal_info *info, int number, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = number;
	info->si_code = code;
	info->si_pid = process_current()->pid;
	info->si_uid = process_current()->credentials->uid;
}

/* number may be 0: only the checks. process_tree_lock held. */
static long send_checked_locked(struct process *process, struct thread *thread,
				const signal_info *info)
{
	struct process *self = process_current();

	if (info->si_signo < 0 || info->si_signo > SIGNAL_COUNT)
		return -EINVAL;
	if (process != self &&
	    !signal_permitted(self->credentials, self->sid, process, info->si_signo))
		return -EPERM;
	if (!info->si_signo)
		return 0;
	return thread ? signal_send_thread(thread, info) : signal_send_process(process, info);
}

/* The process that pid names, be it as process or as one of its threads. */
static struct process *target_find_locked(u32 pid)
{
	struct process *process = process_find_locked(pid);
	struct thread *thread;

	if (process)
		return process;
	thread = thread_find_locked(pid);
	return thread ? thread->process : NULL;
}

static long send_to_pid(s32 pid, const signal_info *info)
{
	struct process *process;
	long result = -ESRCH;

	lock_acquire(&process_tree_lock);
	process = target_find_locked(pid);
	if (process)
		result = send_checked_locked(process, NULL, info);
	lock_release(&process_tree_lock);
	return result;
}

struct send_all {
	const signal_info *info;
	u32 count;
	long error;
};

static bool send_all_one(struct process *process, void *data)
{
	struct send_all *all = data;
	long error;

	if (process == init_process || process == process_current())
		return false;
	all->count++;
	error = send_checked_locked(process, NULL, all->info);
	if (error != -EPERM)
		all->error = error;
	return false;
}

static long send_to_all(const signal_info *info)
{
	struct send_all all = { .info = info };

	process_for_each(send_all_one, &all);
	return all.count ? all.error : -ESRCH;
}

long sys_kill(s32 pid, int number)
{
	signal_info info;

	info_from_self(&info, number, SI_USER);
	if (pid > 0)
		return send_to_pid(pid, &info);
	if (pid == (s32)0x80000000)
		return -ESRCH;
	if (number < 0 || number > SIGNAL_COUNT)
		return -EINVAL;
	if (pid == -1)
		return send_to_all(&info);
	return signal_send_group(pid ? (u32)-pid : process_current()->pgid, &info,
				 process_current()->credentials);
}

/* tgid 0: whichever process the thread is of. */
static long send_to_tid(s32 tgid, s32 tid, const signal_info *info)
{
	struct thread *thread;
	long result = -ESRCH;

	lock_acquire(&process_tree_lock);
	thread = thread_find_locked(tid);
	if (thread && (!tgid || thread->process->pid == (u32)tgid))
		result = send_checked_locked(thread->process, thread, info);
	lock_release(&process_tree_lock);
	return result;
}

long sys_tgkill(s32 tgid, s32 tid, int number)
{
	signal_info info;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	info_from_self(&info, number, SI_TKILL);
	return send_to_tid(tgid, tid, &info);
}

long sys_tkill(s32 tid, int number)
{
	signal_info info;

	if (tid <= 0)
		return -EINVAL;
	info_from_self(&info, number, SI_TKILL);
	return send_to_tid(0, tid, &info);
}

/* A program may make up the information, but not the layer's own codes for others. */
static long info_from_user(signal_info *info, int number, bool to_self, uptr address)
{
	if (get_user(*info, address))
		return -EFAULT;
	info->si_signo = number;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && !to_self)
		return -EPERM;
	return 0;
}

long sys_rt_sigqueueinfo(s32 pid, int number, uptr info_address)
{
	signal_info info;
	long error =
		info_from_user(&info, number, pid == (s32)process_current()->pid, info_address);

	return error ? error : send_to_pid(pid, &info);
}

long sys_rt_tgsigqueueinfo(s32 tgid, s32 tid, int number, uptr info_address)
{
	signal_info info;
	long error;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	error = info_from_user(&info, number, tid == (s32)thread_current()->tid, info_address);
	return error ? error : send_to_tid(tgid, tid, &info);
}

/* Whom a pidfd or an open directory /proc/PID stands for, with a reference. ERROR_PTR. */
static struct process *process_of_fd(int fd)
{
	struct file *file = current_fd_get(fd);
	struct process *process;

	if (!file)
		return ERROR_PTR(-EBADF);
	process = pidfd_process(file);
	if (process)
		process_get(process);
	else
		process = file->flags & O_PATH ? ERROR_PTR(-EBADF) : proc_directory_process(file);
	file_put(file);
	return process;
}

/* To that very process, whoever has its number by now. */
static long send_to_process(struct process *process, const signal_info *info)
{
	long result = -ESRCH;

	lock_acquire(&process_tree_lock);
	if (process->state != PROCESS_DEAD)
		result = send_checked_locked(process, NULL, info);
	lock_release(&process_tree_lock);
	return result;
}

/* What pidfd_send_signal(2) sends; info_address 0: as kill(2). */
static long info_for_process(const struct process *process, int number, uptr info_address,
			     signal_info *info)
{
	if (!info_address) {
		info_from_self(info, number, SI_USER);
		return 0;
	}
	if (get_user(*info, info_address))
		return -EFAULT;
	if (info->si_signo != number)
		return -EINVAL;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && process != process_current())
		return -EPERM;
	return 0;
}

long sys_pidfd_send_signal(int fd, int number, uptr info_address, u64 flags)
{
	struct process *process;
	signal_info info;
	long result;

	if ((u32)flags)
		return -EINVAL;
	process = process_of_fd(fd);
	if (IS_ERROR(process))
		return PTR_ERROR(process);
	result = info_for_process(process, number, info_address, &info);
	if (!result)
		result = send_to_process(process, &info);
	process_put(process);
	return result;
}
