/* SPDX-License-Identifier: MIT */
/*
 * Host signals: what each means, decided on the thread's host signal stack by where it struck.
 *
 * In program text, SIGSYS is a system call, a fault is the program's own, a kick asks to look at
 * the thread's work. In the layer's text, a kick only matters on the way out and before a blocking
 * host call; a fault is either one that the exception table expects, or a bug of ours. Nothing here
 * takes a lock, and nothing stays on the host signal stack: a further signal may overwrite it.
 */
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <linux/audit.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/frame.h"
#include "arch/x86_64/key.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/patch.h"
#include "arch/x86_64/trap.h"
#include "boundary/abi.h"
#include "core/channel.h"
#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "process/vfork.h"
#include "syscall/syscall.h"
#include "syscall/trace.h"

_Static_assert(offsetof(struct thread, self) == THREAD_SELF, "offsets.h");
_Static_assert(offsetof(struct thread, kernel_stack_top) == THREAD_KERNEL_STACK, "offsets.h");
_Static_assert(offsetof(struct thread, user_rsp) == THREAD_USER_RSP, "offsets.h");
_Static_assert(offsetof(struct thread, syscall_number) == THREAD_SYSCALL_NUMBER, "offsets.h");
_Static_assert(offsetof(struct thread, work) == THREAD_WORK, "offsets.h");
_Static_assert(offsetof(struct thread, flags) == THREAD_FLAGS, "offsets.h");
_Static_assert(offsetof(struct regs, rax) == REGS_RAX, "offsets.h");
_Static_assert(offsetof(struct regs, rip) == REGS_RIP, "offsets.h");
_Static_assert(sizeof(struct regs) == REGS_SIZE, "offsets.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.r8) == UC_R8, "offsets.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.rip) == UC_RIP, "offsets.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.fpstate) == UC_FPSTATE, "offsets.h");
_Static_assert((WORK_SIGNAL | WORK_EXIT | WORK_ORPHAN | WORK_SERVE) == EXIT_WORK, "offsets.h");
_Static_assert((WORK_SIGNAL | WORK_EXIT | WORK_SERVE) == 19, "gate.S looks at these bits");

#define FLAG_TRACE	0x100ul		/* TF */
#define FLAG_ALIGNMENT	0x40000ul	/* AC */
#define TRAP_BREAKPOINT	3		/* the processor's number of int3 */

struct exception_row { u64 instruction, fixup; };

extern const struct exception_row exception_table_start[], exception_table_end[];
extern const char exit_begin[], exit_slow[], exit_end[];
extern const char gate_interruptible_begin[], gate_interruptible_syscall[], gate_interrupted[];
extern const char exit_key_begin[], exit_key_slow[], exit_key_end[];
void entry_signal(void);
void entry_stub(void);
void entry_signal_key(void);

/* XSAVE features that are restored from host frames: all but the protection keys' register. */
u64 xsave_restore_mask;

/* ---- On the kernel stack, with a filled frame; each returns to the way out ---- */

static void enter_for_kick(struct regs *regs)
{
	(void)regs;
}

static void enter_for_fault(struct regs *regs)
{
	struct thread *thread = thread_current();

	regs_leave_stub(regs);
	fault_to_signal(thread->fault_info.si_signo, &thread->fault_info, thread->fault_trap,
			thread->fault_error, thread->fault_address);
}

static long dispatch(struct regs *regs)
{
	u32 number = regs->orig_rax;	/* of 32 bits, as on Linux */

	thread_current()->syscall_number = number;
	if (number >= SYSCALL_COUNT)
		return sys_missing();
	return syscall_table[number](regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8,
				     regs->r9);
}

static void call_serve(struct thread *thread, struct regs *regs)
{
	u64 arguments[6] = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 };
	u32 number = regs->orig_rax;
	bool tracing = thread->work & WORK_TRACE;
	long result;

	thread->flags &= ~THREAD_FULL_RESTORE;
	if (tracing)
		trace_enter(number, arguments);
	result = dispatch(regs);
	/* rt_sigreturn has loaded the frame whole: rax is already what the program had. */
	if (!(thread->flags & THREAD_FULL_RESTORE))
		regs->rax = result;
	if (tracing)
		trace_exit(number, arguments, result);
}

/* A call while work or flags are set (entry.S), and every call that trapped. */
void syscall_slow(struct regs *regs)
{
	struct thread *thread = thread_current();

	if (!(READ_ONCE(thread->work) & WORK_PTRACE)) {
		call_serve(thread, regs);
		return;
	}
	if (ptrace_call_begins(regs))
		call_serve(thread, regs);
	ptrace_call_ends(regs);
}

static void enter_for_call(struct regs *regs)
{
	struct thread *thread = thread_current();

	thread->flags |= THREAD_TRAPPED;
	site_trapped(thread->process->mm, regs->rip - 2, regs->orig_rax);
	syscall_slow(regs);
}

static void enter_for_foreign_call(struct regs *regs)
{
	regs->rax = -ENOSYS;
	regs->orig_rax = -1ul;
	thread_current()->flags |= THREAD_FULL_RESTORE;
}

/*
 * The end of each stay in the layer that has something to do: until nothing is left. Returns
 * whether every register must be restored, rcx and r11 too.
 */
int exit_work(struct regs *regs)
{
	struct thread *thread = thread_current();

	lock_assert_none("return to program");
	if (READ_ONCE(thread->work) & WORK_ORPHAN)
		vfork_orphan_settle();
	if (READ_ONCE(thread->work) & WORK_SERVE) {
		thread_serve();
		/* A host call that was interrupted for it is to be made again. */
		atomic_or(&thread->work, WORK_SIGNAL);
	}
	while (READ_ONCE(thread->work) & (WORK_SIGNAL | WORK_EXIT))
		signal_deliver(thread);
	if (thread->flags & THREAD_TRAPPED) {
		regs_leave_stub(regs);
		thread->flags &= ~THREAD_TRAPPED;
	}
	if (thread->flags & THREAD_STOPPED)
		thread->flags = (thread->flags & ~THREAD_STOPPED) | THREAD_FULL_RESTORE;
	return thread->flags & THREAD_FULL_RESTORE;
}

/* ---- On the host signal stack ---- */

void regs_from_host(struct regs *regs, const struct sigcontext_64 *host)
{
	*regs = (struct regs){
		.r15 = host->r15, .r14 = host->r14, .r13 = host->r13, .r12 = host->r12,
		.rbp = host->bp, .rbx = host->bx, .r11 = host->r11, .r10 = host->r10,
		.r9 = host->r9, .r8 = host->r8, .rax = host->ax, .rcx = host->cx,
		.rdx = host->dx, .rsi = host->si, .rdi = host->di, .orig_rax = -1ul,
		.rip = host->ip, .cs = USER_CS, .rflags = host->flags, .rsp = host->sp,
		.ss = USER_SS,
	};
}

static u64 exception_fixup(u64 rip)
{
	const struct exception_row *row;

	for (row = exception_table_start; row < exception_table_end; row++)
		if (row->instruction == rip)
			return row->fixup;
	return 0;
}

static bool between(u64 rip, const char *from, const char *to)
{
	return rip >= (u64)from && rip < (u64)to;
}

/* Who finds a kick under way, and sends none, has set its work already. */
void kick_arrived(struct thread *thread)
{
	atomic_exchange(&thread->kick_sent, 0u);
}

/* A signal that struck inside the layer. */
static void signal_in_layer(int number, const struct siginfo *info, struct sigcontext_64 *host,
			    struct thread *thread)
{
	struct regs regs;
	u64 fixup;

	if (number == KICK_SIGNAL) {
		if (between(host->ip, exit_begin, exit_end)) {
			host->ip = (u64)exit_slow;
			host->sp = (u64)thread->regs;
		} else if (between(host->ip, exit_key_begin, exit_key_end)) {
			host->ip = (u64)exit_key_slow;
			host->sp = (u64)thread->regs;
		} else if (between(host->ip, gate_interruptible_begin,
				   gate_interruptible_syscall + 1)) {
			host->ip = (u64)gate_interrupted;
		}
		return;
	}
	/* A stub's call by a program that changed GS: entry_signal has put it right. */
	if (number == SIGSEGV && host->ip == (u64)entry_stub)
		return;
	/* Flags that the program set (popf) and that are no business of the layer's. */
	if ((number == SIGTRAP && (host->flags & FLAG_TRACE)) ||
	    (number == SIGBUS && (host->flags & FLAG_ALIGNMENT))) {
		host->flags &= ~(number == SIGTRAP ? FLAG_TRACE : FLAG_ALIGNMENT);
		return;
	}
	fixup = number == SIGSEGV || number == SIGBUS ? exception_fixup(host->ip) : 0;
	if (fixup) {
		host->ip = fixup;
		return;
	}
	regs_from_host(&regs, host);
	regs.orig_rax = thread->syscall_number;
	layer_crash(&regs, "host signal %d, code %d, address %#llx", number, info->si_code,
		    (unsigned long long)info->si_addr);
}

/* The layer reads clocks by the host's vDSO, on its own stack: that is the layer's text too. */
static bool struck_in_layer(const struct sigcontext_64 *host, const struct thread *thread)
{
	return between(host->ip, layer_text_start, layer_text_end) ||
	       (host->sp - (u64)thread < THREAD_BLOCK_SIZE &&
		host->ip - config()->vdso_start < config()->vdso_end - config()->vdso_start);
}

kernel_function signal_in_program(int number, const struct siginfo *info,
				  struct sigcontext_64 *host, struct thread *thread)
{
	struct regs *regs = thread->regs;

	if (number == KICK_SIGNAL && stub_is_entering(thread->process->mm, host->ip))
		return NULL;
	if (number == SIGTRAP && host->trapno == TRAP_BREAKPOINT &&
	    site_is_changing(thread->process->mm, host->ip - 1)) {
		host->ip -= 1;
		return NULL;
	}

	regs_from_host(regs, host);
	/* With a key, a program that jumps into the gate traps there: it gets SIGSYS. */
	if (number == SIGSYS && !between(host->ip, layer_text_start, layer_text_end)) {
		if (info->_sifields._sigsys._arch != AUDIT_ARCH_X86_64)
			return enter_for_foreign_call;
		regs->orig_rax = regs->rax;
		return enter_for_call;
	}
	thread->flags |= THREAD_FULL_RESTORE;
	if (number == KICK_SIGNAL) {
		/* rip may stand behind the jump in a stub */
		thread->flags |= THREAD_TRAPPED;
		return enter_for_kick;
	}
	memcpy(&thread->fault_info, info, sizeof(thread->fault_info));
	thread->fault_trap = host->trapno;
	thread->fault_error = host->err;
	thread->fault_address = host->cr2;
	return enter_for_fault;
}

/*
 * Called by entry_signal; see there for the result. With a key only what struck in the layer comes
 * here.
 */
kernel_function host_signal(int number, const struct siginfo *info, struct ucontext *context,
			    struct thread *thread)
{
	struct sigcontext_64 *host = (struct sigcontext_64 *)&context->uc_mcontext;

	if (number == KICK_SIGNAL)
		kick_arrived(thread);
	if (!key_in_use && !struck_in_layer(host, thread))
		return signal_in_program(number, info, host, thread);
	signal_in_layer(number, info, host, thread);
	return NULL;
}

static void handler_install(int number)
{
	struct { u64 handler, flags, restorer, mask; } action = {
		.handler = (u64)(key_in_use ? entry_signal_key : entry_signal),
		.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER,
		/*
		 * Never used: the layer leaves handlers by itself, and the filter knows no
		 * rt_sigreturn.
		 */
		.restorer = (u64)entry_signal,
	};
	long error = host_call4(__NR_rt_sigaction, number, &action, 0, sizeof(u64));

	if (error)
		panic("no host handler for signal %d: error %ld", number, error);
}

void traps_init(void)
{
	static const u8 numbers[] = {
		SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, KICK_SIGNAL
	};

	xsave_restore_mask = config()->xsave_mask;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		handler_install(numbers[i]);
}

u64 thread_kernel_stack_end(void)
{
	return key_in_use ? KEY_SIGNAL_STACK : THREAD_BLOCK_SIZE;
}

void thread_arch_start(struct thread *thread)
{
	stack_t stack = {
		.ss_sp = (char *)thread + THREAD_STRUCT_SIZE,
		.ss_size = key_in_use ? KEY_OPEN_FRAME - THREAD_STRUCT_SIZE
				      : THREAD_SIGNAL_STACK_SIZE,
	};

	__asm__ volatile("wrgsbase %0" : : "r"(thread) : "memory");
	if (host_call2(__NR_sigaltstack, &stack, 0))
		panic("no host signal stack");
	if (key_in_use)
		key_thread_start(thread);
}

void thread_arch_join(struct thread *thread)
{
	if (key_in_use)
		key_thread_join(thread);
}

void thread_arch_unjoin(struct thread *thread)
{
	if (key_in_use)
		key_thread_unjoin(thread);
}

struct thread **thread_arch_free_blocks(void)
{
	return key_in_use ? &SPACE->free_blocks : &free_threads;
}

bool thread_arch_splits_mappings(void)
{
	return key_in_use;
}

bool thread_arch_is_open(const struct thread *thread)
{
	return key_in_use && thread->open_space == SPACE->id;
}

void thread_arch_exit(struct thread *thread)
{
	if (key_in_use)
		key_thread_exit();
	thread_block_free_and_exit(thread, thread_arch_free_blocks(),
				   key_in_use ? &SPACE->threads : NULL);
}
