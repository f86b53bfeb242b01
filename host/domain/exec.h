/* SPDX-License-Identifier: MIT */
/*
 * A program that is to be started in a domain that runs (CONTROL_EXEC): what is asked for travels
 * in a memory file, as its strings may be longer than a message.
 */
#ifndef HOST_DOMAIN_EXEC_H
#define HOST_DOMAIN_EXEC_H

#include <stdint.h>
#include <sys/types.h>

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/base/strings.h"

enum exec_flags {
	EXEC_INPUT = 1u,		/* standard input is the caller's; else there is none */
	EXEC_TERMINAL = 2u,		/* a stream that is a terminal is one for the program */
	EXEC_DETACHED = 4u,		/* no streams, and the program outlives the connection */
	EXEC_USER = 8u,			/* ids and groups are told; else as the first one's */
	EXEC_GRANTED = 16u,		/* the program is what the host grants (PROGRAM_GRANTED) */
};

struct exec_wish {
	uint32_t flags;
	uint32_t uid, gid;
	uint32_t group_count;		/* with EXEC_USER, too */
	gid_t groups[CONFIG_GROUPS_MAX];
	const char *directory;		/* to start in; NULL: as the first program */
	struct strings arguments;
	struct strings environment;	/* in addition to the first program's */
	char *storage;			/* what the strings lie in, where it was read */
};

/* Returns a memory file that holds the wish, or -errno. */
int exec_wish_write(const struct exec_wish *wish, struct error *err);

/*
 * Read one from a file that somebody else may change meanwhile. Returns 0 or -errno; on success
 * exec_wish_release() is due.
 */
int exec_wish_read(int fd, struct exec_wish *wish, struct error *err);

/* Free the lists and, where it was read, the strings. */
void exec_wish_release(struct exec_wish *wish);

#endif
