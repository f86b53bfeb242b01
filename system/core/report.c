/* SPDX-License-Identifier: MIT */
/*
 * The end of a system layer that found itself broken: a report to the log, word to the monitor, and
 * the end of the process; the monitor ends the others. Takes no locks, allocates nothing, and
 * believes no pointer.
 */
#include "core/report.h"

#include <linux/uio.h>

#include "arch/x86_64/regs.h"
#include "core/channel.h"
#include "core/futex.h"
#include "core/host.h"
#include "core/log.h"
#include "core/string.h"
#include "core/symbols.h"
#include "core/thread.h"

#define STACK_FRAMES_MAX 32
#define FRAME_SIZE_MAX (64ul << 10)

extern const char layer_text_start[], layer_text_end[];

static struct thread *crashed_thread;

static __printf(1, 2) void report_line(const char *f, ...)
{
	char line[256];
	va_list args;

	va_start(args, f);
	log_write_unlocked(line, log_format(line, sizeof(line), f, args));
	va_end(args);
}

const char *symbol_name(uptr address, u64 *offset)
{
	u32 low = 0, high = symbol_count, wanted = (u32)(address - LAYER_TEXT_BASE);

	if (address < (uptr)layer_text_start || address >= (uptr)layer_text_end)
		return NULL;
	while (low < high) {
		u32 middle = (low + high) / 2;

		if (symbol_table[middle].offset <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	*offset = wanted - symbol_table[low - 1].offset;
	return symbol_table[low - 1].name;
}

static void report_address(const char *what, uptr address)
{
	u64 offset;
	const char *name = symbol_name(address, &offset);

	if (name)
		report_line("  %s %#lx %s+%#lx", what, address, name, offset);
	else
		report_line("  %s %#lx", what, address);
}

static void report_stack(uptr frame)
{
	for (int i = 0; i < STACK_FRAMES_MAX; i++) {
		const uptr *words = (const uptr *)frame;

		if (frame < HEAP_BASE || frame >= HEAP_BASE + HEAP_SIZE - 16 || frame & 7)
			return;
		if (words[1] < (uptr)layer_text_start || words[1] >= (uptr)layer_text_end)
			return;
		report_address("by", words[1]);
		if (words[0] <= frame || words[0] - frame > FRAME_SIZE_MAX)
			return;
		frame = words[0];
	}
}

static void report_registers(const struct regs *r)
{
	report_line("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx, r->rcx,
		    r->rdx);
	report_line("  rsi %016lx rdi %016lx rbp %016lx rsp %016lx", r->rsi, r->rdi, r->rbp,
		    r->rsp);
	report_line("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx", r->r8, r->r9, r->r10, r->r11);
	report_line("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx", r->r12, r->r13, r->r14,
		    r->r15);
	report_line("  flags %#lx", r->rflags);
}

static void report_thread(void)
{
	const struct thread *thread = thread_current();
	const char *name;

	if ((uptr)thread < HEAP_BASE || (uptr)thread >= HEAP_BASE + HEAP_SIZE) {
		report_line("  no thread was set up");
		return;
	}
	name = syscall_name(thread->syscall_number);
	report_line("  thread %u (%.16s), call %ld (%s)", thread->tid, thread->name,
		    (long)thread->syscall_number, name ? name : "none");
}

static void tell_monitor(u32 op)
{
	struct request request = { .op = op };
	struct iovec part = { &request, sizeof(request) };
	/*
	 * struct msghdr of the host: name, its size, parts, their count, control, its size, flags.
	 */
	u64 message[7] = { 0, 0, (u64)&part, 1, 0, 0, 0 };

	host_call3(__NR_sendmsg, HANDLE_MONITOR, message, 0);
}

static void report_crash(const struct regs *regs)
{
	report_thread();
	if (regs) {
		report_registers(regs);
		report_address("at", regs->rip);
	}
	report_stack(regs ? regs->rbp : (uptr)__builtin_frame_address(0));
	tell_monitor(REQ_CRASH);
}

/* True for the first one. */
static bool end_begin(void)
{
	return atomic_cas(&crashed_thread, NULL, thread_current());
}

/* A crash of the report itself ends it; other threads that crash leave it the time. */
static __noreturn void end_finish(void)
{
	u32 never = 0;

	while (crashed_thread != thread_current())
		futex_wait(&never, 0);
	for (;;)
		host_call1(__NR_exit_group, EXIT_LAYER_CRASHED);
}

static void report_reason(const char *f, va_list args)
{
	char line[384];

	log_write_unlocked(line, log_format(line, sizeof(line), f, args));
}

void layer_crash(const struct regs *regs, const char *f, ...)
{
	va_list args;

	if (end_begin()) {
		report_line("the system layer crashed; this is a bug in Mezzo");
		va_start(args, f);
		report_reason(f, args);
		va_end(args);
		report_crash(regs);
	}
	end_finish();
}

void layer_bereaved(const char *f, ...)
{
	va_list args;

	if (end_begin()) {
		va_start(args, f);
		report_reason(f, args);
		va_end(args);
		tell_monitor(REQ_KILLED);
	}
	end_finish();
}
