/* SPDX-License-Identifier: MIT */
/*
 * The domain's beginning and end. The launcher jumps to layer_start (entry.S) in the first host
 * process; its thread sets up the layer, starts the first program in a host process of its own, and
 * becomes the event thread.
 */
#include <asm/unistd_64.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/key.h"
#include "arch/x86_64/offsets.h"
#include "core/channel.h"
#include "core/event.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/report.h"
#include "core/timer.h"
#include "core/wait.h"
#include "fs/start.h"
#include "ipc/stream.h"
#include "process/death.h"
#include "process/process.h"
#include "process/program.h"
#include "process/thread.h"
#include "signal/signal.h"
#include "tty/terminal.h"

_Static_assert(NOTE_BOUNDARY_VERSION == BOUNDARY_VERSION, "entry.S says it in the note");

__noreturn void domain_start(void);

/* ---- The end ---- */

void domain_exit(u32 status)
{
	struct request request = { .op = REQ_EXIT, .status = (s32)status,
				   .offset = stream_input_position() };
	struct reply reply;

	/* The monitor doesn't answer: it ends all host processes of the domain. */
	request_begin(&request, NULL, &reply, NULL, 0);
	for (;;)
		thread_park(thread_park_begin(), FOREVER);
}

/* Those of a terminal go to its foreground group, others to the program. */
static void console_signals_forward(struct console_state *console)
{
	u64 set = atomic_exchange(&console_shared(console)->signals, 0);

	for (; set; set &= set - 1) {
		int number = __builtin_ctzll(set) + 1;

		if (!terminal_signal(console, number))
			signal_send_simple(console->leader, number, SI_KERNEL);
	}
}

static void signals_forward(u32 consoles)
{
	for (; consoles; consoles &= consoles - 1) {
		struct console_state *console = console_find(__builtin_ctz(consoles));

		/* Its program may have ended meanwhile. */
		if (!console)
			continue;
		if (console_enter(console)) {
			console_signals_forward(console);
			console_leave(console);
		}
		console_put(console);
	}
}

/* ---- The beginning ---- */

/* The launcher's own text, stack and data are of no use here; the vDSO is. */
static void address_space_clear(void)
{
	u64 from = LAYER_END, start = config()->vdso_start, end = config()->vdso_end;

	host_munmap(USER_MIN, LAYER_BASE - USER_MIN);
	if (start < end && start >= LAYER_END) {
		host_munmap(from, start - from);
		from = end;
	}
	host_munmap(from, USER_END - from);
}

/* Nobody asks the host how its processes ended: it is not to keep them for that. */
static void host_children_ignore(void)
{
	const struct { u64 handler, flags, restorer, mask; } ignore = { .handler = (u64)SIG_IGN };
	long error = host_call4(__NR_rt_sigaction, SIGCHLD, &ignore, NULL, sizeof(u64));

	if (error)
		panic("no SIGCHLD from the host: error %ld", error);
}

/* A place that can't be made, or is no directory, is a mistake of the caller. */
static void volumes_mount(void)
{
	const char *path;
	int error = volumes_start(&path);

	if (!error)
		return;
	log_line("no volume can be mounted at %s, which %s", path,
		 error == -ENOTDIR ? "is no directory" : "can't be made");
	domain_exit(EXIT_MEZZO_FAILED << 8);
}

/* What the domain keeps may be damaged, which was told then, and is no fault of the layer. */
static void root_start(void)
{
	int error = file_systems_start();

	if (error == -EBADMSG)
		domain_exit(EXIT_MEZZO_FAILED << 8);
	if (error)
		panic("the file systems don't start: error %d", error);
}

/* The host may allow no more processes, which is no fault of the layer. */
static void first_program_start(void)
{
	int error = program_resources_give(init_process, CONSOLE_FIRST) ?:
		    program_start(CONSOLE_FIRST);

	if (!error)
		return;
	if (error == -EAGAIN)
		log_line("the first program can't be started: the host allows no more processes");
	else
		log_line("the first program can't be started: error %d", error);
	domain_exit(EXIT_MEZZO_FAILED << 8);
}

void domain_start(void)
{
	static const struct event_handlers handlers = { .streams = streams_poll,
							.consoles = programs_start,
							.signals = signals_forward,
							.deaths = deaths_look };
	extern char boot_thread_block[];

	config_take();
	boot_thread_init(NULL);
	address_space_clear();
	heap_init(HEAP_BASE + ROUND_UP(config()->heap_data_size, PAGE_SIZE) + BOOT_STACK_SIZE);
	clock_init();
	key_init();
	traps_init();
	thread_arch_start((struct thread *)boot_thread_block);
	host_children_ignore();
	init_process = process_create();
	if (IS_ERROR(init_process))
		panic("no process 1");
	thread_current()->process = init_process;
	process_publish(init_process, NULL);
	tty_register();
	root_start();
	volumes_mount();
	first_program_start();
	event_thread(&handlers);
}
