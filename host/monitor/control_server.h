/* SPDX-License-Identifier: MIT */
/*
 * The monitor's side of host/domain/control.h: takes connections of the verbs and does what they
 * ask. All of it is served by the monitor's main thread, which finds it ready by poll_fd.
 */
#ifndef HOST_MONITOR_CONTROL_SERVER_H
#define HOST_MONITOR_CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "boundary/abi.h"
#include "host/domain/control.h"
#include "host/monitor/output.h"

struct consoles;
struct plan;
struct streams;

/* A connection. */
struct control_client {
	struct control_client *next;
	int socket;
	bool is_starter;		/* waits for CONTROL_STARTED */
	bool is_held;			/* its next message is input that has to wait */
	int follow_fd;			/* raised with output; -1: it does not follow */
	bool is_exec;			/* it started a program, which may have ended */
	uint32_t console;		/* of that; 0: it has ended, or there never was one */
	bool is_detached;		/* ... which is not to hear of its end */
};

struct control_server {
	int poll_fd;			/* readable: control_server_serve() has something to do */
	int listen_fd;
	int timer_fd;			/* the patience of CONTROL_STOP */
	int spare_fd;			/* of no use but to be closed for who must be refused; -1 */
	bool end_wanted;		/* the domain is to be ended */
	/* of the domain; NULL until it is there */
	struct channel *channel;
	struct output *output;
	struct consoles *consoles;
	struct streams *streams;	/* of its first program */
	const struct plan *plan;
	struct control_client *clients;
	struct control_input {
		int fd;			/* where input goes to, -1: nowhere (any more) */
		bool is_terminal;	/* ... and that is the outer side of a terminal */
		bool is_ending;		/* no more after what waits */
		bool is_within_line;	/* at a terminal: the last byte was not a newline */
		size_t size, done;	/* what waits, as it was not taken yet */
		char data[CONTROL_DATA_MAX];
	} input;
};

/*
 * Listen in a domain's folder, whose lock the caller holds. starter, a connection that is there
 * already, becomes the first client. Returns 0 or -errno; on success control_server_close() is due.
 */
int control_server_open(struct control_server *server, const struct folder *folder,
			struct output *output, int starter, struct error *err);

/* Where input goes to: fd is taken over and must not block. */
void control_server_set_input(struct control_server *server, int fd, bool is_terminal);

/* Serve what is ready, without blocking. Returns whether the domain is to be ended now. */
bool control_server_serve(struct control_server *server);

/* The first program runs: tell who started it. */
void control_server_started(struct control_server *server);

/*
 * Tell all that the domain has ended, with this exit status, and let go of them. For who has given
 * the folder's lock back: so who is told, or refused, can have it. The socket stays in the folder,
 * where the next monitor may have its own by now.
 */
void control_server_close(struct control_server *server, int32_t status);

/* ---- For the files that serve requests ---- */

/* Answer a request; text is for CONTROL_FAILED, else NULL. */
void control_answer(struct control_client *client, enum control_kind kind, const char *text);

/* The next event of fd becomes one of poll_fd, with this as its data. Returns 0 or -errno. */
int control_watch(struct control_server *server, int fd, uint32_t events, void *data);

/* ---- control_input.c ---- */

/*
 * Take input, which nothing must wait before; data of CONTROL_INPUT. A terminal is not at its end
 * any more, also where there are no bytes yet.
 */
void control_input_take(struct control_server *server, const char *data, size_t size);
/* Write what waits, as far as it is taken. */
void control_input_move(struct control_server *server);
/* No more is to come. */
void control_input_end(struct control_server *server);
bool control_input_waits(const struct control_server *server);

#endif
