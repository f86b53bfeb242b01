/* SPDX-License-Identifier: MIT */
/*
 * ptrace(2): one process traces threads of others. Nothing of the host's ptrace is used: a traced
 * thread stops in the layer, on its way back to the program, and its registers lie in the heap
 * meanwhile. Its memory is read and written through memory/remote.h.
 *
 * A tracee is what ties a thread to its tracer. It outlives the thread until the tracer has heard
 * of the end. A tracer is a process: each of its threads may ask.
 *
 * Locks: who traces whom by process_tree_lock; stops by signal_lock of the traced process; the
 * pointer thread->tracee is changed under both, and read by the thread itself under the latter.
 */
#ifndef PROCESS_PTRACE_H
#define PROCESS_PTRACE_H

#include "core/wait.h"
#include "process/process.h"
#include "signal/signal.h"

struct regs;

enum tracee_state { TRACEE_RUNS, TRACEE_STOPPED, TRACEE_LISTENS, TRACEE_ENDED };
enum tracee_mode { MODE_PLAIN, MODE_CALL, MODE_STEP };

struct tracee {
	refcount references;		/* the thread's, the tracer's list's, and users' */

	/* tree */
	struct list node;		/* tracer->tracees */
	struct process *tracer;		/* NULL: detached */
	struct process *process;	/* reference held */
	u32 tid;			/* one user of the id */

	/* signal_lock of process */
	struct thread *thread;		/* NULL: ended */
	enum tracee_state state;
	u32 options;			/* PTRACE_O_* */
	bool seized;
	/* who attached had CAP_SYS_PTRACE: set-user-ID programs keep their rights */
	bool capable;
	u32 code;			/* of the stop: what wait status has above the low byte */
	bool unreported;
	bool has_info;
	signal_info info;		/* of the stop, where it has one */
	u64 message;			/* PTRACE_GETEVENTMSG */
	u32 data;			/* the signal to go on with */
	enum tracee_mode mode;		/* how to go on */
	/* PTRACE_INTERRUPT, and the first stop of one seized by birth */
	bool stop_wanted;
	bool notify_wanted;		/* a group stop began or ended while it listens */
	/* process->stop_count of the last group stop it took part in */
	u32 stop_seen;
	u32 exit_status;		/* TRACEE_ENDED */

	/* The thread's own, and its tracer's while it is stopped. */
	bool step_forced;		/* the trace flag is ours and not the program's */
	bool fpu_changed;
	u64 fs_base;
	void *fpu;			/* XSAVE area, whole pages */
	struct wait_queue wait;		/* the stopped thread sleeps here */
};

/* ---- ptrace_attach.c ---- */

void tracee_put(struct tracee *tracee);
/*
 * Whose ids must be those of what is looked into: the ones for files, where a name in /proc is
 * used, or the real ones.
 */
enum ptrace_ids { PTRACE_FS_IDS, PTRACE_REAL_IDS };

/*
 * May the caller look into process? The same ids, no more capabilities, and dumpable; or
 * CAP_SYS_PTRACE. The first takes signal_lock of process, which the second wants held: what was
 * allowed is so until that is given up, as exec changes credentials and memory under it.
 */
bool ptrace_may_access(struct process *process, enum ptrace_ids ids);
bool ptrace_may_access_locked(struct process *process, enum ptrace_ids ids);
/*
 * The memory of process for memory_copy(), if the caller may look into it: 0 and its id, 0 where
 * there is none any more; or -EPERM.
 */
int ptrace_memory_find(struct process *process, enum ptrace_ids ids, u64 *memory);
/*
 * The calling thread makes a child or thread by clone(2) with flags: PTRACE_EVENT_* that its tracer
 * wants to hear of, 0: none.
 */
u32 ptrace_clone_event(u64 flags, u32 exit_signal);
/*
 * A tracee for such a child, with the same tracer. NULL: *error tells whether that is right (0: it
 * is not to be traced) or -ENOMEM.
 */
struct tracee *ptrace_child_create(u64 flags, u32 event, int *error);
/*
 * The child, which is published and has not run, is traced. Takes over the tracee; NULL: nothing.
 */
void ptrace_child_attach(struct thread *child, struct tracee *tracee);
/*
 * A thread has ended (both locks of thread_unpublish held; signal_lock is given up before the
 * second call). The tracee it had, which is to be told then; NULL: none.
 */
struct tracee *ptrace_thread_ends_locked(struct thread *thread);
void ptrace_end_tell_locked(struct tracee *tracee);
/* to takes the place of from in its process. Both locks held. */
void ptrace_move_locked(struct thread *from, struct thread *to);
/* thread, alone in its process, has taken the pid for its id. process_tree_lock held. */
void ptrace_take_pid_locked(struct thread *thread);
/* The calling process ends: it traces nobody any more. process_tree_lock held. */
void ptrace_tracer_ends_locked(struct process *tracer);
/* A tracee goes on without its tracer. process_tree_lock held. */
void ptrace_detach_locked(struct tracee *tracee, u32 data);
/* What traced a process as a whole goes with it. process_tree_lock held. */
void ptrace_process_released_locked(struct process *process);
/*
 * Is the end of process hidden from its parent, as another process traces it? process_tree_lock
 * held.
 */
static inline bool ptrace_hides_locked(const struct process *process)
{
	return process->leader_tracee && process->leader_tracee->tracer != process->parent;
}

/* ---- ptrace_stop.c: called by the traced thread, without locks unless said ---- */

/* Around a call: false where the tracer has taken it back. */
bool ptrace_call_begins(struct regs *regs);
void ptrace_call_ends(struct regs *regs);
/* A signal was taken for delivery. The number of the one to deliver, with info; 0: none. */
int ptrace_signal(int number, signal_info *info);
/* Takes part in a group stop or a stop that the tracer wants, if one is due. */
bool ptrace_trap_due_locked(const struct thread *thread);
void ptrace_trap(void);
/* An event, where the tracer wants it: stops. False where it does not. */
bool ptrace_event(u32 event, u64 message);
/* A new program begins, after execve by the thread with the id old_tid. */
void ptrace_exec_done(u32 old_tid);
/* A handler is entered: takes the trace flag out of regs; was it there for the tracer? */
bool ptrace_step_hide(struct regs *regs);
void ptrace_step_ends(void);
/* regs are a child's, copied from parent, the calling thread. */
void ptrace_step_clear(struct regs *regs, const struct thread *parent);
/* All stopped threads of process go on: it ends. signal_lock held. */
void ptrace_wake_locked(struct process *process);
/* SIGCONT was sent. signal_lock held. */
void ptrace_continued_locked(struct process *process);

/* ---- ptrace_registers.c: of a stopped tracee. signal_lock held; buffers are the layer's ---- */

struct user_regs_struct;
void ptrace_registers_get(const struct tracee *tracee, struct user_regs_struct *to);
/* 0 or -EIO where a value can't be. */
int ptrace_registers_set(struct tracee *tracee, const struct user_regs_struct *from);
/* The XSAVE area as debuggers get it: size bytes at most; the size it has. */
size_t ptrace_fpu_size(void);
void ptrace_fpu_get(const struct tracee *tracee, void *to, size_t size);
/* 0 or -EINVAL. */
int ptrace_fpu_set(struct tracee *tracee, const void *from, size_t size);

#endif
