/* SPDX-License-Identifier: MIT */
/*
 * Starting a domain: memory, namespaces, empty root, filter, and the jump into the system layer.
 */
#ifndef HOST_LAUNCH_START_H
#define HOST_LAUNCH_START_H

#include <sys/types.h>

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/launch/layer.h"
#include "host/launch/plan.h"

/* Shared with the first process until it enters the layer: why it could not. */
struct start_report {
	int error;			/* errno of the step that failed */
	int failed;			/* 1 when text is valid */
	char text[160];			/* the step, in words */
};

/* What the domain gets mapped beside its own memory; descriptors stay the caller's. */
struct start_objects {
	int index;			/* an image's index; -1: none */
	uint64_t index_size;
	int overlay;			/* where changes are kept; -1: nowhere */
	uint64_t overlay_size;
	uint64_t disk_limit;		/* bytes; 0: none */
};

/* A domain as its monitor holds it. */
struct domain {
	pid_t pid;			/* of the first process, in the caller's pid namespace */
	int pidfd;
	int socket;			/* the monitor's end */
	struct channel *channel;
	struct start_report *report;
};

/*
 * Start a domain. When this returns 0 the first process is on its way, and waits for domain_enter()
 * before it enters the layer; a failure of its own steps shows as its death with
 * domain_start_failure() true. The domain dies with the thread that calls this. On error nothing is
 * left behind. Returns 0 or -errno.
 */
int domain_start(struct domain *domain, const struct plan *plan, const struct layer *layer,
		 const struct start_objects *objects, struct error *err);

/* Let the first process enter the layer: the channel is ready. Returns 0 or -errno. */
int domain_enter(struct domain *domain, struct error *err);

/*
 * Whether the first process gave up before it entered the layer; then err says why. Ask after its
 * death. What a domain wrote there later is cut and cleaned, not believed.
 */
int domain_start_failure(const struct domain *domain, struct error *err);

/* Kill and reap everything of the domain. Returns the wait status of its first process. */
int domain_end(struct domain *domain);

#endif
