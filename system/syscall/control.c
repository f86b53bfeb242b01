/* SPDX-License-Identifier: MIT */
/* Ancillary data of messages. No locks of its own. */
#include "syscall/control.h"

#include <linux/capability.h>

#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "net/option.h"
#include "net/rights.h"
#include "process/process.h"
#include "vfs/file.h"

#define CONTROL_MAX	20480u	/* net.core.optmem_max */

#define SCM_RIGHTS	1
#define SCM_CREDENTIALS	2

/* struct cmsghdr; its data follows, and the next one at a multiple of 8. */
struct control_header {
	u64 size;		/* with the header */
	s32 level, type;
};

#define HEADER_SIZE sizeof(struct control_header)

/* ---- Sending ---- */

static int rights_read(struct socket_message *message, const u8 *data, u64 size, u32 room)
{
	u32 count = MIN(size / sizeof(s32), RIGHTS_MAX + 1ul);
	struct rights *rights = message->rights;

	if (count > RIGHTS_MAX)
		return -EINVAL;
	if (!rights)
		rights = message->rights = rights_create(room);
	if (!rights)
		return -ENOMEM;
	if (rights->count + count > room)
		return -EINVAL;
	for (u32 i = 0; i < count; i++) {
		struct file *file;
		s32 fd;

		memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
		file = current_fd_get(fd);
		if (!file)
			return -EBADF;
		rights->entries[rights->count++].file = file;
	}
	return 0;
}

/* Only who may become another may pass for it. */
static int credentials_check(const struct socket_credentials *told)
{
	const struct credentials *own = process_current()->credentials;
	struct process *process;

	if (told->pid != process_current()->pid && !credentials_capable(own, CAP_SYS_ADMIN))
		return -EPERM;
	if (told->uid != own->uid && told->uid != own->euid && told->uid != own->suid &&
	    !credentials_capable(own, CAP_SETUID))
		return -EPERM;
	if (told->gid != own->gid && told->gid != own->egid && told->gid != own->sgid &&
	    !credentials_capable(own, CAP_SETGID))
		return -EPERM;
	process = process_find(told->pid);
	if (!process)
		return -ESRCH;
	process_put(process);
	return told->uid == ~0u || told->gid == ~0u ? -EINVAL : 0;
}

static int credentials_read(struct socket_message *message, const u8 *data, u64 size)
{
	int error;

	if (size != sizeof(message->credentials))
		return -EINVAL;
	memcpy(&message->credentials, data, sizeof(message->credentials));
	error = credentials_check(&message->credentials);
	message->has_credentials = !error;
	return error;
}

static int control_parse(struct socket_message *message, const u8 *control, u64 size)
{
	u32 room = MIN(size / sizeof(s32), (u64)RIGHTS_MAX);
	int error = 0;

	for (u64 at = 0; !error && at + HEADER_SIZE <= size;) {
		struct control_header header;
		const u8 *data = control + at + HEADER_SIZE;

		memcpy(&header, control + at, sizeof(header));
		if (header.size < HEADER_SIZE || header.size > size - at)
			return -EINVAL;
		if (header.level == SOL_SOCKET && header.type == SCM_RIGHTS)
			error = rights_read(message, data, header.size - HEADER_SIZE, room);
		else if (header.level == SOL_SOCKET && header.type == SCM_CREDENTIALS)
			error = credentials_read(message, data, header.size - HEADER_SIZE);
		else if (header.level == SOL_SOCKET)
			error = -EINVAL;
		at += ROUND_UP(header.size, 8);
	}
	if (!error && message->rights && !message->rights->count) {
		rights_free(message->rights);
		message->rights = NULL;
	}
	return error;
}

int control_read(struct socket_message *message, uptr control, u64 size)
{
	u8 *copy;
	int error;

	if (!size)
		return 0;
	if (size > CONTROL_MAX)
		return -ENOBUFS;
	copy = heap_alloc(size);
	if (!copy)
		return -ENOBUFS;
	error = copy_from_user(copy, control, size);
	if (!error)
		error = control_parse(message, copy, size);
	heap_free(copy);
	return error;
}

/* ---- Receiving ---- */

struct control_room {
	uptr at;
	u64 left;
};

static void room_use(struct control_room *room, u64 size)
{
	size = MIN(ROUND_UP(size, 8), room->left);
	room->at += size;
	room->left -= size;
}

static void credentials_write(struct socket_message *message, struct control_room *room)
{
	struct {
		struct control_header header;
		struct socket_credentials credentials;
	} out = {
		{ HEADER_SIZE + sizeof(out.credentials), SOL_SOCKET, SCM_CREDENTIALS },
		message->credentials,
	};

	if (room->left < HEADER_SIZE) {
		message->result_flags |= MSG_CTRUNC;
		return;
	}
	if (room->left < out.header.size) {
		message->result_flags |= MSG_CTRUNC;
		out.header.size = room->left;
	}
	if (!copy_to_user(room->at, &out, out.header.size))
		room_use(room, out.header.size);
}

/* One file as a descriptor of the caller, whose number goes to that address. */
static int right_install(struct file *file, uptr address, bool close_on_exec)
{
	int fd;

	file_get(file);
	fd = current_fd_install(file, close_on_exec);
	if (fd < 0) {
		file_put(file);
		return fd;
	}
	if (!put_user(fd, address))
		return 0;
	fd_close(process_current()->files, fd);
	return -EFAULT;
}

static void rights_write(struct socket_message *message, struct control_room *room)
{
	const struct rights *rights = message->rights;
	u32 fit = room->left > HEADER_SIZE ? (room->left - HEADER_SIZE) / sizeof(s32) : 0, i;
	struct control_header header = { .level = SOL_SOCKET, .type = SCM_RIGHTS };

	for (i = 0; i < MIN(fit, rights->count); i++)
		if (right_install(rights->entries[i].file, room->at + HEADER_SIZE + i * sizeof(s32),
				  message->flags & MSG_CMSG_CLOEXEC))
			break;
	if (i < rights->count)
		message->result_flags |= MSG_CTRUNC;
	if (!i)
		return;
	header.size = HEADER_SIZE + i * sizeof(s32);
	if (!copy_to_user(room->at, &header, sizeof(header)))
		room_use(room, header.size);
}

u64 control_write(struct socket_message *message, uptr control, u64 size)
{
	struct control_room room = { control, control ? size : 0 };

	if (message->has_credentials)
		credentials_write(message, &room);
	if (message->rights)
		rights_write(message, &room);
	return control ? size - room.left : 0;
}
