/* SPDX-License-Identifier: MIT */
/* Setting and telling options. Each is a single word or pair that changes at once: no locks. */
#include "net/option.h"

#include <linux/capability.h>

#include "core/string.h"
#include "core/wait.h"
#include "process/process.h"

#define BUFFER_MAX	212992u		/* net.core.wmem_max and rmem_max */
#define SEND_MIN	4608u
#define RECEIVE_MIN	2304u
#define NS_PER_SECOND	1000000000ull
#define SWITCH(option)	(1u << (option))

/* Those that are on or off; of some nothing follows here, as for local sockets of Linux. */
#define SWITCHES                                                                             \
	(SWITCH(SO_DEBUG) | SWITCH(SO_REUSEADDR) | SWITCH(SO_DONTROUTE) |                    \
	 SWITCH(SO_BROADCAST) | SWITCH(SO_KEEPALIVE) | SWITCH(SO_OOBINLINE) |                \
	 SWITCH(SO_NO_CHECK) | SWITCH(SO_REUSEPORT) | SWITCH(SO_PASSCRED))

static bool option_is_switch(int option)
{
	return option > 0 && option < 32 && SWITCHES & SWITCH(option);
}

/* ---- Setting ---- */

static u32 buffer_size(s32 wanted, bool forced, u32 least)
{
	u32 size = wanted;

	if (!forced)
		size = MIN(size, BUFFER_MAX);
	size = MIN(size, (u32)INT32_MAX / 2);
	return MAX(size * 2, least);
}

static int timeout_set(u64 *timeout_ns, const void *value, u32 size)
{
	struct { s64 seconds, microseconds; } time;

	if (size < sizeof(time))
		return -EINVAL;
	memcpy(&time, value, sizeof(time));
	if (time.microseconds < 0 || time.microseconds >= 1000000)
		return -EDOM;
	if (time.seconds < 0)
		*timeout_ns = 0;
	else if ((!time.seconds && !time.microseconds) ||
		 (u64)time.seconds >= FOREVER / NS_PER_SECOND - 1)
		*timeout_ns = FOREVER;
	else
		*timeout_ns = time.seconds * NS_PER_SECOND + time.microseconds * 1000;
	return 0;
}

static int linger_set(struct socket *socket, const void *value, u32 size)
{
	if (size < sizeof(socket->linger))
		return -EINVAL;
	memcpy(&socket->linger, value, sizeof(socket->linger));
	socket->linger.on = socket->linger.on != 0;
	return 0;
}

static int word_set(struct socket *socket, int option, s32 value)
{
	bool forced = option == SO_SNDBUFFORCE || option == SO_RCVBUFFORCE;

	if (forced && !credentials_capable(process_current()->credentials, CAP_NET_ADMIN))
		return -EPERM;
	switch (option) {
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		WRITE_ONCE(socket->send_buffer, buffer_size(value, forced, SEND_MIN));
		return 0;
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		WRITE_ONCE(socket->receive_buffer, buffer_size(value, forced, RECEIVE_MIN));
		return 0;
	case SO_RCVLOWAT:
		WRITE_ONCE(socket->low_water, value < 0 ? INT32_MAX : value ? value : 1);
		return 0;
	case SO_PEEK_OFF:
		WRITE_ONCE(socket->peek_offset, value);
		return 0;
	}
	if (!option_is_switch(option))
		return -ENOPROTOOPT;
	if (value)
		atomic_or(&socket->switches, SWITCH(option));
	else
		atomic_and(&socket->switches, ~SWITCH(option));
	return 0;
}

int socket_option_set(struct socket *socket, int option, const void *value, u32 size)
{
	s32 word;

	if (size < sizeof(word))
		return -EINVAL;
	memcpy(&word, value, sizeof(word));
	switch (option) {
	case SO_RCVTIMEO:
		return timeout_set(&socket->receive_timeout_ns, value, size);
	case SO_SNDTIMEO:
		return timeout_set(&socket->send_timeout_ns, value, size);
	case SO_LINGER:
		return linger_set(socket, value, size);
	default:
		return word_set(socket, option, word);
	}
}

/* ---- Telling ---- */

static long value_give(void *value, const void *from, u32 size)
{
	memcpy(value, from, size);
	return size;
}

static long timeout_get(u64 timeout_ns, void *value)
{
	s64 time[2] = { 0 };

	if (timeout_ns != FOREVER) {
		time[0] = timeout_ns / NS_PER_SECOND;
		time[1] = timeout_ns % NS_PER_SECOND / 1000;
	}
	return value_give(value, time, sizeof(time));
}

/* The value of an option that is a word, or -ENOPROTOOPT. */
static int word_get(struct socket *socket, int option, s32 *word)
{
	switch (option) {
	case SO_TYPE:
		*word = socket->type;
		return 0;
	case SO_DOMAIN:
		*word = socket->family;
		return 0;
	case SO_PROTOCOL:
		*word = 0;
		return 0;
	case SO_ERROR:
		*word = -socket_error_take(socket);
		return 0;
	case SO_SNDBUF:
		*word = socket->send_buffer;
		return 0;
	case SO_RCVBUF:
		*word = socket->receive_buffer;
		return 0;
	case SO_RCVLOWAT:
		*word = socket->low_water;
		return 0;
	case SO_SNDLOWAT:
		*word = 1;
		return 0;
	case SO_PEEK_OFF:
		*word = socket->peek_offset;
		return 0;
	}
	*word = option_is_switch(option) && socket_switch(socket, option);
	return option_is_switch(option) ? 0 : -ENOPROTOOPT;
}

long socket_option_get(struct socket *socket, int option, void *value)
{
	s32 word;

	switch (option) {
	case SO_RCVTIMEO:
		return timeout_get(socket->receive_timeout_ns, value);
	case SO_SNDTIMEO:
		return timeout_get(socket->send_timeout_ns, value);
	case SO_LINGER:
		return value_give(value, &socket->linger, sizeof(socket->linger));
	}
	if (word_get(socket, option, &word))
		return socket->operations->option(socket, option, value);
	return value_give(value, &word, sizeof(word));
}
