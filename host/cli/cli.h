/* SPDX-License-Identifier: MIT */
/*
 * The verbs of `mezzo`. Each gets its own arguments, verb first, and returns mezzo's exit status.
 */
#ifndef HOST_CLI_CLI_H
#define HOST_CLI_CLI_H

#include "host/base/error.h"
#include "host/launch/plan.h"

int verb_do(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_image(int argc, char **argv);
int verb_inspect(int argc, char **argv);
int verb_version(int argc, char **argv);
int verb_help(int argc, char **argv);

/*
 * Carry a plan out: start the domain, be its monitor, return the exit status. Prints what goes
 * wrong.
 */
int domain_run(const struct plan *plan);

/* Print "mezzo: ..." and return EXIT_MEZZO_FAILED. */
int cli_fail(const struct error *err);

/* After getopt_long() has refused an option, of which it has said nothing itself. */
int cli_fail_option(const char *verb, int option, char **argv);

/* 0 where a command follows the options, else EXIT_MEZZO_FAILED, and it has been said. */
int cli_check_command(const struct plan *plan, const char *verb);

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
	{ "interactive", no_argument, NULL, 'i' }

/* Take one of them into the plan. Returns 0, -errno, or 1 for an option that is not common. */
int cli_take_option(struct plan *plan, int option, char *argument, struct error *err);

#endif
