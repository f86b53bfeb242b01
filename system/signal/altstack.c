/* SPDX-License-Identifier: MIT */
/* The alternate signal stack of a thread, sigaltstack(2). Private to the thread: no locks. */
#include <asm/signal.h>
#include <linux/signal.h>

#include "core/thread.h"
#include "arch/x86_64/regs.h"
#include "memory/usercopy.h"
#include "signal/signal.h"
#include "syscalls.h"

bool altstack_spans(const struct thread *thread, uptr rsp)
{
	return rsp > thread->altstack_base && rsp - thread->altstack_base <= thread->altstack_size;
}

bool altstack_holds(const struct thread *thread, uptr rsp)
{
	return !(thread->altstack_flags & SS_AUTODISARM) && altstack_spans(thread, rsp);
}

void altstack_reset(struct thread *thread)
{
	thread->altstack_base = 0;
	thread->altstack_size = 0;
	thread->altstack_flags = 0;
}

int altstack_set(struct thread *thread, const stack_t *stack, uptr rsp)
{
	int mode = stack->ss_flags & ~(int)SS_AUTODISARM;

	if (altstack_holds(thread, rsp))
		return -EPERM;
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		altstack_reset(thread);
		return 0;
	}
	if (stack->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	thread->altstack_base = (uptr)stack->ss_sp;
	thread->altstack_size = stack->ss_size;
	thread->altstack_flags = stack->ss_flags;
	return 0;
}

static void altstack_get(const struct thread *thread, stack_t *stack, uptr rsp)
{
	int state = 0;

	if (!thread->altstack_size)
		state = SS_DISABLE;
	else if (altstack_holds(thread, rsp))
		state = SS_ONSTACK;
	__builtin_memset(stack, 0, sizeof(*stack));
	stack->ss_sp = (void *)thread->altstack_base;
	stack->ss_size = thread->altstack_size;
	stack->ss_flags = state | (int)(thread->altstack_flags & SS_AUTODISARM);
}

long sys_sigaltstack(uptr next_address, uptr old_address)
{
	struct thread *thread = thread_current();
	uptr rsp = thread->regs->rsp;
	stack_t next, old;
	long error;

	altstack_get(thread, &old, rsp);
	if (next_address) {
		if (get_user(next, next_address))
			return -EFAULT;
		error = altstack_set(thread, &next, rsp);
		if (error)
			return error;
	}
	if (old_address && put_user(old, old_address))
		return -EFAULT;
	return 0;
}
