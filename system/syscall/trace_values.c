/* SPDX-License-Identifier: MIT */
/* Arguments by their kinds: numbers, and the structures that programs give and get. No state. */
#include <asm/poll.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/uio.h>
#include <linux/utsname.h>

#include "core/string.h"
#include "memory/usercopy.h"
#include "syscall/trace_names.h"
#include "syscall/trace_text.h"
#include "syscalls.h"

#define ELEMENTS_MAX 16		/* of an array; more are dots */

/* NULL and addresses that can't be read are written as such. */
#define READ_OR_RETURN(text, value, address) do { \
		if (!(address)) { \
			text_put(text, "NULL"); \
			return; \
		} \
		if (copy_from_user(&(value), (address), sizeof(value))) { \
			text_put(text, "%#lx", (u64)(address)); \
			return; \
		} \
	} while (0)

static void put_dirfd(struct text *text, int fd)
{
	if (fd == AT_FDCWD)
		text_put(text, "AT_FDCWD");
	else
		text_put(text, "%d", fd);
}

static void put_pair(struct text *text, uptr address, const char *first, const char *second,
		     bool both)
{
	s64 pair[4];

	READ_OR_RETURN(text, pair[0], address);
	if (copy_from_user(pair, address, both ? 32 : 16)) {
		text_put(text, "%#lx", address);
		return;
	}
	text_put(text, both ? "[{%s=%ld, %s=%ld}, " : "{%s=%ld, %s=%ld}", first, pair[0], second,
		 pair[1]);
	if (both)
		text_put(text, "{%s=%ld, %s=%ld}]", first, pair[2], second, pair[3]);
}

static void put_interval(struct text *text, uptr address, const char *sub)
{
	s64 v[4];

	READ_OR_RETURN(text, v, address);
	text_put(text, "{it_interval={tv_sec=%ld, %s=%ld}, it_value={tv_sec=%ld, %s=%ld}}",
		 v[0], sub, v[1], v[2], sub, v[3]);
}

static void put_sigset(struct text *text, uptr address)
{
	const char *between = "";
	u64 set;
	bool inverse;

	READ_OR_RETURN(text, set, address);
	inverse = __builtin_popcountll(set) > 32;
	text_put(text, inverse ? "~[" : "[");
	for (u32 i = 1; i <= 64; i++) {
		const char *name = signal_name(i);

		if (!(set >> (i - 1) & 1) != inverse)
			continue;
		if (name)
			text_put(text, "%s%s", between, name + 3);
		else
			text_put(text, "%sRT_%u", between, i - 32);
		between = " ";
	}
	text_put(text, "]");
}

static void put_sigaction(struct text *text, uptr address)
{
	struct { u64 handler, flags, restorer, mask; } action;

	READ_OR_RETURN(text, action, address);
	if (action.handler == 0)
		text_put(text, "{sa_handler=SIG_DFL, sa_mask=");
	else if (action.handler == 1)
		text_put(text, "{sa_handler=SIG_IGN, sa_mask=");
	else
		text_put(text, "{sa_handler=%#lx, sa_mask=", action.handler);
	put_sigset(text, address + 24);
	text_put(text, ", sa_flags=%#lx}", action.flags);
}

static const char *file_type(u32 mode)
{
	static const char *const types[16] = {
		[1] = "S_IFIFO", [2] = "S_IFCHR", [4] = "S_IFDIR", [6] = "S_IFBLK", [8] = "S_IFREG",
		[10] = "S_IFLNK", [12] = "S_IFSOCK",
	};
	const char *name = types[mode >> 12 & 15];

	return name ? name : "0";
}

static void put_stat(struct text *text, uptr address)
{
	struct stat stat;

	READ_OR_RETURN(text, stat, address);
	text_put(text, "{st_mode=%s|%#o, st_size=%ld, ...}", file_type(stat.st_mode),
		 stat.st_mode & 07777, stat.st_size);
}

static void put_statx(struct text *text, uptr address)
{
	struct statx stat;

	READ_OR_RETURN(text, stat, address);
	text_put(text, "{stx_mask=%#x, stx_mode=%s|%#o, stx_size=%llu, ...}", stat.stx_mask,
		 file_type(stat.stx_mode), stat.stx_mode & 07777u, stat.stx_size);
}

static void put_wait_status(struct text *text, uptr address)
{
	u32 status;

	READ_OR_RETURN(text, status, address);
	if (!(status & 0x7f)) {
		text_put(text, "[{WIFEXITED(s) && WEXITSTATUS(s) == %u}]", status >> 8 & 0xff);
	} else if ((status & 0xff) == 0x7f) {
		text_put(text, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		text_put_signal(text, status >> 8 & 0xff);
		text_put(text, "}]");
	} else {
		text_put(text, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		text_put_signal(text, status & 0x7f);
		text_put(text, "}]");
	}
}

static void put_strings(struct text *text, uptr address)
{
	for (u32 i = 0; ; i++) {
		uptr string;

		READ_OR_RETURN(text, string, address + i * sizeof(string));
		text_put(text, i ? ", " : "[");
		if (!string || i == ELEMENTS_MAX)
			break;
		text_put_string(text, string, TRACE_STRING_MAX);
	}
	if (text->used >= 2 && text->bytes[text->used - 2] == ',')
		text->used -= 2;
	text_put(text, "]");
}

static void put_environment(struct text *text, uptr address)
{
	u32 count = 0;
	uptr string = 1;

	while (address && string && count < 10000) {
		READ_OR_RETURN(text, string, address + count * sizeof(string));
		count += string != 0;
	}
	text_put(text, "%#lx /* %u vars */", address, count);
}

static void put_iovec(struct text *text, uptr address, u64 count, u64 bytes)
{
	struct iovec part;

	if (!count || !address) {
		text_put(text, address ? "[]" : "NULL");
		return;
	}
	for (u64 i = 0; i < MIN(count, (u64)ELEMENTS_MAX); i++) {
		u64 size;

		READ_OR_RETURN(text, part, address + i * sizeof(part));
		size = MIN(bytes, (u64)part.iov_len);
		text_put(text, i ? ", {iov_base=" : "[{iov_base=");
		text_put_data(text, (uptr)part.iov_base, size);
		text_put(text, ", iov_len=%lu}", part.iov_len);
		bytes -= size;
	}
	text_put(text, count > ELEMENTS_MAX ? ", ...]" : "]");
}

static void put_poll_bits(struct text *text, u32 bits)
{
	static const struct name names[] = {
		{ POLLIN, "POLLIN" }, { POLLPRI, "POLLPRI" }, { POLLOUT, "POLLOUT" },
		{ POLLERR, "POLLERR" }, { POLLHUP, "POLLHUP" }, { POLLNVAL, "POLLNVAL" },
		{ POLLRDNORM, "POLLRDNORM" }, { POLLWRNORM, "POLLWRNORM" }, { 0x2000, "POLLRDHUP" },
	};
	const char *between = "";

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(bits & names[i].value))
			continue;
		text_put(text, "%s%s", between, names[i].text);
		between = "|";
	}
	if (!*between)
		text_put(text, "0");
}

static void put_pollfds(struct text *text, uptr address, u64 count, bool returned)
{
	struct pollfd poll;

	for (u64 i = 0; i < MIN(count, (u64)ELEMENTS_MAX); i++) {
		READ_OR_RETURN(text, poll, address + i * sizeof(poll));
		text_put(text, "%s{fd=%d, events=", i ? ", " : "[", poll.fd);
		put_poll_bits(text, (u16)poll.events);
		if (returned && poll.revents) {
			text_put(text, ", revents=");
			put_poll_bits(text, (u16)poll.revents);
		}
		text_put(text, "}");
	}
	text_put(text, count > ELEMENTS_MAX ? ", ...]" : count ? "]" : "[]");
}

static void put_epoll_events(struct text *text, uptr address, u64 count, bool array)
{
	struct epoll_event event;

	for (u64 i = 0; i < MIN(count, (u64)ELEMENTS_MAX); i++) {
		READ_OR_RETURN(text, event, address + i * sizeof(event));
		text_put(text, "%s{events=%#x, data=%#llx}",
			 i	 ? ", "
			 : array ? "["
				 : "",
			 event.events, event.data);
	}
	if (array)
		text_put(text, count > ELEMENTS_MAX ? ", ...]" : count ? "]" : "[]");
}

static void put_fdset(struct text *text, uptr address, u32 count)
{
	const char *between = "";
	u64 word = 0;

	if (!address) {
		text_put(text, "NULL");
		return;
	}
	text_put(text, "[");
	for (u32 i = 0; i < MIN(count, 1024u); i++) {
		if (!(i & 63) && copy_from_user(&word, address + i / 8, 8))
			break;
		if (!(word >> (i & 63) & 1))
			continue;
		text_put(text, "%s%u", between, i);
		between = " ";
	}
	text_put(text, "]");
}

static void put_limit(struct text *text, const char *before, u64 limit)
{
	if (limit == ~0ull)
		text_put(text, "%sRLIM64_INFINITY", before);
	else
		text_put(text, "%s%lu", before, limit);
}

static void put_rlimit(struct text *text, uptr address)
{
	u64 limit[2];

	READ_OR_RETURN(text, limit, address);
	put_limit(text, "{rlim_cur=", limit[0]);
	put_limit(text, ", rlim_max=", limit[1]);
	text_put(text, "}");
}

static void put_clone_args(struct text *text, uptr address)
{
	struct {
		u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	} args;

	READ_OR_RETURN(text, args, address);
	text_put(text, "{flags=");
	text_put_flags(text, KIND_CLONE_FLAGS, args.flags);
	text_put(text, ", child_tid=%#lx, parent_tid=%#lx, exit_signal=", args.child_tid,
		 args.parent_tid);
	text_put_signal(text, (u32)args.exit_signal);
	text_put(text, ", stack=%#lx, stack_size=%#lx, tls=%#lx}", args.stack, args.stack_size,
		 args.tls);
}

static void put_open_how(struct text *text, uptr address)
{
	u64 how[3];

	READ_OR_RETURN(text, how, address);
	text_put(text, "{flags=");
	text_put_flags(text, KIND_OPEN_FLAGS, how[0]);
	text_put(text, ", mode=%#lo, resolve=%#lx}", how[1], how[2]);
}

static void put_integer_at(struct text *text, uptr address, bool wide)
{
	s64 value = 0;

	if (!address)
		text_put(text, "NULL");
	else if (copy_from_user(&value, address, wide ? 8 : 4))
		text_put(text, "%#lx", address);
	else
		text_put(text, "[%ld]", wide ? value : (s64)(s32)value);
}

static void put_fds(struct text *text, uptr address)
{
	int fds[2];

	READ_OR_RETURN(text, fds, address);
	text_put(text, "[%d, %d]", fds[0], fds[1]);
}

static void put_uname(struct text *text, uptr address)
{
	struct new_utsname name;

	READ_OR_RETURN(text, name, address);
	text_put(text, "{sysname=\"%s\", nodename=\"%s\", ...}", name.sysname, name.nodename);
}

static void put_futex_time(struct text *text, const struct traced *call, uptr value)
{
	u32 op = call->arguments[1] & FUTEX_CMD_MASK;

	if (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET)
		put_pair(text, value, "tv_sec", "tv_nsec", false);
	else
		text_put(text, "%#lx", value);
}

static void put_id(struct text *text, u32 id)
{
	if (id == ~0u)
		text_put(text, "-1");
	else
		text_put(text, "%u", id);
}

static void put_pointer(struct text *text, uptr value)
{
	if (value)
		text_put(text, "%#lx", value);
	else
		text_put(text, "NULL");
}

/* Kinds that need no look at program memory. False: it is none of them. */
static bool put_number(struct text *text, u32 kind, u64 value)
{
	switch (kind) {
	case KIND_FD: case KIND_INT: case KIND_PID:
		return text_put(text, "%d", (int)value), true;
	case KIND_DIRFD:
		return put_dirfd(text, (int)value), true;
	case KIND_UINT:
		return text_put(text, "%u", (u32)value), true;
	case KIND_ID:
		return put_id(text, (u32)value), true;
	case KIND_LONG: case KIND_OFF:
		return text_put(text, "%ld", (long)value), true;
	case KIND_ULONG: case KIND_SIZE:
		return text_put(text, "%lu", value), true;
	case KIND_HEX: case KIND_DEV:
		return text_put(text, "%#lx", value), true;
	case KIND_MODE:
		return text_put(text, "%#o", (u32)value), true;
	case KIND_SIGNAL:
		return text_put_signal(text, (u32)value), true;
	case KIND_PTR:
		return put_pointer(text, value), true;
	}
	return false;
}

/* Kinds that the program gives. False: it is none of them. */
static bool put_given(struct text *text, const struct traced *call, u32 kind, u32 index)
{
	u64 value = call->arguments[index], next = index < 5 ? call->arguments[index + 1] : 0;

	switch (kind) {
	case KIND_PATH:
		return text_put_string(text, value, 255), true;
	case KIND_STR:
		return text_put_string(text, value, TRACE_STRING_MAX), true;
	case KIND_DATA:
		return text_put_data(text, value, next), true;
	case KIND_STRV:
		return put_strings(text, value), true;
	case KIND_ENVV:
		return put_environment(text, value), true;
	case KIND_IOV:
		return put_iovec(text, value, next, ~0ull), true;
	case KIND_CLONE_ARGS:
		return put_clone_args(text, value), true;
	case KIND_OPEN_HOW:
		return put_open_how(text, value), true;
	case KIND_FDSET:
		return put_fdset(text, value, (u32)call->arguments[0]), true;
	case KIND_POLLFDS:
		return put_pollfds(text, value, next, call->returned), true;
	case KIND_EPOLL_EVENT:
		return put_epoll_events(text, value, 1, false), true;
	case KIND_OFF_REF:
		return put_integer_at(text, value, true), true;
	case KIND_SIGSET:
		return put_sigset(text, value), true;
	case KIND_SIGACTION:
		return put_sigaction(text, value), true;
	case KIND_TIMESPEC:
		return put_pair(text, value, "tv_sec", "tv_nsec", false), true;
	case KIND_TIMESPEC2:
		return put_pair(text, value, "tv_sec", "tv_nsec", true), true;
	case KIND_TIMEVAL:
		return put_pair(text, value, "tv_sec", "tv_usec", false), true;
	case KIND_TIMEVAL2:
		return put_pair(text, value, "tv_sec", "tv_usec", true), true;
	case KIND_ITIMERVAL:
		return put_interval(text, value, "tv_usec"), true;
	case KIND_ITIMERSPEC:
		return put_interval(text, value, "tv_nsec"), true;
	case KIND_RLIMIT:
		return put_rlimit(text, value), true;
	case KIND_FUTEX_TIME:
		return put_futex_time(text, call, value), true;
	}
	return false;
}

/* Kinds that the call returns, after it did. */
static void put_returned(struct text *text, const struct traced *call, u32 kind, u32 index)
{
	u64 value = call->arguments[index], next = index < 5 ? call->arguments[index + 1] : 0;

	switch (kind) {
	case KIND_BUF:
		return text_put_data(text, value, (u64)call->result);
	case KIND_STR_OUT:
		return text_put_string(text, value, 255);
	case KIND_IOV_OUT:
		return put_iovec(text, value, next, (u64)call->result);
	case KIND_STAT:
		return put_stat(text, value);
	case KIND_STATX:
		return put_statx(text, value);
	case KIND_FDS_OUT:
		return put_fds(text, value);
	case KIND_EPOLL_EVENTS:
		return put_epoll_events(text, value, (u64)call->result, true);
	case KIND_INT_OUT:
		return put_integer_at(text, value, false);
	case KIND_WAIT_STATUS:
		return put_wait_status(text, value);
	case KIND_SIGSET_OUT:
		return put_sigset(text, value);
	case KIND_SIGACTION_OUT:
		return put_sigaction(text, value);
	case KIND_TIMESPEC_OUT:
		return put_pair(text, value, "tv_sec", "tv_nsec", false);
	case KIND_TIMEVAL_OUT:
		return put_pair(text, value, "tv_sec", "tv_usec", false);
	case KIND_ITIMERVAL_OUT:
		return put_interval(text, value, "tv_usec");
	case KIND_ITIMERSPEC_OUT:
		return put_interval(text, value, "tv_nsec");
	case KIND_RLIMIT_OUT:
		return put_rlimit(text, value);
	case KIND_UTSNAME_OUT:
		return put_uname(text, value);
	default:
		return put_pointer(text, value);
	}
}

void text_put_argument(struct text *text, const struct traced *call, u32 kind, u32 index)
{
	u64 value = call->arguments[index];

	if (name_set_of(kind))
		text_put_flags(text, kind, value);
	else if (put_number(text, kind, value) || put_given(text, call, kind, index))
		return;
	else if (call->returned && call->result >= 0)
		put_returned(text, call, kind, index);
	else
		put_pointer(text, value);
}
