/* SPDX-License-Identifier: MIT */
/*
 * The domain's beginning and end. The launcher jumps to layer_start (entry.S) in the first host
 * process; its thread sets up the layer, starts the first program in a host process of its own, and
 * becomes the event thread.
 */
#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/fcntl.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/key.h"
#include "arch/x86_64/offsets.h"
#include "core/channel.h"
#include "core/event.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "core/timer.h"
#include "core/wait.h"
#include "fs/start.h"
#include "ipc/stream.h"
#include "memory/mm.h"
#include "process/death.h"
#include "process/exec.h"
#include "process/fork.h"
#include "process/fresh.h"
#include "process/process.h"
#include "process/thread.h"
#include "signal/signal.h"
#include "tty/terminal.h"
#include "vfs/file.h"
#include "vfs/path.h"

#define STRINGS_MAX	CONFIG_TEXT_MAX

_Static_assert(NOTE_BOUNDARY_VERSION == BOUNDARY_VERSION, "entry.S says it in the note");

__noreturn void domain_start(void);

static const char *config_text(u32 offset)
{
	return (const char *)channel() + offset;
}

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

/* Signals to mezzo: those of a terminal go to its foreground group, others to the first program. */
static void signals_forward(u64 set)
{
	for (; set; set &= set - 1) {
		int number = __builtin_ctzll(set) + 1;
		struct process *first;

		if (terminal_signal(number))
			continue;
		first = process_find(FIRST_PROGRAM_PID);
		if (!first)
			continue;
		signal_send_simple(first, number, SI_KERNEL);
		process_put(first);
	}
}

/* ---- The first program, in its own host process ---- */

static int texts_read(struct text *arguments, struct text *environment)
{
	const char *string = config_text(config()->argv_offset);
	int error = 0;

	for (u32 i = 0; !error && i < config()->argc; i++, string += strlen(string) + 1)
		error = text_add(arguments, string, STRINGS_MAX);
	string = config_text(config()->envp_offset);
	for (u32 i = 0; !error && i < config()->envc; i++, string += strlen(string) + 1)
		error = text_add(environment, string, STRINGS_MAX);
	return error;
}

static const char *search_path(const struct text *environment)
{
	const char *string = environment->data;

	for (u32 i = 0; i < environment->count; i++, string += strlen(string) + 1)
		if (!strncmp(string, "PATH=", 5))
			return string + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* Tries name in each directory of a list; "permission denied" is remembered over "not found". */
static int exec_search(const char *name, const char *list, const struct text *arguments,
		       const struct text *environment)
{
	char path[PATH_MAX];
	int result = -ENOENT;

	for (;;) {
		const char *end = strchr(list, ':');
		int size = (int)(end ? (size_t)(end - list) : strlen(list)), error;

		format(path, sizeof(path), "%.*s%s%s", size, list, size ? "/" : "", name);
		error = exec_first(path, arguments, environment);
		if (error != -ENOENT && error != -ENOTDIR && error != -EACCES)
			return error;
		if (error == -EACCES)
			result = error;
		if (!end)
			return result;
		list = end + 1;
	}
}

static const char *error_text(int error)
{
	switch (error) {
	case -ENOENT: return "not found";
	case -ENOTDIR: return "not a directory";
	case -EACCES: return "permission denied";
	case -ENOEXEC: return "not a program";
	case -ELIBBAD: return "its interpreter is not a program";
	case -ELOOP: return "too many links or scripts";
	case -E2BIG: return "arguments too long";
	case -ENOMEM: return "out of memory";
	default: return "can't be run";
	}
}

/* What a domain has of its own need not have what the host's has: that is no reason to give up. */
static bool is_own_place(const char *name)
{
	return !strncmp(name, "/proc", 5) || !strncmp(name, "/sys", 4) || !strncmp(name, "/dev", 4);
}

static void cwd_enter(struct process *process)
{
	struct walker walker = { process->fs, process->credentials };
	const char *name = config_text(config()->cwd_offset);
	struct path path;
	int error = path_walk(&walker, NULL, name, WALK_FOLLOW | WALK_DIRECTORY, &path);

	if (!error) {
		fs_context_set_cwd(process->fs, &path);
	} else if (is_own_place(name)) {
		log_verbose("%s: no such directory here; beginning in /", name);
	} else {
		log_line("directory to start in, %s: %s", name, error_text(error));
		domain_exit(EXIT_MEZZO_FAILED << 8);
	}
}

static void first_program_start(struct thread *thread)
{
	const char *name = config_text(config()->path_offset);
	struct text arguments = { 0 }, environment = { 0 };
	int error;

	cwd_enter(thread->process);
	error = texts_read(&arguments, &environment);
	if (!error && !*name)
		error = -ENOENT;
	else if (!error && strchr(name, '/'))
		error = exec_first(name, &arguments, &environment);
	else if (!error)
		error = exec_search(name, search_path(&environment), &arguments, &environment);
	log_line("%s: %s", name, error_text(error));
	domain_exit((error == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN) << 8);
}

/* ---- The beginning ---- */

static struct credentials *credentials_first(void)
{
	struct credentials *c = heap_alloc_zero(sizeof(*c));
	bool root = !config()->uid;

	if (!c)
		panic("no memory for the first credentials");
	refcount_init(&c->references, 1);
	c->uid = c->euid = c->suid = c->fsuid = config()->uid;
	c->gid = c->egid = c->sgid = c->fsgid = config()->gid;
	c->cap_bounding = CAP_ALL;
	c->cap_permitted = c->cap_effective = root ? CAP_ALL : 0;
	c->group_count = MIN(config()->group_count, (u32)GROUPS_MAX);
	memcpy(c->groups, config()->groups, c->group_count * sizeof(u32));
	return c;
}

static void process_fill(struct process *process)
{
	process->credentials = credentials_first();
	process->fs = fs_context_create();
	process->files = fd_table_create();
	process->mm = mm_create();
	if (!process->fs || !process->files || !process->mm)
		panic("no memory for process %u", process->pid);
	process->fs->umask = config()->umask;
	for (u32 i = 0; i < RLIM_NLIMITS; i++) {
		process->limits[i].rlim_cur = config()->rlimits[i][0];
		process->limits[i].rlim_max = config()->rlimits[i][1];
	}
}

static struct process *process_make(u32 pid)
{
	struct process *process = process_create();

	if (IS_ERROR(process) || process->pid != pid)
		panic("no process %u", pid);
	return process;
}

static void first_program_launch(void)
{
	struct process *process = process_make(FIRST_PROGRAM_PID);
	struct walker walker;
	struct thread *thread;

	process_fill(process);
	walker = (struct walker){ process->fs, process->credentials };
	process->pgid = process->sid = process->pid;
	process->is_session_leader = true;
	if (streams_install(process->files) || terminal_install(process->files, &walker))
		panic("no memory for the streams");
	thread = thread_create(process, process->pid, false);
	if (!thread)
		panic("no memory for the first thread");
	process_publish(process, init_process);
	if (thread_publish(thread) || fresh_start(thread, first_program_start))
		panic("the host can't start a process for the first program");
}

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

void domain_start(void)
{
	static const struct event_handlers handlers = { .streams = streams_poll,
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
	init_process = process_make(1);
	thread_current()->process = init_process;
	process_publish(init_process, NULL);
	terminal_register();
	if (file_systems_start())
		panic("the file systems don't start");
	process_fill(init_process);
	first_program_launch();
	event_thread(&handlers);
}
