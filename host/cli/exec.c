/* SPDX-License-Identifier: MIT */
/*
 * `mezzo exec`: another program in a domain that runs. The monitor gets our own streams and carries
 * them; we pass signals on and wait for the end. No locks: one thread.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/cli/cli.h"
#include "host/cli/exec.h"
#include "host/cli/exec_user.h"
#include "host/domain/control.h"

static const char usage[] =
"Usage: mezzo exec [options] NAME [--] COMMAND [ARGUMENTS]\n"
"\n"
"Run COMMAND in a domain that runs, beside its other programs, and leave with its exit status.\n"
"Directory, environment and ids are those of the domain's first program. Signals are passed on.\n"
"\n"
"  -i, --interactive      standard input goes to the command; else it reads /dev/null\n"
"  -t, --tty              our terminal is its terminal\n"
"  -d, --detach           don't wait: no streams, and the command runs on after us\n"
"  -e, --env NAME=VALUE   set a variable; NAME alone takes your value\n"
"  -w, --workdir DIR      start in DIR\n"
"  -u, --user USER[:GROUP] run as this user, by number, or by name as the domain's /etc/passwd\n"
"                         and /etc/group have it, with the user's groups and HOME\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n"
"\n"
"When the first program of the domain ends the command is killed: status 137. Other statuses are\n"
"as those of `mezzo do`.\n";

static const struct option options[] = {
	{ "interactive", no_argument, NULL, 'i' },
	{ "tty", no_argument, NULL, 't' },
	{ "detach", no_argument, NULL, 'd' },
	{ "env", required_argument, NULL, 'e' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "user", required_argument, NULL, 'u' },
	CLI_STORE_OPTIONS,
	{ 0 }
};

enum { GOES_ON = -1 };			/* no exit status yet */

struct exec_state {
	bool is_detached;
	bool is_accepted;		/* the monitor does what it was asked for */
	bool output_lost;
};

static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGTSTP, SIGCONT,
};

/* ---- While it runs ---- */

static int exec_failed(const char *why)
{
	fprintf(stderr, "mezzo: %s\n", why);
	return EXIT_MEZZO_FAILED;
}

/*
 * The program reads from our terminal. As the kernel does it to who reads in the background: our
 * group stops until it is in the foreground.
 */
static void allow_input(int socket)
{
	/* -1: it is not our session's, and nobody's foreground matters. */
	pid_t group = tcgetpgrp(STDIN_FILENO);

	if (group >= 0 && group != getpgrp()) {
		kill(0, SIGTTIN);
		group = tcgetpgrp(STDIN_FILENO);
	}
	/* Who can't be stopped (an orphaned group) never gets any. */
	if (group < 0 || group == getpgrp())
		control_send(socket, CONTROL_INPUT_RESUME, 0, NULL, 0, NULL, 0, 0);
}

static int take_end(const struct exec_state *state, int wait_status)
{
	int status = cli_exit_code(wait_status);

	/* A program that could not know that its output is lost has not succeeded. */
	return status || !state->output_lost ? status : EXIT_MEZZO_FAILED;
}

static int take_message(int socket, struct exec_state *state)
{
	static struct control_message message;
	int result = control_receive(socket, &message, 0);

	if (result <= 0)
		return exec_failed("the domain's monitor was killed, and the domain with it");
	switch (message.head.kind) {
	case CONTROL_FAILED:
		return exec_failed(message.data);
	case CONTROL_DONE:
		state->is_accepted = true;
		return GOES_ON;
	case CONTROL_STARTED:
		return state->is_detached ? 0 : GOES_ON;
	case CONTROL_INPUT_WANTED:
		allow_input(socket);
		return GOES_ON;
	case CONTROL_OUTPUT_LOST:
		state->output_lost = true;
		exec_failed("output is lost: it could not be written");
		return GOES_ON;
	case CONTROL_STOPPED:
		raise(SIGSTOP);
		return GOES_ON;
	case CONTROL_EXITED:
		return take_end(state, message.head.value);
	case CONTROL_ENDED:
		return state->is_accepted ? 128 + SIGKILL : exec_failed("the domain has ended");
	}
	return GOES_ON;
}

/* Where the monitor is gone, or has other things to say, the socket tells. */
static void pass_signals(int socket, int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		control_send(socket, CONTROL_SIGNAL, (int32_t)info.ssi_signo, NULL, 0, NULL, 0,
			     MSG_DONTWAIT);
}

static int wait_for_end(int socket, int signal_fd, struct exec_state *state)
{
	struct pollfd fds[] = {
		{ .fd = socket, .events = POLLIN }, { .fd = signal_fd, .events = POLLIN },
	};
	int status = GOES_ON;

	while (status == GOES_ON) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			pass_signals(socket, signal_fd);
		if (fds[0].revents)
			status = take_message(socket, state);
	}
	return status;
}

/* Before the program is asked for: none that comes then is lost. */
static int listen_for_signals(struct error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? error_set(err, errno, "can't wait for signals") : fd;
}

/* ---- Asking for it ---- */

static int ask(int socket, const struct exec_wish *wish, struct error *err)
{
	int handles[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, exec_wish_write(wish, err) };
	int error;

	if (handles[3] < 0)
		return handles[3];
	error = control_send(socket, CONTROL_EXEC, 0, NULL, 0, handles, 4, 0);
	close(handles[3]);
	return error ? error_set(err, -error, "can't ask the domain's monitor") : 0;
}

int exec_in(const struct folder *folder, const struct exec_wish *wish)
{
	struct exec_state state = { .is_detached = wish->flags & EXEC_DETACHED };
	struct error err;
	int socket = control_connect(folder, &err), signal_fd, status;

	if (socket < 0)
		return cli_fail(&err);
	signal_fd = listen_for_signals(&err);
	if (signal_fd < 0 || ask(socket, wish, &err))
		status = cli_fail(&err);
	else
		status = wait_for_end(socket, signal_fd, &state);
	fd_close(&signal_fd);
	fd_close(&socket);
	return status;
}

/* ---- The command line ---- */

static bool is_at_terminal(const struct exec_wish *wish)
{
	return (wish->flags & EXEC_INPUT && isatty(STDIN_FILENO)) || isatty(STDOUT_FILENO) ||
	       isatty(STDERR_FILENO);
}

/* What the words ask for. The plan only lends its parsers, and the environment that they fill. */
struct exec_request {
	struct exec_wish wish;
	struct plan plan;
	const char *user;		/* -u, or NULL */
};

static int take_option(struct exec_request *request, int option, struct error *err)
{
	struct exec_wish *wish = &request->wish;

	switch (option) {
	case 'i':
		wish->flags |= EXEC_INPUT;
		return 0;
	case 't':
		wish->flags |= EXEC_TERMINAL;
		return 0;
	case 'd':
		wish->flags |= EXEC_DETACHED;
		return 0;
	case 'e':
		return plan_set_variable(&request->plan, optarg, err);
	case 'w':
		wish->directory = optarg;
		return 0;
	default:
		request->user = optarg;
		return 0;
	}
}

static int check_wish(const struct exec_wish *wish, struct error *err)
{
	if (wish->flags & EXEC_TERMINAL && !(wish->flags & EXEC_DETACHED) &&
	    !is_at_terminal(wish))
		return error_set(err, 0, "-t: none of the standard streams is a terminal");
	return 0;
}

/* What programs at a terminal want to know of it; -e TERM=... comes first. */
static int add_terminal_type(struct plan *plan)
{
	char *term = getenv("TERM");

	if (!term || strings_variable(&plan->environment, "TERM"))
		return 0;
	/* getenv() points behind "TERM=", in our own environment. */
	return strings_add(&plan->environment, term - strlen("TERM="));
}

static int fill_wish(struct exec_request *request, char **words, struct error *err)
{
	struct exec_wish *wish = &request->wish;
	int error = 0;

	if (wish->flags & EXEC_TERMINAL)
		error = add_terminal_type(&request->plan);
	for (; *words && !error; words++)
		error = strings_add(&wish->arguments, *words);
	return error ? error_set(err, -error, "can't describe the program") : check_wish(wish, err);
}

/* HOME of -e goes over that of passwd. */
static int set_user(struct exec_request *request, const struct domains *domains,
		    const struct folder *folder, struct error *err)
{
	struct exec_wish *wish = &request->wish;
	struct user user;

	if (exec_user_find(domains, folder, request->user, &user, err))
		return -EINVAL;
	if (strings_variable(&request->plan.environment, "HOME"))
		user.home[0] = '\0';
	if (plan_set_user(&request->plan, &user, err))
		return -EINVAL;
	wish->flags |= EXEC_USER;
	wish->uid = user.uid;
	wish->gid = user.gid;
	wish->group_count = (uint32_t)user.group_count;
	memcpy(wish->groups, user.groups, sizeof(wish->groups));
	return 0;
}

static int exec_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct exec_request *request = data;
	struct error err;

	if (request->user && set_user(request, domains, folder, &err))
		return cli_fail(&err);
	request->wish.environment = request->plan.environment;
	return exec_in(folder, &request->wish);
}

/* The NAME is words[0]; the command begins behind it, or behind one "--". */
static int exec_words(struct cli_names *names, struct exec_request *request, char **words)
{
	char *name[] = { words[0], NULL };
	struct error err;
	int status;

	if (words[0])
		words++;
	if (words[0] && !strcmp(words[0], "--"))
		words++;
	if (name[0] && !words[0]) {
		fprintf(stderr, "mezzo: no command given: try `mezzo exec --help`\n");
		return EXIT_MEZZO_FAILED;
	}
	if (fill_wish(request, words, &err) || plan_note_streams(&request->plan, &err))
		status = cli_fail(&err);
	else
		status = cli_each_domain(names, 0, name, exec_one, request);
	strings_release(&request->wish.arguments);
	return status;
}

int verb_exec(int argc, char **argv)
{
	struct cli_names names = { .verb = "exec", .usage = usage };
	struct exec_request request = { 0 };
	struct error err;
	int option, status;

	while ((option = cli_next_option(&names, argc, argv, "+:itde:w:u:", options)) > 0) {
		if (take_option(&request, option, &err)) {
			plan_release(&request.plan);
			return cli_fail(&err);
		}
	}
	status = option < 0 ? names.status : exec_words(&names, &request, argv + optind);
	plan_release(&request.plan);
	return status;
}
