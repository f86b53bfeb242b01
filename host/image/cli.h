/* SPDX-License-Identifier: MIT */
/*
 * The verbs of `mezzo-image`, which `mezzo image` and `mezzo store` run. Each gets its own
 * arguments, verb first, and returns the exit status.
 */
#ifndef HOST_IMAGE_CLI_H
#define HOST_IMAGE_CLI_H

#include <stdbool.h>

#include "host/base/error.h"
#include "host/base/place.h"
#include "host/image/record.h"
#include "host/store/store.h"

int verb_import(int argc, char **argv);
int verb_build_debian(int argc, char **argv);
int verb_ls(int argc, char **argv);
int verb_show(int argc, char **argv);
int verb_rm(int argc, char **argv);
int verb_tag(int argc, char **argv);
int verb_export(int argc, char **argv);
int verb_commit(int argc, char **argv);
int verb_cp(int argc, char **argv);
int verb_send(int argc, char **argv);
/* Of `mezzo store`: */
int verb_fsck(int argc, char **argv);
int verb_dedup(int argc, char **argv);
int verb_info(int argc, char **argv);
int verb_objects(int argc, char **argv);

/* Options that several verbs have. */
struct cli {
	const char *letters; /* in: short options, as for getopt(); NULL: none */
	const char *store; /* --store */
	bool json, replace, force;
	bool done; /* --help was printed */
};

enum {
	OPTION_HELP = 256,
	OPTION_STORE,
	OPTION_JSON,
	OPTION_REPLACE,
	OPTION_FORMAT,
	OPTION_SELECT,
	OPTION_MAX_FILE,
	OPTION_MIRROR,
	OPTION_INCLUDE,
	OPTION_VARIANT,
	OPTION_REPAIR,
};

/* clang-format off */
#define CLI_OPTIONS \
	{ "help", no_argument, NULL, OPTION_HELP }, \
	{ "store", required_argument, NULL, OPTION_STORE }
/* Of the verbs that make an image of a source. */
#define CLI_IMPORT_OPTIONS \
	CLI_OPTIONS, \
	{ "json", no_argument, NULL, OPTION_JSON }, \
	{ "replace", no_argument, NULL, OPTION_REPLACE }
/* clang-format on */

/*
 * The next option that is the verb's own, or -1 at the end; common ones are taken into cli. -EINVAL
 * with *err set for one that is not known, or where --help was asked for and `usage` printed, which
 * is told by cli->done.
 */
struct option;
int cli_next_option(struct cli *cli, int argc, char **argv, const struct option *options,
		    const char *usage, struct error *err);
/*
 * After the options of a verb that takes no words: 0 where result is that of their end and nothing
 * follows, or -errno.
 */
int cli_check_end(int result, int argc, char **argv, struct error *err);

/*
 * Print "PROGRAM: ..." as one line, and return the exit status of a failure: 1, or 125 where
 * `mezzo` runs it. Where it is that a reader went away, ends the program by SIGPIPE, without a
 * word, as others end: all is tidied up by now.
 */
int cli_fail(const struct error *err);

/*
 * The store of --store and the environment, with what store_open_disk() takes; store_close() is
 * due.
 */
int cli_open_store(const struct cli *cli, unsigned flags, struct store **store,
		   char path[PLACE_SIZE], struct error *err);

/* Says that there is no store at a place: -ENOENT. */
int cli_no_store(const char *path, struct error *err);

/* JSON as one line on standard output; takes it. */
struct json_object;
int cli_put_json(struct json_object *json, struct error *err);

/* Import into an open store, as the options say, and tell about the new image. */
struct import;
int cli_import(const struct cli *cli, struct store *store, struct import *import,
	       struct error *err);

/* An image as JSON on standard output, one line. config: with it. */
int cli_print_json(const char *name, const struct image *image, bool config, struct error *err);

/* Set by main(): how errors begin. */
extern const char *cli_program;
extern int cli_failed_status;
extern bool cli_dies_of_pipe;	/* SIGPIPE was not ignored when the program began */

#endif
