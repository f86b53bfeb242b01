/* SPDX-License-Identifier: MIT */
/* `mezzo stop` and `mezzo kill`: signals for the first programs of running domains. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/base/fd.h"
#include "host/cli/cli.h"
#include "host/cli/ending.h"
#include "host/domain/control.h"

#define PATIENCE_S 10

static const char stop_usage[] =
"Usage: mezzo stop [options] NAME...\n"
"\n"
"Send SIGTERM to the first program of each domain, and end the domain if it does not within 10 s.\n"
"It returns when the domains have ended. One that does not run is left alone.\n"
"\n"
"  -t, --time SECONDS     wait so long; -1: for ever\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const char kill_usage[] =
"Usage: mezzo kill [options] NAME...\n"
"\n"
"Send a signal to the first program of each running domain. SIGKILL, which it is by default, ends\n"
"the whole domain.\n"
"\n"
"  -s, --signal SIGNAL    a name or a number\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option stop_options[] = {
	{ "time", required_argument, NULL, 't' },
	CLI_STORE_OPTIONS,
	{ 0 }
};

static const struct option kill_options[] = {
	{ "signal", required_argument, NULL, 's' },
	CLI_STORE_OPTIONS,
	{ 0 }
};

static int stop_finish(const struct domains *domains, struct ending *ending)
{
	(void)domains;
	if (ending->result && ending->result != -ENOTCONN)
		return cli_fail(&ending->err);
	puts(ending->folder.name);
	return 0;
}

static int parse_seconds(const char *text, int *seconds)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < -1 || value > 31536000)
		return -EINVAL;
	*seconds = (int)value;
	return 0;
}

int verb_stop(int argc, char **argv)
{
	struct cli_names names = { .verb = "stop", .usage = stop_usage };
	struct ending_way way = {
		.kind = CONTROL_STOP, .value = PATIENCE_S, .finish = stop_finish,
	};
	int option;

	while ((option = cli_next_option(&names, argc, argv, ":t:", stop_options)) > 0) {
		if (!parse_seconds(optarg, &way.value))
			continue;
		fprintf(stderr, "mezzo: stop -t %s: want seconds, at most a year, or -1\n", optarg);
		return EXIT_MEZZO_FAILED;
	}
	return ending_each(&names, option, argv + optind, &way);
}

static int parse_signal(const char *text, int *number)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ILL", SIGILL },
		{ "TRAP", SIGTRAP }, { "ABRT", SIGABRT }, { "BUS", SIGBUS }, { "FPE", SIGFPE },
		{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
		{ "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
		{ "TERM", SIGTERM }, { "CHLD", SIGCHLD }, { "CONT", SIGCONT },
		{ "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
		{ "TTOU", SIGTTOU }, { "URG", SIGURG }, { "XCPU", SIGXCPU },
		{ "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },
		{ "WINCH", SIGWINCH }, { "IO", SIGIO }, { "PWR", SIGPWR }, { "SYS", SIGSYS },
	};
	char *end;
	long value = strtol(text, &end, 10);

	if (end != text && !*end && value >= 1 && value <= 64) {
		*number = (int)value;
		return 0;
	}
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcasecmp(text, names[i].name)) {
			*number = names[i].number;
			return 0;
		}
	}
	return -EINVAL;
}

static int kill_finish(const struct domains *domains, struct ending *ending)
{
	(void)domains;
	if (ending->result)
		return cli_fail(&ending->err);
	puts(ending->folder.name);
	return 0;
}

static int signal_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct error err;
	int32_t status;
	int result, fd = control_connect(folder, &err);

	(void)domains;
	if (fd < 0)
		return cli_fail(&err);
	result = control_ask(fd, CONTROL_SIGNAL, *(int *)data, &status, &err);
	fd_close(&fd);
	if (result < 0) {
		error_context(&err, "domain %s", folder->name);
		return cli_fail(&err);
	}
	puts(folder->name);
	return 0;
}

int verb_kill(int argc, char **argv)
{
	struct cli_names names = { .verb = "kill", .usage = kill_usage };
	const struct ending_way way = {
		.kind = CONTROL_SIGNAL, .value = SIGKILL, .finish = kill_finish,
	};
	int option, number = SIGKILL;

	while ((option = cli_next_option(&names, argc, argv, ":s:", kill_options)) > 0) {
		if (!parse_signal(optarg, &number))
			continue;
		fprintf(stderr, "mezzo: kill -s %s: no such signal\n", optarg);
		return EXIT_MEZZO_FAILED;
	}
	if (number == SIGKILL)
		return ending_each(&names, option, argv + optind, &way);
	return cli_each_domain(&names, option, argv + optind, signal_one, &number);
}
