/* SPDX-License-Identifier: MIT */
/*
 * The calls on sockets, of which there are pairs alone (net/socketpair.c): no names, no ancillary
 * data. No locks.
 */
#include <linux/uio.h>

#include "core/heap.h"
#include "memory/iter.h"
#include "memory/usercopy.h"
#include "net/socketpair.h"
#include "process/process.h"
#include "syscall/syscall.h"

#define AF_UNIX		1
#define SOCK_STREAM	1
#define SOCK_TYPES	0xf
#define SOL_SOCKET	1
#define SOL_SOCKET_BUFFER 212992	/* what Linux says by default */

enum {
	SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_KEEPALIVE = 9,
	SO_PEERCRED = 17, SO_ACCEPTCONN = 30, SO_PROTOCOL = 38, SO_DOMAIN = 39,
};

/* struct msghdr of programs. */
struct message_header {
	u64 name;
	u32 name_size, padding;
	u64 parts, part_count;
	u64 control, control_size;
	u32 flags, padding_end;
};

/* The socket behind a descriptor with a reference, or an error as pointer. */
static struct file *socket_get(int fd)
{
	struct file *file = current_fd_get(fd);

	if (!file)
		return ERROR_PTR(-EBADF);
	if (file_is_socket(file))
		return file;
	file_put(file);
	return ERROR_PTR(-ENOTSOCK);
}

/* ---- Making pairs ---- */

static long pair_install(struct file *ends[2], bool close_on_exec, uptr address)
{
	struct fd_table *table = process_current()->files;
	int fds[2];

	for (int i = 0; i < 2; i++) {
		fds[i] = current_fd_install(ends[i], close_on_exec);
		if (fds[i] >= 0)
			continue;
		file_put(ends[i]);
		if (i == 0)
			file_put(ends[1]);
		else
			fd_close(table, fds[0]);
		return fds[i];
	}
	if (!copy_to_user(address, fds, sizeof(fds)))
		return 0;
	fd_close(table, fds[0]);
	fd_close(table, fds[1]);
	return -EFAULT;
}

long sys_socketpair(int family, int type, int protocol, uptr address)
{
	struct file *ends[2];
	int error;

	if (type & ~(SOCK_TYPES | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol != 0 && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if ((type & SOCK_TYPES) != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	error = socketpair_create(type & O_NONBLOCK, ends);
	return error ? error : pair_install(ends, type & O_CLOEXEC, address);
}

/* ---- Data ---- */

long sys_sendto(int fd, uptr from, size_t size, int flags, uptr name, int name_size)
{
	struct file *file = socket_get(fd);
	struct iter iter;
	long result;

	(void)name_size;
	if (IS_ERROR(file))
		return PTR_ERROR(file);
	result = name ? -EISCONN : iter_init_user(&iter, from, size);
	if (!result)
		result = socket_send(file, &iter, flags);
	file_put(file);
	return result;
}

/* A connected stream has no name to give for each message. */
static int no_name_report(uptr size_address)
{
	s32 none = 0;

	return size_address ? put_user(none, size_address) : 0;
}

long sys_recvfrom(int fd, uptr to, size_t size, int flags, uptr name, uptr name_size)
{
	struct file *file = socket_get(fd);
	struct iter iter;
	long result;

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	result = iter_init_user(&iter, to, size);
	if (!result)
		result = socket_receive(file, &iter, flags);
	if (result >= 0 && name && no_name_report(name_size))
		result = -EFAULT;
	file_put(file);
	return result;
}

static long message_transfer(struct file *file, const struct message_header *header, int flags,
			     bool sending)
{
	struct segment segments[ITER_INLINE_SEGMENTS];
	void *allocated = NULL;
	struct iter iter;
	long result =
		iter_init_iovec(&iter, header->parts, header->part_count, segments, &allocated);

	if (!result)
		result = sending ? socket_send(file, &iter, flags)
				 : socket_receive(file, &iter, flags);
	heap_free(allocated);
	return result;
}

long sys_sendmsg(int fd, uptr message, int flags)
{
	struct file *file = socket_get(fd);
	struct message_header header;
	long result;

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	if (get_user(header, message))
		result = -EFAULT;
	else if (header.name && header.name_size)
		result = -EISCONN;
	else if (header.control_size)
		result = -EOPNOTSUPP;
	else
		result = message_transfer(file, &header, flags, true);
	file_put(file);
	return result;
}

long sys_recvmsg(int fd, uptr message, int flags)
{
	struct file *file = socket_get(fd);
	struct message_header header;
	long result = -EFAULT;

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	if (!get_user(header, message))
		result = message_transfer(file, &header, flags, false);
	file_put(file);
	if (result < 0)
		return result;
	header.name_size = 0;
	header.control_size = 0;
	header.flags = 0;
	return put_user(header, message) ? -EFAULT : result;
}

long sys_shutdown(int fd, int how)
{
	struct file *file = socket_get(fd);
	long result;

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	result = socket_shutdown(file, how);
	file_put(file);
	return result;
}

/* ---- Names and options ---- */

/* Neither end has a name: the family alone. */
static long name_report(int fd, uptr address, uptr size_address)
{
	struct file *file = socket_get(fd);
	u16 family = AF_UNIX;
	s32 room, size = sizeof(family);

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	file_put(file);
	if (get_user(room, size_address))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_to_user(address, &family, MIN(room, size)) || put_user(size, size_address))
		return -EFAULT;
	return 0;
}

long sys_getsockname(int fd, uptr address, uptr size)
{
	return name_report(fd, address, size);
}

long sys_getpeername(int fd, uptr address, uptr size)
{
	return name_report(fd, address, size);
}

/* The value of an option, or -ENOPROTOOPT. */
static long option_value(int option)
{
	switch (option) {
	case SO_TYPE:
		return SOCK_STREAM;
	case SO_DOMAIN:
		return AF_UNIX;
	case SO_ERROR:
	case SO_PROTOCOL:
	case SO_ACCEPTCONN:
	case SO_REUSEADDR:
	case SO_KEEPALIVE:
		return 0;
	case SO_SNDBUF:
	case SO_RCVBUF:
		return SOL_SOCKET_BUFFER;
	default:
		return -ENOPROTOOPT;
	}
}

static long option_report(const void *value, s32 size, uptr address, uptr size_address)
{
	s32 room;

	if (get_user(room, size_address))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	size = MIN(size, room);
	return copy_to_user(address, value, size) || put_user(size, size_address) ? -EFAULT : 0;
}

long sys_getsockopt(int fd, int level, int option, uptr address, uptr size)
{
	struct file *file = socket_get(fd);
	struct socket_maker maker;
	s32 value = option_value(option);

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	maker = *socket_maker(file);
	file_put(file);
	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (option == SO_PEERCRED)
		return option_report(&maker, sizeof(maker), address, size);
	return value < 0 ? value : option_report(&value, sizeof(value), address, size);
}

/* Options that tune nothing here are taken. */
long sys_setsockopt(int fd, int level, int option, uptr address, int size)
{
	struct file *file = socket_get(fd);
	s32 value;

	if (IS_ERROR(file))
		return PTR_ERROR(file);
	file_put(file);
	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (option != SO_SNDBUF && option != SO_RCVBUF && option != SO_REUSEADDR &&
	    option != SO_KEEPALIVE)
		return -ENOPROTOOPT;
	if (size < (int)sizeof(value))
		return -EINVAL;
	return get_user(value, address) ? -EFAULT : 0;
}
