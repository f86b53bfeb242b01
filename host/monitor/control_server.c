/* SPDX-License-Identifier: MIT */
/*
 * Connections of the verbs to a monitor; see control_server.h. Who connects has the right to do
 * anything with the domain, but mistakes are answered, and nobody makes the monitor wait: answers
 * to who does not read them are lost. No locks: the monitor's main thread alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/console.h"
#include "host/monitor/control_exec.h"
#include "host/monitor/control_server.h"
#include "host/monitor/futex.h"

#define BACKLOG		64
#define EVENTS_MAX	16
#define SECONDS_MAX	(365 * 24 * 3600)

void control_answer(struct control_client *client, enum control_kind kind, const char *text)
{
	control_send(client->socket, kind, 0, text, text ? strlen(text) : 0, NULL, 0,
		     MSG_DONTWAIT);
}

int control_watch(struct control_server *server, int fd, uint32_t events, void *data)
{
	struct epoll_event event = { .events = events, .data.ptr = data };

	if (!epoll_ctl(server->poll_fd, EPOLL_CTL_ADD, fd, &event))
		return 0;
	if (errno == EEXIST && !epoll_ctl(server->poll_fd, EPOLL_CTL_MOD, fd, &event))
		return 0;
	return -errno;
}

/* ---- Requests ---- */

static void signal_post(struct control_server *server, int number)
{
	console_post_signals(server->channel, CONSOLE_FIRST, 1ull << (number - 1));
}

static void serve_watch(struct control_server *server, struct control_client *client,
			struct control_message *message)
{
	(void)server;
	(void)message;
	control_answer(client, CONTROL_DONE, NULL);
}

static void serve_signal(struct control_server *server, struct control_client *client,
			 struct control_message *message)
{
	int number = message->head.value;

	if (number < 1 || number > 64) {
		control_answer(client, CONTROL_FAILED, "no such signal");
		return;
	}
	if (client->is_exec)
		console_signal(server->consoles, client->console, number);
	else if (number == SIGKILL)
		server->end_wanted = true;
	else
		signal_post(server, number);
	control_answer(client, CONTROL_DONE, NULL);
}

static void serve_stop(struct control_server *server, struct control_client *client,
		       struct control_message *message)
{
	int32_t seconds = message->head.value;
	struct itimerspec timer = { .it_value = { seconds, seconds ? 0 : 1 } }, running;

	if (seconds > SECONDS_MAX) {
		control_answer(client, CONTROL_FAILED, "more than a year to stop");
		return;
	}
	signal_post(server, SIGTERM);
	/* Where another stop waits for less, that stands. */
	if (!timerfd_gettime(server->timer_fd, &running) &&
	    (running.it_value.tv_sec || running.it_value.tv_nsec) &&
	    running.it_value.tv_sec < seconds)
		seconds = -1;
	if (seconds >= 0 && timerfd_settime(server->timer_fd, 0, &timer, NULL))
		control_answer(client, CONTROL_FAILED, "no timer for the end of the domain");
	else
		control_answer(client, CONTROL_DONE, NULL);
}

static void serve_input(struct control_server *server, struct control_client *client,
			struct control_message *message)
{
	(void)client;
	control_input_take(server, message->data, message->size);
}

static void serve_input_end(struct control_server *server, struct control_client *client,
			    struct control_message *message)
{
	(void)client;
	(void)message;
	control_input_end(server);
}

/* The kernel tells the monitor, whose terminal it is, by SIGWINCH. */
static void serve_resize(struct control_server *server, struct control_client *client,
			 struct control_message *message)
{
	struct winsize size = { .ws_row = (unsigned short)(message->head.value >> 16),
				.ws_col = (unsigned short)message->head.value };

	(void)client;
	if (server->input.is_terminal)
		ioctl(server->input.fd, TIOCSWINSZ, &size);
}

static void serve_follow(struct control_server *server, struct control_client *client,
			 struct control_message *message)
{
	int fd = message->handles[0];

	if (message->handle_count != 1 || client->follow_fd >= 0 ||
	    !(fcntl(fd, F_GETFL) & O_NONBLOCK)) {
		control_answer(client, CONTROL_FAILED, "it takes one eventfd, once");
	} else if (output_follow(server->output, fd)) {
		control_answer(client, CONTROL_FAILED, "out of memory");
	} else {
		client->follow_fd = fd;
		message->handles[0] = -1;
		control_answer(client, CONTROL_DONE, NULL);
	}
}

/* The handles of a message are closed by the caller: who keeps one takes -1 in its place. */
static const struct {
	enum control_kind kind;
	void (*serve)(struct control_server *server, struct control_client *client,
		      struct control_message *message);
} services[] = {
	{ CONTROL_WATCH, serve_watch },
	{ CONTROL_SIGNAL, serve_signal },
	{ CONTROL_STOP, serve_stop },
	{ CONTROL_INPUT, serve_input },
	{ CONTROL_INPUT_END, serve_input_end },
	{ CONTROL_RESIZE, serve_resize },
	{ CONTROL_FOLLOW, serve_follow },
	{ CONTROL_EXEC, control_exec_start },
	{ CONTROL_INPUT_RESUME, control_exec_resume },
};

static void serve_message(struct control_server *server, struct control_client *client,
			  struct control_message *message)
{
	size_t i = 0, count = sizeof(services) / sizeof(services[0]);

	while (i < count && services[i].kind != message->head.kind)
		i++;
	if (i < count)
		services[i].serve(server, client, message);
	else
		control_answer(client, CONTROL_FAILED, "this domain's monitor does not know how: "
			       "it is of another version");
	for (i = 0; i < message->handle_count; i++)
		fd_close(&message->handles[i]);
}

/* ---- Clients ---- */

static int client_add(struct control_server *server, int socket, bool is_starter)
{
	struct control_client *client = calloc(1, sizeof(*client));

	if (!client || control_watch(server, socket, EPOLLIN, client)) {
		free(client);
		return -ENOMEM;
	}
	client->socket = socket;
	client->is_starter = is_starter;
	client->follow_fd = -1;
	client->next = server->clients;
	server->clients = client;
	return 0;
}

static void client_remove(struct control_server *server, struct control_client *client)
{
	struct control_client **at = &server->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	if (client->follow_fd >= 0)
		output_unfollow(server->output, client->follow_fd);
	fd_close(&client->follow_fd);
	control_exec_leave(server, client);
	close(client->socket);
	free(client);
}

/* Whether the next message is input while other input waits: then it stays in the socket. */
static bool client_hold(struct control_server *server, struct control_client *client)
{
	struct control_head head;

	if (!control_input_waits(server) ||
	    recv(client->socket, &head, sizeof(head), MSG_PEEK | MSG_DONTWAIT) !=
		    (ssize_t)sizeof(head) ||
	    (head.kind != CONTROL_INPUT && head.kind != CONTROL_INPUT_END))
		return false;
	client->is_held = !epoll_ctl(server->poll_fd, EPOLL_CTL_DEL, client->socket, NULL);
	return client->is_held;
}

static void clients_release(struct control_server *server)
{
	for (struct control_client *client = server->clients; client; client = client->next) {
		if (client->is_held && !control_watch(server, client->socket, EPOLLIN, client))
			client->is_held = false;
	}
}

static void client_serve(struct control_server *server, struct control_client *client)
{
	static struct control_message message;
	int result;

	if (client_hold(server, client))
		return;
	result = control_receive(client->socket, &message, MSG_DONTWAIT);
	if (result > 0)
		serve_message(server, client, &message);
	else if (result != -EAGAIN)
		client_remove(server, client);
}

/* Who is neither of our own user nor root is not heard. */
static bool is_welcome(int socket)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       (!peer.uid || peer.uid == geteuid());
}

static void spare_keep(struct control_server *server)
{
	server->spare_fd = fcntl(server->timer_fd, F_DUPFD_CLOEXEC, 0);
}

/*
 * There is no descriptor left: one more client is told so. False where nobody has come, or where
 * there was no spare descriptor either.
 */
static bool refuse_one(struct control_server *server)
{
	static const char why[] = "its monitor has no file descriptor left: see `ulimit -n`";
	int socket;

	if (server->spare_fd < 0)
		return false;
	close(server->spare_fd);
	socket = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (socket >= 0) {
		control_send(socket, CONTROL_FAILED, 0, why, sizeof(why) - 1, NULL, 0,
			     MSG_DONTWAIT);
		close(socket);
	}
	spare_keep(server);
	return socket >= 0;
}

/* Until nobody waits: who was left would be heard of with the next one only (EPOLLET). */
static void accept_all(struct control_server *server)
{
	for (;;) {
		int socket = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (socket >= 0) {
			if (!is_welcome(socket) || client_add(server, socket, false))
				close(socket);
		} else if (errno == EMFILE || errno == ENFILE) {
			if (!refuse_one(server))
				return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

/* ---- The server ---- */

static int listen_in(struct control_server *server, const struct folder *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	server->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control",
		 folder->fd);
	/* One of a monitor that was killed may be there. */
	if (server->listen_fd < 0 || (unlinkat(folder->fd, "control", 0) && errno != ENOENT) ||
	    bind(server->listen_fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(server->listen_fd, BACKLOG))
		return -errno;
	return 0;
}

static void server_release(struct control_server *server)
{
	fd_close(&server->poll_fd);
	fd_close(&server->timer_fd);
	fd_close(&server->spare_fd);
	fd_close(&server->listen_fd);
	fd_close(&server->input.fd);
}

int control_server_open(struct control_server *server, const struct folder *folder,
			struct output *output, int starter, struct error *err)
{
	int error;

	*server = (struct control_server){
		.poll_fd = epoll_create1(EPOLL_CLOEXEC), .listen_fd = -1, .input = { .fd = -1 },
		.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		.output = output,
	};
	error = server->poll_fd < 0 || server->timer_fd < 0 ? -errno : listen_in(server, folder);
	spare_keep(server);
	/* One who comes and can't be served, for whatever reason, must not keep us awake. */
	if (!error)
		error = control_watch(server, server->listen_fd, EPOLLIN | EPOLLET,
				      &server->listen_fd);
	if (!error)
		error = control_watch(server, server->timer_fd, EPOLLIN, &server->timer_fd);
	if (!error)
		error = client_add(server, starter, true);
	if (!error)
		return 0;
	server_release(server);
	return error_set(err, -error, "can't listen in the folder of domain %s", folder->name);
}

bool control_server_serve(struct control_server *server)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(server->poll_fd, events, EVENTS_MAX, 0);

	for (int i = 0; i < count; i++) {
		void *from = events[i].data.ptr;

		if (from == &server->listen_fd) {
			accept_all(server);
		} else if (from == &server->timer_fd) {
			server->end_wanted = true;
		} else if (from == &server->input) {
			control_input_move(server);
			if (!control_input_waits(server))
				clients_release(server);
		} else {
			client_serve(server, from);
		}
	}
	return server->end_wanted;
}

void control_server_started(struct control_server *server)
{
	for (struct control_client *client = server->clients; client; client = client->next) {
		if (client->is_starter)
			control_answer(client, CONTROL_STARTED, NULL);
		client->is_starter = false;
	}
}

void control_server_close(struct control_server *server, int32_t status)
{
	/* Who comes from now on is refused, and all who came before are there. */
	shutdown(server->listen_fd, SHUT_RD);
	accept_all(server);
	while (server->clients) {
		struct control_client *client = server->clients;

		control_send(client->socket, CONTROL_ENDED, status, NULL, 0, NULL, 0,
			     MSG_DONTWAIT);
		client_remove(server, client);
	}
	server_release(server);
}
