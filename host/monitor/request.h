/* SPDX-License-Identifier: MIT */
/* Requests of a domain: received, checked, served, answered. */
#ifndef HOST_MONITOR_REQUEST_H
#define HOST_MONITOR_REQUEST_H

#include <stdint.h>

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/monitor/console.h"
#include "host/monitor/input.h"
#include "host/monitor/lower.h"
#include "host/monitor/objects.h"
#include "host/monitor/process.h"
#include "host/monitor/terminal.h"
#include "host/monitor/volume.h"

/* What requests are served from. */
struct service {
	struct lower lower;
	struct objects *objects;
	struct volumes volumes;
	struct process_finder processes;
	struct terminal_keeper terminal;	/* the first console's, as is input */
	struct input_keeper input;
	struct consoles consoles;		/* the others */
	struct channel *channel;
};

enum request_result {
	REQUEST_NONE,			/* nothing came, or it was served: go on */
	REQUEST_STARTED,		/* REQ_STARTED: the first program runs */
	REQUEST_EXIT,			/* REQ_EXIT: *status is the domain's wait status */
	REQUEST_CRASH,			/* REQ_CRASH */
	REQUEST_KILLED,			/* REQ_KILLED */
	REQUEST_STOPPED,		/* REQ_STOPPED of the first console, answered already */
	REQUEST_CLOSED,			/* the domain has closed its end */
	REQUEST_BAD,			/* against the rules of the boundary: err says what */
};

/* A request against the rules: err says why. -EINVAL. */
int request_bad(struct error *err, const char *why);

/* One request about objects (NULL: the domain has none); as the functions that request.c is of. */
int objects_serve(struct objects *objects, const struct request *request, struct answer *answer,
		  int32_t *result, struct error *err);

/* The same about volumes. */
int volumes_serve(struct volumes *volumes, const struct request *request, struct answer *answer,
		  int32_t *result, struct error *err);
/* REQ_VOLUME_FORGET. 0, or -EINVAL and err says why. */
int volumes_serve_forget(struct volumes *volumes, const struct request *request,
			 struct error *err);

/*
 * Receive one request from socket, serve it and answer it. Never blocks, never
 * trusts: whatever a domain sends leads to one of the results.
 */
enum request_result request_serve(int socket, struct service *service, int32_t *status,
				  struct error *err);

#endif
