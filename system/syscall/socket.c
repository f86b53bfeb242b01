/* SPDX-License-Identifier: MIT */
/* Calls that make, name, connect and shut down sockets. No locks of its own. */
#include "core/string.h"
#include "memory/usercopy.h"
#include "syscall/socket_use.h"
#include "syscall/syscall.h"

/* ---- The socket of a descriptor; addresses ---- */

int socket_use_begin(int fd, struct socket_use *use)
{
	use->fd = current_fd_use(fd);
	if (!use->fd.file)
		return -EBADF;
	use->socket = use->fd.file->flags & O_PATH ? NULL : socket_of(use->fd.file);
	if (use->socket)
		return 0;
	/* What a descriptor of O_PATH is open for is nothing at all. */
	if (use->fd.file->flags & O_PATH) {
		fd_use_end(use->fd);
		return -EBADF;
	}
	fd_use_end(use->fd);
	return -ENOTSOCK;
}

int socket_address_read(struct socket_address *address, uptr from, s32 size)
{
	if (size < 0 || size > (s32)SOCKET_ADDRESS_MAX)
		return -EINVAL;
	address->size = size;
	address->family = 0;
	return copy_from_user(address->bytes, from, size);
}

int socket_address_write(const struct socket_address *address, uptr to, uptr size_address)
{
	s32 room, size = address->size;

	if (get_user(room, size_address))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_to_user(to, address->bytes, MIN(room, size)))
		return -EFAULT;
	return put_user(size, size_address);
}

/* ---- Making ---- */

#define TYPE_FLAGS ((u32)(O_CLOEXEC | O_NONBLOCK))

/* Gives the socket a file and a descriptor; it is released where that fails. */
static int socket_install(struct socket *socket, u32 flags)
{
	struct file *file = socket_file_create(socket, flags & O_NONBLOCK);
	int fd;

	if (!file)
		return -ENOMEM;
	fd = current_fd_install(file, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}

long sys_socket(int family, int type, int protocol)
{
	struct socket *socket;
	int error;

	if (type & ~(SOCK_TYPES | TYPE_FLAGS))
		return -EINVAL;
	error = socket_create(family, type & SOCK_TYPES, protocol, &socket);
	return error ? error : socket_install(socket, type);
}

long sys_socketpair(int family, int type, int protocol, uptr address)
{
	struct fd_table *table = process_current()->files;
	struct socket *ends[2];
	int fds[2], error;

	if (type & ~(SOCK_TYPES | TYPE_FLAGS))
		return -EINVAL;
	error = socket_create_pair(family, type & SOCK_TYPES, protocol, ends);
	if (error)
		return error;
	fds[0] = socket_install(ends[0], type);
	fds[1] = socket_install(ends[1], type);
	error = MIN(fds[0], fds[1]);
	if (error >= 0)
		error = copy_to_user(address, fds, sizeof(fds));
	for (u32 i = 0; i < 2 && error; i++)
		if (fds[i] >= 0)
			fd_close(table, fds[i]);
	return error;
}

/* ---- Names and connections ---- */

long sys_bind(int fd, uptr name, int size)
{
	struct socket_address address;
	struct socket_use use;
	int error = socket_use_begin(fd, &use);

	if (error)
		return error;
	error = socket_address_read(&address, name, size);
	if (!error)
		error = use.socket->operations->bind(use.socket, &address);
	socket_use_end(&use);
	return error;
}

long sys_connect(int fd, uptr name, int size)
{
	struct socket_address address;
	struct socket_use use;
	int error = socket_use_begin(fd, &use);

	if (error)
		return error;
	error = socket_address_read(&address, name, size);
	if (!error)
		error = use.socket->operations->connect(use.socket, &address,
							socket_use_nonblock(&use, 0));
	socket_use_end(&use);
	return error;
}

long sys_listen(int fd, int backlog)
{
	struct socket_use use;
	int error = socket_use_begin(fd, &use);

	if (error)
		return error;
	error = use.socket->operations->listen(use.socket, backlog);
	socket_use_end(&use);
	return error;
}

/* Tells who connected; the new socket is released where that fails. */
static int accepted_install(struct socket *socket, uptr name, uptr size, u32 flags)
{
	struct socket_address address;
	int error = 0;

	if (name) {
		if (socket->operations->name(socket, true, &address))
			error = -ECONNABORTED;
		else
			error = socket_address_write(&address, name, size);
	}
	if (!error)
		return socket_install(socket, flags);
	socket->operations->release(socket);
	return error;
}

/* A connection stays where it is when there is no descriptor for it. */
static bool descriptor_is_free(void)
{
	const struct process *process = process_current();

	return fd_is_free(process->files, process->limits[RLIMIT_NOFILE].rlim_cur);
}

long sys_accept4(int fd, uptr name, uptr size, int flags)
{
	struct socket *accepted;
	struct socket_use use;
	int error;

	if (flags & ~TYPE_FLAGS)
		return -EINVAL;
	error = socket_use_begin(fd, &use);
	if (error)
		return error;
	error = -EMFILE;
	if (descriptor_is_free())
		error = use.socket->operations->accept(use.socket, socket_use_nonblock(&use, 0),
						       &accepted);
	socket_use_end(&use);
	return error ? error : accepted_install(accepted, name, size, flags);
}

long sys_accept(int fd, uptr name, uptr size)
{
	return sys_accept4(fd, name, size, 0);
}

static long name_report(int fd, bool peer, uptr name, uptr size)
{
	struct socket_address address;
	struct socket_use use;
	int error = socket_use_begin(fd, &use);

	if (error)
		return error;
	error = use.socket->operations->name(use.socket, peer, &address);
	socket_use_end(&use);
	return error ? error : socket_address_write(&address, name, size);
}

long sys_getsockname(int fd, uptr name, uptr size)
{
	return name_report(fd, false, name, size);
}

long sys_getpeername(int fd, uptr name, uptr size)
{
	return name_report(fd, true, name, size);
}

long sys_shutdown(int fd, int how)
{
	struct socket_use use;
	int error = socket_use_begin(fd, &use);

	if (error)
		return error;
	error = (u32)how > 2 ? -EINVAL : use.socket->operations->shutdown(use.socket, how + 1);
	socket_use_end(&use);
	return error;
}
