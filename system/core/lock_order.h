/* SPDX-License-Identifier: MIT */
/*
 * The total order of locks: a thread that holds a lock takes only locks of a higher rank. Two locks
 * of one rank are taken in the order of their addresses, and only where docs/locking.md says so.
 */
#ifndef CORE_LOCK_ORDER_H
#define CORE_LOCK_ORDER_H

#define LOCK_RANKS(X) \
	/* long locks: may be held across host calls and program memory */ \
	X(LOCK_EXEC)		/* process: one exec or core change at a time */ \
	X(LOCK_EPOLL_TREE)	/* domain: nesting of epoll files */ \
	X(LOCK_EPOLL)		/* epoll file: its items */ \
	X(LOCK_FILE_POSITION)	/* file: the offset that read and write share */ \
	X(LOCK_RENAME)		/* domain: shape of the file tree across directories */ \
	X(LOCK_DIRECTORY)	/* inode of a directory: its entries; parent before child */ \
	X(LOCK_INODE)		/* inode: size, data, attributes that need more than one word */ \
	X(LOCK_MM)		/* mm: its list of areas */ \
	X(LOCK_STUB)		/* mm: stub pages and patched sites; held across fork */ \
	X(LOCK_WINDOW_FILL)	/* mm: the place where files are filled */ \
	X(LOCK_TTY)		/* pseudo-terminal: bytes, modes, ends */ \
	X(LOCK_PIPE)		/* pipe: buffer and ends */ \
	X(LOCK_OVERLAY_OBJECTS)	/* domain: objects made ahead of need */ \
	X(LOCK_OVERLAY_COMPACT)	/* domain: the overlay's log, which is written anew */ \
	X(LOCK_OVERLAY_SYNC)	/* domain: the sync of the overlay that runs */ \
	X(LOCK_OVERLAY_GROW)	/* domain: the overlay's size */ \
	X(LOCK_CHANNEL)		/* domain: the request to the monitor in flight */ \
	/* short locks: a few loads and stores */ \
	X(LOCK_FD_TABLE)	/* descriptor table */ \
	X(LOCK_FS)		/* cwd, root, umask of a process */ \
	X(LOCK_DENTRY_CACHE)	/* domain: hash chains of names */ \
	X(LOCK_INODE_CACHE)	/* domain: inodes by identity, handle cache */ \
	X(LOCK_OVERLAY)		/* domain: the overlay's log, slots and free space */ \
	X(LOCK_FILE_LOCKS)	/* domain: advisory locks */ \
	X(LOCK_NOTIFY)		/* domain: watches of files */ \
	X(LOCK_LOCAL)		/* domain: names and ties of local sockets, rights in flight */ \
	X(LOCK_LOCAL_QUEUE)	/* local socket: messages, marks on its stream */ \
	X(LOCK_IPC)		/* domain: System V and POSIX IPC, one for each kind */ \
	X(LOCK_PROCESS_TREE)	/* domain: ids, parents, children, groups, sessions */ \
	X(LOCK_SIGNAL)		/* process: actions, pending signals, thread list, stop state */ \
	X(LOCK_EVENT)		/* timer and other small files */ \
	X(LOCK_WAIT_QUEUE)	/* wait queue: its waiters */ \
	X(LOCK_EPOLL_READY)	/* epoll file: its own wait queue; inner before outer */ \
	X(LOCK_TIMER)		/* domain: the timer heap */ \
	X(LOCK_WINDOW)		/* mm: windows onto files */ \
	X(LOCK_SITES)		/* domain: what is known of call sites in files */ \
	X(LOCK_SLAB)		/* heap: one slab cache */ \
	X(LOCK_PAGES)		/* heap: the page allocator */ \
	X(LOCK_LOG)		/* domain: the log ring */

#define X(name) name,
enum lock_rank { LOCK_NONE, LOCK_RANKS(X) LOCK_RANK_COUNT };
#undef X

#define LOCK_FIRST_SHORT LOCK_FD_TABLE

#endif
