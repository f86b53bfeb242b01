/* SPDX-License-Identifier: MIT */
/*
 * Input of lasting domains: from the clients of control_server.c to the outer end of the domain's
 * standard input, which is a pipe or a terminal. What that does not take at once waits here, and
 * more is left in the sockets, so that who sends it waits too. No locks: the monitor's main thread
 * alone.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/control_server.h"
#include "host/monitor/stream.h"

void control_server_set_input(struct control_server *server, int fd, bool is_terminal)
{
	server->input.fd = fd;
	server->input.is_terminal = is_terminal;
}

bool control_input_waits(const struct control_server *server)
{
	return server->input.done < server->input.size;
}

static void input_close(struct control_server *server)
{
	server->input.size = server->input.done = 0;
	fd_close(&server->input.fd);
}

/* What a terminal that edits lines would hold back is taken out of it as a user does it: VEOF. */
static bool line_push(struct control_input *input)
{
	struct termios modes;

	if (!input->is_within_line || tcgetattr(input->fd, &modes) || !(modes.c_lflag & ICANON))
		return false;
	input->is_within_line = false;
	input->data[0] = (char)modes.c_cc[VEOF];
	input->size = 1;
	input->done = 0;
	return true;
}

/* All that came is written. A terminal stays, for who types at it later. */
static void input_finish(struct control_server *server)
{
	if (!server->input.is_terminal) {
		input_close(server);
		return;
	}
	server->input.is_ending = false;
	streams_set_input_end(server->streams, true);
}

static int input_write(struct control_server *server)
{
	struct control_input *input = &server->input;

	while (control_input_waits(server)) {
		ssize_t done = write(input->fd, input->data + input->done,
				     input->size - input->done);

		if (done >= 0) {
			input->done += (size_t)done;
		} else if (errno == EAGAIN &&
			   !control_watch(server, input->fd, EPOLLOUT | EPOLLONESHOT, input)) {
			return -EAGAIN;
		} else if (errno != EINTR) {
			input_close(server);
		}
	}
	return 0;
}

void control_input_move(struct control_server *server)
{
	struct control_input *input = &server->input;

	do {
		if (input_write(server))
			return;
	} while (input->is_ending && line_push(input));
	if (input->is_ending)
		input_finish(server);
}

void control_input_take(struct control_server *server, const char *data, size_t size)
{
	struct control_input *input = &server->input;

	if (input->fd < 0)
		return;
	if (input->is_terminal)
		streams_set_input_end(server->streams, false);
	if (size)
		input->is_within_line = data[size - 1] != '\n' && data[size - 1] != '\r';
	memcpy(input->data, data, size);
	input->size = size;
	input->done = 0;
	control_input_move(server);
}

void control_input_end(struct control_server *server)
{
	server->input.is_ending = true;
	control_input_move(server);
}
