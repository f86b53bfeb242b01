/* SPDX-License-Identifier: MIT */
/*
 * Inodes: files without their names, of any file system; and what a file system provides.
 *
 * Memory of inodes is type-stable: a freed inode's memory becomes only another inode, so that path
 * walks may look at mode, uid and gid of one without a reference and find out afterwards (by the
 * name cache's sequence) whether they were allowed to. Locks: LOCK_INODE (inode->lock) for size,
 * data and times, LOCK_DIRECTORY (inode->directory.lock) for a directory's entries; single words
 * are read without locks.
 */
#ifndef VFS_INODE_H
#define VFS_INODE_H

#include <linux/stat.h>

#include "core/list.h"
#include "core/lock.h"
#include "core/types.h"

struct credentials;
struct dentry;
struct foreign;
struct file;
struct file_operations;
struct inode;
struct inode_operations;
struct keeper;
struct path;

#define MODE_PERMISSIONS 07777u

/*
 * One instance of a file system; what st_dev and statfs show. Lives for ever once made, unless it
 * says how it goes (release).
 */
struct file_system {
	const char *type;		/* as in /proc/mounts: "tmpfs", "proc" */
	const char *source;		/* first field of /proc/mounts */
	u32 magic;			/* f_type of statfs(2) */
	u32 dev;			/* st_dev: file_system_register() assigns it */
	bool read_only;
	bool is_made_up;		/* takes no space, and has none to tell of */
	bool has_xattrs;		/* files take extended attributes */
	u64 next_ino;			/* atomic; for inode_create() */
	const struct keeper *keeper;	/* vfs/keep.h; NULL: changes live in memory alone */
	/* vfs/foreign.h: names and attributes are not ours; NULL: they are */
	const struct foreign *foreign;
	u32 mounts;			/* atomic: of it, or of parts of it */
	/*
	 * The last mount is gone, and so is all that was open: frees its names, and gives back its
	 * own reference. NULL: it stays.
	 */
	void (*release)(struct file_system *fs);
	struct dentry *root;		/* for release */
	/* atomic, with release: its own, and one for each inode (a socket may hold one) */
	u32 users;
};
/* Drops a reference of one that has release; frees it and its source with the last. */
void file_system_put(struct file_system *fs);

/* What stat(2) and statx(2) show. Times in ns since the epoch. */
struct attributes {
	u64 ino, size, blocks;
	u32 dev, mode, nlink, uid, gid, rdev, block_size;
	s64 atime_ns, mtime_ns, ctime_ns, btime_ns;
};

/* Entries that may be NULL say what NULL means. dir is locked (LOCK_DIRECTORY) only where said. */
struct inode_operations {
	/*
	 * For directories made up on the fly (procfs), or that others change (fs/shared): the inode
	 * of a name with a new reference, or an ERROR_PTR (-ENOENT). Called for each walk; the name
	 * is not cached. NULL: names are cached, see load.
	 */
	struct inode *(*lookup)(struct inode *directory, const char *name, size_t size);
	/*
	 * For directories whose entries are cached but not all known yet: makes the first component
	 * of path (which may go on with further ones, a hint) known, present or absent. Directory
	 * locked. 0 or -errno.
	 */
	int (*load)(struct dentry *directory, const char *path, u32 walk_flags);
	/* As load, for all entries at once. NULL where all are always known. Directory locked. */
	int (*load_all)(struct dentry *directory);
	/*
	 * A new inode (one reference, nlink 1, no name yet) of any type. target: of a symbolic
	 * link. NULL: the file system can't make files (-EPERM). Pointer or ERROR_PTR.
	 */
	struct inode *(*make)(struct file_system *fs, u32 mode, u32 rdev, const char *target);
	/* Copies the target with its NUL, cut to size; returns its whole length or -errno. */
	ssize_t (*read_link)(struct inode *inode, char *to, size_t size);
	/*
	 * A magic link (/proc/PID/fd/N, exe, cwd): the place itself with references. NULL: by
	 * read_link.
	 */
	int (*follow)(struct inode *inode, struct path *out);
	/*
	 * Called by open for all types but FIFO, device, socket; sets file->private and so on.
	 * NULL: nothing.
	 */
	int (*open)(struct inode *inode, struct file *file);
	/* Fills out where the inode's own fields are not the truth. NULL: the fields are. */
	void (*attributes)(struct inode *inode, struct attributes *out);
	/* Changes the size (LOCK_INODE not held). NULL: -EINVAL. */
	int (*truncate)(struct inode *inode, u64 size);
	/* The last reference is gone: free private data. NULL: nothing. */
	void (*release)(struct inode *inode);
};

enum inode_flags {
	/* directory: every entry is a cached name; a miss is an absence */
	INODE_COMPLETE = 1u,
	INODE_CHANGED = 2u,		/* differs from the lower tree: stays in memory */
	INODE_PINNED_ENTRIES = 4u,	/* directory: entries were changed; they stay in memory */
	/* directory: names come from operations->lookup each time */
	INODE_UNCACHED = 8u,
	INODE_REFERENCED = 16u,		/* directory: walked since the reclaimer last looked */
	INODE_DEAD_DIRECTORY = 32u,	/* removed: no entry may be made in it */
	INODE_IN_IDENTITY_HASH = 64u,	/* fs/identity.c: found by its numbers */
	INODE_LINKABLE = 512u,		/* O_TMPFILE: linkat(2) may give it a name */
	INODE_SEALABLE = 256u,		/* made by memfd_create(2): seals means something */
	INODE_KEPT_NAMES = 1024u,	/* directory: names that were kept are not loaded yet */
	/* it lost a name, and others are perhaps not loaded yet: a reference stands for them */
	INODE_PINNED = 2048u,
	INODE_IMMUTABLE = 4096u,	/* nobody changes anything of it */
	INODE_PLAIN_LINK = 128u,	/* symbolic link: target is a heap string of size bytes */
};

struct lower_path;
struct overlay_slot;
struct shared_node;
struct file_data;
struct inode_locks;

struct inode {
	union {
		u64 uses;			/* both, for one atomic step */
		struct {
			u32 references;		/* atomic; see inode_get() */
			/* regular files: open for reading alone; inode_get_reader() */
			u32 readers;
		};
	};
	u32 mode;			/* type and permissions */
	u32 uid, gid;
	u32 nlink;			/* under LOCK_INODE_CACHE */
	u32 flags;			/* enum inode_flags; atomic */
	u32 rdev;			/* Linux's encoding for programs: DEVICE() */
	/* atomic: files open for writing; below zero: running programs */
	s32 writers;
	u32 seals;			/* F_SEAL_*; under LOCK_INODE */
	u32 lower_dev;			/* number of the host file system it came from; 0: none */
	struct lock lock;		/* LOCK_INODE */
	u64 ino;
	u64 size;
	u64 blocks;			/* of 512 bytes */
	s64 atime_ns, mtime_ns, ctime_ns;
	struct file_system *fs;
	const struct inode_operations *operations;
	const struct file_operations *file_operations;	/* what open gives to the file */
	/* fs/tree: where in the lower tree it lies; NULL: nowhere */
	struct lower_path *lower_parent;
	const char *lower_name;
	u64 object;			/* fs/tree: the image's object with its bytes; 0: none */
	union {
		/* fs/overlay: where it is kept as changed; NULL: nowhere */
		struct overlay_slot *slot;
		struct shared_node *node;	/* fs/shared: how the monitor knows it */
	};
	struct inode *identity_next;	/* fs/identity.c */
	struct inode_locks *locks;	/* vfs/locks.c; under LOCK_FILE_LOCKS */
	struct lease *leases;		/* ipc/lease.c; under LOCK_FILE_LOCKS */
	struct xattr *xattrs;		/* vfs/xattr.c; under lock */
	struct watch *watches;		/* vfs/notify.c; under LOCK_NOTIFY */
	union {
		struct file_data *data;	/* fs/tree, regular files */
		char *target;		/* fs/tree, symbolic links */
		/* anything else: belongs to operations, or to special_ops for FIFOs */
		void *private;
	};
	struct {			/* only there in directories */
		struct lock lock;	/* LOCK_DIRECTORY */
		struct list entries;	/* dentries by rising cookie; under LOCK_DENTRY_CACHE */
		u64 next_cookie;
		u32 entry_count;	/* present ones; under LOCK_DENTRY_CACHE */
		u32 misses;		/* names asked for that were not there */
		u64 last_open_cookie;	/* of the file opened last: opens in order are foreseen */
		/* where its names come from: a lower directory, or a directory of the image */
		struct lower_path *lower;
		u32 image_inode;
		struct list reclaim_node;	/* directories whose entries may be dropped */
		/* foreign: its one dentry, as long as somebody holds that; under name_lock */
		struct dentry *only_dentry;
	} directory[];
};

/* A directory with names that were not made in the domain. */
static inline bool directory_has_ground(const struct inode *directory)
{
	return directory->directory->lower || directory->directory->image_inode;
}

/* rdev in the encoding that stat(2) shows for small numbers. */
#define DEVICE(major, minor) \
	((((minor) & 0xffu)) | (((major) & 0xfffu) << 8) | (((minor) & ~0xffu) << 12))
#define DEVICE_MAJOR(rdev) (((rdev) >> 8) & 0xfffu)
#define DEVICE_MINOR(rdev) (((rdev) & 0xffu) | (((rdev) >> 12) & ~0xffu))

/* Gives the file system its device number and adds it to the list (for /proc/filesystems, sync). */
void file_system_register(struct file_system *fs);

/*
 * A new inode: one reference, nlink 1 (2 for a directory), all times now, owner 0:0, ino from fs,
 * INODE_COMPLETE for directories. NULL: out of memory.
 */
struct inode *inode_create(struct file_system *fs, u32 mode,
			   const struct inode_operations *operations,
			   const struct file_operations *file_operations);
static inline void inode_get(struct inode *inode) { atomic_add(&inode->references, 1); }
/* Drops a reference; the last one frees the inode. Takes no long locks. */
void inode_put(struct inode *inode);
/* The same for who has it open for reading alone, which is counted. */
#define INODE_READER (1ull << 32 | 1)
static inline void inode_get_reader(struct inode *inode) { atomic_add(&inode->uses, INODE_READER); }
void inode_put_reader(struct inode *inode);

/* What stat shows of it. */
void inode_attributes(struct inode *inode, struct attributes *out);

#define MAY_EXEC 1u
#define MAY_WRITE 2u
#define MAY_READ 4u

/*
 * 0 or -EACCES, by mode, owner, groups and capabilities (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH).
 * -EPERM: nobody may write an INODE_IMMUTABLE.
 */
int inode_permission(const struct inode *inode, const struct credentials *credentials, u32 may);
/* What a change of a regular file's data does to its set-user-id and set-group-id bits. */
void inode_drop_privileges(struct inode *inode, const struct credentials *credentials);
static inline bool inode_is_directory(const struct inode *inode)
{
	return (READ_ONCE(inode->mode) & S_IFMT) == S_IFDIR;
}
static inline bool inode_is_regular(const struct inode *inode)
{
	return (READ_ONCE(inode->mode) & S_IFMT) == S_IFREG;
}
static inline bool inode_is_symlink(const struct inode *inode)
{
	return (READ_ONCE(inode->mode) & S_IFMT) == S_IFLNK;
}

/* Sets mtime and ctime (or ctime alone) to now; atime as relatime does. Single words, no lock. */
void inode_touch_modified(struct inode *inode);
void inode_touch_changed(struct inode *inode);
void inode_touch_accessed(struct inode *inode);
/* CLOCK_REALTIME to the coarse grain that files show. */
s64 inode_now_ns(void);
/*
 * Marks what must not be dropped and loaded again, and has the change kept: of the file's bytes, or
 * of its attributes.
 */
void inode_changed(struct inode *inode, bool data);

/* ---- Reading directories ---- */

struct directory_sink {
	/*
	 * False: full, the entry was not taken. type is DT_*. next: the offset behind this entry.
	 */
	bool (*emit)(struct directory_sink *sink, const char *name, size_t size, u64 ino, u32 type,
		     u64 next);
};

/*
 * "." and ".." for iterate operations whose offsets begin 0 ".", 1 "..", 2 first entry. False:
 * full.
 */
bool directory_emit_dots(struct file *file, struct directory_sink *sink, u64 *offset);
/* DT_* of a mode. */
static inline u32 directory_type(u32 mode) { return (mode >> 12) & 15; }

#endif
