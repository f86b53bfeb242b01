/* SPDX-License-Identifier: MIT */
/*
 * Ending domains: all that are named are asked, then all are waited for, so that the time which one
 * takes is not added to that of others. A monitor that can't be reached by its socket, or was
 * stopped and so does not hear what comes there when its time is over, is ended as a process
 * (host/domain/process.h). One that only does not answer is given much longer: it may wait for a
 * disk, and killed then it would not write how its domain ended.
 */
#ifndef HOST_CLI_ENDING_H
#define HOST_CLI_ENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "host/cli/cli.h"
#include "host/domain/control.h"

struct ending {
	struct folder folder;
	int socket;			/* to the monitor; -1: there is none */
	int pidfd;			/* of a monitor that is ended as a process; -1 */
	/* By the monotonic clock: when the domain is to have ended (-1: no time is set) ... */
	int64_t deadline_ns;
	int64_t notice_ns;		/* ... its monitor to have answered, or we say so ... */
	int64_t patience_ns;		/* ... or it is killed */
	bool answered, noticed;
	/*
	 * 0, or -errno with err: -ENOTCONN, it did not run; -EPIPE, its monitor was killed, or does
	 * not hear us
	 */
	int result;
	struct error err;
};

/* What is asked for, and what comes after: 0 or an exit status, and it has been said. */
struct ending_way {
	enum control_kind kind;		/* CONTROL_STOP, or CONTROL_SIGNAL for SIGKILL */
	int32_t value;
	int (*finish)(const struct domains *domains, struct ending *ending);
};

/* As cli_each_domain(). */
int ending_each(struct cli_names *names, int option, char **words, const struct ending_way *way);

#endif
