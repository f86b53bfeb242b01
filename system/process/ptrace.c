/* SPDX-License-Identifier: MIT */
/*
 * ptrace(2): what a tracer asks of its tracees. All but a few requests want the tracee stopped,
 * which signal_lock of its process holds fast: what it has is copied under the lock, and to or
 * from the tracer's memory outside.
 */
#include <linux/audit.h>
#include <linux/elf.h>
#include <linux/ptrace.h>
#include <linux/uio.h>

#include "arch/x86_64/regs.h"
#include "arch/x86_64/user_regs.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/mm.h"
#include "memory/remote.h"
#include "memory/usercopy.h"
#include "process/ptrace.h"
#include "process/ptrace_private.h"
#include "signal/signal.h"
#include "syscalls.h"

#define PTRACE_GETREGS		12
#define PTRACE_SETREGS		13
#define PTRACE_GETFPREGS	14
#define PTRACE_SETFPREGS	15
#define PTRACE_ARCH_PRCTL	30
#define ARCH_GET_FS		0x1003
#define ARCH_GET_GS		0x1004
#define FPREGS_SIZE		512u

/* What PTRACE_SETOPTIONS knows; there is no seccomp that could be suspended. */
#define OPTIONS_KNOWN		(0x7fu | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)

/* ---- Finding and holding a tracee ---- */

/* A reference on the calling process's tracee, or NULL. */
static struct tracee *tracee_find(u32 tid)
{
	struct process *self = process_current();
	struct tracee *tracee, *found = NULL;

	lock_acquire(&process_tree_lock);
	list_for_each(tracee, &self->tracees, node) {
		if (tracee->tid != tid)
			continue;
		refcount_get(&tracee->references);
		found = tracee;
		break;
	}
	lock_release(&process_tree_lock);
	return found;
}

/* True, with signal_lock, where it is stopped. */
static bool tracee_hold(struct tracee *tracee)
{
	lock_acquire(&tracee->process->signal_lock);
	if (tracee->thread && tracee->state == TRACEE_STOPPED)
		return true;
	lock_release(&tracee->process->signal_lock);
	return false;
}

static void tracee_release(struct tracee *tracee)
{
	lock_release(&tracee->process->signal_lock);
}

void ptrace_resume_locked(struct tracee *tracee, u32 data, enum tracee_mode mode)
{
	tracee->data = data;
	tracee->mode = mode;
	tracee->unreported = false;
	__atomic_store_n(&tracee->state, TRACEE_RUNS, __ATOMIC_RELEASE);
	wait_queue_wake_all(&tracee->wait, 0);
}

/* ---- Memory ---- */

/* A tracee whose memory is not to be seen keeps it from a tracer without CAP_SYS_PTRACE. */
static long memory_find(struct tracee *tracee, u64 *memory)
{
	struct process *process = tracee->process;
	long error = -EIO;

	if (!tracee_hold(tracee))
		return -ESRCH;
	if (process->mm && (process->dumpable || tracee->capable)) {
		*memory = process->mm->id;
		error = 0;
	}
	tracee_release(tracee);
	return error;
}

static long word_move(struct tracee *tracee, uptr address, u64 *word, u32 flags)
{
	u64 memory;
	long error = memory_find(tracee, &memory);

	if (error)
		return error;
	return memory_copy(tracee->process, memory, address, word, sizeof(*word),
			   flags | MEMORY_FORCED) == sizeof(*word) ? 0 : -EIO;
}

static long peek(struct tracee *tracee, uptr address, uptr to)
{
	u64 word;
	long error = word_move(tracee, address, &word, 0);

	return error ? error : put_user(word, to);
}

/* ---- Registers ---- */

static long registers_get(struct tracee *tracee, struct user_regs_struct *regs)
{
	if (!tracee_hold(tracee))
		return -ESRCH;
	ptrace_registers_get(tracee, regs);
	tracee_release(tracee);
	return 0;
}

static long registers_set(struct tracee *tracee, const struct user_regs_struct *regs)
{
	long error;

	if (!tracee_hold(tracee))
		return -ESRCH;
	error = ptrace_registers_set(tracee, regs);
	tracee_release(tracee);
	return error;
}

static long general_read(struct tracee *tracee, uptr to, size_t size)
{
	struct user_regs_struct regs;

	return registers_get(tracee, &regs) ?: copy_to_user(to, &regs, MIN(size, sizeof(regs)));
}

/* What is not given stays. */
static long general_write(struct tracee *tracee, uptr from, size_t size)
{
	struct user_regs_struct regs;

	return registers_get(tracee, &regs)
			?: copy_from_user(&regs, from, MIN(size, sizeof(regs)))
			?: registers_set(tracee, &regs);
}

static long fpu_read(struct tracee *tracee, uptr to, size_t size)
{
	char *copy = heap_alloc(MAX(size, 1ul));
	long error = copy ? 0 : -ENOMEM;

	if (!error && !tracee_hold(tracee))
		error = -ESRCH;
	if (!error) {
		ptrace_fpu_get(tracee, copy, size);
		tracee_release(tracee);
		error = copy_to_user(to, copy, size);
	}
	heap_free(copy);
	return error;
}

static long fpu_write(struct tracee *tracee, uptr from, size_t size)
{
	char *copy = heap_alloc(MAX(size, 1ul));
	long error = copy ? copy_from_user(copy, from, size) : -ENOMEM;

	if (!error && !tracee_hold(tracee))
		error = -ESRCH;
	if (!error) {
		error = ptrace_fpu_set(tracee, copy, size);
		tracee_release(tracee);
	}
	heap_free(copy);
	return error;
}

/* The size of a set, and of the pieces it is read in; 0: there is no such. */
static size_t set_size(u64 type, size_t *piece)
{
	*piece = sizeof(u64);
	switch (type) {
	case NT_PRSTATUS:
		return sizeof(struct user_regs_struct);
	case NT_PRFPREG:
		return FPREGS_SIZE;
	case NT_X86_XSTATE:
		return ptrace_fpu_size();
	default:
		return 0;
	}
}

static long set_move(struct tracee *tracee, u64 type, const struct iovec *vector, bool write)
{
	uptr base = (uptr)vector->iov_base;
	size_t size = vector->iov_len;

	if (type == NT_PRSTATUS)
		return write ? general_write(tracee, base, size)
			     : general_read(tracee, base, size);
	return write ? fpu_write(tracee, base, size) : fpu_read(tracee, base, size);
}

/* PTRACE_GETREGSET and PTRACE_SETREGSET. */
static long set_request(struct tracee *tracee, u64 type, uptr address, bool write)
{
	struct iovec vector;
	size_t piece, size = set_size(type, &piece);
	long error;

	if (get_user(vector, address))
		return -EFAULT;
	if (!size || vector.iov_len % piece)
		return -EINVAL;
	vector.iov_len = MIN(vector.iov_len, size);
	error = set_move(tracee, type, &vector, write);
	if (error)
		return error;
	return put_user(vector.iov_len, address + offsetof(struct iovec, iov_len));
}

static long user_read(struct tracee *tracee, uptr offset, uptr to)
{
	struct user_regs_struct regs;
	u64 word = 0;
	long error = 0;

	if (offset % sizeof(word) || offset >= USER_SIZE)
		return -EIO;
	if (offset < sizeof(regs)) {
		error = registers_get(tracee, &regs);
		if (error)
			return error;
		memcpy(&word, (char *)&regs + offset, sizeof(word));
	}
	return put_user(word, to);
}

/* There are no debug registers: they read as 0, and can't be made anything else. */
static long user_write(struct tracee *tracee, uptr offset, u64 word)
{
	struct user_regs_struct regs;
	long error;

	if (offset % sizeof(word) || offset >= USER_SIZE)
		return -EIO;
	if (offset >= USER_DEBUG_REGISTERS)
		return word ? -EIO : 0;
	if (offset >= sizeof(regs))
		return 0;
	error = registers_get(tracee, &regs);
	if (error)
		return error;
	memcpy((char *)&regs + offset, &word, sizeof(word));
	return registers_set(tracee, &regs);
}

static long base_read(struct tracee *tracee, uptr to, u64 which)
{
	struct user_regs_struct regs;
	long error = registers_get(tracee, &regs);

	if (error)
		return error;
	if (which != ARCH_GET_FS && which != ARCH_GET_GS)
		return -EINVAL;
	return put_user(which == ARCH_GET_FS ? regs.fs_base : regs.gs_base, to);
}

/* ---- Signals ---- */

static long info_read(struct tracee *tracee, uptr to)
{
	signal_info info;
	bool has_info;

	if (!tracee_hold(tracee))
		return -ESRCH;
	has_info = tracee->has_info;
	info = tracee->info;
	tracee_release(tracee);
	return has_info ? put_user(info, to) : -EINVAL;
}

static long info_write(struct tracee *tracee, uptr from)
{
	signal_info info;
	long error = 0;

	if (get_user(info, from))
		return -EFAULT;
	if (!tracee_hold(tracee))
		return -ESRCH;
	if (tracee->has_info)
		tracee->info = info;
	else
		error = -EINVAL;
	tracee_release(tracee);
	return error;
}

static long mask_read(struct tracee *tracee, size_t size, uptr to)
{
	u64 mask;

	if (size != sizeof(mask))
		return -EINVAL;
	if (!tracee_hold(tracee))
		return -ESRCH;
	mask = tracee->thread->restore_mask ? tracee->thread->saved_mask
					    : tracee->thread->signal_mask;
	tracee_release(tracee);
	return put_user(mask, to);
}

static long mask_write(struct tracee *tracee, size_t size, uptr from)
{
	u64 mask;

	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(mask, from))
		return -EFAULT;
	if (!tracee_hold(tracee))
		return -ESRCH;
	tracee->thread->signal_mask = mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
	tracee->thread->restore_mask = false;
	signal_recompute_locked(tracee->thread);
	tracee_release(tracee);
	return 0;
}

/* ---- What the tracee is at ---- */

static long message_read(struct tracee *tracee, uptr to)
{
	u64 message;

	if (!tracee_hold(tracee))
		return -ESRCH;
	message = tracee->message;
	tracee_release(tracee);
	return put_user(message, to);
}

/* Fills what there is to say of the call; the size of it. */
static size_t call_info_fill(const struct tracee *tracee, struct ptrace_syscall_info *info)
{
	const struct regs *regs = tracee->thread->regs;
	const u64 arguments[] = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 };

	info->arch = AUDIT_ARCH_X86_64;
	info->instruction_pointer = regs->rip;
	info->stack_pointer = regs->rsp;
	if (!tracee->has_info || tracee->info.si_code != (SIGTRAP | 0x80))
		return offsetof(struct ptrace_syscall_info, entry);
	if (tracee->message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		info->op = PTRACE_SYSCALL_INFO_ENTRY;
		info->entry.nr = regs->orig_rax;
		memcpy(info->entry.args, arguments, sizeof(arguments));
		return offsetof(struct ptrace_syscall_info, entry.args) + sizeof(arguments);
	}
	info->op = PTRACE_SYSCALL_INFO_EXIT;
	info->exit.rval = (s64)regs->rax;
	info->exit.is_error = IS_ERROR(regs->rax);
	return offsetof(struct ptrace_syscall_info, exit.is_error) + sizeof(info->exit.is_error);
}

static long call_info_read(struct tracee *tracee, size_t size, uptr to)
{
	struct ptrace_syscall_info info;
	size_t actual;

	memset(&info, 0, sizeof(info));
	if (!tracee_hold(tracee))
		return -ESRCH;
	actual = call_info_fill(tracee, &info);
	tracee_release(tracee);
	return copy_to_user(to, &info, MIN(size, actual)) ?: (long)actual;
}

/* ---- Going on ---- */

static long options_set(struct tracee *tracee, u64 options)
{
	if (options & ~(u64)OPTIONS_KNOWN)
		return -EINVAL;
	if (!tracee_hold(tracee))
		return -ESRCH;
	tracee->options = (u32)options;
	tracee_release(tracee);
	return 0;
}

static long resume(struct tracee *tracee, u64 data, enum tracee_mode mode)
{
	if (data > SIGNAL_COUNT)
		return -EIO;
	if (!tracee_hold(tracee))
		return -ESRCH;
	ptrace_resume_locked(tracee, (u32)data, mode);
	tracee_release(tracee);
	return 0;
}

static long detach(struct tracee *tracee, u64 data)
{
	if (data > SIGNAL_COUNT)
		return -EIO;
	lock_acquire(&process_tree_lock);
	if (tracee->tracer)
		ptrace_detach_locked(tracee, (u32)data);
	lock_release(&process_tree_lock);
	return 0;
}

static long listen(struct tracee *tracee)
{
	long error = 0;

	if (!tracee_hold(tracee))
		return -ESRCH;
	if (!tracee->seized || !tracee->has_info || tracee->code >> 8 != PTRACE_EVENT_STOP) {
		error = -EIO;
	} else if (tracee->notify_wanted) {
		ptrace_resume_locked(tracee, 0, MODE_PLAIN);
	} else {
		tracee->unreported = false;
		tracee->state = TRACEE_LISTENS;
	}
	tracee_release(tracee);
	return error;
}

static long interrupt(struct tracee *tracee)
{
	struct process *process = tracee->process;
	long error = 0;

	lock_acquire(&process->signal_lock);
	if (!tracee->seized) {
		error = -EIO;
	} else if (tracee->thread) {
		tracee->stop_wanted = true;
		if (tracee->state == TRACEE_LISTENS)
			ptrace_resume_locked(tracee, 0, MODE_PLAIN);
		thread_kick(tracee->thread);
	}
	lock_release(&process->signal_lock);
	return error;
}

/* ---- The call ---- */

/* Requests that a tracee must be stopped for. */
static long stopped_request(struct tracee *tracee, long request, uptr address, u64 data)
{
	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		return peek(tracee, address, data);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return word_move(tracee, address, &data, MEMORY_WRITE);
	case PTRACE_PEEKUSR:
		return user_read(tracee, address, data);
	case PTRACE_POKEUSR:
		return user_write(tracee, address, data);
	case PTRACE_CONT:
		return resume(tracee, data, MODE_PLAIN);
	case PTRACE_SYSCALL:
		return resume(tracee, data, MODE_CALL);
	case PTRACE_SINGLESTEP:
		return resume(tracee, data, MODE_STEP);
	case PTRACE_DETACH:
		return detach(tracee, data);
	case PTRACE_LISTEN:
		return listen(tracee);
	case PTRACE_GETREGS:
		return general_read(tracee, data, sizeof(struct user_regs_struct));
	case PTRACE_SETREGS:
		return general_write(tracee, data, sizeof(struct user_regs_struct));
	case PTRACE_GETFPREGS:
		return fpu_read(tracee, data, FPREGS_SIZE);
	case PTRACE_SETFPREGS:
		return fpu_write(tracee, data, FPREGS_SIZE);
	case PTRACE_GETREGSET:
		return set_request(tracee, address, data, false);
	case PTRACE_SETREGSET:
		return set_request(tracee, address, data, true);
	case PTRACE_ARCH_PRCTL:
		return base_read(tracee, address, data);
	case PTRACE_SETOPTIONS:
		return options_set(tracee, data);
	case PTRACE_GETEVENTMSG:
		return message_read(tracee, data);
	case PTRACE_GETSIGINFO:
		return info_read(tracee, data);
	case PTRACE_SETSIGINFO:
		return info_write(tracee, data);
	case PTRACE_GETSIGMASK:
		return mask_read(tracee, address, data);
	case PTRACE_SETSIGMASK:
		return mask_write(tracee, address, data);
	case PTRACE_GET_SYSCALL_INFO:
		return call_info_read(tracee, address, data);
	default:
		return -EIO;
	}
}

static long tracee_request(struct tracee *tracee, long request, uptr address, u64 data)
{
	if (request == PTRACE_INTERRUPT)
		return interrupt(tracee);
	if (request == PTRACE_KILL) {
		signal_send_simple(tracee->process, SIGKILL, SI_USER);
		return 0;
	}
	if (!tracee_hold(tracee))
		return -ESRCH;
	tracee_release(tracee);
	return stopped_request(tracee, request, address, data);
}

static long seize(u32 tid, uptr address, u64 options)
{
	if (address || (options & ~(u64)OPTIONS_KNOWN))
		return -EIO;
	return ptrace_attach(tid, true, (u32)options);
}

long sys_ptrace(long request, s32 pid, uptr address, uptr data)
{
	struct tracee *tracee;
	long result;

	if (request == PTRACE_TRACEME)
		return ptrace_trace_me();
	if (pid <= 0)
		return -ESRCH;
	if (request == PTRACE_ATTACH)
		return ptrace_attach((u32)pid, false, 0);
	if (request == PTRACE_SEIZE)
		return seize((u32)pid, address, data);
	tracee = tracee_find((u32)pid);
	if (!tracee)
		return -ESRCH;
	result = tracee_request(tracee, request, address, data);
	tracee_put(tracee);
	return result;
}
