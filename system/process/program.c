/* SPDX-License-Identifier: MIT */
/*
 * Programs that are started from outside; see program.h. The event thread makes the process; all
 * that can take time or fail is done by the process itself, before it becomes the program. No
 * locks.
 */
#include "process/program.h"

#include <linux/capability.h>
#include <linux/fcntl.h>

#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "fs/granted.h"
#include "ipc/stream.h"
#include "memory/mm.h"
#include "process/exec.h"
#include "process/fork.h"
#include "process/fresh.h"
#include "process/process.h"
#include "process/thread.h"
#include "tty/terminal.h"
#include "vfs/file.h"
#include "vfs/path.h"

#define STRINGS_MAX	CONFIG_TEXT_MAX
#define MESSAGE_MAX	512
#define NOT_STARTED	"a program can't be started"

static const char *channel_text(u32 offset)
{
	return (const char *)channel() + offset;
}

/* ---- Failing ---- */

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
	case -EAGAIN: return "no more processes: all are taken that the domain may have";
	default: return "can't be run";
	}
}

/* To the standard error that the program would have had. False where it has none that is read. */
static bool error_write(struct process *process, const char *line, size_t size)
{
	bool unread = process->console->stream_flags[STREAM_ERR] & (STREAM_ABSENT | STREAM_NULL);
	struct file *file = unread ? NULL : fd_get(process->files, STREAM_ERR);
	u64 offset = 0;
	struct iter from;

	if (!file)
		return false;
	iter_init_kernel(&from, (void *)line, size);
	file->operations->write(file, &from, &offset);
	file_put(file);
	return true;
}

/* Says why there is no program. */
static void program_tell(struct process *process, const char *what, int error)
{
	char line[MESSAGE_MAX];
	int size = format(line, sizeof(line), "mezzo: %s: %s\n", what, error_text(error));

	if (process->pid == FIRST_PROGRAM_PID ||
	    !error_write(process, line, MIN((size_t)size, sizeof(line) - 1)))
		log_line("%s: %s", what, error_text(error));
}

/* Instead of the program. */
static __noreturn void program_give_up(struct process *process, int status, const char *what,
				       int error)
{
	program_tell(process, what, error);
	process_exit_group(status << 8);
}

/* ---- In its own host process ---- */

static int texts_read(const struct program *program, struct text *arguments,
		      struct text *environment)
{
	const char *string = channel_text(program->argv_offset);
	int error = 0;

	for (u32 i = 0; !error && i < program->argc; i++, string += strlen(string) + 1)
		error = text_add(arguments, string, STRINGS_MAX);
	string = channel_text(program->envp_offset);
	for (u32 i = 0; !error && i < program->envc; i++, string += strlen(string) + 1)
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

static int exec_path(const char *path, struct text *arguments, struct text *environment)
{
	struct file *file;

	return path_open_exec(path, &file) ?: exec_first(file, path, arguments, environment);
}

/* What the host grants, whatever is in the tree. */
static int exec_granted(const char *name, struct text *arguments, struct text *environment)
{
	struct file *file = granted_program_open(name);

	if (IS_ERROR(file))
		return (int)PTR_ERROR(file);
	return exec_first(file, name, arguments, environment);
}

/* Tries name in each directory of a list; "permission denied" is remembered over "not found". */
static int exec_search(const char *name, const char *list, struct text *arguments,
		       struct text *environment)
{
	char path[PATH_MAX];
	int result = -ENOENT;

	for (;;) {
		const char *end = strchr(list, ':');
		int size = (int)(end ? (size_t)(end - list) : strlen(list)), error;

		format(path, sizeof(path), "%.*s%s%s", size, list, size ? "/" : "", name);
		error = exec_path(path, arguments, environment);
		if (error != -ENOENT && error != -ENOTDIR && error != -EACCES)
			return error;
		if (error == -EACCES)
			result = error;
		if (!end)
			return result;
		list = end + 1;
	}
}

/* What a domain has of its own need not have what the host's has: that is no reason to give up. */
static bool is_own_place(const char *name)
{
	return !strncmp(name, "/proc", 5) || !strncmp(name, "/sys", 4) || !strncmp(name, "/dev", 4);
}

static void cwd_enter(struct process *process, const char *name)
{
	struct walker walker = { process->fs, process->credentials };
	struct path path;
	char what[MESSAGE_MAX];
	int error = path_walk(&walker, NULL, name, WALK_FOLLOW | WALK_DIRECTORY, &path);

	if (!error) {
		fs_context_set_cwd(process->fs, &path);
	} else if (is_own_place(name)) {
		log_verbose("%s: no such directory here; beginning in /", name);
	} else {
		format(what, sizeof(what), "directory to start in, %s", name);
		program_give_up(process, EXIT_MEZZO_FAILED, what, error);
	}
}

/* Those streams that nothing outside stands behind. */
static int nulls_install(struct console_state *console, struct fd_table *table,
			 const struct walker *walker)
{
	int error = 0, fd;

	for (u32 i = 0; i < STREAM_COUNT && !error; i++) {
		struct file *file;

		if (!(console->stream_flags[i] & STREAM_NULL))
			continue;
		error = path_open(walker, NULL, "/dev/null", O_RDWR, 0, WALK_FOLLOW, &file);
		if (error)
			break;
		fd = fd_install_at(table, file, i, STREAM_COUNT, false);
		if (fd < 0) {
			file_put(file);
			error = fd;
		}
	}
	return error;
}

/* What streams_install() left out. */
static void devices_open(struct process *process)
{
	struct walker walker = { process->fs, process->credentials };
	struct console_state *console = process->console;
	int error = terminal_install(console, process->files, &walker);

	if (!error)
		error = nulls_install(console, process->files, &walker);
	if (error)
		program_give_up(process, EXIT_MEZZO_FAILED, "standard streams", error);
}

static void program_begin(struct thread *thread)
{
	struct process *process = thread->process;
	const struct program *program = &console_shared(process->console)->program;
	const char *name = channel_text(program->path_offset);
	struct text arguments = { 0 }, environment = { 0 };
	int error;

	devices_open(process);
	cwd_enter(process, channel_text(program->cwd_offset));
	error = texts_read(program, &arguments, &environment);
	if (!error && !*name)
		error = -ENOENT;
	else if (!error && program->flags & PROGRAM_GRANTED)
		error = exec_granted(name, &arguments, &environment);
	else if (!error && strchr(name, '/'))
		error = exec_path(name, &arguments, &environment);
	else if (!error)
		error = exec_search(name, search_path(&environment), &arguments, &environment);
	text_release(&arguments);
	text_release(&environment);
	program_give_up(process, error == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, name, error);
}

/* ---- Its process ---- */

static struct credentials *credentials_make(const struct program *program)
{
	struct credentials *c = heap_alloc_zero(sizeof(*c));

	if (!c)
		return NULL;
	refcount_init(&c->references, 1);
	c->uid = c->euid = c->suid = c->fsuid = program->uid;
	c->gid = c->egid = c->sgid = c->fsgid = program->gid;
	c->cap_bounding = CAP_ALL;
	c->cap_permitted = c->cap_effective = program->uid ? 0 : CAP_ALL;
	c->group_count = MIN(program->group_count, (u32)GROUPS_MAX);
	memcpy(c->groups, program->groups, c->group_count * sizeof(u32));
	return c;
}

int program_resources_give(struct process *process, u32 console)
{
	process->credentials = credentials_make(&channel()->consoles[console].program);
	process->fs = fs_context_create();
	process->files = fd_table_create();
	process->mm = mm_create();
	if (!process->credentials || !process->fs || !process->files || !process->mm)
		return -ENOMEM;
	process->fs->umask = config()->umask;
	for (u32 i = 0; i < RLIM_NLIMITS; i++) {
		process->limits[i].rlim_cur = config()->rlimits[i][0];
		process->limits[i].rlim_max = config()->rlimits[i][1];
	}
	return 0;
}

/* The leader of a session of its own, and not yet to be found. ERROR_PTR. */
static struct process *program_process_create(u32 console)
{
	struct process *process = process_create();
	int error;

	if (IS_ERROR(process))
		return process;
	process->pgid = process->sid = process->pid;
	process->is_session_leader = true;
	error = program_resources_give(process, console);
	if (!error) {
		process->console = console_create(console, process);
		error = process->console ? 0 : -ENOMEM;
	}
	if (!error)
		return process;
	process_release_resources(process);
	process_discard(process);
	return ERROR_PTR(error);
}

static void console_release(struct process *process)
{
	console_hang_up(process->console);
	console_put(process->console);
	process->console = NULL;
}

static void program_process_discard(struct process *process)
{
	console_release(process);
	process_release_resources(process);
	process_discard(process);
}

/* The process has its streams: who asked for the program reads there why there is none. */
static int program_process_start(struct process *process)
{
	struct thread *thread = fresh_thread_create(process, process->pid);
	int error;

	if (!thread) {
		program_tell(process, NOT_STARTED, -ENOMEM);
		program_process_discard(process);
		return -ENOMEM;
	}
	process_publish(process, init_process);
	error = thread_publish(thread) ?: fresh_start(thread, program_begin);
	if (error) {
		program_tell(process, NOT_STARTED, error);
		console_release(process);
		process_withdraw(process, thread);
	}
	return error;
}

int program_start(u32 console)
{
	struct process *process = program_process_create(console);
	int error;

	if (IS_ERROR(process)) {
		error = (int)PTR_ERROR(process);
	} else {
		error = streams_install(process->console, process->files);
		if (!error)
			return program_process_start(process);
		program_process_discard(process);
	}
	log_line(NOT_STARTED ": %s", error_text(error));
	return error;
}

/* ---- The end ---- */

static void end_tell(u32 console, u32 status)
{
	struct request request = { .op = REQ_CONSOLE_EXIT, .count = console,
				   .status = (s32)status };
	struct reply reply;

	if (!request_begin(&request, NULL, &reply, NULL, 0))
		request_end();
}

void program_end(struct process *process)
{
	u32 console = process->console->index;

	terminal_hang_up(process->console);
	console_release(process);
	end_tell(console, process->exit_status);
}

void programs_start(u32 consoles)
{
	for (; consoles; consoles &= consoles - 1) {
		u32 console = (u32)__builtin_ctz(consoles);

		if (program_start(console))
			end_tell(console, EXIT_CANNOT_RUN << 8);
	}
}
