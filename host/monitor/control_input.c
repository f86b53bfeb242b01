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
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/control_server.h"

#define END_OF_INPUT "\004"		/* what a user types for it: VEOF, if nobody changed it */

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

void control_input_move(struct control_server *server)
{
	struct control_input *input = &server->input;

	while (control_input_waits(server)) {
		ssize_t done = write(input->fd, input->data + input->done,
				     input->size - input->done);

		if (done >= 0) {
			input->done += (size_t)done;
		} else if (errno == EAGAIN &&
			   !control_watch(server, input->fd, EPOLLOUT | EPOLLONESHOT, input)) {
			return;
		} else if (errno != EINTR) {
			input_close(server);
		}
	}
	if (input->is_ending)
		input_close(server);
}

void control_input_take(struct control_server *server, const char *data, size_t size)
{
	struct control_input *input = &server->input;

	if (input->fd < 0)
		return;
	memcpy(input->data, data, size);
	input->size = size;
	input->done = 0;
	control_input_move(server);
}

void control_input_end(struct control_server *server)
{
	struct control_input *input = &server->input;

	if (input->is_terminal) {
		control_input_take(server, END_OF_INPUT, strlen(END_OF_INPUT));
		return;
	}
	input->is_ending = true;
	control_input_move(server);
}
