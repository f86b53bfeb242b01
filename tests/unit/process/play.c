/* SPDX-License-Identifier: MIT */
/* See play.h. */
#include "play.h"

#include <asm/unistd_64.h>

#include "boundary/abi.h"
#include "core/host.h"
#include "core/string.h"
#include "core/wait.h"
#include "memory/remote.h"
#include "memory/usercopy.h"
#include "process/core_dump.h"
#include "process/ptrace.h"
#include "process/ptrace_private.h"
#include "process/vfork.h"

/* The C library's headers and the layer's disagree about a few types, so these stand here. */
typedef unsigned long pthread_t;
int pthread_create(pthread_t *id, const void *attributes, void *(*start)(void *), void *argument);
int pthread_detach(pthread_t id);
void (*signal(int number, void (*handler)(int)))(int);
void abort(void);

struct play {
	struct thread *thread;
	int (*main)(void *argument);
	void *argument;
	void *end[5];			/* __builtin_setjmp's */
};

/* ---- What the layer finds under it ---- */

int copy_to_user(uptr to, const void *from, size_t size)
{
	if (!to)
		return -EFAULT;
	memcpy((void *)to, from, size);
	return 0;
}

/* The processes here hold nothing: none of these is called with more than NULL in its place. */
void mm_put(struct mm *mm);
void mm_put(struct mm *mm) { (void)mm; }
void fd_table_put(struct fd_table *table);
void fd_table_put(struct fd_table *table) { (void)table; }
void sem_undo_exit(struct process *process);
void sem_undo_exit(struct process *process) { (void)process; }
void fs_context_put(struct fs_context *fs);
void fs_context_put(struct fs_context *fs) { (void)fs; }
void file_put(struct file *file);
void file_put(struct file *file) { (void)file; }
struct file *current_fd_get(int fd);
struct file *current_fd_get(int fd) { (void)fd; return NULL; }
int current_fd_install(struct file *file, bool close_on_exec);
int current_fd_install(struct file *file, bool close_on_exec)
{
	(void)file;
	(void)close_on_exec;
	return -EMFILE;
}
struct file *signalfd_create(u64 set, u32 flags);
struct file *signalfd_create(u64 set, u32 flags) { (void)set; (void)flags; return NULL; }
int signalfd_change(struct file *file, u64 set);
int signalfd_change(struct file *file, u64 set) { (void)file; (void)set; return -EINVAL; }
struct file *pidfd_get(int fd);
struct file *pidfd_get(int fd) { (void)fd; return NULL; }
struct process *pidfd_process(const struct file *file);
struct process *pidfd_process(const struct file *file) { (void)file; return NULL; }
struct process *proc_directory_process(const struct file *file);
struct process *proc_directory_process(const struct file *file) { (void)file; return NULL; }
void robust_list_exit(struct thread *thread) { (void)thread; }
__attribute__((weak)) void trace_signal(const struct siginfo *info);
__attribute__((weak)) void trace_signal(const struct siginfo *info) { (void)info; }
u64 clock_realtime_ns(void) { return clock_monotonic_ns(); }
void domain_signals(u64 set);
void domain_signals(u64 set) { (void)set; }
__noreturn void domain_exit(u32 status) { (void)status; abort(); }
void program_end(struct process *process);
void program_end(struct process *process) { (void)process; abort(); }
__noreturn void vfork_return(void) { abort(); }
void vfork_orphan_settle(void) { }
void job_control_leader_ends_locked(struct process *leader);
void job_control_leader_ends_locked(struct process *leader) { (void)leader; }
void vfork_waiting_end_locked(struct process *process) { (void)process; abort(); }

/* Nobody is traced, asked for memory, or leaves any behind. */
void memory_requests_return_locked(struct thread *thread) { (void)thread; }
bool core_dump(const signal_info *info) { (void)info; return false; }
void core_dump_join(void) { abort(); }
size_t fpu_area_size(void) { abort(); }
bool ptrace_event(u32 event, u64 message) { (void)event; (void)message; return false; }
int ptrace_signal(int number, signal_info *info) { (void)number; (void)info; abort(); }
bool ptrace_trap_due_locked(const struct thread *thread) { (void)thread; return false; }
void ptrace_trap(void) { abort(); }
void ptrace_wake_locked(struct process *process) { (void)process; }
void ptrace_continued_locked(struct process *process) { (void)process; }
void ptrace_resume_locked(struct tracee *tracee, u32 data, enum tracee_mode mode)
{
	(void)tracee;
	(void)data;
	(void)mode;
	abort();
}

/* No program, no registers: their place in the thread leads to what plays it. */
static struct play *play_of(struct thread *thread)
{
	return (struct play *)thread->regs;
}

void thread_host_exit(struct thread *thread)
{
	__builtin_longjmp(play_of(thread)->end, 1);
}

/* ---- The way out ---- */

static void handler_run(const signal_info *info, const struct signal_action *action)
{
	struct thread *thread = thread_current();
	u64 mask = thread->restore_mask ? thread->saved_mask : thread->signal_mask;

	thread->restore_mask = false;
	signal_mask_set(thread->signal_mask | action->mask | SIGNAL_BIT(info->si_signo));
	((void (*)(int))action->handler)(info->si_signo);
	signal_mask_set(mask);
}

bool play_way_out(long *result)
{
	struct thread *thread = thread_current();
	bool restart = *result == -ERESTARTSYS || *result == -ERESTARTNOHAND ||
		       *result == -ERESTARTNOINTR;
	struct signal_action action;
	signal_info info;

	lock_assert_none("way out");
	while (READ_ONCE(thread->work) & (WORK_SIGNAL | WORK_EXIT)) {
		while (signal_take(&info, &action)) {
			handler_run(&info, &action);
			if (*result == -ERESTARTNOHAND || !(action.flags & SA_RESTART))
				restart = false;
		}
		if (thread->restore_mask) {
			thread->restore_mask = false;
			signal_mask_set(thread->saved_mask);
		}
	}
	if (*result <= -ERESTARTSYS && *result >= -ERESTARTNOHAND && !restart)
		*result = -EINTR;
	return restart;
}

void play_look(void)
{
	long result = 0;

	play_way_out(&result);
}

void play_action(int number, void (*handler)(int number), u64 flags)
{
	struct signal_action action = { .handler = (uptr)handler, .flags = flags };

	assert_int_equal(sys_rt_sigaction(number, (uptr)&action, 0, 8), 0);
}

/* ---- Threads and processes ---- */

static void host_identity_take(struct thread *thread)
{
	thread->host_tgid = (u32)host_call0(__NR_getpid);
	WRITE_ONCE(thread->host_tid, (u32)host_call0(__NR_gettid));
}

static void *play_run(void *argument)
{
	struct play *play = argument;

	fake_thread_enter(play->thread);
	host_identity_take(play->thread);
	if (!__builtin_setjmp(play->end)) {
		play_look();
		sys_exit(play->main(play->argument));
	}
	return NULL;
}

static struct thread *thread_make(struct process *process, u32 tid, int (*main)(void *),
				  void *argument)
{
	struct thread *thread = fake_thread_create();
	struct play *play = heap_alloc(sizeof(*play));

	*play = (struct play){ .thread = thread, .main = main, .argument = argument };
	thread->process = process;
	thread->tid = tid;
	thread->signal_mask = thread_current()->signal_mask;
	thread->regs = (struct regs *)play;
	list_init(&thread->process_node);
	list_init(&thread->pending_queue);
	return thread;
}

static void thread_run(struct thread *thread)
{
	pthread_t id;

	assert_int_equal(pthread_create(&id, NULL, play_run, play_of(thread)), 0);
	pthread_detach(id);
}

static struct process *process_make(struct process *parent)
{
	struct process *process = process_create();

	assert_false(IS_ERROR(process));
	if (parent) {
		memcpy(process->actions, parent->actions, sizeof(process->actions));
		memcpy(process->limits, parent->limits, sizeof(process->limits));
		process->pgid = parent->pgid;
		process->sid = parent->sid;
		process->credentials = parent->credentials;
		if (process->credentials)
			refcount_get(&process->credentials->references);
	}
	return process;
}

u32 play_fork(int (*main)(void *argument), void *argument)
{
	struct process *parent = process_current(), *child = process_make(parent);
	struct thread *thread = thread_make(child, child->pid, main, argument);
	u32 pid = child->pid;

	process_publish(child, parent);
	assert_int_equal(thread_publish(thread), 0);
	thread_run(thread);
	return pid;
}

u32 play_thread(int (*main)(void *argument), void *argument)
{
	struct thread *thread = thread_make(process_current(), id_alloc(), main, argument);
	u32 tid = thread->tid;
	int error = thread_publish(thread);

	/* A process that is being ended gets no more threads. */
	assert_true(!error || error == -EAGAIN);
	if (!error)
		thread_run(thread);
	return error ? 0 : tid;
}

static void kicked(int number) { (void)number; }

int play_start(void **state)
{
	static struct credentials root = { .references = { 2 },
					   .cap_effective = CAP_ALL,
					   .cap_permitted = CAP_ALL };
	struct process *first;
	struct thread *thread;

	fake_start(state);
	signal(KICK_SIGNAL, kicked);
	init_process = process_make(NULL);
	process_publish(init_process, NULL);
	first = process_make(NULL);
	first->pgid = first->sid = first->pid;
	first->is_session_leader = true;
	first->credentials = &root;
	for (int i = 0; i < RLIM_NLIMITS; i++)
		first->limits[i] = (struct rlimit64){ 1000, 1000 };
	thread = thread_make(first, first->pid, NULL, NULL);
	process_publish(first, init_process);
	fake_thread_enter(thread);
	host_identity_take(thread);
	return thread_publish(thread);
}
