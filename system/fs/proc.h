/* SPDX-License-Identifier: MIT */
/*
 * Made-up file systems (/proc, /sys) as tables: a directory is an array of rows, a file a
 * function that prints its whole text, and one buffer (proc_text.c) serves offsets and partial
 * reads.
 *
 * Inodes are made at each walk and remember a row and a key: which process, thread, descriptor it
 * is about. Processes are looked up again at each use, so an open file of a process that is gone
 * says ESRCH.
 */
#ifndef FS_PROC_H
#define FS_PROC_H

#include "core/types.h"
#include "process/process.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

struct proc_text {
	char *data;
	size_t size, capacity;
	bool failed;		/* out of memory: what was printed since is lost */
};

/* Append; a failure is remembered in text. */
void proc_print(struct proc_text *text, const char *format, ...) __printf(2, 3);
void proc_append(struct proc_text *text, const void *data, size_t size);

struct proc_key {
	u32 pid, tid;		/* tid 0: the whole process */
	u32 fd;
	u32 cpu, cache;		/* of /sys */
};

struct proc_directory;

/* What a name is: exactly one of show, text, link, directory and operations is set. */
struct proc_row {
	const char *name;
	u32 mode;
	/* A file: prints its text. 0 or -errno, which read(2) then returns. */
	int (*show)(struct proc_text *text, const struct proc_key *key);
	const char *text;	/* a file that always says the same */
	/* For writable files: the bytes of one write(2), ended by a NUL. 0 or -errno. */
	int (*store)(const struct proc_key *key, char *data, size_t size);
	/* A symbolic link: its target into to, cut to size; the whole length or -errno. */
	ssize_t (*link)(const struct proc_key *key, char *to, size_t size);
	/*
	 * A magic one leads to this place whatever its target says; out gets references. NULL:
	 * not magic.
	 */
	int (*follow)(const struct proc_key *key, struct path *out);
	const struct proc_directory *directory;
	/* A file that is no text: what it does, and its opening, which may refuse. */
	const struct file_operations *operations;
	int (*open)(const struct proc_key *key, struct file *file);
	/* Permissions that depend on what the key is about; NULL: those of mode. */
	u32 (*permissions)(const struct proc_key *key);
};

#define PROC_FILE(name_, mode_, show_) \
	{ .name = (name_), .mode = S_IFREG | (mode_), .show = (show_) }
#define PROC_CONSTANT(name_, text_) { .name = (name_), .mode = S_IFREG | 0444, .text = (text_) }
#define PROC_WRITABLE(name_, mode_, show_, store_) \
	{ .name = (name_), .mode = S_IFREG | (mode_), .show = (show_), .store = (store_) }
#define PROC_LINK(name_, link_) { .name = (name_), .mode = S_IFLNK | 0777, .link = (link_) }
#define PROC_MAGIC(name_, link_, follow_) \
	{ .name = (name_), .mode = S_IFLNK | 0777, .link = (link_), .follow = (follow_) }
#define PROC_DIRECTORY(name_, mode_, directory_) \
	{ .name = (name_), .mode = S_IFDIR | (mode_), .directory = (directory_) }

#define PROC_NONE (~0u)

/* Further entries of a directory, named by numbers. */
struct proc_numbers {
	const char *prefix;	/* in front of each number; NULL: nothing */
	/* The smallest number there is that is not below from, or PROC_NONE. */
	u32 (*next)(const struct proc_key *key, u32 from);
	/* The key of the entry: key as of the directory, number put in. */
	void (*key_set)(struct proc_key *key, u32 number);
	const struct proc_row *row;
};

struct proc_directory {
	const struct proc_row *rows;
	u32 row_count;
	const struct proc_numbers *numbers;	/* NULL: none */
};

#define PROC_TABLE(rows_) { .rows = (rows_), .row_count = ARRAY_SIZE(rows_) }

/* Mounts a directory table as a file system of its own. Mount or ERROR_PTR. */
struct mount *proc_mount_table(const struct path *mountpoint, struct file_system *fs,
			       const struct proc_row *root, u32 mount_flags);

extern const struct file_operations proc_text_operations;

struct file;

/*
 * The process that an open directory /proc/PID is about, with a reference. As pointer: -EBADF where
 * it is another file, -ESRCH where the process is gone, even if its number is in use again.
 */
struct process *proc_directory_process(const struct file *file);

/* Sets of numbers as Linux prints them, without a newline: "3,ffffffff" and "0-3,8". */
void proc_mask_print(struct proc_text *text, const u64 *mask, u32 bits);
void proc_list_print(struct proc_text *text, const u64 *mask, u32 bits);

/* ---- Tables that the root refers to ---- */

extern const struct proc_directory proc_mezzo_directory;	/* proc_mezzo.c */
extern const struct proc_directory proc_sys_directory;		/* proc_sys.c */
extern const struct proc_directory proc_sysvipc_directory;	/* proc_sysvipc.c */
extern const struct proc_row proc_process_row;			/* proc_process.c: /proc/PID */
extern const struct proc_directory proc_fd_directory;		/* proc_places.c */
extern const struct proc_directory proc_fdinfo_directory;
extern const struct proc_directory proc_net_directory;		/* proc_net.c */
extern const struct proc_directory proc_ns_directory;		/* proc_ns.c */

/* procfs.c: the processes in /proc, as proc_numbers.next. */
u32 proc_pid_next(const struct proc_key *key, u32 from);

/* ---- Files, by the source file they are in ---- */

typedef int proc_show(struct proc_text *text, const struct proc_key *key);
typedef int proc_store(const struct proc_key *key, char *data, size_t size);

void proc_cpuinfo_start(void);		/* once, early: from then on its speed is measured */
proc_show proc_cpuinfo_show;
proc_show proc_mounts_show, proc_mountinfo_show, proc_mountstats_show;		/* proc_mounts.c */
proc_show proc_uptime_show, proc_loadavg_show, proc_stat_show;			/* proc_time.c */
proc_show proc_meminfo_show, proc_vmstat_show;					/* proc_meminfo.c */
proc_show proc_status_show, proc_limits_show, proc_io_show;

/* proc_memory.c */
proc_show proc_cmdline_show, proc_environ_show, proc_auxv_show, proc_maps_show;

/* proc_smaps.c */
proc_show proc_smaps_show, proc_smaps_rollup_show, proc_numa_maps_show;

/* proc_settings.c */
/* A decimal number with an optional sign and white space behind it. 0 or -EINVAL. */
int proc_integer_parse(const char *text, s64 *number);
proc_show proc_comm_show, proc_oom_score_show, proc_oom_score_adj_show, proc_oom_adj_show,
	proc_loginuid_show, proc_core_filter_show, proc_timer_slack_show, proc_id_map_show,
	proc_setgroups_show;
proc_store proc_comm_store, proc_oom_score_adj_store, proc_oom_adj_store, proc_loginuid_store,
	proc_core_filter_store, proc_timer_slack_store, proc_namespace_store;

void proc_ns_start(void);		/* before the first use of proc_ns_directory */

/* proc_mem.c: the memory itself */
int proc_mem_open(const struct proc_key *key, struct file *file);
extern const struct file_operations proc_mem_operations;

/* proc_places.c */
int proc_exe_follow(const struct proc_key *key, struct path *out);
int proc_cwd_follow(const struct proc_key *key, struct path *out);
int proc_root_follow(const struct proc_key *key, struct path *out);
ssize_t proc_exe_link(const struct proc_key *key, char *to, size_t size);
ssize_t proc_cwd_link(const struct proc_key *key, char *to, size_t size);
ssize_t proc_root_link(const struct proc_key *key, char *to, size_t size);

/* ---- What files about processes use (proc_view.c) ---- */

/*
 * May the caller see what is inside process (memory, files)? Linux's ptrace access check. 0 or
 * -EACCES.
 */
int proc_may_inspect(struct process *process);
/* The thread that a key is about; a process's own is the one with its pid. signal_lock held. */
struct thread *proc_thread_locked(const struct process *process, const struct proc_key *key);
/* References on parts of a process that others may be taking away; NULL where it is gone. */
struct mm *proc_mm_get(struct process *process);
struct fd_table *proc_files_get(struct process *process);
struct fs_context *proc_fs_get(struct process *process);
struct file *proc_exe_get(struct process *process);

struct credentials;

#define PROC_PROCESSORS_MAX 1024u

/* A process or thread at one moment. */
struct proc_view {
	u32 pid, tid, parent_pid, pgid, sid;
	u32 tracer_pid;			/* 0: not traced */
	u32 tty;			/* device of its controlling terminal; 0: none */
	s32 tty_foreground;		/* -1: none */
	char state;			/* R S D T t Z */
	char name[16];
	u32 threads;
	u32 exit_signal;
	u64 pending_thread, pending_process, blocked, ignored, caught;
	struct process_times times, children_times;
	u64 start_ns;
	s32 nice;
	bool no_new_privs;
	u32 exit_status;
	u64 queued_limit;		/* RLIMIT_SIGPENDING */
	struct credentials *credentials;	/* reference held: proc_view_release() */
	u32 host_tid, host_tgid;	/* 0: none */
	u64 processors[PROC_PROCESSORS_MAX / 64];	/* that it may run on */
	u32 processor_count;		/* of the mask: bits above are 0 */
	/* It sleeps in a call, or is the caller: number, arguments, and where it goes on. */
	bool in_call;
	u64 call, arguments[6], stack_pointer, instruction;
};

/* 0, or -ESRCH where it is gone. */
int proc_view_take(const struct proc_key *key, struct proc_view *view) __must_check;
void proc_view_release(struct proc_view *view);
/*
 * Calls print with the process that key is about and its state; what most files begin with. 0 or
 * -ESRCH.
 */
int proc_with_view(struct proc_text *text, const struct proc_key *key,
		   void (*print)(struct proc_text *text, struct process *process,
				 const struct proc_view *view)) __must_check;

struct proc_thread_count {
	u32 running, all;
};

/* Of the domain. Takes process_tree_lock. */
void proc_threads_count(struct proc_thread_count *count);

/* What is mapped in an address space, by kind, as ps and top want it. */
struct proc_memory {
	u64 mapped_kb, locked_kb, data_kb, stack_kb, text_kb, library_kb;
};

/* Takes mm->lock. */
void proc_memory_read(struct mm *mm, struct proc_memory *memory);

#endif
