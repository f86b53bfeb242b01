/* SPDX-License-Identifier: MIT */
/* Calls that send and receive by sockets: bytes, addresses, messages. No locks of its own. */
#include <linux/time_types.h>

#include "core/heap.h"
#include "core/timer.h"
#include "memory/usercopy.h"
#include "net/rights.h"
#include "syscall/control.h"
#include "syscall/socket_use.h"
#include "syscall/syscall.h"

#define MESSAGES_MAX 1024u	/* of one sendmmsg(2), recvmmsg(2) */

/* struct msghdr of programs. */
struct message_header {
	u64 name;
	s32 name_size;
	u32 padding;
	u64 parts, part_count;
	u64 control, control_size;
	u32 flags, padding_end;
};

/* struct mmsghdr. */
struct message_header_counted {
	struct message_header header;
	u32 moved, padding;
};

/* ---- Bytes ---- */

long sys_sendto(int fd, uptr from, size_t size, int flags, uptr name, int name_size)
{
	struct socket_message message = { .flags = flags };
	struct socket_address address;
	struct socket_use use;
	struct iter iter;
	long result = iter_init_user(&iter, from, size);

	if (!result)
		result = socket_use_begin(fd, &use);
	if (result)
		return result;
	if (name) {
		result = socket_address_read(&address, name, name_size);
		message.name = address.size ? &address : NULL;
	}
	message.data = &iter;
	message.nonblock = socket_use_nonblock(&use, flags);
	if (!result)
		result = socket_send(use.socket, &message);
	socket_use_end(&use);
	return result;
}

long sys_recvfrom(int fd, uptr to, size_t size, int flags, uptr name, uptr name_size)
{
	struct socket_message message = { .flags = flags };
	struct socket_address address = { .size = 0 };
	struct socket_use use;
	struct iter iter;
	long result = iter_init_user(&iter, to, size);
	int error = 0;

	if (!result)
		result = socket_use_begin(fd, &use);
	if (result)
		return result;
	message.data = &iter;
	message.name = name ? &address : NULL;
	message.nonblock = socket_use_nonblock(&use, flags);
	result = use.socket->operations->receive(use.socket, &message);
	socket_use_end(&use);
	if (unlikely(message.rights))
		rights_free(message.rights);
	if (result >= 0 && name)
		error = socket_address_write(&address, name, name_size);
	return error ? error : result;
}

/* ---- Messages ---- */

/* The parts of a message; more of them than a vector may have is an error of its own here. */
static int parts_read(struct iter *iter, const struct message_header *header,
		      struct segment *segments, void **allocated)
{
	if (header->part_count > ITER_MAX_SEGMENTS)
		return -EMSGSIZE;
	return iter_init_iovec(iter, header->parts, header->part_count, segments, allocated);
}

static int header_read(struct message_header *header, uptr from)
{
	if (get_user(*header, from))
		return -EFAULT;
	if (!header->name)
		header->name_size = 0;
	if (header->name_size < 0)
		return -EINVAL;
	header->name_size = MIN(header->name_size, (s32)SOCKET_ADDRESS_MAX);
	return 0;
}

static long message_send(struct socket_use *use, uptr from, u32 flags)
{
	struct segment segments[ITER_INLINE_SEGMENTS];
	struct socket_message message = { .flags = flags };
	struct message_header header;
	struct socket_address address;
	void *allocated = NULL;
	struct iter iter;
	long result = header_read(&header, from);

	if (!result && header.name_size) {
		result = socket_address_read(&address, header.name, header.name_size);
		message.name = &address;
	}
	if (!result)
		result = parts_read(&iter, &header, segments, &allocated);
	if (result)
		return result;
	message.data = &iter;
	message.nonblock = socket_use_nonblock(use, flags);
	result = control_read(&message, header.control, header.control_size);
	if (!result)
		result = socket_send(use->socket, &message);
	if (message.rights)
		rights_free(message.rights);
	heap_free(allocated);
	return result;
}

long sys_sendmsg(int fd, uptr message, int flags)
{
	struct socket_use use;
	long result = socket_use_begin(fd, &use);

	if (result)
		return result;
	result = message_send(&use, message, flags);
	socket_use_end(&use);
	return result;
}

/* Tells all that came beside the bytes. 0, -EFAULT, -EINVAL. */
static int header_write(const struct message_header *header, struct socket_message *message,
			uptr to)
{
	uptr size_address = to + offsetof(struct message_header, name_size);
	u64 control_size = control_write(message, header->control, header->control_size);
	int error = 0;

	if (message->name)
		error = socket_address_write(message->name, header->name, size_address);
	if (!error && put_user(message->result_flags, to + offsetof(struct message_header, flags)))
		error = -EFAULT;
	if (!error && put_user(control_size, to + offsetof(struct message_header, control_size)))
		error = -EFAULT;
	return error;
}

static long message_receive(struct socket_use *use, uptr to, u32 flags)
{
	struct segment segments[ITER_INLINE_SEGMENTS];
	struct socket_address address = { .size = 0 };
	struct socket_message message = {
		.flags = flags, .result_flags = flags & MSG_CMSG_CLOEXEC,
	};
	struct message_header header;
	void *allocated = NULL;
	struct iter iter;
	long result = header_read(&header, to);
	int error = 0;

	if (!result)
		result = parts_read(&iter, &header, segments, &allocated);
	if (result)
		return result;
	message.data = &iter;
	message.name = header.name ? &address : NULL;
	message.nonblock = socket_use_nonblock(use, flags);
	result = use->socket->operations->receive(use->socket, &message);
	if (result >= 0)
		error = header_write(&header, &message, to);
	if (message.rights)
		rights_free(message.rights);
	heap_free(allocated);
	return error ? error : result;
}

long sys_recvmsg(int fd, uptr message, int flags)
{
	struct socket_use use;
	long result = socket_use_begin(fd, &use);

	if (result)
		return result;
	result = message_receive(&use, message, flags);
	socket_use_end(&use);
	return result;
}

/* ---- Many messages ---- */

static int count_write(uptr message, u32 moved)
{
	return put_user(moved, message + offsetof(struct message_header_counted, moved));
}

long sys_sendmmsg(int fd, uptr messages, u32 count, int flags)
{
	struct socket_use use;
	long result = socket_use_begin(fd, &use);
	u32 done = 0;

	if (result)
		return result;
	for (count = MIN(count, MESSAGES_MAX); done < count; done++) {
		uptr message = messages + done * sizeof(struct message_header_counted);

		result = message_send(&use, message, flags);
		if (result >= 0)
			result = count_write(message, result);
		if (result < 0)
			break;
	}
	socket_use_end(&use);
	return done ? done : result;
}

static int timeout_read(uptr address, u64 *deadline_ns)
{
	struct __kernel_timespec timeout;

	*deadline_ns = FOREVER;
	if (!address)
		return 0;
	if (get_user(timeout, address))
		return -EFAULT;
	if (timeout.tv_sec < 0 || (u64)timeout.tv_nsec >= 1000000000ul)
		return -EINVAL;
	*deadline_ns = socket_deadline(timeout.tv_sec * 1000000000ull + timeout.tv_nsec, false);
	return 0;
}

/* What is left of the time, for the caller to see. */
static int timeout_write(uptr address, u64 deadline_ns)
{
	u64 now = clock_monotonic_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
	struct __kernel_timespec timeout = { left / 1000000000, left % 1000000000 };

	return address ? put_user(timeout, address) : 0;
}

/* The time is looked at between messages: one that does not come is waited for longer. */
static long receive_many(struct socket_use *use, uptr messages, u32 count, u32 flags,
			 u64 deadline_ns)
{
	long result = 0;
	u32 done = 0;

	while (done < MIN(count, MESSAGES_MAX)) {
		uptr message = messages + done * sizeof(struct message_header_counted);

		result = message_receive(use, message, flags & ~MSG_WAITFORONE);
		if (result >= 0)
			result = count_write(message, result);
		if (result < 0)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline_ns != FOREVER && clock_monotonic_ns() >= deadline_ns)
			break;
	}
	/* An error that ends it early waits to be told. */
	if (done && result < 0 && result != -EAGAIN && result > -ERESTARTSYS)
		WRITE_ONCE(use->socket->error, -result);
	return done ? done : result;
}

long sys_recvmmsg(int fd, uptr messages, u32 count, int flags, uptr timeout)
{
	struct socket_use use;
	u64 deadline_ns;
	long result = timeout_read(timeout, &deadline_ns);

	if (!result)
		result = socket_use_begin(fd, &use);
	if (result)
		return result;
	result = socket_error_take(use.socket);
	if (!result)
		result = receive_many(&use, messages, count, flags, deadline_ns);
	socket_use_end(&use);
	if (result > 0 && timeout_write(timeout, deadline_ns))
		return -EFAULT;
	return result;
}
