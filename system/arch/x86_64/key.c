/* SPDX-License-Identifier: MIT */
/*
 * Setting up the second wall, and host signals that struck in the program where it stands; see key.h.
 *
 * Each thread block has a selector: a byte on a cache line of its own, in an array that only the layer may write
 * and programs may read, and so the host too that looks at it with their rights (Syscall User Dispatch). Each address space has a number: in the space page, private to it and
 * under the key, and in the blocks of the threads that run there.
 *
 * No locks: all is the calling thread's own, or constant after the start.
 */
#include "arch/x86_64/key.h"

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <linux/mman.h>
#include <linux/prctl.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/trap.h"
#include "core/channel.h"
#include "core/event.h"
#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "process/process.h"

#define SELECTOR_STRIDE		64ul
#define OPEN_SIZE		(THREAD_BLOCK_SIZE - KEY_SIGNAL_STACK)
#define PKRU_INITIAL		0x55555554u	/* as Linux starts programs: key 0 alone is open */
#define XSTATE_PKRU		9
#define NESTED_MAX		8		/* signals that strike while another one begins */
#define FLAG_TRACE		0x100ul

struct host_frame {
	u64 restorer;
	struct ucontext context;
	struct siginfo info;
};

_Static_assert(offsetof(struct host_frame, info) == HOST_FRAME_INFO, "offsets.h");
_Static_assert(offsetof(struct thread, space) == THREAD_SPACE, "offsets.h");
_Static_assert(offsetof(struct thread, selector) == THREAD_SELECTOR, "offsets.h");
_Static_assert(offsetof(struct thread, open_frame) == THREAD_OPEN_FRAME, "offsets.h");
_Static_assert(offsetof(struct thread, host_own_tid) == THREAD_HOST_OWN_TID, "offsets.h");
_Static_assert(KEY_OPEN_FRAME + offsetof(struct open_frame, rax) == OPEN_RAX, "offsets.h");
_Static_assert(KEY_OPEN_FRAME + offsetof(struct open_frame, pkru) == OPEN_PKRU, "offsets.h");
_Static_assert(KEY_OPEN_FRAME + sizeof(struct open_frame) <= THREAD_BLOCK_SIZE, "the block's end");
_Static_assert(KEY_CLOSED == (1 << 2 * LAYER_KEY | 2 << 2 * SELECTOR_KEY), "offsets.h");
_Static_assert(KEY_BITS == (3 | 3 << 2 * SELECTOR_KEY), "offsets.h");
_Static_assert(HEAP_SIZE == 1ul << KEY_HEAP_SHIFT && HEAP_BASE % THREAD_BLOCK_SIZE == 0, "offsets.h");
_Static_assert(THREAD_BLOCK_SIZE >> KEY_SELECTOR_SHIFT == SELECTOR_STRIDE, "offsets.h");
_Static_assert(offsetof(struct space, id) == 0, "entry_key.S reads it");
_Static_assert(HEAP_SIZE / THREAD_BLOCK_SIZE * SELECTOR_STRIDE <= SELECTORS_SIZE, "too few selectors");

u8 key_in_use;

static u32 pkru_offset;		/* in the host's XSAVE areas */
static u64 last_space;		/* atomic */

extern const char entry_stub_key[], entry_stub_key_clobbers[], entry_stub_key_switched[];
extern const char entry_signal_key[], entry_signal_key_switched[];
extern const char exit_key_glue[], exit_key_glue_end[], exit_key_glue_full[], exit_key_end[];
extern char boot_thread_block[];
void signal_from_program(int number, uptr frame);

/* ---- Setting up ---- */

static long key_set(u64 address, u64 size, int key)
{
	return host_call4(__NR_pkey_mprotect, address, size, PROT_READ | PROT_WRITE, key);
}

/* What a program may not see of files is not for it to read in the index or overlay either. */
static long files_hide(void)
{
	u64 size = ROUND_UP(config()->index_size, PAGE_SIZE);
	long error = 0;

	if (size)
		error = host_call4(__NR_pkey_mprotect, INDEX_BASE, size, PROT_READ, LAYER_KEY);
	if (!error && config()->overlay_size)
		error = key_set(OVERLAY_BASE, OVERLAY_SIZE_MAX, LAYER_KEY);
	return error;
}

static bool host_can_dispatch(void)
{
	return !host_call5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}

static void maps_make(void)
{
	const int fixed = MAP_FIXED_NOREPLACE;

	if (host_mmap(SPACE_PAGE, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0) !=
	    (long)SPACE_PAGE || key_set(SPACE_PAGE, PAGE_SIZE, LAYER_KEY) ||
	    key_set(CHANNEL_BASE, ROUND_UP(sizeof(struct channel), PAGE_SIZE), LAYER_KEY) ||
	    host_mmap(SELECTORS_BASE, SELECTORS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | fixed,
		      HANDLE_HEAP, HEAP_SIZE) != (long)SELECTORS_BASE || files_hide() ||
	    key_set(SELECTORS_BASE, SELECTORS_SIZE, SELECTOR_KEY))
		panic("the host does not let the layer's memory have its key");
}

void key_init(void)
{
	u32 a = 0xd, c = XSTATE_PKRU, d;

	if (config()->protection_key != LAYER_KEY) {
		log_verbose("no protection key: programs can reach their own system layer");
		return;
	}
	if (!host_can_dispatch()) {
		log_verbose("this host has no system call dispatch: programs can reach their own system layer");
		return;
	}
	__asm__("cpuid" : "+a"(a), "=b"(pkru_offset), "+c"(c), "=d"(d));
	maps_make();
	/* The first bytes of the heap are no thread block: their selector's place is free. */
	death_word = (struct robust_word *)SELECTORS_BASE;
	key_in_use = 1;
}

struct death_watch *thread_death_watch(struct thread *thread)
{
	return thread->open_frame ? &thread->open_frame->death_watch : &thread->death_watch;
}

/* A new address space: the copy of another one, in which threads that do not run here may have open pages. */
static void space_begin(struct thread *thread)
{
	if ((!SPACE->id || SPACE->opened) && key_set(HEAP_BASE, HEAP_SIZE, LAYER_KEY))
		panic("the host does not let the heap have its key");
	thread->space = atomic_add(&last_space, 1ul);
	*SPACE = (struct space){ .id = thread->space, .threads = 1 };
}

void key_thread_join(struct thread *thread)
{
	thread->space = thread_current()->space;
	atomic_add(&SPACE->threads, 1u);
}

void key_thread_unjoin(struct thread *thread)
{
	(void)thread;
	atomic_sub(&SPACE->threads, 1u);
}

/* Nothing that another program left behind is shown to this one. */
static void pages_open(struct thread *thread)
{
	u64 open = (u64)thread + KEY_SIGNAL_STACK;

	if (thread->open_space == thread->space)
		return;
	memset((void *)open, 0, OPEN_SIZE);
	WRITE_ONCE(SPACE->opened, 1u);
	if (key_set(open, OPEN_SIZE, 0))
		panic("the host does not open the pages of thread %u", thread->tid);
	thread->open_space = thread->space;
}

void key_thread_start(struct thread *thread)
{
	u64 selector = SELECTORS_BASE + ((u64)thread - HEAP_BASE) / THREAD_BLOCK_SIZE * SELECTOR_STRIDE;

	if (!thread->space)
		space_begin(thread);
	if (thread == (struct thread *)boot_thread_block)
		return;
	thread->selector = (u8 *)selector;
	thread->open_frame = (struct open_frame *)((u64)thread + KEY_OPEN_FRAME);
	pages_open(thread);
	thread->open_frame->pkru = PKRU_INITIAL;
	if (host_call5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0,
		       selector))
		panic("the host does not put the wall around thread %u", thread->tid);
}

void key_thread_exit(void)
{
	host_call5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}

/* ---- Host signals in the program, on the kernel stack ---- */

static bool between(u64 rip, const char *from, const char *to)
{
	return rip >= (u64)from && rip < (u64)to;
}

/* What the host wrote, and any thread of the program may have changed since: read once. */
static bool host_frame_take(const struct thread *thread, uptr at, struct host_frame *frame)
{
	uptr open = (uptr)thread + KEY_SIGNAL_STACK;

	if (at < open || at > (uptr)thread + KEY_OPEN_FRAME - sizeof(*frame))
		return false;
	memcpy(frame, (const void *)at, sizeof(*frame));
	return true;
}

/* The program's vector registers and its protection keys; initial ones where the frame is not the host's. */
static void fpstate_take(const struct thread *thread, uptr from)
{
	uptr end = (uptr)thread + KEY_OPEN_FRAME - config()->xsave_size;
	u64 features;

	if (from % 64 || from < (uptr)thread + KEY_SIGNAL_STACK || from > end ||
	    user_xrstor_raw((const void *)from, xsave_restore_mask)) {
		fpu_reset();
		return;
	}
	features = *(const u64 *)(from + 512);
	if (from + pkru_offset <= (uptr)thread + KEY_OPEN_FRAME - sizeof(u32))
		thread->open_frame->pkru = features >> XSTATE_PKRU & 1 ? *(const u32 *)(from + pkru_offset) : 0;
}

static bool is_ours(int number)
{
	return number == SIGSYS || number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
	       number == SIGILL || number == SIGTRAP || number == KICK_SIGNAL;
}

/* A stub's call that was on its way in: it is made from here. */
static void call_finish_entering(struct thread *thread, struct sigcontext_64 *host)
{
	const struct open_frame *open = thread->open_frame;
	struct regs *regs = thread->regs;

	if (host->ip > (u64)entry_stub_key_clobbers) {
		host->ax = READ_ONCE(open->rax);
		host->dx = READ_ONCE(open->rdx);
		host->cx = host->r11;
	}
	regs_from_host(regs, host);
	regs->orig_rax = regs->rax;
	regs->rip = regs->rcx;
	regs->rflags = regs->r11 = USER_RFLAGS;
	syscall_slow(regs);
}

/* The way out is finished on the saved registers. */
static void exit_finish(const struct thread *thread, struct sigcontext_64 *host)
{
	const struct open_frame *open = thread->open_frame;
	bool full = between(host->ip, exit_key_glue_full, exit_key_end);

	if (!full && !between(host->ip, exit_key_glue, exit_key_glue_end))
		return;
	host->ip = READ_ONCE(open->rip);
	host->sp = READ_ONCE(open->rsp);
	host->ax = READ_ONCE(open->rax);
	host->dx = READ_ONCE(open->rdx);
	host->flags = full ? READ_ONCE(open->rflags) : USER_RFLAGS;
	if (full)
		host->cx = READ_ONCE(open->rcx);
}

/*
 * Called by entry_signal_key on the kernel stack, below struct regs. frame is on the host signal stack, or anywhere, if the
 * program pointed its stack at the layer or jumped to the handler itself.
 */
void signal_from_program(int number, uptr frame)
{
	struct thread *thread = thread_current();
	struct host_frame taken;
	struct sigcontext_64 *host = (struct sigcontext_64 *)&taken.context.uc_mcontext;
	kernel_function run;
	bool passing;

	for (int depth = 0;; depth++) {
		if (number == KICK_SIGNAL)
			kick_arrived(thread);
		if (depth == NESTED_MAX || !is_ours(number) || !host_frame_take(thread, frame, &taken))
			process_exit_group(SIGSEGV);
		if (number != KICK_SIGNAL || !between(host->ip, entry_signal_key, entry_signal_key_switched))
			break;
		/* Another signal was on its way in, and was interrupted: it comes first. */
		number = (int)host->di;
		frame = host->sp;
	}
	fpstate_take(thread, host->fpstate);
	/* A program that changed GS faults at the first instruction: the way here has put it right. */
	passing = number == KICK_SIGNAL || (number == SIGTRAP && (host->flags & FLAG_TRACE)) ||
		  (number == SIGSEGV && host->ip == (u64)entry_stub_key);
	if (passing && between(host->ip, entry_stub_key, entry_stub_key_switched)) {
		call_finish_entering(thread, host);
		return;
	}
	exit_finish(thread, host);
	run = signal_in_program(number, &taken.info, host, thread);
	if (run) {
		run(thread->regs);
	} else {
		regs_from_host(thread->regs, host);
		thread->flags |= THREAD_FULL_RESTORE;
	}
}
