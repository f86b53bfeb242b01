/* SPDX-License-Identifier: MIT */
/*
 * Programs that clients start; see control_exec.h. What is not asked for is as for the first
 * program: ids, directory, environment. No locks: the monitor's main thread alone.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/exec.h"
#include "host/launch/program.h"
#include "host/monitor/console.h"
#include "host/monitor/control_exec.h"

/* ---- What is to be ---- */

static int set_environment(struct plan *plan, const struct plan *first,
			   const struct exec_wish *wish, struct error *err)
{
	int error = 0;

	plan->environment = (struct strings){ 0 };
	for (size_t i = 0; i < first->environment.count && !error; i++)
		error = strings_add(&plan->environment, first->environment.items[i]);
	for (size_t i = 0; i < wish->environment.count && !error; i++)
		error = strings_set_variable(&plan->environment, wish->environment.items[i]);
	return error ? error_set(err, -error, "can't make an environment") : 0;
}

/* The strings stay those of the first program's plan and of the wish. */
static int plan_make(struct plan *plan, const struct plan *first, const struct exec_wish *wish,
		     struct error *err)
{
	*plan = *first;
	if (set_environment(plan, first, wish, err))
		return -err->code;
	plan->argv = wish->arguments.items;
	plan->program_flags = wish->flags & EXEC_GRANTED ? PROGRAM_GRANTED : 0;
	if (wish->directory)
		plan->cwd = (char *)wish->directory;
	if (wish->flags & EXEC_USER) {
		plan->uid = wish->uid;
		plan->gid = wish->gid;
		plan->group_count = wish->group_count;
		memcpy(plan->groups, wish->groups, sizeof(plan->groups));
	}
	if (plan->cwd[0] != '/')
		return error_set(err, 0, "--workdir %s: want an absolute path", plan->cwd);
	if (program_text_size(plan) > CONFIG_TEXT_MAX)
		return error_set(err, E2BIG, "arguments and environment");
	return 0;
}

/* What the program sees of each stream; those that it has nothing of are closed. */
static void streams_set(struct plan *plan, uint32_t flags, int fds[STREAM_COUNT])
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		bool none = flags & EXEC_DETACHED || (i == STREAM_IN && !(flags & EXEC_INPUT));

		plan->stream_flags[i] = 0;
		if (none) {
			fd_close(&fds[i]);
			plan->stream_flags[i] = STREAM_NULL;
		} else if (flags & EXEC_TERMINAL && isatty(fds[i])) {
			plan->stream_flags[i] = STREAM_IS_TTY;
		}
	}
	if (fds[STREAM_OUT] >= 0 && plan_outputs_are_one(fds[STREAM_OUT], fds[STREAM_ERR]))
		plan->stream_flags[STREAM_ERR] |= STREAM_AS_OUT;
}

static int start(struct control_server *server, struct control_client *client,
		 const struct exec_wish *wish, int fds[STREAM_COUNT], struct error *err)
{
	struct plan plan;
	int console = plan_make(&plan, server->plan, wish, err);

	if (!console) {
		streams_set(&plan, wish->flags, fds);
		console = console_start(server->consoles, &plan, fds, client, err);
	}
	strings_release(&plan.environment);
	if (console < 0)
		return console;
	client->is_exec = true;
	client->console = (uint32_t)console;
	client->is_detached = wish->flags & EXEC_DETACHED;
	return 0;
}

void control_exec_start(struct control_server *server, struct control_client *client,
			struct control_message *message)
{
	int fds[STREAM_COUNT];
	struct exec_wish wish;
	struct error err;
	int error;

	if (message->handle_count != STREAM_COUNT + 1 || client->is_exec) {
		control_answer(client, CONTROL_FAILED, "no program, or a second one");
		return;
	}
	error = exec_wish_read(message->handles[STREAM_COUNT], &wish, &err);
	if (!error) {
		for (int i = 0; i < STREAM_COUNT; i++) {
			fds[i] = message->handles[i];
			message->handles[i] = -1;
		}
		error = start(server, client, &wish, fds, &err);
		for (int i = 0; i < STREAM_COUNT; i++)
			fd_close(&fds[i]);
		exec_wish_release(&wish);
	}
	control_answer(client, error ? CONTROL_FAILED : CONTROL_DONE, error ? err.text : NULL);
}

void control_exec_resume(struct control_server *server, struct control_client *client,
			 struct control_message *message)
{
	(void)message;
	console_resume(server->consoles, client->console);
}

/* ---- What becomes of it ---- */

/* Who does not take the one word that he waits for sees the connection end. */
static void tell(struct control_client *client, enum control_kind kind, int32_t value)
{
	if (control_send(client->socket, kind, value, NULL, 0, NULL, 0, MSG_DONTWAIT))
		shutdown(client->socket, SHUT_RDWR);
}

static void program_started(void *owner)
{
	tell(owner, CONTROL_STARTED, 0);
}

static void program_stopped(void *owner)
{
	tell(owner, CONTROL_STOPPED, 0);
}

static void program_wants_input(void *owner)
{
	tell(owner, CONTROL_INPUT_WANTED, 0);
}

static void program_ended(void *owner, int32_t status, bool complete)
{
	struct control_client *client = owner;

	client->console = CONSOLE_FIRST;
	if (!complete)
		tell(client, CONTROL_OUTPUT_LOST, 0);
	tell(client, CONTROL_EXITED, status);
}

const struct console_listener control_exec_listener = {
	.started = program_started,
	.stopped = program_stopped,
	.wants_input = program_wants_input,
	.ended = program_ended,
};

void control_exec_leave(struct control_server *server, struct control_client *client)
{
	if (!client->console)
		return;
	if (client->is_detached)
		console_disown(server->consoles, client->console);
	else
		console_hang_up(server->consoles, client->console);
}
