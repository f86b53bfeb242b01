/* SPDX-License-Identifier: MIT */
/*
 * Open files and descriptor tables.
 *
 * A file is an open file description in Linux's sense: reference counted, shared by dup and fork.
 * What it does is its operations table; a table entry that is NULL means that Linux's default
 * answer is given (said below). Locks: LOCK_FILE_POSITION around reads and writes that use the
 * shared offset, taken by the callers in vfs/, never by the operations.
 */
#ifndef VFS_FILE_H
#define VFS_FILE_H

#include <asm/fcntl.h>
#include <asm/poll.h>

#include "core/lock.h"
#include "core/wait.h"
#include "memory/iter.h"

struct file;
struct inode;
struct dentry;
struct directory_sink;
struct credentials;

/* What poll gets to register its waiters with; NULL where the caller only wants the state. */
struct poll_request;
/* Links a waiter for queue into the request (no-op for NULL). Called by poll operations. */
void poll_wait(struct poll_request *request, struct wait_queue *queue);

/* What a mapping of a file maps; filled by the map operation. */
struct map_source {
	int handle;		/* host descriptor; owned by the inode, valid until done */
	u64 handle_offset;	/* added to the file's offset */
	bool read_only;		/* only private or read-only mappings are possible */
	bool anonymous;		/* as /dev/zero: map anonymous memory instead */
	/*
	 * To be called once the handle is mapped, or is not to be: it may go then. NULL: it stays.
	 */
	void (*done)(struct inode *inode);
};

/* Takes lines of text, each with its newline. Callable under short locks. */
struct file_details {
	void (*add)(struct file_details *details, const char *line);
};

struct file_operations {
	/* Bytes moved (0: end of file) or -errno. *offset is advanced. NULL: -EINVAL. */
	ssize_t (*read)(struct file *file, struct iter *to, u64 *offset);
	ssize_t (*write)(struct file *file, struct iter *from, u64 *offset);
	/* lseek(2). NULL: -ESPIPE. */
	loff_t (*seek)(struct file *file, loff_t offset, int whence);
	/*
	 * State as EPOLL* bits, after registering waiters with request. NULL: always readable and
	 * writable.
	 */
	u32 (*poll)(struct file *file, struct poll_request *request);
	/* -ENOTTY by default. */
	long (*ioctl)(struct file *file, u32 command, uptr argument);
	/*
	 * Entries from *offset on into sink, until it is full or the end; 0 or -errno. NULL:
	 * -ENOTDIR.
	 */
	int (*iterate)(struct file *file, struct directory_sink *sink, u64 *offset);
	/* What to map for [offset, offset + size). NULL: -ENODEV. */
	int (*map)(struct file *file, u64 offset, u64 size, bool shared, bool writable,
		   struct map_source *source);
	/*
	 * An area that maps it came (with fork, too), or is about to go; each holds a reference.
	 * Only short locks may be taken. NULL: nothing.
	 */
	void (*area_added)(struct file *file);
	void (*area_removed)(struct file *file);
	/* NULL: -EINVAL. */
	int (*sync)(struct file *file, bool data_only);
	int (*truncate)(struct file *file, u64 size);
	int (*allocate)(struct file *file, int mode, u64 offset, u64 size);
	/*
	 * The file is watched: drops a reference, which is not the last, and tells true; or false,
	 * where it is watched no more. NULL for files that never are.
	 */
	bool (*put_watched)(struct file *file);
	/* Each close(2) of a descriptor (not only the last): flush. NULL: nothing. */
	void (*closing)(struct file *file);
	/* The last reference is gone: free private data. NULL: nothing. */
	void (*release)(struct file *file);
	/* Called after F_SETFL or FIONBIO changed flags. NULL: nothing. */
	void (*flags_changed)(struct file *file);
	/* What /proc/PID/fdinfo says of it beyond what files have in common. NULL: nothing. */
	void (*describe)(struct file *file, struct file_details *details);
	/* splice(2) and sendfile(2) can't do what read, or write, can. */
	bool no_splice_read, no_splice_write;
	/* O_ASYNC can be set: the owner is told by async_send() (ipc/async.h). */
	bool signals;
};

/* Who gets SIGIO. Single words: the rare race reads old or new. */
struct file_owner {
	s32 pid;			/* F_SETOWN: a process, or a group as a negative number */
	u32 signal;			/* F_SETSIG; 0: SIGIO, without a word on the file */
	u32 uid, euid;			/* of who set it: he must be allowed to send it */
	s32 fd;				/* by which O_ASYNC was set */
};

/* In a file's references: they are dropped by operations->put_watched(). */
#define FILE_WATCHED	(1u << 31)

struct file {
	refcount references;		/* and FILE_WATCHED */
	/* O_* as F_GETFL shows them; changed atomically by F_SETFL */
	u32 flags;
	const struct file_operations *operations;
	/* reference held; every file has one (pipes and so on: anonymous) */
	struct inode *inode;
	struct dentry *dentry;		/* reference held; NULL for anonymous files */
	struct mount *mount;		/* reference held together with dentry */
	struct lock position_lock;	/* LOCK_FILE_POSITION */
	u64 position;			/* under position_lock for regular files and directories */
	void *private;			/* belongs to operations */
	/* its part of inode->writers: 1 writes, -1 runs as a program */
	s8 write_claim;
	bool is_reader;			/* its reference on inode is inode_get_reader()'s */
	bool told;			/* opened by a name: vfs/notify.h is told of its uses */
	struct file_owner owner;
	/* epoll registrations on this file; under LOCK_EPOLL_TREE */
	struct list epoll_items;
};

#define FILE_READABLE(file)	(((file)->flags & O_ACCMODE) != O_WRONLY)
#define FILE_WRITABLE(file)	(((file)->flags & O_ACCMODE) != O_RDONLY)

/*
 * A new file with one reference, taking over the caller's references on inode, dentry and mount
 * (dentry and mount may be NULL). NULL when out of memory; then the caller keeps them.
 */
struct file *file_create(const struct file_operations *operations, struct inode *inode,
			 struct dentry *dentry, struct mount *mount, u32 flags, void *private);
/*
 * An anonymous file ("anon_inode:name", "pipe:[n]"): makes its inode too. name is a constant
 * string.
 */
struct file *file_create_anonymous(const struct file_operations *operations, const char *name,
				   u32 mode, u32 flags, void *private);
/* The name that such a file was made with; NULL for files of the tree. */
const char *file_anonymous_name(const struct file *file);
/*
 * A regular file is either written or run. Both last until the file's last reference is gone. 0, or
 * -ETXTBSY where somebody does the other.
 */
int file_claim_writing(struct file *file);
int file_claim_running(struct file *file);
/* The same for who writes it without opening it, until inode_end_writing(). */
int inode_claim_writing(struct inode *inode);
void inode_end_writing(struct inode *inode);
static inline void file_get(struct file *file) { refcount_get(&file->references); }
/* Drops a reference; the last one releases. May sleep. */
void file_put(struct file *file);
/*
 * From now on its owner wants to know when references are dropped, or no more. The flag is in the
 * count itself: a reference is dropped either before the file is watched, or by put_watched().
 */
static inline void file_watch(struct file *file)
{
	atomic_or(&file->references.count, FILE_WATCHED);
}
static inline void file_unwatch(struct file *file)
{
	atomic_and(&file->references.count, ~FILE_WATCHED);
}
static inline u32 file_references(const struct file *file)
{
	return READ_ONCE(file->references.count) & ~FILE_WATCHED;
}

/* ---- Operations of files without an end to count from: directories, texts ---- */

/* lseek(2) by SEEK_SET and SEEK_CUR; any offset that is not negative, as it may be a cookie. */
loff_t file_seek_endless(struct file *file, loff_t offset, int whence);
/* read(2) of a directory: -EISDIR. */
ssize_t file_read_directory(struct file *file, struct iter *to, u64 *offset);

/* ---- Descriptor tables ---- */

#define FD_TABLE_MAX (1u << 20)

struct fd_entry {
	struct file *file;		/* NULL: free */
	bool close_on_exec;
};

struct fd_table {
	refcount references;		/* processes and threads that share it (CLONE_FILES) */
	struct lock lock;		/* LOCK_FD_TABLE; guards all below */
	struct fd_entry *entries;
	u32 capacity;
	u32 first_free;			/* no free entry lies below */
};

struct fd_table *fd_table_create(void);
/* A copy for fork: each file gains a reference. NULL: out of memory. */
struct fd_table *fd_table_copy(struct fd_table *table);
void fd_table_put(struct fd_table *table);
void fd_table_close_on_exec(struct fd_table *table);

/*
 * Installs file at the lowest free descriptor not below lowest, taking over the caller's reference.
 * limit is RLIMIT_NOFILE. The descriptor, or -EMFILE, -ENOMEM (then the caller keeps its
 * reference).
 */
int fd_install(struct fd_table *table, struct file *file, u32 lowest, u64 limit,
	       bool close_on_exec);
/* Whether fd_install() from 0 on would find room now. */
bool fd_is_free(struct fd_table *table, u64 limit);
/* dup2: replaces what is at fd (closing it). Takes over the reference on success. */
int fd_install_at(struct fd_table *table, struct file *file, u32 fd, u64 limit, bool close_on_exec);
/* The file at fd with a new reference, or NULL. */
struct file *fd_get(struct fd_table *table, int fd);
int fd_close(struct fd_table *table, int fd);

/* The same for the calling process, with its own table and limit: what system calls use. */
struct file *current_fd_get(int fd);
int current_fd_install(struct file *file, bool close_on_exec);

#endif
