/* SPDX-License-Identifier: MIT */
/* Messages to and from monitors; see control.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/control.h"
#include "host/domain/process.h"

union handle_room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * CONTROL_HANDLES_MAX)];
};

static int connect_once(const struct folder *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

	if (fd < 0)
		return -errno;
	/* The folder's own path may be longer than an address can be. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control",
		 folder->fd);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !fcntl(fd, F_SETFL, 0))
		return fd;
	error = errno;
	close(fd);
	/* The socket of a monitor that is gone may be one that the caller has no part in. */
	if (error == EACCES && !folder_is_locked(folder))
		error = ECONNREFUSED;
	return error == ENOENT || error == ECONNREFUSED ? -ENOTCONN : -error;
}

int control_connect(const struct folder *folder, struct error *err)
{
	int fd = connect_once(folder);

	/*
	 * A monitor is named in the folder once it listens, until it gives the lock back: so one
	 * that is found before and after it was not reached can't be.
	 */
	if (fd == -ENOTCONN && monitor_find(folder)) {
		fd = connect_once(folder);
		if (fd == -ENOTCONN && monitor_find(folder)) {
			error_set(err, 0, "domain %s runs, but its control socket is gone: `mezzo "
				  "stop %s` ends it all the same", folder->name, folder->name);
			return -ENOLINK;
		}
	}
	if (fd >= 0)
		return fd;
	if (fd == -EAGAIN) {
		error_set(err, 0, "domain %s: its monitor is stopped, or busy, and too many wait "
			  "for it already", folder->name);
		return -EAGAIN;
	}
	if (fd != -ENOTCONN)
		return error_set(err, -fd, "can't reach the monitor of domain %s", folder->name);
	error_set(err, 0, "domain %s is not running: see `mezzo start --help`", folder->name);
	return -ENOTCONN;
}

pid_t control_peer(int socket)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? 0 : peer.pid;
}

pid_t control_monitor(const struct folder *folder)
{
	struct error err;
	int fd = control_connect(folder, &err);
	pid_t process;

	if (fd < 0)
		return fd == -ENOTCONN ? 0 : monitor_find(folder);
	process = control_peer(fd);
	close(fd);
	return process;
}

bool control_is_stopped(int socket)
{
	return monitor_is_stopped(control_peer(socket));
}

int control_send(int socket, enum control_kind kind, int32_t value, const void *data, size_t size,
		 const int *handles, unsigned int count, int flags)
{
	struct control_head head = { kind, value };
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)data, size } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = size ? 2 : 1 };
	union handle_room room = { { 0 } };
	ssize_t done;

	if (count) {
		message.msg_control = &room;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		room.header.cmsg_level = SOL_SOCKET;
		room.header.cmsg_type = SCM_RIGHTS;
		room.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&room.header), handles, count * sizeof(int));
	}
	do {
		done = sendmsg(socket, &message, MSG_NOSIGNAL | flags);
	} while (done < 0 && errno == EINTR);
	if (done >= 0)
		return 0;
	return errno == ECONNRESET || errno == ENOTCONN ? -EPIPE : -errno;
}

static void take_handles(struct msghdr *from, struct control_message *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(from);

	message->handle_count = 0;
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return;
	message->handle_count = (unsigned int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(message->handles, CMSG_DATA(header), message->handle_count * sizeof(int));
}

int control_receive(int socket, struct control_message *message, int flags)
{
	struct iovec parts[] = {
		{ &message->head, sizeof(message->head) }, { message->data, CONTROL_DATA_MAX },
	};
	union handle_room room;
	struct msghdr into = { .msg_iov = parts, .msg_iovlen = 2, .msg_control = &room,
			       .msg_controllen = sizeof(room) };
	ssize_t size;

	/* A reset, where the other side did not read all, is told before what it said. */
	do {
		size = recvmsg(socket, &into, MSG_CMSG_CLOEXEC | flags);
	} while (size < 0 && (errno == EINTR || errno == ECONNRESET));
	if (size < 0)
		return -errno;
	take_handles(&into, message);
	if ((size_t)size < sizeof(message->head) || into.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (unsigned int i = 0; i < message->handle_count; i++)
			close(message->handles[i]);
		/* Without handles an empty one can't be told from the end. */
		return size || message->handle_count ? -EPROTO : 0;
	}
	message->size = (size_t)size - sizeof(message->head);
	message->data[message->size] = '\0';
	return 1;
}

int control_follow(int socket, struct error *err)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), error;

	if (fd < 0)
		return error_set(err, errno, "can't follow the output");
	error = control_send(socket, CONTROL_FOLLOW, 0, NULL, 0, &fd, 1, 0);
	/* It may have said why it is gone. */
	if (!error || error == -EPIPE)
		return fd;
	close(fd);
	return error_set(err, -error, "can't ask the domain's monitor");
}

void control_heard(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

int control_answer_take(int socket, int32_t *status, struct error *err)
{
	struct control_message message;
	int received = control_receive(socket, &message, 0);

	if (received < 0)
		return error_set(err, -received, "can't hear the domain's monitor");
	if (!received) {
		error_set(err, 0, "the domain's monitor was killed");
		return -EPIPE;
	}
	switch (message.head.kind) {
	case CONTROL_DONE:
		return 0;
	case CONTROL_ENDED:
		*status = message.head.value;
		return 1;
	case CONTROL_FAILED:
		return error_set(err, 0, "%s", message.data);
	}
	return error_set(err, EPROTO, "the domain's monitor speaks otherwise than this mezzo");
}

int control_ask(int socket, enum control_kind kind, int32_t value, int32_t *status,
		struct error *err)
{
	int error = control_send(socket, kind, value, NULL, 0, NULL, 0, 0);

	/* It may have said why it is gone. */
	if (error && error != -EPIPE)
		return error_set(err, -error, "can't ask the domain's monitor");
	return control_answer_take(socket, status, err);
}

int control_wait(int socket, int32_t *status, struct error *err)
{
	int result;

	do {
		result = control_answer_take(socket, status, err);
	} while (!result);
	return result < 0 ? result : 0;
}
