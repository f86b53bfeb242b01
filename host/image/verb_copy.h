/* SPDX-License-Identifier: MIT */
/* What the two verbs that copy have in common: cp, out of a domain, and send, into one. */
#ifndef HOST_IMAGE_VERB_COPY_H
#define HOST_IMAGE_VERB_COPY_H

#include "host/change/copy.h"
#include "host/change/resolve.h"
#include "host/image/cli.h"

/* The exit status where a part of a copy came to nothing, and that was told. */
#define STATUS_PART_FAILED 1

struct copy_options {
	struct cli cli;
	bool archive, follow;
};

/*
 * All options; the words begin at optind then. Returns 0, or -EINVAL as cli_next_option(), where
 * cli.done tells that all is done.
 */
int copy_options_take(struct copy_options *options, int argc, char **argv, const char *usage,
		      struct error *err);

/* Of a copy of which a part came to nothing, which was told. */
#define STATUS_PART_FAILED 1

/* Whether a path means what is in a directory, and not the directory: "." or ".../." */
bool copy_is_of_content(const char *path);

/* A domain's tree; merged_close() is due on success. Returns 0 or -errno. */
int copy_open_domain(const struct copy_options *options, const char *domain, struct merged *merged,
		     struct error *err);

/* Where a path of the domain leads, which must be there. Returns 0 or -errno. */
int copy_find(const struct copy_options *options, const struct merged *merged, const char *path,
	      struct spot *spot, struct error *err);

/*
 * Refuses what is left out where it is within something else: a file that somebody names is to be
 * copied, or it is said. Returns 0 or -EINVAL.
 */
int copy_check_kind(const struct copy_options *options, uint32_t mode, const char *path,
		    struct error *err);

/* Says on standard error what the sink could not take. */
void copy_tell_left_out(const struct copy_sink *sink);

#endif
