/* SPDX-License-Identifier: MIT */
/*
 * The monitor of one domain: serves its requests, carries its streams, passes signals on, and sees its
 * end.
 */
#ifndef HOST_MONITOR_MONITOR_H
#define HOST_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/launch/plan.h"
#include "host/monitor/control_exec.h"
#include "host/monitor/follow.h"
#include "host/monitor/output.h"
#include "host/monitor/request.h"
#include "host/monitor/stream.h"

enum monitor_outcome {
	OUTCOME_EXITED,			/* status: the domain's own wait status */
	OUTCOME_CRASHED,		/* the system layer failed and said so */
	OUTCOME_KILLED,			/* a process of it was killed by somebody else, and it gave up */
	OUTCOME_DIED,			/* the first process died without a word */
	OUTCOME_ENDED,			/* somebody asked the monitor to end it */
	OUTCOME_OVER_LIMIT,		/* it took more disk than it may: err says so */
	OUTCOME_BROKEN,			/* the domain broke the rules of the boundary: err says how */
};

struct monitor {
	int socket;			/* -1: the domain sends no more */
	int pidfd;
	struct service service;
	struct control_server *control;	/* NULL: nobody asks; the monitor stops with the domain */
	int signal_fd;
	int quota_fd;			/* timer: time to look what the domain uses; -1: no quota */
	int trouble_fd;			/* eventfd: the streams saw a broken ring */
	int log_fd;			/* -1: stderr */
	struct streams *streams;
	struct follower follower;
	/* when it stops itself at the latest, 0: it does not; and who says that it may */
	int64_t stop_ns;
	int settled_fd;
	int32_t status;
};

/* What a monitor is made from; everything in it stays the caller's. */
struct monitor_setup {
	int socket;			/* the monitor's end */
	int pidfd;			/* of the domain's first process */
	struct channel *channel;
	const char *rootfs;		/* the lower tree; NULL: none, there are objects */
	struct objects *objects;
	int folder;			/* of a lasting domain, -1: it is ephemeral, and has neither */
	struct output *output;		/* where its output goes, but for a terminal's; else NULL */
	struct control_server *control;	/* for who asks something of it; else NULL */
	const struct plan *plan;	/* what programs that are started later begin with */
	bool own_ids_are_root;
	const struct plan_volume *volumes;	/* what the domain shares with the host */
	size_t volume_count;
	bool volume_ids_are_root;	/* as own_ids_are_root, in volumes */
	const char *log_file;		/* NULL: the log goes to stderr */
	const uint32_t *stream_flags;	/* of mezzo's own standard streams: STREAM_* */
};

/*
 * Block the signals that a monitor passes on, so that none is lost. Call it before the domain is
 * started and before any thread; the domain's first process sets its own mask.
 */
void monitor_block_signals(void);

/* Returns 0 or -errno; on success monitor_release() is due. */
int monitor_init(struct monitor *monitor, const struct monitor_setup *setup, struct error *err);

/* Serve the domain until it ends or must be ended. The domain may still have processes then. */
enum monitor_outcome monitor_run(struct monitor *monitor, struct error *err);

/*
 * Once all of the domain is dead: write out its streams, let go of everything. False where output was lost
 * (streams_finish()).
 */
bool monitor_release(struct monitor *monitor);

#endif
