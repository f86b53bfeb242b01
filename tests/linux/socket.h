/* SPDX-License-Identifier: MIT */
/* What the tests of local sockets share: addresses, pairs, listeners, ancillary data. */
#ifndef TESTS_LINUX_SOCKET_H
#define TESTS_LINUX_SOCKET_H

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "tests/linux/test.h"

struct name {
	struct sockaddr_un address;
	socklen_t size;
};

#define ADDRESS(name) ((struct sockaddr *)&(name)->address)

/* A path; "@x" is the abstract name "x", and "" the family alone. */
static inline struct name name_of(const char *text)
{
	struct name name = { .address.sun_family = AF_UNIX };
	size_t size = strlen(text);

	memcpy(name.address.sun_path, text, size);
	if (text[0] == '@')
		name.address.sun_path[0] = 0;
	name.size = offsetof(struct sockaddr_un, sun_path) + size + (size && text[0] != '@');
	return name;
}

static inline int bind_to(int fd, const char *text)
{
	struct name name = name_of(text);

	return bind(fd, ADDRESS(&name), name.size);
}

static inline int connect_to(int fd, const char *text)
{
	struct name name = name_of(text);

	return connect(fd, ADDRESS(&name), name.size);
}

static inline int make_socket(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	OK(fd);
	return fd;
}

static inline int make_listener(int type, const char *text, int backlog)
{
	int fd = make_socket(type);

	OK(bind_to(fd, text));
	OK(listen(fd, backlog));
	return fd;
}

static inline int make_bound(int type, const char *text)
{
	int fd = make_socket(type);

	OK(bind_to(fd, text));
	return fd;
}

static inline int make_client(int type, const char *text)
{
	int fd = make_socket(type);

	OK(connect_to(fd, text));
	return fd;
}

static inline void make_pair(int type, int fds[2])
{
	OK(socketpair(AF_UNIX, type, 0, fds));
}

static inline short events_of(int fd)
{
	struct pollfd poll_fd = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };

	poll(&poll_fd, 1, 0);
	return poll_fd.revents;
}

static inline int option_of(int fd, int option)
{
	int value = -1;
	socklen_t size = sizeof(value);

	OK(getsockopt(fd, SOL_SOCKET, option, &value, &size));
	EQUAL(size, sizeof(value));
	return value;
}

static inline void option_set(int fd, int option, int value)
{
	OK(setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)));
}

/* ---- Ancillary data ---- */

enum { CONTROL_SIZE = 2048 };

static inline ssize_t send_fds(int fd, const void *data, size_t size, const int *fds, int count)
{
	char control[CONTROL_SIZE] __attribute__((aligned(8))) = "";
	struct iovec part = { (void *)data, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	return sendmsg(fd, &message, 0);
}

/* What one recvmsg gave beside the bytes. */
struct received {
	ssize_t size;
	int flags;
	int fds[260], fd_count;
	bool named;
	struct ucred sender;
};

static inline struct received receive(int fd, void *data, size_t size, int flags)
{
	char control[CONTROL_SIZE] __attribute__((aligned(8)));
	struct iovec part = { data, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct received got = { .size = recvmsg(fd, &message, flags) };

	if (got.size < 0)
		return got;
	got.flags = message.msg_flags;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		EQUAL(header->cmsg_level, SOL_SOCKET);
		if (header->cmsg_type == SCM_RIGHTS) {
			got.fd_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(got.fds, CMSG_DATA(header), got.fd_count * sizeof(int));
		} else {
			EQUAL(header->cmsg_type, SCM_CREDENTIALS);
			got.named = true;
			memcpy(&got.sender, CMSG_DATA(header), sizeof(got.sender));
		}
	}
	return got;
}

static inline bool same_file(int a, int b)
{
	struct stat first, second;

	OK(fstat(a, &first));
	OK(fstat(b, &second));
	return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

#endif
