/* SPDX-License-Identifier: MIT */
/*
 * `mezzo cp` into a domain; out of one it is the work of mezzo-image. Three processes: the sender
 * (`mezzo-image send`) writes a stream, the runner has the receiver run in the domain with that as
 * its standard input, and we read what the receiver answers, of which nothing is believed: the
 * domain can answer anything. No locks: one thread in each.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/cli/answer.h"
#include "host/cli/cli.h"
#include "host/cli/receive.h"

static const struct option options[] = {
	{ "archive", no_argument, NULL, 'a' },
	{ "follow-link", no_argument, NULL, 'L' },
	{ "store", required_argument, NULL, OPTION_STORE },
	{ 0 }
};

struct copy {
	bool archive, follow;
	const char *store;
	const char *source;
	char domain[DOMAIN_NAME_MAX + 1];
	const char *path;		/* in the domain */
};

/* For the signal handler. */
static volatile pid_t sender, runner;
static volatile sig_atomic_t caught;

/* ---- Processes ---- */

/* One that is stopped has to go on to its end. */
static void end_child(pid_t pid, int signal)
{
	kill(pid, signal);
	kill(pid, SIGCONT);
}

/* A second signal ends also a domain that does not let go of its receiver. */
static void end_children(int signal)
{
	if (sender > 0)
		end_child(sender, SIGTERM);
	if (runner > 0)
		end_child(runner, caught ? SIGKILL : SIGTERM);
	caught = signal;
}

static void catch_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = end_children, .sa_flags = SA_RESTART };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

/* A child that ends with us; pid_t as fork(). Where there is none it was said why. */
static pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();
	struct error err;

	if (pid < 0) {
		error_set(&err, errno, "can't make a process");
		cli_fail(&err);
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(EXIT_MEZZO_FAILED);
	}
	return pid;
}

/*
 * The child's number is forgotten while nobody else can have it yet: a signal that comes later goes
 * to no stranger.
 */
static int wait_for(volatile pid_t *child)
{
	pid_t pid = *child;
	siginfo_t info;
	int status;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0) {
		if (errno != EINTR)
			return EXIT_MEZZO_FAILED;
	}
	*child = 0;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_MEZZO_FAILED;
	}
	return cli_exit_code(status);
}

/* It may wait for input of its own that will never come. */
static int stop_sending(void)
{
	end_child(sender, SIGTERM);
	return wait_for(&sender);
}

static int send_main(const struct copy *copy, int to)
{
	char *argv[] = { "mezzo", "send", NULL, NULL, NULL, NULL, NULL, NULL, NULL };
	int count = 2;

	if (dup2(to, STDOUT_FILENO) < 0)
		return EXIT_MEZZO_FAILED;
	if (copy->archive)
		argv[count++] = "-a";
	if (copy->follow)
		argv[count++] = "-L";
	if (copy->store) {
		argv[count++] = "--store";
		argv[count++] = (char *)copy->store;
	}
	argv[count++] = "--";
	argv[count] = (char *)copy->source;
	return cli_exec_image(argv);
}

static int run_main(const struct copy *copy, const struct domains *domains,
		    const struct folder *folder, int from, int answers)
{
	if (dup2(from, STDIN_FILENO) < 0 || dup2(answers, STDOUT_FILENO) < 0 ||
	    dup2(answers, STDERR_FILENO) < 0)
		return EXIT_MEZZO_FAILED;
	close(from);
	close(answers);
	return receiver_run(domains, folder, copy->path);
}

/* ---- One copy ---- */

/* Says why not. */
static int pipe_make(int ends[2])
{
	struct error err;

	if (!pipe2(ends, O_CLOEXEC))
		return 0;
	error_set(&err, errno, "can't make a pipe");
	cli_fail(&err);
	return -1;
}

/* Returns a descriptor to read the stream from, once there is some; else -1 with the status. */
static int begin_sending(const struct copy *copy, int *status)
{
	struct pollfd readable;
	int ends[2];

	*status = EXIT_MEZZO_FAILED;
	if (pipe_make(ends))
		return -1;
	sender = fork_child();
	if (!sender)
		_exit(send_main(copy, ends[1]));
	close(ends[1]);
	if (sender < 0) {
		close(ends[0]);
		return -1;
	}
	readable = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	while (poll(&readable, 1, -1) < 0 && errno == EINTR)
		;
	if (readable.revents & POLLIN)
		return ends[0];
	/* What can't be read is no reason to start a domain. */
	close(ends[0]);
	*status = wait_for(&sender);
	return -1;
}

/* Returns a descriptor to read the answers from, or -1 where it was said why not. */
static int begin_running(const struct copy *copy, const struct domains *domains,
			 const struct folder *folder, int from)
{
	int ends[2];

	if (pipe_make(ends))
		return -1;
	runner = fork_child();
	if (!runner) {
		close(ends[0]);
		_exit(run_main(copy, domains, folder, from, ends[1]));
	}
	close(ends[1]);
	if (runner > 0)
		return ends[0];
	close(ends[0]);
	return -1;
}

static int verdict(const struct copy *copy, const struct answers *answers, int sender_status)
{
	struct error err;

	if (caught)
		return 128 + caught;
	if (!answers->end) {
		if (answers->told)
			return EXIT_MEZZO_FAILED;
		error_set(&err, 0, "domain %s: the copy was broken off, and what is there of it "
			  "may be half", copy->domain);
		cli_fail(&err);
		return STATUS_PART_FAILED;
	}
	if (sender_status > 128 && sender_status != 128 + SIGTERM) {
		error_set(&err, 0, "the program that sends was killed");
		cli_fail(&err);
	}
	if (answers->end == ANSWER_NOTHING)
		return EXIT_MEZZO_FAILED;
	return answers->end == ANSWER_DONE && !sender_status ? 0 : STATUS_PART_FAILED;
}

static int receive(const struct copy *copy, const struct domains *domains,
		   const struct folder *folder, int from)
{
	struct answers answers = { .domain = copy->domain };
	int answer_end = begin_running(copy, domains, folder, from), status;

	close(from);
	if (answer_end < 0) {
		stop_sending();
		return EXIT_MEZZO_FAILED;
	}
	catch_signals();
	answers_read(&answers, answer_end);
	close(answer_end);
	wait_for(&runner);
	status = answers.end == ANSWER_DONE || answers.end == ANSWER_PART ? wait_for(&sender)
									 : stop_sending();
	return verdict(copy, &answers, status);
}

static int copy_in_folder(const struct copy *copy, const struct domains *domains,
			  const struct folder *folder)
{
	char other[DOMAIN_NAME_MAX + 1];
	struct error err;
	int status, from;

	if (domain_path_split(copy->source, other) && !strcmp(other, copy->domain)) {
		error_set(&err, 0, "domain %s: it can't be copied from and into at once: use cp "
			  "inside of it", copy->domain);
		return cli_fail(&err);
	}
	from = begin_sending(copy, &status);
	return from < 0 ? status : receive(copy, domains, folder, from);
}

static int copy_in(const struct copy *copy)
{
	struct domains domains;
	struct folder folder;
	struct error err;
	int status;

	if (domains_open(&domains, copy->store, false, &err))
		return cli_fail(&err);
	if (folder_open(&domains, copy->domain, &folder, &err)) {
		status = cli_fail(&err);
	} else {
		status = copy_in_folder(copy, &domains, &folder);
		folder_close(&folder);
	}
	domains_close(&domains);
	return status;
}

/* ---- The verb ---- */

/* True where the words ask for a copy into a domain, and nothing in them is wrong. */
static bool take_words(struct copy *copy, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":aL", options, NULL)) != -1) {
		if (option == OPTION_STORE)
			copy->store = optarg;
		else if (option != 'a' && option != 'L')
			return false;
		copy->archive |= option == 'a';
		copy->follow |= option == 'L';
	}
	if (argc - optind != 2 || !*argv[optind])
		return false;
	copy->source = argv[optind];
	copy->path = domain_path_split(argv[optind + 1], copy->domain);
	return copy->path != NULL;
}

/* All else, mistakes too, mezzo-image knows what to say about. */
int verb_cp(int argc, char **argv)
{
	struct copy copy = { 0 };
	struct plan plan = { 0 };
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	struct error err;
	bool is_in;

	if (!words) {
		error_set(&err, ENOMEM, "cp");
		return cli_fail(&err);
	}
	/* No pipe of ours gets the number of a standard stream. */
	if (plan_note_streams(&plan, &err)) {
		free(words);
		return cli_fail(&err);
	}
	/* Their order is changed as they are read. */
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	is_in = take_words(&copy, argc, words);
	free(words);
	if (!is_in)
		return verb_of_image(argc, argv);
	return copy_in(&copy);
}
