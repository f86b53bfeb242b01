/* SPDX-License-Identifier: MIT */
/*
 * The consoles of a domain but the first (boundary/abi.h): programs that are started while it runs,
 * each for somebody who has a connection to the monitor. All of it is for the monitor's main
 * thread.
 */
#ifndef HOST_MONITOR_CONSOLE_H
#define HOST_MONITOR_CONSOLE_H

#include <stdbool.h>

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/launch/plan.h"
#include "host/monitor/stream.h"
#include "host/monitor/terminal.h"

/*
 * What became of a program; the arguments are the owner that console_start() was given, and its
 * wait status.
 */
struct console_listener {
	void (*started)(void *owner);	/* it was found and loaded */
	void (*stopped)(void *owner);	/* so the owner is to stop too */
	/* it reads from the owner's terminal: is that in the foreground? console_resume() */
	void (*wants_input)(void *owner);
	/* complete: no output was lost because the outer side could not take it */
	void (*ended)(void *owner, int32_t status, bool complete);
};

struct console_slot {
	enum {
		CONSOLE_FREE,
		CONSOLE_RUNNING,	/* the domain has it */
		CONSOLE_ENDING,		/* the domain has given it back; output is still written */
	} state;
	int32_t status;			/* once it is ending */
	int fds[STREAM_COUNT];		/* ours; -1: none */
	struct streams *streams;	/* NULL: the owner has hung up, and all is closed */
	struct terminal_keeper terminal;
	void *owner;			/* NULL: nobody asks any more */
};

struct consoles {
	struct channel *channel;
	int trouble_fd;
	/* eventfd, readable: consoles_reap() has something to do; -1 until a console was used */
	int done_fd;
	const struct console_listener *listener;
	struct console_slot slots[CONSOLE_MAX];	/* the first is never used */
};

/* trouble_fd as for streams_start(). consoles_release() is due. */
void consoles_init(struct consoles *consoles, struct channel *channel, int trouble_fd,
		   const struct console_listener *listener);

/*
 * Start the plan's command in a free console. Of the plan what program_fill() says counts, and was
 * checked. The descriptors become ours, also where it fails; owner is for the listener. Returns the
 * console's number, or -errno: -EAGAIN where all consoles are in use.
 */
int console_start(struct consoles *consoles, const struct plan *plan, int fds[STREAM_COUNT],
		  void *owner, struct error *err);

/* Signals for a console's program, the first one's too: bit n-1 is signal n. */
void console_post_signals(struct channel *channel, uint32_t console, uint64_t signals);

/* Send the program a signal, after its terminal's new size for SIGWINCH; it may have ended. */
void console_signal(struct consoles *consoles, uint32_t console, int number);

/*
 * The owner has gone, and with it who stands behind the streams: the program gets SIGHUP, and the
 * listener hears no more of it. What was opened for the streams is closed soon after, whether or
 * not the domain ever gives the console back.
 */
void console_hang_up(struct consoles *consoles, uint32_t console);

/* The terminal that is its standard input is the owner's to read, until console_stopped(). */
void console_resume(struct consoles *consoles, uint32_t console);

/* The owner has gone, and the program goes on without one. */
void console_disown(struct consoles *consoles, uint32_t console);

/*
 * The one that a request of the domain names; NULL: it has no program there, and breaks the rules.
 */
struct console_slot *console_of_domain(struct consoles *consoles, uint32_t console);

/* REQ_STARTED, of one that the domain has. */
void console_started(const struct consoles *consoles, const struct console_slot *slot);

/* REQ_STOPPED, of one that the domain has. */
void console_stopped(const struct consoles *consoles, struct console_slot *slot);

/* REQ_CONSOLE_EXIT, of one that the domain has. */
void console_exit(struct consoles *consoles, struct console_slot *slot, int32_t status);

/*
 * Consoles that the domain has given back, and of which all is written out, become free, and their
 * owners hear of it. Of those whose owners have hung up all is closed.
 */
void consoles_reap(struct consoles *consoles);

/*
 * The domain is dead, and with it all of its programs: write out what is left, as far as it is
 * taken soon, and tell the owners.
 */
void consoles_release(struct consoles *consoles);

#endif
