/* SPDX-License-Identifier: MIT */
/*
 * The verbs of `mezzo`. Each gets its own arguments, verb first, and returns mezzo's exit status.
 */
#ifndef HOST_CLI_CLI_H
#define HOST_CLI_CLI_H

#include <stdbool.h>

#include "host/base/error.h"
#include "host/domain/folder.h"
#include "host/launch/plan.h"

/* mezzo's status where the verb has done a part of its work, and has said what it could not. */
#define STATUS_PART_FAILED 1

int verb_do(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_image(int argc, char **argv);
int verb_store(int argc, char **argv);
int verb_exec(int argc, char **argv);
int verb_cp(int argc, char **argv);
int verb_of_image(int argc, char **argv);	/* verbs of mezzo that mezzo-image does */
int verb_create(int argc, char **argv);
int verb_start(int argc, char **argv);
int verb_stop(int argc, char **argv);
int verb_kill(int argc, char **argv);
int verb_wait(int argc, char **argv);
int verb_attach(int argc, char **argv);
int verb_logs(int argc, char **argv);
int verb_ps(int argc, char **argv);
int verb_stats(int argc, char **argv);
int verb_ls(int argc, char **argv);
int verb_rm(int argc, char **argv);
int verb_rename(int argc, char **argv);
int verb_diff(int argc, char **argv);
int verb_volume(int argc, char **argv);
int verb_inspect(int argc, char **argv);
int verb_version(int argc, char **argv);
int verb_help(int argc, char **argv);

/* Runs the verb that argv begins with, or says that there is none of that name. */
int cli_run_verb(int argc, char **argv);

/* What a lasting domain is connected to; NULL: the monitor's own streams, and nobody. */
struct domain_ends {
	struct output *output;		/* also NULL where the streams are a terminal's */
	struct control_server *control;
	int64_t *reason;		/* set to an enum domain_reason; NULL: nobody asks */
};

/*
 * Carry a plan out: start the domain, be its monitor, return the exit status. What there is to say
 * of the end is in err->text, else that is empty.
 */
int domain_carry(const struct plan *plan, const struct domain_ends *ends, struct error *err);

/* The same with mezzo's own streams; prints what goes wrong. */
int domain_run(const struct plan *plan);

/*
 * Become the monitor of the domain in a folder, in a process of its own that has left the caller's
 * session and streams. starter is the monitor's end of a connection (control.h) on which the caller
 * then hears that the domain runs, or that it has ended: where it did not even begin, with a text.
 * It is taken over. Returns 0 or -errno.
 */
int daemon_start(const struct domains *domains, const char *name, int starter, struct error *err);

/*
 * Find the plan's volumes of its store, and make those that are not there yet. Returns 0 or -errno.
 */
int volumes_find(struct plan *plan, struct error *err);
/* The same for those of a domain's record (record.h), which the plan gets. */
int volumes_take(struct plan *plan, const struct strings *volumes, struct error *err);

/* The exit status for a wait status, as shells have it. */
int cli_exit_code(int wait_status);

/*
 * Becomes mezzo-image, which knows by argv[0] who runs it. Returns only where that fails, and it
 * has been said: EXIT_MEZZO_FAILED.
 */
int cli_exec_image(char **argv);

/* Print "mezzo: ..." and return EXIT_MEZZO_FAILED. */
int cli_fail(const struct error *err);

/* Whether what getopt_long() gave is --help, or -h, which it is not told of. */
bool cli_asks_help(int option);

/* After getopt_long() has refused an option, of which it has said nothing itself. */
int cli_fail_option(const char *verb, int option, char **argv);

/* 0 where a command follows the options, else EXIT_MEZZO_FAILED, and it has been said. */
int cli_check_command(const struct plan *plan, const char *verb);

/* ---- Verbs for lasting domains (names.c) ---- */

struct cli_names {
	const char *verb, *usage;
	const char *store;		/* --store, or NULL */
	int status;			/* mezzo's, where there is nothing to do */
};

#define CLI_STORE_OPTIONS \
	{ "store", required_argument, NULL, OPTION_STORE }, \
	{ "help", no_argument, NULL, OPTION_HELP }

struct option;

/*
 * The next option that is not one of the above; 0 after the last one; -1 where names->status is all
 * that is left to do.
 */
int cli_next_option(struct cli_names *names, int argc, char **argv, const char *letters,
		    const struct option *options);

/*
 * Open the domains where there are names, and no option came to an end: else -errno, and
 * names->status is all that is left to do. domains_close() is due on success.
 */
int cli_open_domains(struct cli_names *names, int option, char **words, struct domains *domains);

/*
 * Do the work for each name; words ends in NULL. option is what cli_next_option() gave last.
 * Returns 0, or the last status of a work that was not 0. What fails for one does not keep the
 * others from being done.
 */
int cli_each_domain(struct cli_names *names, int option, char **words,
		    int (*work)(const struct domains *domains, struct folder *folder, void *data),
		    void *data);

/* Options that do and run have in common, for getopt_long(). */
enum {
	OPTION_HELP = 256,
	OPTION_TRACE,
	OPTION_TRACE_FILE,
	OPTION_LOG_FILE,
	OPTION_VERBOSE,
	OPTION_LAYER,
	OPTION_NO_KEY,
	OPTION_HOSTNAME,
	OPTION_ROOTFS,
	OPTION_STORE,
	OPTION_REMOVE,
	OPTION_NAME,
	OPTION_JSON,
	OPTION_SINCE,
	OPTION_ENTRYPOINT,
	OPTION_DISK,
	OPTION_LOG_SIZE,
};

#define CLI_COMMON_OPTIONS \
	{ "help", no_argument, NULL, OPTION_HELP }, \
	{ "trace", no_argument, NULL, OPTION_TRACE }, \
	{ "trace-file", required_argument, NULL, OPTION_TRACE_FILE }, \
	{ "log-file", required_argument, NULL, OPTION_LOG_FILE }, \
	{ "verbose", no_argument, NULL, OPTION_VERBOSE }, \
	{ "layer", required_argument, NULL, OPTION_LAYER }, \
	{ "no-key", no_argument, NULL, OPTION_NO_KEY }, \
	{ "hostname", required_argument, NULL, OPTION_HOSTNAME }, \
	{ "env", required_argument, NULL, 'e' }, \
	{ "workdir", required_argument, NULL, 'w' }, \
	{ "volume", required_argument, NULL, 'v' }, \
	{ "interactive", no_argument, NULL, 'i' }

/* Take one of them into the plan. Returns 0, -errno, or 1 for an option that is not common. */
int cli_take_option(struct plan *plan, int option, char *argument, struct error *err);

#endif
