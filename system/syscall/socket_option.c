/* SPDX-License-Identifier: MIT */
/* getsockopt(2) and setsockopt(2). No locks of its own. */
#include "net/option.h"

#include "memory/usercopy.h"
#include "syscall/socket_use.h"
#include "syscall/syscall.h"

static int option_set(struct socket *socket, int level, int option, uptr address, s32 size)
{
	u8 value[SOCKET_OPTION_MAX];

	if (size < 0)
		return -EINVAL;
	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	size = MIN(size, (s32)sizeof(value));
	if (copy_from_user(value, address, size))
		return -EFAULT;
	return socket_option_set(socket, option, value, size);
}

long sys_setsockopt(int fd, int level, int option, uptr address, int size)
{
	struct socket_use use;
	int error = socket_use_begin(fd, &use);

	if (error)
		return error;
	error = option_set(use.socket, level, option, address, size);
	socket_use_end(&use);
	return error;
}

static int option_get(struct socket *socket, int level, int option, uptr address,
		      uptr size_address)
{
	u8 value[SOCKET_OPTION_MAX];
	s32 room, size;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (get_user(room, size_address))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	size = socket_option_get(socket, option, value);
	if (size < 0)
		return size;
	/* Half of the groups would be wrong; all others are cut. */
	if (option == SO_PEERGROUPS && size > room)
		return put_user(size, size_address) ? -EFAULT : -ERANGE;
	size = MIN(size, room);
	return copy_to_user(address, value, size) ? -EFAULT : put_user(size, size_address);
}

long sys_getsockopt(int fd, int level, int option, uptr address, uptr size)
{
	struct socket_use use;
	int error = socket_use_begin(fd, &use);

	if (error)
		return error;
	error = option_get(use.socket, level, option, address, size);
	socket_use_end(&use);
	return error;
}
