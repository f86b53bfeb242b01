/* SPDX-License-Identifier: MIT */
/*
 * execve(2): gathering what the new program is, ending the other threads, and changing what the process keeps.
 *
 * A process that has its memory for itself is emptied and filled again in place. One that shares it (a
 * child of vfork, above all) goes on in a fresh host process, with a thread of its own, and the thread that
 * called is again what it was.
 */
#include "process/exec.h"

#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/fcntl.h>

#include "arch/x86_64/arch.h"
#include "boundary/layout.h"
#include "core/heap.h"
#include "core/report.h"
#include "core/string.h"
#include "core/wait.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/fork.h"
#include "process/fresh.h"
#include "process/process.h"
#include "process/thread.h"
#include "signal/signal.h"
#include "syscalls.h"
#include "vfs/file.h"
#include "vfs/path.h"

#define STRING_MAX	(32 * PAGE_SIZE)	/* of one string, as on Linux */
#define STRINGS_MAX	(6ul << 20)		/* of all together, whatever the stack's limit */
#define SCRIPT_DEPTH_MAX 5
#define SCRIPT_LINE_MAX	256

/* ---- Strings ---- */

static int text_reserve(struct text *text, size_t more)
{
	size_t capacity = MAX(text->capacity * 2, PAGE_SIZE);
	char *data;

	if (text->size + more <= text->capacity)
		return 0;
	while (capacity < text->size + more)
		capacity *= 2;
	data = pages_alloc(capacity / PAGE_SIZE, 1);
	if (!data)
		return -ENOMEM;
	if (text->size)
		memcpy(data, text->data, text->size);
	if (text->data)
		pages_free(text->data, text->capacity / PAGE_SIZE);
	text->data = data;
	text->capacity = capacity;
	return 0;
}

void text_release(struct text *text)
{
	if (text->data)
		pages_free(text->data, text->capacity / PAGE_SIZE);
	*text = (struct text){ 0 };
}

int text_add(struct text *text, const char *string, size_t max)
{
	size_t size = strlen(string) + 1;

	if (text->size + size > max)
		return -E2BIG;
	if (text_reserve(text, size))
		return -ENOMEM;
	memcpy(text->data + text->size, string, size);
	text->size += size;
	text->count++;
	return 0;
}

static int text_add_user(struct text *text, uptr string, size_t max)
{
	size_t room = PAGE_SIZE;
	ssize_t length;

	for (;;) {
		if (text_reserve(text, room))
			return -ENOMEM;
		room = MIN(text->capacity - text->size, STRING_MAX);
		length = copy_string_from_user(text->data + text->size, string, room);
		if (length != -ENAMETOOLONG)
			break;
		if (room >= STRING_MAX || text->size + room > max)
			return -E2BIG;
		room = room + 1;
	}
	if (length < 0)
		return (int)length;
	text->size += length + 1;
	text->count++;
	return text->size > max ? -E2BIG : 0;
}

/* An array of pointers to strings that ends in NULL. Each pointer counts for its own size. */
static int text_add_user_array(struct text *text, uptr array, size_t max)
{
	uptr string;

	for (u64 i = 0; array; i++) {
		int error;

		if (get_user(string, array + i * sizeof(string)))
			return -EFAULT;
		if (!string)
			break;
		if (text->size + (i + 1) * sizeof(string) > max)
			return -E2BIG;
		error = text_add_user(text, string, max);
		if (error)
			return error;
	}
	return 0;
}

static size_t strings_limit(void)
{
	u64 stack = process_current()->limits[RLIMIT_STACK].rlim_cur;

	return MAX(MIN(stack / 4, STRINGS_MAX), STRING_MAX);
}

/* ---- Preparing ---- */

static void exec_free(struct exec *exec)
{
	elf_release(&exec->program);
	elf_release(&exec->interpreter);
	text_release(&exec->arguments);
	text_release(&exec->environment);
	if (exec->credentials)
		credentials_put(exec->credentials);
	heap_free(exec->name);
	heap_free(exec);
}

/* Splits the line behind "#!" in place: interpreter and one optional argument. */
static int script_line_split(char *line, char **interpreter, char **argument)
{
	char *end = line + strlen(line), *at = line;

	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	while (*at == ' ' || *at == '\t')
		at++;
	if (!*at)
		return -ENOEXEC;
	*interpreter = at;
	while (*at && *at != ' ' && *at != '\t')
		at++;
	*argument = NULL;
	if (!*at)
		return 0;
	*at++ = '\0';
	while (*at == ' ' || *at == '\t')
		at++;
	*argument = at;
	return 0;
}

/* argv becomes: interpreter, its argument, name of the script, and what stood behind argv[0]. */
static int script_arguments(struct exec *exec, const char *interpreter, const char *argument, const char *name)
{
	struct text next = { 0 };
	size_t first = exec->arguments.count ? strlen(exec->arguments.data) + 1 : 0;
	size_t rest = exec->arguments.size - first;
	int error = text_add(&next, interpreter, exec->size_max);

	if (!error && argument)
		error = text_add(&next, argument, exec->size_max);
	if (!error)
		error = text_add(&next, name, exec->size_max);
	if (!error && next.size + rest > exec->size_max)
		error = -E2BIG;
	if (!error)
		error = text_reserve(&next, rest);
	if (error) {
		text_release(&next);
		return error;
	}
	memcpy(next.data + next.size, exec->arguments.data + first, rest);
	next.size += rest;
	next.count += exec->arguments.count ? exec->arguments.count - 1 : 0;
	text_release(&exec->arguments);
	exec->arguments = next;
	return 0;
}

/* The file is a script: *file becomes its interpreter. name is what the script is called. */
static int script_resolve(struct exec *exec, struct file **file, char *line, char **name)
{
	char *interpreter, *argument, *next_name;
	char *end = strchr(line, '\n');
	struct file *next;
	int error;

	if (end)
		*end = '\0';
	else if (strlen(line) >= SCRIPT_LINE_MAX - 2)
		return -ENOEXEC;
	error = script_line_split(line, &interpreter, &argument);
	if (!error)
		error = script_arguments(exec, interpreter, argument, *name);
	if (error)
		return error;
	next_name = heap_strdup(interpreter);
	if (!next_name)
		return -ENOMEM;
	error = path_open_exec(interpreter, &next);
	if (error) {
		heap_free(next_name);
		return error;
	}
	file_put(*file);
	*file = next;
	heap_free(*name);
	*name = next_name;
	return 0;
}

/* Follows scripts to a file that isn't one. Takes over the reference on file in any case. */
static int program_find(struct exec *exec, struct file *file)
{
	char line[SCRIPT_LINE_MAX + 1];
	char *name = heap_strdup(exec->name);
	int error = name ? 0 : -ENOMEM;

	for (int depth = 0; !error; depth++) {
		ssize_t size = file_read_kernel(file, line, SCRIPT_LINE_MAX, 0);

		if (size < 0) {
			error = (int)size;
			break;
		}
		line[size] = '\0';
		if (size < 2 || line[0] != '#' || line[1] != '!') {
			error = elf_open(&exec->program, file);
			break;
		}
		error = depth == SCRIPT_DEPTH_MAX ? -ELOOP : script_resolve(exec, &file, line + 2, &name);
	}
	heap_free(name);
	if (error)
		file_put(file);
	return error;
}

static int interpreter_open(struct exec *exec)
{
	char *name = elf_interpreter_name(&exec->program);
	struct file *file;
	int error;

	if (!name || IS_ERROR(name))
		return (int)PTR_ERROR(name);
	error = path_open_exec(name, &file);
	heap_free(name);
	if (error)
		return error;
	error = elf_open(&exec->interpreter, file);
	if (error)
		file_put(file);
	return error == -ENOEXEC ? -ELIBBAD : error;
}

/* ---- Credentials of the new program ---- */

static bool any_id_changed(const struct credentials *a, const struct credentials *b)
{
	return a->euid != b->euid || a->egid != b->egid;
}

static void ids_from_file(struct credentials *next, const struct inode *inode)
{
	if (inode->mode & 04000)
		next->euid = inode->uid;
	if ((inode->mode & 02010) == 02010)
		next->egid = inode->gid;
}

/* User 0 has all that the bounding set leaves; others keep what is ambient. */
static void caps_at_exec(struct credentials *next)
{
	bool root = next->uid == 0 || next->euid == 0;

	next->cap_permitted = root ? next->cap_inheritable | next->cap_bounding : next->cap_ambient;
	next->cap_effective = next->euid == 0 ? next->cap_permitted : next->cap_ambient;
}

static int credentials_prepare(struct exec *exec)
{
	struct process *process = process_current();
	const struct credentials *old = process->credentials;
	struct credentials *next = credentials_copy(old);

	if (!next)
		return -ENOMEM;
	if (!process->no_new_privs)
		ids_from_file(next, exec->program.file->inode);
	exec->secure = any_id_changed(old, next);
	if (exec->secure)
		next->cap_ambient = 0;
	caps_at_exec(next);
	next->suid = next->fsuid = next->euid;
	next->sgid = next->fsgid = next->egid;
	exec->credentials = next;
	return 0;
}

/* All that is known but the strings. Takes over the reference on file. */
static int exec_prepare(struct exec *exec, struct file *file)
{
	int error = program_find(exec, file);

	if (!error && !exec->arguments.count)
		error = text_add(&exec->arguments, "", exec->size_max);
	if (!error)
		error = interpreter_open(exec);
	if (!error)
		error = credentials_prepare(exec);
	if (!error && exec->arguments.size + exec->environment.size +
	    (exec->arguments.count + exec->environment.count) * sizeof(uptr) > exec->size_max)
		error = -E2BIG;
	return error;
}

/* ---- Giving up the old program ---- */

/* Ends the other threads. -EAGAIN where one of them ends this one. */
static int threads_end_others(struct process *process)
{
	struct thread *self = thread_current();
	bool lost;

	lock_acquire(&process->signal_lock);
	lost = process->exiting || process->exec_thread;
	if (!lost) {
		process->exec_thread = self;
		process_end_others_locked(process);
	}
	lock_release(&process->signal_lock);
	if (lost)
		return -EAGAIN;
	wait_event_uninterruptible(&process->thread_wait, READ_ONCE(process->thread_count) == 1);
	thread_take_pid(self);
	process->exec_thread = NULL;
	return 0;
}

/* The absolute name of the program, for /proc/PID/exe. */
static char *program_path(struct exec *exec)
{
	struct file *file = exec->program.file;
	struct path path = { file->mount, file->dentry }, root;
	char *buffer, *copy;
	ssize_t length;

	if (!file->dentry)
		return heap_strdup(exec->name);
	buffer = pages_alloc(1, 1);
	if (!buffer)
		return NULL;
	fs_context_root(process_current()->fs, &root);
	length = path_of(&path, &root, buffer, PAGE_SIZE);
	path_put(&root);
	copy = heap_strdup(length < 0 ? exec->name : buffer);
	pages_free(buffer, 1);
	return copy;
}

static void process_change(struct process *process, struct exec *exec, char *path)
{
	struct file *old_file;
	char *old_path;

	lock_acquire(&process->exec_lock);
	lock_acquire(&process->signal_lock);
	old_file = process->exe_file;
	old_path = process->exe_path;
	process->exe_file = exec->program.file;
	file_get(process->exe_file);
	process->exe_path = path;
	lock_release(&process->signal_lock);
	lock_release(&process->exec_lock);
	if (old_file)
		file_put(old_file);
	heap_free(old_path);
	process->has_execed = true;
	process->keep_caps = false;
	if (exec->secure)
		process->parent_death_signal = 0;
	refcount_get(&exec->credentials->references);
	credentials_commit(exec->credentials);
	process->dumpable = !exec->secure;
	signal_actions_reset_for_exec(process);
}

static void thread_change(struct thread *thread, const struct exec *exec)
{
	const char *slash = strrchr(exec->name, '/');

	strlcpy(thread->name, slash ? slash + 1 : exec->name, sizeof(thread->name));
	altstack_reset(thread);
	thread->clear_tid = 0;
	thread->robust_list = 0;
	thread->gs_base = 0;
	thread->restart_kind = 0;
	thread->restore_mask = false;
}

int process_own_files(void)
{
	struct process *process = process_current();
	struct fd_table *shared = process->files, *own;

	if (READ_ONCE(shared->references.count) == 1)
		return 0;
	own = fd_table_copy(shared);
	if (!own)
		return -ENOMEM;
	lock_acquire(&process->exec_lock);
	lock_acquire(&process->signal_lock);
	process->files = own;
	lock_release(&process->signal_lock);
	lock_release(&process->exec_lock);
	fd_table_put(shared);
	return 0;
}

/* What shared descriptors are closed on exec stay open for the others. */
static void files_change(struct process *process)
{
	if (process_own_files())
		process_exit_group(SIGKILL);
	fd_table_close_on_exec(process->files);
}

static void mm_replace(struct process *process, struct mm *mm)
{
	struct mm *old;

	lock_acquire(&process->exec_lock);
	lock_acquire(&process->signal_lock);
	old = process->mm;
	process->mm = mm;
	lock_release(&process->signal_lock);
	lock_release(&process->exec_lock);
	if (old)
		mm_put(old);
}

/* The last step, in the host process in which the program is to run. Frees exec. */
static __noreturn void exec_finish(struct exec *exec)
{
	struct thread *thread = thread_current();
	int error = elf_load(exec, thread->process->mm, thread->regs);

	exec_free(exec);
	/* Nothing is left to go back to; Linux ends it like that. */
	if (error)
		process_exit_group(SIGSEGV);
	fs_base_set(0);
	fpu_reset();
	thread->flags |= THREAD_FULL_RESTORE;
	thread_go_to_program(thread->regs);
}

/* ---- In place ---- */

static int exec_in_place(struct exec *exec, struct mm *mm, char *path)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	int error = threads_end_others(process);

	if (error)
		return error;
	process_change(process, exec, path);
	thread_change(thread, exec);
	files_change(process);
	mm_clear(process->mm);
	mm_replace(process, mm);
	exec_finish(exec);
}

/* ---- In a fresh host process ---- */

static void exec_begin(struct thread *thread)
{
	struct exec *exec = thread->start_argument;

	exec_finish(exec);
}

/* The thread that called leaves the process, which has another one now. */
static __noreturn void caller_leave(struct thread *caller, u32 pid)
{
	if (caller->vfork)
		vfork_return(pid);
	signal_queue_flush(&caller->pending_queue);
	thread_host_exit(caller, true);
}

static int exec_in_fresh(struct exec *exec, struct mm *mm, char *path)
{
	struct thread *caller = thread_current(), *thread;
	struct process *process = caller->process;
	u32 pid = process->pid;
	int error = caller->vfork ? 0 : threads_end_others(process);

	if (error)
		return error;
	thread = fresh_thread_create(process, pid);
	if (!thread)
		return -ENOMEM;
	thread->signal_mask = caller->signal_mask;
	thread->timer_slack_ns = caller->timer_slack_ns;
	thread->start_argument = exec;
	process_change(process, exec, path);
	thread_change(thread, exec);
	files_change(process);
	mm_replace(process, mm);
	/* From here on the caller is no thread of the process: it may end before the caller has left. */
	thread_hand_over(caller, thread);
	if (fresh_start(thread, exec_begin)) {
		thread_hand_over(thread, caller);
		thread_free(thread);
		process_exit_group(SIGKILL);
	}
	caller_leave(caller, pid);
}

/* ---- The call ---- */

static int exec_run(struct exec *exec)
{
	struct thread *thread = thread_current();
	struct mm *mm = mm_create();
	char *path = program_path(exec);
	int error = -ENOMEM;

	if (mm && path && !mm_set_command_line(mm, exec->arguments.data, exec->arguments.size)) {
		if (thread->vfork || READ_ONCE(thread->process->mm->references.count) > 1)
			error = exec_in_fresh(exec, mm, path);
		else
			error = exec_in_place(exec, mm, path);
	}
	if (mm)
		mm_put(mm);
	heap_free(path);
	return error;
}

static struct exec *exec_create(char *name)
{
	struct exec *exec = name ? heap_alloc_zero(sizeof(*exec)) : NULL;

	if (!exec) {
		heap_free(name);
		return NULL;
	}
	exec->name = name;
	exec->size_max = strings_limit();
	return exec;
}

static char *name_from_user(uptr address)
{
	char *name = heap_alloc(PATH_MAX), *shorter;
	ssize_t length;

	if (!name)
		return ERROR_PTR(-ENOMEM);
	length = copy_string_from_user(name, address, PATH_MAX);
	shorter = length < 0 ? ERROR_PTR(length) : heap_strdup(name);
	heap_free(name);
	return shorter ? shorter : ERROR_PTR(-ENOMEM);
}

/* Takes over the reference on file, and name. */
static long exec_from_user(struct file *file, char *name, uptr arguments, uptr environment)
{
	struct exec *exec = exec_create(name);
	long error;

	if (!exec) {
		file_put(file);
		return -ENOMEM;
	}
	error = text_add_user_array(&exec->arguments, arguments, exec->size_max);
	if (!error)
		error = text_add_user_array(&exec->environment, environment, exec->size_max);
	if (error)
		file_put(file);
	else
		error = exec_prepare(exec, file);
	if (!error)
		error = exec_run(exec);
	exec_free(exec);
	return error;
}

long sys_execve(uptr name_address, uptr arguments, uptr environment)
{
	char *name = name_from_user(name_address);
	struct file *file;
	int error;

	if (IS_ERROR(name))
		return PTR_ERROR(name);
	error = path_open_exec(name, &file);
	if (error) {
		heap_free(name);
		return error;
	}
	return exec_from_user(file, name, arguments, environment);
}

/* As the new program gets to know it: the name, or one that leads to the descriptor. */
static char *name_at(int directory_fd, char *name)
{
	char text[32];
	char *joined;
	size_t size;

	if (*name == '/' || directory_fd == AT_FDCWD)
		return name;
	format(text, sizeof(text), "/dev/fd/%d", directory_fd);
	size = strlen(text) + strlen(name) + 2;
	joined = heap_alloc(size);
	if (joined)
		format(joined, size, "%s%s%s", text, *name ? "/" : "", name);
	heap_free(name);
	return joined;
}

long sys_execveat(int directory_fd, uptr name_address, uptr arguments, uptr environment, int flags)
{
	char *name = name_from_user(name_address);
	struct file *file;
	int error;

	if (IS_ERROR(name))
		return PTR_ERROR(name);
	error = flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) ? -EINVAL :
		path_open_exec_at(directory_fd, name, flags, &file);
	if (error) {
		heap_free(name);
		return error;
	}
	return exec_from_user(file, name_at(directory_fd, name), arguments, environment);
}

/* ---- The first program ---- */

static int text_copy(struct text *to, const struct text *from)
{
	int error = text_reserve(to, from->size);

	if (error)
		return error;
	memcpy(to->data, from->data, from->size);
	to->size = from->size;
	to->count = from->count;
	return 0;
}

int exec_first(const char *name, const struct text *arguments, const struct text *environment)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct file *file;
	struct exec *exec;
	char *path;
	int error = path_open_exec(name, &file);

	if (error)
		return error;
	exec = exec_create(heap_strdup(name));
	if (!exec) {
		file_put(file);
		return -ENOMEM;
	}
	error = text_copy(&exec->arguments, arguments) ?: text_copy(&exec->environment, environment);
	if (error)
		file_put(file);
	else
		error = exec_prepare(exec, file);
	if (!error)
		error = mm_set_command_line(process->mm, exec->arguments.data,
					    exec->arguments.size);
	path = error ? NULL : program_path(exec);
	if (!error && !path)
		error = -ENOMEM;
	if (error) {
		exec_free(exec);
		return error;
	}
	process_change(process, exec, path);
	thread_change(thread, exec);
	exec_finish(exec);
}
