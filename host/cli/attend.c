/* SPDX-License-Identifier: MIT */
/*
 * Attending a domain; see attend.h. One loop waits for the output, the monitor, signals and what is
 * typed. Input is sent without blocking, so that a domain that does not read holds up no more than
 * that. No locks: one thread.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/cli/attend.h"
#include "host/cli/cli.h"

/* Ctrl-P Ctrl-Q at a terminal leaves the domain alone. */
#define LEAVE_FIRST	'\020'
#define LEAVE_SECOND	'\021'
#define TYPED_MAX	4096u

enum { GOES_ON = -1 };			/* no exit status yet */

struct loop {
	struct attendance *to;
	int heard_fd, signal_fd;
	bool input_ended, end_waits;	/* ours; and the monitor has not been told */
	bool is_raw, first_typed;
	struct termios modes;		/* of our terminal, to be put back */
	size_t waiting, sent;		/* input that the monitor has not taken */
	char input[TYPED_MAX + 1];
};

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH };

/* ---- Our terminal ---- */

static void send_size(struct loop *loop)
{
	struct winsize size;

	if (loop->to->has_terminal && !ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		control_send(loop->to->socket, CONTROL_RESIZE,
			     (int32_t)((uint32_t)size.ws_row << 16 | size.ws_col), NULL, 0, NULL,
			     0, MSG_DONTWAIT);
}

/* Keys are the domain's terminal's: it edits lines and makes signals of them. */
static void enter_raw(struct loop *loop)
{
	struct termios raw;

	if (!loop->to->has_terminal || !loop->to->gives_input ||
	    tcgetattr(STDIN_FILENO, &loop->modes))
		return;
	raw = loop->modes;
	cfmakeraw(&raw);
	loop->is_raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void leave_raw(struct loop *loop)
{
	if (loop->is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &loop->modes);
	loop->is_raw = false;
}

/* ---- Input ---- */

/* Where the monitor is gone the loop hears of it. */
static void send_input(struct loop *loop)
{
	if (loop->waiting && control_send(loop->to->socket, CONTROL_INPUT, 0, loop->input,
					  loop->waiting, NULL, 0, MSG_DONTWAIT) != -EAGAIN)
		loop->waiting = 0;
	if (!loop->waiting && loop->end_waits &&
	    control_send(loop->to->socket, CONTROL_INPUT_END, 0, NULL, 0, NULL, 0,
			 MSG_DONTWAIT) != -EAGAIN)
		loop->end_waits = false;
}

/* Takes the keys that leave out of what was typed. Returns whether both were there. */
static bool take_leave_keys(struct loop *loop, const char *typed, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (loop->first_typed && typed[i] == LEAVE_SECOND)
			return true;
		if (loop->first_typed)
			loop->input[loop->waiting++] = LEAVE_FIRST;
		loop->first_typed = typed[i] == LEAVE_FIRST;
		if (!loop->first_typed)
			loop->input[loop->waiting++] = typed[i];
	}
	return false;
}

static int take_input(struct loop *loop)
{
	char typed[TYPED_MAX / 2];
	ssize_t size = read(STDIN_FILENO, typed, sizeof(typed));

	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return GOES_ON;
	if (size <= 0) {
		loop->input_ended = loop->end_waits = true;
		send_input(loop);
		return GOES_ON;
	}
	if (!loop->is_raw) {
		memcpy(loop->input, typed, (size_t)size);
		loop->waiting = (size_t)size;
	} else if (take_leave_keys(loop, typed, (size_t)size)) {
		leave_raw(loop);
		fprintf(stderr, "\nmezzo: left domain %s, which runs on\n",
			loop->to->folder->name);
		return 0;
	}
	if (loop->waiting)
		send_input(loop);
	return GOES_ON;
}

/* ---- Signals ---- */

/*
 * By a connection of its own, where no input is in the way. False where the monitor does not hear;
 * that it is gone the loop is told.
 */
static bool pass_signal(const struct loop *loop, int number)
{
	struct pollfd answer = { .events = POLLIN };
	struct error err;
	bool heard;

	answer.fd = control_connect(loop->to->folder, &err);
	if (answer.fd < 0)
		return answer.fd == -ENOTCONN;
	heard = control_send(answer.fd, CONTROL_SIGNAL, number, NULL, 0, NULL, 0, MSG_DONTWAIT) ||
		(!control_is_stopped(answer.fd) && poll(&answer, 1, CONTROL_PATIENCE_MS) > 0);
	close(answer.fd);
	return heard;
}

static int take_signal(struct loop *loop)
{
	struct signalfd_siginfo info;
	int number;

	if (read(loop->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return GOES_ON;
	number = (int)info.ssi_signo;
	if (number == SIGWINCH) {
		send_size(loop);
		return GOES_ON;
	}
	if (loop->to->passes_signals && (pass_signal(loop, number) || !cli_signal_ends(number)))
		return GOES_ON;
	return 128 + number;
}

/* ---- The monitor ---- */

static int say(struct loop *loop, const char *text)
{
	leave_raw(loop);
	fprintf(stderr, "mezzo: %s\n", text);
	return EXIT_MEZZO_FAILED;
}

static int print_output(struct loop *loop)
{
	struct error err;
	int error = entries_print_all(&loop->to->entries, &err);

	if (!error)
		return GOES_ON;
	return error == -EPIPE ? 128 + SIGPIPE : say(loop, err.text);
}

/* All output was written before the monitor says that the domain has ended. */
static int take_message(struct loop *loop)
{
	static struct control_message message;
	int result = control_receive(loop->to->socket, &message, MSG_DONTWAIT), status;

	if (result == -EAGAIN ||
	    (result > 0 && message.head.kind != CONTROL_ENDED))
		return GOES_ON;
	status = print_output(loop);
	if (status != GOES_ON)
		return status;
	if (result <= 0)
		return say(loop, "the domain's monitor was killed, and the domain with it");
	if (message.size)
		say(loop, message.data);
	return message.head.value & 0xff;
}

/* ---- The loop ---- */

static int wait_and_serve(struct loop *loop)
{
	bool wants_input = loop->to->gives_input && !loop->input_ended && !loop->waiting;
	bool must_send = loop->waiting || loop->end_waits;
	struct pollfd fds[] = {
		{ .fd = loop->signal_fd, .events = POLLIN },
		{ .fd = loop->heard_fd, .events = POLLIN },
		{ .fd = loop->to->socket,
		  .events = (short)(POLLIN | (must_send ? POLLOUT : 0)) },
		{ .fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN },
	};
	int status = GOES_ON;

	if (poll(fds, 4, -1) < 0)
		return GOES_ON;
	if (fds[0].revents)
		status = take_signal(loop);
	if (status == GOES_ON && fds[1].revents) {
		control_heard(loop->heard_fd);
		status = print_output(loop);
	}
	if (status == GOES_ON && fds[2].revents & POLLOUT)
		send_input(loop);
	if (status == GOES_ON && fds[2].revents & ~POLLOUT)
		status = take_message(loop);
	if (status == GOES_ON && fds[3].revents)
		status = take_input(loop);
	return status;
}

int attend(struct attendance *attendance)
{
	static struct loop loop;
	struct error err;
	sigset_t set;
	int status;

	loop = (struct loop){ .to = attendance };
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	loop.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	loop.heard_fd = control_follow(attendance->socket, &err);
	if (loop.signal_fd < 0 || loop.heard_fd < 0)
		return say(&loop, loop.heard_fd < 0 ? err.text : "can't wait for signals");
	enter_raw(&loop);
	send_size(&loop);
	/* Who comes to type takes back that there is no more input. */
	if (attendance->has_terminal && attendance->gives_input)
		control_send(attendance->socket, CONTROL_INPUT, 0, NULL, 0, NULL, 0, MSG_DONTWAIT);
	/* What was written before somebody listened. */
	status = print_output(&loop);
	while (status == GOES_ON)
		status = wait_and_serve(&loop);
	leave_raw(&loop);
	fd_close(&loop.heard_fd);
	fd_close(&loop.signal_fd);
	return status;
}
