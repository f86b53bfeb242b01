/* SPDX-License-Identifier: MIT */
/*
 * A process of the domain: what its threads share, its place in the tree, and how it ends.
 *
 * Locks: `tree` fields by the domain-wide process_tree_lock (LOCK_PROCESS_TREE); `signal` fields by
 * signal_lock (LOCK_SIGNAL). Pointers to mm, files, fs, credentials are changed only by the
 * process's own threads (exec, unshare) under exec_lock, and read by its own threads freely.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include <asm/resource.h>
#include <linux/resource.h>
#include <linux/time_types.h>

#include "core/event.h"
#include "core/thread.h"
#include "core/timer.h"
#include "core/wait.h"
#include "process/credentials.h"

#define SIGNAL_COUNT 64
#define PID_MAX 32768
#define FIRST_PROGRAM_PID 2	/* the domain lives as long as this process */

#define LOGIN_UID_NONE UINT32_MAX

struct console_state;
struct core_thread;
struct mm;
struct fd_table;
struct fs_context;
struct sem_undo_list;
struct tracee;
struct tty;

/* sigaction(2) as the kernel sees it. */
struct signal_action {
	uptr handler;		/* SIG_DFL 0, SIG_IGN 1 */
	u64 flags;
	uptr restorer;
	u64 mask;
};

enum process_state { PROCESS_RUNNING, PROCESS_ZOMBIE, PROCESS_DEAD };

struct process_times {
	u64 user_ns, system_ns, max_rss_kb, minor_faults, major_faults, voluntary, involuntary;
};

struct process {
	refcount references;
	u32 pid;
	struct list pid_node;		/* pid hash; tree */

	/* tree */
	struct process *parent;
	u32 parent_pid;			/* a copy, so that getppid is a load */
	struct list children;
	struct list sibling_node;
	u32 pgid, sid;
	enum process_state state;
	u32 exit_signal;		/* sent to the parent at the end; SIGCHLD as a rule */
	u32 exit_status;		/* wait status */
	bool has_execed;		/* setpgid of a child that has execed: EACCES */
	bool is_session_leader;
	struct tty *tty;	/* the controlling terminal; no reference: see tty/job_control.c */
	/* a leader whose terminal was hung up: what its foreground group was */
	u32 lost_foreground;
	/* own_times: of threads and host processes that it left; all of it once it has ended */
	struct process_times own_times, children_times;
	/* what the thread with its pid used before; is_played */
	struct process_times player_times;
	/* of threads that left it, and of children that were waited for */
	struct io_counts io;
	struct wait_queue child_wait;	/* the parent's, and the tracer's, wait4 sleeps here */
	struct wait_queue end_wait;	/* who polls a pidfd of it; woken at its end */
	struct list tracees;		/* of this process (process/ptrace.h) */
	/* whose id is the pid, until its tracer has heard of the end; NULL: not traced */
	struct tracee *leader_tracee;

	/* signal */
	struct lock signal_lock;
	struct signal_action actions[SIGNAL_COUNT];
	u64 pending;			/* sent to the process */
	struct list pending_queue;
	struct list threads;
	u32 thread_count;
	bool stopped;			/* job control: all threads are to stay parked */
	u32 stop_count;			/* raised by each stop, so that tracees take part once */
	u32 stop_signal;		/* reported by WUNTRACED when stop_unreported */
	bool stop_unreported, continue_unreported;	/* for WUNTRACED and WCONTINUED */
	bool continue_notify;		/* the first thread that goes on tells the parent */
	/* raised by each SIGCONT and SIGKILL, so that a stop sees that it came late */
	u32 continue_count;
	/* exit_group or a deadly signal has begun; exit_status is decided */
	bool exiting;
	/* a deadly signal was taken: exiting follows, maybe behind a core dump */
	bool doomed;
	/* makes the core dump; others, with their registers, wait (process/core_dump.h) */
	struct thread *dumper;
	struct core_thread *dumped_threads;
	u32 dumped_count;
	struct thread *exec_thread;	/* the one thread that lives on through exec, or NULL */
	/* threads that ended (exec and exit_group wait), stop and continue */
	struct wait_queue thread_wait;
	/* readers of signalfd; woken for each signal that becomes pending */
	struct wait_queue signal_wait;

	struct lock exec_lock;		/* LOCK_EXEC */
	/*
	 * Replaced under exec_lock and signal_lock; other processes read them, and take references,
	 * under signal_lock alone (procfs). exe_file too.
	 */
	struct mm *mm;
	struct fd_table *files;
	struct fs_context *fs;
	struct credentials *credentials;
	char *exe_path;			/* /proc/PID/exe; heap string */
	struct file *exe_file;
	bool dumpable, no_new_privs, keep_caps, child_subreaper;
	u32 parent_death_signal;
	/* started from outside, with these streams; NULL: not. Until it ends */
	struct console_state *console;
	struct sem_undo_list *sem_undos;	/* ipc/sem_undo.c; NULL until used */
	struct rlimit64 limits[RLIM_NLIMITS];	/* single words; the rare race reads old or new */
	struct timer real_timer;	/* alarm, ITIMER_REAL; its own lock */
	u64 real_timer_interval_ns;
	struct list posix_timers;	/* timer_create(2); under exec_lock */
	struct cpu_timer *cpu_timers[2];	/* ITIMER_VIRTUAL, ITIMER_PROF; NULL until used */
	u64 start_ns;			/* CLOCK_MONOTONIC */
	u32 host_tgid;
	/* its threads run in a host process that was another's first */
	bool is_played;
	struct work end_work;		/* killed while all its threads wait for vfork children */
	s32 nice;
	u16 io_priority;	/* ioprio_set(2) */
	u32 personality;	/* personality(2) */
	bool no_huge_pages;	/* PR_SET_THP_DISABLE */
	u8 memory_failure_policy;	/* PR_MCE_KILL */
	/* remembered for programs: the layer ends nobody for want of memory */
	s32 oom_score_adj;
	u32 login_uid;			/* /proc/PID/loginuid */
	u32 core_filter;		/* /proc/PID/coredump_filter: CORE_* of core_dump.h */
};

extern struct lock process_tree_lock;
extern struct process *init_process;	/* pid 1: the layer's own; adopts orphans and reaps them */

static inline struct process *process_current(void)
{
	return thread_current()->process;
}

/* ---- process/table.c: ids and the tree ---- */

/*
 * A fresh, lone process structure with a new pid, one reference (the table's), not yet in the tree.
 * -EAGAIN,
 * -ENOMEM as pointer. The first one made has pid 1. Undone by process_discard, as long as it isn't
 * published.
 */
struct process *process_create(void);
void process_discard(struct process *process);
/*
 * Links under parent (NULL only for init) and makes it findable; pgid and sid are set by the caller
 * before. Takes process_tree_lock.
 */
void process_publish(struct process *process, struct process *parent);
void process_publish_locked(struct process *process, struct process *parent);	/* held */
/*
 * Takes a dead process out of the tree and gives its ids back. process_tree_lock held; drops the
 * table's reference.
 */
void process_release_locked(struct process *process);
/* Changes group and session of a published process. process_tree_lock held. */
void process_set_group_locked(struct process *process, u32 pgid, u32 sid);
static inline void process_get(struct process *p) { refcount_get(&p->references); }
void process_put(struct process *process);
/* By id, with a reference, or NULL. Takes process_tree_lock. */
struct process *process_find(u32 pid);
struct process *process_find_locked(u32 pid);	/* process_tree_lock held; no new reference */
/* process_tree_lock held; no reference: use under the lock */
struct thread *thread_find_locked(u32 tid);
/*
 * Allocates a thread id from the same numbers as pids; 0 when there are none. An id has users
 * (process, thread, members of a group or session of that number); it is free again when id_free
 * was called for each.
 */
u32 id_alloc(void);
void id_free(u32 id);
void id_get(u32 id);		/* one more user of a number that is in use */
/*
 * Links a thread into thread->process (threads, thread_count) and makes it findable by its tid.
 * -EAGAIN where the process is ending or another of its threads is in exec. Takes both locks.
 */
int thread_publish(struct thread *thread) __must_check;
/*
 * The reverse; true where it was the last thread of its process. The tid is given back (id_free)
 * unless it is the pid. Signals sent to the process that only this thread was told of go to
 * another. Stand-ins of a process that is ending go with any of its threads.
 */
bool thread_unpublish(struct thread *thread);
/*
 * A thread that was never published takes the place of the only thread of its process, which is not
 * one of it any more: exec in a fresh host process. Takes both locks.
 */
void thread_hand_over(struct thread *from, struct thread *to);
/* The one thread left in its process takes the pid as its id: exec. Takes process_tree_lock. */
void thread_take_pid(struct thread *thread);
/*
 * vfork's play (process/vfork.c): the calling thread becomes the one thread of child, a published
 * process, with child's pid as its tid. stand_in takes its place in its own process, with what was
 * sent to it. -ERESTARTNOINTR, and nothing changed, where a signal is pending or the process is
 * ending. Takes both locks.
 */
int thread_play(struct thread *thread, struct thread *stand_in, struct process *child) __must_check;
/*
 * The calling thread, which has left the child's process, takes the place of its stand-in again,
 * with its mask and what was sent to it. False where the stand-in was removed: there is nothing to
 * come back to. Takes both locks.
 */
bool thread_play_end(struct thread *thread, struct thread *stand_in);
/* Removes all stand-ins of process: its other threads go on without them. Takes both locks. */
void stand_ins_remove(struct process *process);
/*
 * A thread that was never published takes the place of a stand-in of its process. False where there
 * is none. Takes both locks.
 */
bool stand_in_replace(struct thread *thread);
/* Calls visit for each process under process_tree_lock until it returns true. */
bool process_for_each(bool (*visit)(struct process *process, void *data), void *data);
bool process_for_each_locked(bool (*visit)(struct process *process, void *data), void *data);
u32 process_count(void);

/* ---- process/thread.c: thread blocks and the host threads under them ---- */

/*
 * A thread block with its stacks, one new tid unless tid != 0; here: it is to run in the calling
 * thread's address space. NULL: out of memory or ids.
 */
struct thread *thread_create(struct process *process, u32 tid, bool here);
/* Gives back a block on which no host thread has begun; the id is the caller's. */
void thread_free(struct thread *thread);

/* ---- process/exit.c ---- */

/*
 * Gives back descriptors, directories, program file, memory and what semaphores are to be undone of
 * a process that ends, or that never began. Takes its exec_lock and signal_lock.
 */
void process_release_resources(struct process *process);

/*
 * Tells all other threads of the calling thread's process to end (exec, exit_group). Does not wait:
 * sleep on thread_wait until thread_count is 1. process->signal_lock held.
 */
void process_end_others_locked(struct process *process);
/*
 * Ends a process with a wait status, from outside or by any of its threads: at once even where all
 * of its threads wait for vfork children. It is not ending yet. process->signal_lock held.
 */
void process_kill_locked(struct process *process, u32 status);
/*
 * Gives the current process a descriptor table of its own where it shares one (exec.c). 0 or
 * -ENOMEM.
 */
int process_own_files(void);
/* The same of its root, working directory and umask. */
int process_own_fs(void);

/* Clears the word that set_tid_address(2) named, and wakes who waits for that (pthread_join). */
void clear_tid_tell(struct thread *thread);
/*
 * Ends the calling thread; the process too when it is the last. Does not return, but for a vfork
 * child.
 */
__noreturn void thread_exit(u32 status);
/* Ends the whole process with a wait status, from any of its threads. */
__noreturn void process_exit_group(u32 status);

/* CLD_* for the wait status of an end. */
int wait_code(u32 status);
/*
 * Tells who waits for process that it has ended; releases it where nobody does. process_tree_lock
 * held.
 */
void process_end_tell_locked(struct process *process);

/* ---- process/session.c ---- */

/*
 * True where no member of the group has a parent in its session but in another group; ignored
 * counts as gone.
 */
bool group_is_orphaned_locked(u32 pgid, const struct process *ignored);	/* process_tree_lock held */
/*
 * SIGHUP and SIGCONT for the groups that the end of process orphans while they hold stopped
 * members.
 */
void group_orphan_check_locked(struct process *process);	/* process_tree_lock held */

/* ---- syscall/futex.c ---- */

/*
 * Marks and wakes the futexes that the program listed for a thread that ends (set_robust_list(2)).
 */
void robust_list_exit(struct thread *thread);

/* ---- process/domain.c ---- */

/* Ends the domain: tells the monitor the wait status. */
__noreturn void domain_exit(u32 status);

#endif
