/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals. The slave is a terminal, /dev/pts/N; the master, from /dev/ptmx, is whoever
 * types and sees. A pty lives until the files of both ends are closed; its name only as long as its
 * master.
 */
#ifndef TTY_PTY_H
#define TTY_PTY_H

#include "core/lock.h"
#include "core/wait.h"
#include "tty/discipline.h"

struct inode;

#define PTY_MAX		4096u		/* /proc/sys/kernel/pty/max */
#define PTY_RING	(64u << 10)	/* what either end takes before it blocks */

struct pty {
	refcount references;		/* files of both ends, and whoever looks */
	struct list node;		/* all_ptys; table_lock */
	u32 number;			/* constant */
	struct tty tty;			/* the slave */
	struct inode *inode;		/* /dev/pts/N; constant, a reference */
	struct lock lock;		/* LOCK_TTY; guards what follows, but for the queues */
	struct discipline discipline;
	struct tty_window window;
	struct byte_ring to_slave;	/* typed, and the discipline has no room for it yet */
	struct byte_ring to_master;
	u32 slave_files;		/* open and not hung up */
	bool locked;			/* the slave can't be opened yet: TIOCSPTLCK */
	bool master_closed;
	bool slave_closed;		/* was open, and is not */
	bool master_stopped;		/* tcflow(3) on the master */
	bool packet;			/* TIOCPKT */
	u8 packet_notes;		/* TIOCPKT_* that the master has not read */
	struct wait_queue slave_queue, master_queue;
};

static inline struct pty *pty_of_tty(const struct tty *tty)
{
	return container_of(tty, struct pty, tty);
}

/* ---- The pair (pty.c) ---- */

/* With one reference, for its master's file. ERROR_PTR: -ENOMEM, -ENOSPC. */
struct pty *pty_create(void);
static inline void pty_get(struct pty *pty) { refcount_get(&pty->references); }
void pty_put(struct pty *pty);
/* By number, with a reference, as long as its master is open. NULL: none. */
struct pty *pty_find(u32 number);
/* The lowest number from this one on that is in use so; PTY_MAX: none. */
u32 pty_next(u32 number);
u32 pty_count(void);

/*
 * After anything that happened to the discipline, with the lock held: typed input goes as far as it
 * can, and what the discipline left to do is done.
 */
void pty_settle_locked(struct pty *pty);
/* Whoever waits for either end looks again. */
void pty_wake(struct pty *pty);
/* The slave's files are dead: the master closes, or vhangup(2). */
void pty_hang_up(struct pty *pty);

/* ---- Its ends ---- */

/* Makes a new file the master of a new pty. 0 or -errno. */
int pty_master_open(struct file *file);
/* Makes a new file one more of the slave: tty_driver.open. 0, -EIO, -EBUSY. */
int pty_slave_open(struct tty *tty, struct file *file);
extern const struct tty_driver pty_driver;

#endif
