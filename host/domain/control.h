/* SPDX-License-Identifier: MIT */
/*
 * How the verbs speak with the monitor of a lasting domain: messages on a connection to the socket
 * `control` in the domain's folder (SOCK_SEQPACKET), which only the monitor's own user and root
 * get. Each message is a struct control_head and data behind it; handles may travel with it
 * (SCM_RIGHTS).
 *
 * A request is answered by CONTROL_DONE or CONTROL_FAILED, in order. When the domain has ended,
 * with its record and its output written and its lock given back, every connection gets
 * CONTROL_ENDED, also in place of answers that are due. A connection that ends without it means
 * that the monitor was killed. What a domain prints does not travel here: who wants it reads
 * `output` (log.h), so that no reader, however slow, keeps a domain waiting.
 *
 * To add a request: a number here, a row in the table of host/monitor/control_server.c, and a file
 * of its own for what it does.
 */
#ifndef HOST_DOMAIN_CONTROL_H
#define HOST_DOMAIN_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/base/error.h"
#include "host/domain/folder.h"

#define CONTROL_DATA_MAX 32768u
#define CONTROL_HANDLES_MAX 4u

enum control_kind {
	/* Requests */
	CONTROL_WATCH = 1,		/* nothing but to hear of the end; answered at once */
	/*
	 * value: a signal for the first program, where SIGKILL ends all; for the connection's own
	 * one after CONTROL_EXEC
	 */
	CONTROL_SIGNAL = 2,
	/* value: seconds from SIGTERM to the end of the domain; -1: wait for ever */
	CONTROL_STOP = 3,
	/* data: for standard input; none: that of a terminal is not at its end. No answer */
	CONTROL_INPUT = 4,
	/* standard input ends here: for good, or, a terminal, until there is more. No answer */
	CONTROL_INPUT_END = 5,
	/* value: rows << 16 | columns of the client's terminal; no answer */
	CONTROL_RESIZE = 6,
	/* with an eventfd that does not block, which is raised with each piece of output */
	CONTROL_FOLLOW = 7,
	/*
	 * handles: standard streams, and a wish (exec.h) for a program that gets them. The end of
	 * the connection is that of its terminal
	 */
	CONTROL_EXEC = 8,
	CONTROL_INPUT_RESUME = 9,	/* after CONTROL_INPUT_WANTED; no answer */
	CONTROL_RENAME = 10,		/* data: the name that the domain has, NUL, another one */
	/* What comes back */
	CONTROL_DONE = 128,		/* value: 0 */
	CONTROL_FAILED = 129,		/* data: why, as text */
	/* to who started the domain: its first program runs; or that of CONTROL_EXEC */
	CONTROL_STARTED = 130,
	/* value: the exit status, as mezzo's; data: where no output could tell why, a text */
	CONTROL_ENDED = 131,
	CONTROL_EXITED = 132,		/* the program of CONTROL_EXEC; value: its wait status */
	CONTROL_STOPPED = 133,		/* ... has stopped, and its caller is to stop too */
	/* ... reads from the caller's terminal, of whose foreground the monitor knows nothing */
	CONTROL_INPUT_WANTED = 134,
	CONTROL_OUTPUT_LOST = 135,	/* before CONTROL_EXITED: some could not be written */
};

struct control_head {
	uint32_t kind;			/* enum control_kind */
	int32_t value;
};

/* A message that was received. */
struct control_message {
	struct control_head head;
	size_t size;			/* of data */
	unsigned int handle_count;
	int handles[CONTROL_HANDLES_MAX];	/* the receiver's to close */
	char data[CONTROL_DATA_MAX + 1];	/* ends in NUL, behind size */
};

/*
 * A monitor does nothing for long but wait for a disk: one that has not answered for so long hears
 * nothing for now.
 */
#define CONTROL_PATIENCE_MS 2000

/*
 * Connect to the monitor, without waiting. Returns the socket, or -ENOTCONN where the domain is not
 * running, -ENOLINK where it is and the socket in its folder is gone, -EAGAIN where as many wait as
 * can, or another -errno.
 */
int control_connect(const struct folder *folder, struct error *err);

/* The process of the monitor, or 0 where the domain is not running. */
pid_t control_monitor(const struct folder *folder);

/* The process of the monitor at the other end of control_connect()'s socket; 0: it is not known. */
pid_t control_peer(int socket);

/* Whether that was stopped (SIGSTOP): what it is sent it hears when it goes on. */
bool control_is_stopped(int socket);

/*
 * Send a message with size bytes of data and count handles, which stay the caller's. Returns 0 or
 * -errno; -EPIPE where the other side is gone. flags: MSG_DONTWAIT.
 */
int control_send(int socket, enum control_kind kind, int32_t value, const void *data, size_t size,
		 const int *handles, unsigned int count, int flags);

/* Receive one. Returns 1, 0 where the other side is gone, or -errno; -EPROTO for what is none. */
int control_receive(int socket, struct control_message *message, int flags);

/*
 * Ask to be told of output. Returns a descriptor that polls readable once something was written
 * after it was last read empty by control_heard(); -errno. The answer to the request is due.
 */
int control_follow(int socket, struct error *err);
void control_heard(int fd);

/*
 * Send a request and wait for its answer. Returns 0, 1 where the domain has ended meanwhile with
 * *status, or -errno with a message.
 */
int control_ask(int socket, enum control_kind kind, int32_t value, int32_t *status,
		struct error *err);

/* The next answer, of which control_ask() waits for one: the same results. */
int control_answer_take(int socket, int32_t *status, struct error *err);

/* Wait for the end of the domain. Returns 0 with its status, or -EPIPE: its monitor was killed. */
int control_wait(int socket, int32_t *status, struct error *err);

#endif
