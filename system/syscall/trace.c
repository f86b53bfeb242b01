/* SPDX-License-Identifier: MIT */
/*
 * --trace: one line for each call, as strace writes it. A call is written when it returns; those
 * that don't come back (exit) or come back as another program (execve) are written when they begin.
 * sys_missing() lives here too, as it needs the names. No locks: missing_seen is changed
 * atomically.
 */
#include "syscall/trace.h"

#include <asm/fcntl.h>
#include <asm/siginfo.h>
#include <asm/unistd_64.h>

#include "core/report.h"
#include "core/string.h"
#include "core/thread.h"
#include "syscall/syscall.h"
#include "syscall/trace_names.h"
#include "syscall/trace_text.h"

static u64 missing_seen[(SYSCALL_COUNT + 63) / 64];

const char *syscall_name(u64 number)
{
	return number < SYSCALL_COUNT ? trace_table[number].name : NULL;
}

long sys_missing(void)
{
	u64 number = thread_current()->syscall_number;
	const char *name = syscall_name(number);
	u64 bit;

	if (number >= SYSCALL_COUNT)
		return -ENOSYS;
	bit = 1ull << (number % 64);
	if (!(atomic_or(&missing_seen[number / 64], bit) & bit))
		log_verbose("system call %s (%lu) is not supported", name ? name : "?", number);
	return -ENOSYS;
}

static void put_head(struct text *text)
{
	text->used = 0;
	text_put(text, "[pid %u] ", thread_current()->tid);
}

/* The mode of open(2) means something only where a file may be made. */
static bool argument_is_unused(const struct trace_row *row, const u64 *arguments, u32 index)
{
	return index && row->kinds[index] == KIND_MODE &&
	       row->kinds[index - 1] == KIND_OPEN_FLAGS &&
	       !(arguments[index - 1] & (O_CREAT | __O_TMPFILE));
}

static void put_call(struct text *text, const struct traced *call)
{
	const struct trace_row *row;

	if (!syscall_name(call->number)) {
		text_put(text, "syscall_%#lx(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)", call->number,
			 call->arguments[0], call->arguments[1], call->arguments[2],
			 call->arguments[3], call->arguments[4], call->arguments[5]);
		return;
	}
	row = &trace_table[call->number];
	text_put(text, "%s(", row->name);
	for (u32 i = 0; i < row->count; i++) {
		if (argument_is_unused(row, call->arguments, i))
			continue;
		text_put(text, i ? ", " : "");
		text_put_argument(text, call, row->kinds[i], i);
	}
	text_put(text, ")");
}

static void put_result(struct text *text, u64 number, long result)
{
	const char *name = error_name((u32)-result), *why = error_text((u32)-result);

	if (result >= 0 || result < -4095) {
		bool address = number == __NR_mmap || number == __NR_brk || number == __NR_mremap;

		text_put(text, address ? " = %#lx" : " = %ld", result);
	} else if (result == -ERESTARTSYS || result == -ERESTARTNOHAND) {
		text_put(text, " = ? (interrupted by a signal)");
	} else if (result == -ERESTARTNOINTR) {
		text_put(text, " = ? (to be restarted)");
	} else if (name) {
		text_put(text, " = -1 %s (%s)", name, why);
	} else {
		text_put(text, " = -1 (error %ld)", -result);
	}
}

static void put_end(struct text *text)
{
	text->used = MIN(text->used, (u32)sizeof(text->bytes) - 2);
	text->bytes[text->used++] = '\n';
	log_write(text->bytes, text->used);
}

static bool leaves(u64 number)
{
	return number == __NR_exit || number == __NR_exit_group || number == __NR_rt_sigreturn;
}

static bool changes_program(u64 number)
{
	return number == __NR_execve || number == __NR_execveat;
}

void trace_enter(u64 number, const u64 arguments[6])
{
	struct traced call = { .number = number, .arguments = arguments };
	struct text text;

	if (!leaves(number) && !changes_program(number))
		return;
	put_head(&text);
	put_call(&text, &call);
	if (leaves(number))
		text_put(&text, " = ?");
	put_end(&text);
}

void trace_exit(u64 number, const u64 arguments[6], long result)
{
	struct traced call = {
		.number = number, .arguments = arguments, .returned = true, .result = result,
	};
	struct text text;

	if (leaves(number))
		return;
	put_head(&text);
	if (changes_program(number))
		text_put(&text, "<... %s resumed>", syscall_name(number));
	else
		put_call(&text, &call);
	put_result(&text, number, result);
	put_end(&text);
}

void trace_signal(const struct siginfo *info)
{
	struct text text;

	put_head(&text);
	text_put(&text, "--- ");
	text_put_signal(&text, (u32)info->si_signo);
	text_put(&text, " {si_code=%d, si_pid=%d, si_addr=%#lx} ---", info->si_code, info->si_pid,
		 (uptr)info->si_addr);
	put_end(&text);
}
