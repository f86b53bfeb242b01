/* SPDX-License-Identifier: MIT */
/*
 * Signal frames on a program's stack, exactly as Linux lays them out on x86-64, and their way back
 * by rt_sigreturn. No locks: all state is the calling thread's; program memory is reached by
 * usercopy alone.
 *
 * From high to low addresses: the interrupted stack, the red zone, the FPU state (XSAVE format,
 * aligned to 64, with a magic word behind it), struct rt_frame (so that rsp + 8 is a multiple of
 * 16, as after a call). The FPU registers hold the program's values all the time, so XSAVE can
 * write them right into the frame.
 *
 * Sources: Linux's arch/x86/kernel/signal_64.c and fpu/signal.c; Intel SDM vol. 1, chapter 13.
 */
#include "arch/x86_64/frame.h"

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <linux/signal.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/patch.h"
#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "signal/signal.h"
#include "syscalls.h"

#define RED_ZONE_SIZE		128
#define XSAVE_LEGACY_SIZE	512
#define XSAVE_HEADER_SIZE	64
#define XSAVE_FP_SSE		3ull
#define FP_SW_OFFSET		464	/* struct _fpx_sw_bytes in the legacy area */

/* What rt_sigreturn takes over of the flags: all that a program could set by popf. */
#define RFLAGS_PROGRAM		0x50dd5ul	/* AC RF OF DF TF SF ZF AF PF CF */
#define RFLAGS_ALWAYS		0x202ul		/* IF, and the bit that is always set */
#define RFLAGS_HANDLER_CLEARS	0x10500ul	/* RF DF TF */

struct rt_frame {
	uptr restorer;
	struct ucontext context;
	signal_info info;
};

_Static_assert(sizeof(struct rt_frame) == 440, "struct rt_frame is part of Linux's ABI");
_Static_assert(sizeof(struct _fpx_sw_bytes) == XSAVE_LEGACY_SIZE - FP_SW_OFFSET, "legacy area");

/* ---- Into a handler ---- */

struct placement {
	uptr frame;
	uptr fpstate;
};

/* Where frame and FPU state go. False where they would run over the end of the alternate stack. */
static bool frame_place(const struct thread *thread, u64 rsp, u64 action_flags,
			struct placement *place)
{
	bool nested = altstack_holds(thread, rsp), entering = false;
	uptr at = rsp - RED_ZONE_SIZE;

	if ((action_flags & SA_ONSTACK) && thread->altstack_size && !altstack_holds(thread, at)) {
		at = thread->altstack_base + thread->altstack_size;
		entering = true;
	}
	at = ROUND_DOWN(at - (fpu_area_size() + FP_XSTATE_MAGIC2_SIZE), 64ul);
	place->fpstate = at;
	at = ROUND_DOWN(at - sizeof(struct rt_frame), 16ul) - 8;
	place->frame = at;
	return !(nested || entering) || altstack_spans(thread, at);
}

static int fpstate_write(uptr to)
{
	u64 size = fpu_area_size();
	struct _fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = size + FP_XSTATE_MAGIC2_SIZE,
		.xfeatures = fpu_mask(),
		.xstate_size = size,
	};

	if (!user_range_ok(to, size + FP_XSTATE_MAGIC2_SIZE))
		return -EFAULT;
	/* XSAVE changes only part of its header. */
	if (clear_user(to + XSAVE_LEGACY_SIZE, XSAVE_HEADER_SIZE) ||
	    user_xsave_raw((void *)to, fpu_mask()) || put_user(sw, to + FP_SW_OFFSET) ||
	    put_user((u32)FP_XSTATE_MAGIC2, to + size))
		return -EFAULT;
	return 0;
}

static void context_fill(struct ucontext *context, const struct thread *thread,
			 const struct regs *regs, uptr fpstate)
{
	context->uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	context->uc_stack.ss_sp = (void *)thread->altstack_base;
	context->uc_stack.ss_flags = thread->altstack_size ? (int)thread->altstack_flags
							   : SS_DISABLE;
	context->uc_stack.ss_size = thread->altstack_size;
	context->uc_mcontext = (struct sigcontext){
		.r8 = regs->r8,
		.r9 = regs->r9,
		.r10 = regs->r10,
		.r11 = regs->r11,
		.r12 = regs->r12,
		.r13 = regs->r13,
		.r14 = regs->r14,
		.r15 = regs->r15,
		.rdi = regs->rdi,
		.rsi = regs->rsi,
		.rbp = regs->rbp,
		.rbx = regs->rbx,
		.rdx = regs->rdx,
		.rax = regs->rax,
		.rcx = regs->rcx,
		.rsp = regs->rsp,
		.rip = regs->rip,
		.eflags = regs->rflags,
		.cs = USER_CS,
		.ss = USER_SS,
		.err = thread->fault_error,
		.trapno = thread->fault_trap,
		.cr2 = thread->fault_address,
		.fpstate = (void *)fpstate,
	};
	context->uc_mcontext.oldmask = thread->restore_mask ? thread->saved_mask
							    : thread->signal_mask;
	context->uc_sigmask = context->uc_mcontext.oldmask;
}

static int frame_write(const struct thread *thread, const struct regs *regs,
		       const signal_info *info, const struct signal_action *action,
		       struct placement *place)
{
	struct rt_frame frame;
	size_t size = sizeof(frame);

	if (!(action->flags & SA_RESTORER))
		return -EFAULT;
	if (!frame_place(thread, regs->rsp, action->flags, place) || fpstate_write(place->fpstate))
		return -EFAULT;
	memset(&frame, 0, sizeof(frame));
	frame.restorer = action->restorer;
	context_fill(&frame.context, thread, regs, place->fpstate);
	if (action->flags & SA_SIGINFO)
		frame.info = *info;
	else
		size = offsetof(struct rt_frame, info);
	return copy_to_user(place->frame, &frame, size);
}

/* The registers with which a handler begins. */
static void regs_enter_handler(struct regs *regs, const struct placement *place, int number,
			       uptr handler)
{
	regs->rdi = number;
	regs->rax = 0;
	regs->rsi = place->frame + offsetof(struct rt_frame, info);
	regs->rdx = place->frame + offsetof(struct rt_frame, context);
	regs->rip = handler;
	regs->rsp = place->frame;
	regs->rflags &= ~RFLAGS_HANDLER_CLEARS;
	regs->cs = USER_CS;
	regs->ss = USER_SS;
}

static void handler_enter(struct thread *thread, struct regs *regs, const signal_info *info,
			  const struct signal_action *action)
{
	struct placement place;
	u64 mask;

	if (frame_write(thread, regs, info, action, &place) || !user_range_ok(action->handler, 1)) {
		signal_force_segv(info->si_signo);
		return;
	}
	if (thread->altstack_flags & SS_AUTODISARM)
		altstack_reset(thread);
	regs_enter_handler(regs, &place, info->si_signo, action->handler);
	fpu_reset();
	mask = thread->signal_mask | action->mask;
	if (!(action->flags & SA_NODEFER))
		mask |= SIGNAL_BIT(info->si_signo);
	thread->restore_mask = false;
	signal_mask_set(mask);
	thread->flags |= THREAD_FULL_RESTORE;
}

/* ---- The call that was interrupted ---- */

static void call_restart(struct regs *regs)
{
	regs->rip = regs_syscall_address(regs);
	regs->rax = regs->orig_rax;
	regs->orig_rax = -1ul;
}

/*
 * The call in progress, if any, meets a handler (action) or goes on as if nothing had been (NULL).
 */
static void call_settle(struct thread *thread, struct regs *regs,
			const struct signal_action *action)
{
	long result = (long)regs->rax;
	bool restart;

	if (regs->orig_rax == -1ul)
		return;
	if (result != -ERESTARTSYS && result != -ERESTARTNOINTR && result != -ERESTARTNOHAND)
		return;
	restart = !action || result == -ERESTARTNOINTR ||
		  (result == -ERESTARTSYS && (action->flags & SA_RESTART));
	if (restart) {
		call_restart(regs);
	} else {
		regs->rax = -EINTR;
		regs->orig_rax = -1ul;
	}
	if (action)
		thread->restart_kind = 0;
}

void signal_deliver(struct thread *thread)
{
	struct regs *regs = thread->regs;
	struct signal_action action;
	signal_info info;

	while (signal_take(&info, &action)) {
		bool stepping = ptrace_step_hide(regs);

		call_settle(thread, regs, &action);
		regs_leave_stub(regs);
		handler_enter(thread, regs, &info, &action);
		if (stepping)
			ptrace_step_ends();
	}
	call_settle(thread, regs, NULL);
	if (thread->restore_mask) {
		thread->restore_mask = false;
		signal_mask_set(thread->saved_mask);
	}
}

/* ---- Back from a handler ---- */

/*
 * A frame of a program that kept only the 512 bytes that FXSAVE knows: the other features become
 * initial.
 */
static int fpstate_load_legacy(uptr from)
{
	u64 size = MAX(fpu_area_size(), (u64)XSAVE_LEGACY_SIZE + XSAVE_HEADER_SIZE);
	u8 *area = pages_alloc_zero(ROUND_UP(size, PAGE_SIZE) / PAGE_SIZE);
	u64 features = XSAVE_FP_SSE;
	int error = -EFAULT;

	if (!area)
		return -ENOMEM;
	if (!copy_from_user(area, from, XSAVE_LEGACY_SIZE)) {
		memcpy(area + XSAVE_LEGACY_SIZE, &features, sizeof(features));
		error = user_xrstor_raw(area, fpu_mask());
	}
	pages_free(area, ROUND_UP(size, PAGE_SIZE) / PAGE_SIZE);
	return error;
}

/* True where the area says of itself that it is whole, and is. */
static bool fpstate_is_extended(uptr from, const struct _fpx_sw_bytes *sw)
{
	u32 magic2;

	if (sw->magic1 != FP_XSTATE_MAGIC1 ||
	    sw->xstate_size < XSAVE_LEGACY_SIZE + XSAVE_HEADER_SIZE ||
	    sw->xstate_size > fpu_area_size() || sw->xstate_size > sw->extended_size)
		return false;
	return !get_user(magic2, from + sw->xstate_size) && magic2 == FP_XSTATE_MAGIC2;
}

/*
 * XRSTOR reads program memory: whatever it finds there, it can only fault, or load what the program
 * could have loaded by itself.
 */
static int fpstate_load(uptr from)
{
	struct _fpx_sw_bytes sw;
	u64 features;

	if (!from) {
		fpu_reset();
		return 0;
	}
	if (from % 64 || !user_range_ok(from, fpu_area_size()) || get_user(sw, from + FP_SW_OFFSET))
		return -EFAULT;
	if (!fpstate_is_extended(from, &sw))
		return fpstate_load_legacy(from);
	features = sw.xfeatures & fpu_mask();
	if (features != fpu_mask())
		fpu_reset();
	return user_xrstor_raw((const void *)from, features);
}

static void regs_load(struct regs *regs, const struct sigcontext *from)
{
	*regs = (struct regs){
		.r8 = from->r8, .r9 = from->r9, .r10 = from->r10, .r11 = from->r11,
		.r12 = from->r12, .r13 = from->r13, .r14 = from->r14, .r15 = from->r15,
		.rdi = from->rdi, .rsi = from->rsi, .rbp = from->rbp, .rbx = from->rbx,
		.rdx = from->rdx, .rax = from->rax, .rcx = from->rcx, .rsp = from->rsp,
		.rip = from->rip, .rflags = (from->eflags & RFLAGS_PROGRAM) | RFLAGS_ALWAYS,
		.cs = USER_CS, .ss = USER_SS, .orig_rax = -1ul,
	};
}

static int frame_read(struct thread *thread, struct regs *regs)
{
	struct ucontext context;

	if (get_user(context, regs->rsp - 8 + offsetof(struct rt_frame, context)))
		return -EFAULT;
	signal_mask_set(context.uc_sigmask);
	if (!user_range_ok(context.uc_mcontext.rip, 1) ||
	    !user_range_ok(context.uc_mcontext.rsp, 0))
		return -EFAULT;
	if (fpstate_load((uptr)context.uc_mcontext.fpstate)) {
		fpu_reset();
		return -EFAULT;
	}
	regs_load(regs, &context.uc_mcontext);
	/* As on Linux, a stack that can't be restored is left as it is. */
	altstack_set(thread, &context.uc_stack, regs->rsp);
	return 0;
}

long sys_rt_sigreturn(void)
{
	struct thread *thread = thread_current();
	struct regs *regs = thread->regs;

	if (frame_read(thread, regs)) {
		regs->orig_rax = -1ul;
		signal_force_segv(0);
	}
	thread->flags |= THREAD_FULL_RESTORE;
	return regs->rax;
}

/* ---- Faults ---- */

void fault_to_signal(int host_signal, const struct siginfo *host_info, u64 trap, u64 error,
		     u64 address)
{
	struct thread *thread = thread_current();
	signal_info info = *host_info;

	info.si_signo = host_signal;
	info.si_errno = 0;
	thread->fault_trap = trap;
	thread->fault_error = error;
	thread->fault_address = address;
	/* The layer's own range looks like a hole. */
	if (host_signal == SIGSEGV && info.si_code > 0 && info.si_code != SI_KERNEL &&
	    (uptr)info.si_addr >= LAYER_BASE && (uptr)info.si_addr < LAYER_END) {
		info.si_code = SEGV_MAPERR;
		thread->fault_error &= ~0x21ul;	/* page present, protection key */
	}
	signal_force(&info);
}
