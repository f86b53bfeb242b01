/* SPDX-License-Identifier: MIT */
/*
 * execve(2): from a program to another: ending the other threads, and changing what the process
 * keeps.
 *
 * A process that has its memory for itself is emptied and filled again in place. One that shares it
 * (a child of vfork, above all) goes on in a fresh host process, with a thread of its own, and the
 * thread that called is again what it was.
 */
#include "process/exec.h"

#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/personality.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/patch.h"
#include "boundary/abi.h"
#include "boundary/layout.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/report.h"
#include "core/string.h"
#include "core/wait.h"
#include "ipc/console.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/fork.h"
#include "process/fresh.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "process/thread.h"
#include "process/times.h"
#include "process/vfork.h"
#include "signal/signal.h"
#include "syscalls.h"
#include "vfs/file.h"
#include "vfs/path.h"

#define STRINGS_MAX	(6ul << 20)		/* of all together, whatever the stack's limit */

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
	stand_ins_remove(process);
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

/* What the process may, and whether others may look into it, change at one stroke. */
static struct credentials *rights_change_locked(struct process *process, struct exec *exec)
{
	const struct credentials *old = process->credentials;

	exec_credentials_decide_locked(exec);
	if (exec->secure) {
		process->parent_death_signal = 0;
		process->personality &= ~PER_CLEAR_ON_SETID;
	}
	process->dumpable = !exec->hidden && old->euid == old->uid && old->egid == old->gid;
	refcount_get(&exec->credentials->references);
	return credentials_replace_locked(process, exec->credentials);
}

static void process_change(struct process *process, struct exec *exec, char *path)
{
	struct credentials *old_credentials;
	struct file *old_file;
	char *old_path;

	lock_acquire(&process->exec_lock);
	lock_acquire(&process->signal_lock);
	old_file = process->exe_file;
	old_path = process->exe_path;
	process->exe_file = exec->program.file;
	file_get(process->exe_file);
	process->exe_path = path;
	old_credentials = rights_change_locked(process, exec);
	lock_release(&process->signal_lock);
	lock_release(&process->exec_lock);
	if (old_file)
		file_put(old_file);
	heap_free(old_path);
	process->has_execed = true;
	process->keep_caps = false;
	credentials_put(old_credentials);
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

int process_own_fs(void)
{
	struct process *process = process_current();
	struct fs_context *shared = process->fs, *own;

	if (READ_ONCE(shared->references.count) == 1)
		return 0;
	own = fs_context_copy(shared);
	if (!own)
		return -ENOMEM;
	lock_acquire(&process->exec_lock);
	lock_acquire(&process->signal_lock);
	process->fs = own;
	lock_release(&process->signal_lock);
	lock_release(&process->exec_lock);
	fs_context_put(shared);
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
	/* The vfork parent that waits is one of a traced process. */
	wait_queue_wake_all(&process->thread_wait, 0);
}

/* The last step, in the host process in which the program is to run. Frees exec. */
static __noreturn void exec_finish(struct exec *exec)
{
	struct thread *thread = thread_current();
	u32 exec_tid = exec->old_tid;
	int error = elf_load(exec, thread->process->mm, thread->regs);

	exec_free(exec);
	/* Nothing is left to go back to; Linux ends it like that. */
	if (error)
		process_exit_group(SIGSEGV);
	fs_base_set(0);
	fpu_reset();
	thread->flags |= THREAD_FULL_RESTORE;
	ptrace_exec_done(exec_tid);
	thread_go_to_program(thread->regs);
}

/* ---- In place ---- */

static __noreturn void exec_in_place(struct exec *exec, struct mm *mm, char *path)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;

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
static __noreturn void caller_leave(struct thread *caller)
{
	if (caller->vfork)
		vfork_return();
	signal_queue_flush(&caller->pending_queue);
	thread_host_exit(caller);
}

static int exec_in_fresh(struct exec *exec, struct mm *mm, char *path)
{
	struct thread *caller = thread_current(), *thread;
	struct process *process = caller->process;

	thread = fresh_thread_create(process, process->pid);
	if (!thread)
		return -ENOMEM;
	thread->signal_mask = caller->signal_mask;
	thread->timer_slack_ns = caller->timer_slack_ns;
	thread->memory_policy = caller->memory_policy;
	thread->start_argument = exec;
	process_change(process, exec, path);
	thread_change(thread, exec);
	files_change(process);
	mm_replace(process, mm);
	process_times_leave();
	process->is_played = false;
	/*
	 * From here on the caller is no thread of the process: it may end before the caller has
	 * left.
	 */
	thread_hand_over(caller, thread);
	if (fresh_start(thread, exec_begin)) {
		thread_hand_over(thread, caller);
		thread_free(thread);
		process_exit_group(SIGKILL);
	}
	caller_leave(caller);
}

/* ---- The call ---- */

/*
 * Whether the memory is shared is known for sure when no other thread can begin a vfork child. A
 * played process gets a host process of its own even where it is the heir of the memory: only there
 * the host counts its times.
 */
static int exec_change(struct exec *exec, struct mm *mm, char *path)
{
	struct process *process = process_current();
	int error;

	exec->old_tid = thread_current()->tid;
	error = threads_end_others(process);

	if (error)
		return error;
	if (process->is_played || READ_ONCE(process->mm->references.count) > 1)
		return exec_in_fresh(exec, mm, path);
	exec_in_place(exec, mm, path);
}

static int exec_run(struct exec *exec)
{
	struct mm *mm = mm_create();
	char *path = program_path(exec);
	int error = -ENOMEM;

	/* What a tracer sees of the text is the text. */
	if (mm && (READ_ONCE(thread_current()->work) & WORK_PTRACE))
		sites_keep(mm);
	if (mm && path)
		error = exec_change(exec, mm, path);
	if (mm)
		mm_put(mm);
	heap_free(path);
	return error;
}

static size_t strings_limit(void)
{
	u64 stack = process_current()->limits[RLIMIT_STACK].rlim_cur;

	return MAX(MIN(stack / 4, STRINGS_MAX), EXEC_STRING_MAX);
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

/* ---- Programs from outside ---- */

int exec_first(struct file *file, const char *name, struct text *arguments,
	       struct text *environment)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct exec *exec = exec_create(heap_strdup(name));
	char *path;
	int error;

	if (!exec) {
		file_put(file);
		return -ENOMEM;
	}
	error = text_copy(&exec->arguments, arguments)
			?: text_copy(&exec->environment, environment);
	if (error)
		file_put(file);
	else
		error = exec_prepare(exec, file);
	path = error ? NULL : program_path(exec);
	if (!error && !path)
		error = -ENOMEM;
	if (error) {
		exec_free(exec);
		return error;
	}
	process_change(process, exec, path);
	thread_change(thread, exec);
	text_release(arguments);
	text_release(environment);
	request_tell(REQ_STARTED, process->console->index, NULL, 0);
	exec_finish(exec);
}
