/* SPDX-License-Identifier: MIT */
/*
 * A system layer that runs no programs: its "command" names something to do at the boundary. It
 * lets the host side be tested alone. One thread, no heap.
 */
#include <linux/futex.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "boundary/abi.h"


void layer_start(void);

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

/* Linker symbols are not constants for C: the note is written in assembly. */
asm(".pushsection .note.mezzo, \"a\", @note\n"
    ".balign 8\n"
    ".long 6, 2f - 1f, 1\n"
    ".asciz \"Mezzo\"\n"
    ".balign 4\n"
    "1: .ascii \"mezzo-sl\"\n"
    ".long " TEXT(BOUNDARY_VERSION) ", 64\n"
    ".quad layer_start, gate_start, gate_end, data_start\n"
    ".quad data_size, data_memory_size\n"
    "2: .balign 4\n"
    ".popsection\n"
    ".pushsection .gate, \"ax\", @progbits\n"
    "gate:\n"
    "	mov %rdi, %rax\n"
    "	mov %rsi, %rdi\n"
    "	mov %rdx, %rsi\n"
    "	mov %rcx, %rdx\n"
    "	mov %r8, %r10\n"
    "	mov %r9, %r8\n"
    "	mov 8(%rsp), %r9\n"
    "	syscall\n"
    "	ret\n"
    ".popsection\n"
    ".pushsection .text\n"
    ".globl layer_start\n"
    "layer_start:\n"
    "	and $-16, %rsp\n"
    "	call fake_main\n"
    "	ud2\n"
    ".popsection\n");

_Static_assert(sizeof(struct layer_header) == 64, "the note above says size 64");

long gate(long number, long a, long b, long c, long d, long e, long f);

static struct channel *const channel = (struct channel *)CHANNEL_BASE;
static unsigned long data_word = 0x1234567890abcdef;
static unsigned long bss_word;

void *memset(void *to, int byte, size_t size)
{
	char *at = to;

	while (size--)
		*at++ = (char)byte;
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	void *result = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return result;
}

static size_t length(const char *text)
{
	size_t size = 0;

	while (text[size])
		size++;
	return size;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static unsigned long number(const char *text)
{
	unsigned long value = 0;

	while (*text >= '0' && *text <= '9')
		value = 10 * value + (unsigned long)(*text++ - '0');
	return value;
}

static const char *argument(unsigned int n)
{
	const struct program *program = &channel->consoles[CONSOLE_FIRST].program;
	const char *at = (const char *)channel + program->argv_offset;

	if (n >= program->argc)
		return "";
	while (n--)
		at += length(at) + 1;
	return at;
}

static uint32_t load(uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static void futex_wait(uint32_t *word, uint32_t value)
{
	gate(SYS_futex, (long)word, FUTEX_WAIT, value, 0, 0, 0);
}

static void futex_wake(uint32_t *word)
{
	gate(SYS_futex, (long)word, FUTEX_WAKE, 1, 0, 0, 0);
}

static void send_bytes(const void *bytes, size_t size)
{
	struct iovec part = { (void *)bytes, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	gate(SYS_sendmsg, HANDLE_MONITOR, (long)&message, 0, 0, 0, 0);
}

static void leave(int wait_status)
{
	struct request request = { .op = REQ_EXIT, .status = wait_status };

	send_bytes(&request, sizeof(request));
	for (;;)
		gate(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/* Sleep until the monitor posts an event, unless ready() holds already. */
static void wait_event(int (*ready)(void))
{
	uint32_t count = load(&channel->event_count);

	if (!ready())
		futex_wait(&channel->event_count, count);
}

static struct ring *out;

static int out_ready(void)
{
	return load(&out->consumer_closed) || out->head - load(&out->tail) < RING_SIZE;
}

/* Put bytes into an output ring; NULL: whatever is there. False when nobody reads any more. */
static int put_ring(struct ring *ring, char *data, const char *from, unsigned long size)
{
	out = ring;
	while (size) {
		uint32_t at = out->head & (RING_SIZE - 1);
		uint32_t room = RING_SIZE - (out->head - load(&out->tail));

		if (load(&out->consumer_closed))
			return 0;
		if (!room) {
			store(&out->producer_waits, 1);
			wait_event(out_ready);
			store(&out->producer_waits, 0);
			continue;
		}
		if (room > RING_SIZE - at)
			room = RING_SIZE - at;
		if (room > size)
			room = (uint32_t)size;
		if (room > 65536)
			room = 65536;
		if (from) {
			memcpy(data + at, from, room);
			from += room;
		}
		size -= room;
		store(&out->head, out->head + room);
		if (load(&out->consumer_waits))
			futex_wake(&out->head);
	}
	return 1;
}

static int put(int stream, const char *from, unsigned long size)
{
	return put_ring(&channel->consoles[CONSOLE_FIRST].streams[stream],
			channel->stream_data[CONSOLE_FIRST][stream], from, size);
}

static void say(const char *text)
{
	put(STREAM_OUT, text, length(text));
}

static void say_number(long value)
{
	char text[24];
	int at = 23;
	unsigned long left = value < 0 ? -(unsigned long)value : (unsigned long)value;

	text[at] = '\0';
	do {
		text[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		text[--at] = '-';
	say(text + at);
}

static int in_ready(void)
{
	struct ring *in = &channel->consoles[CONSOLE_FIRST].streams[STREAM_IN];

	return load(&in->head) != in->tail || load(&in->producer_closed);
}

static void copy_input(void)
{
	struct ring *in = &channel->consoles[CONSOLE_FIRST].streams[STREAM_IN];

	for (;;) {
		uint32_t at = in->tail & (RING_SIZE - 1);
		uint32_t size = load(&in->head) - in->tail;

		if (!size) {
			if (load(&in->producer_closed) && load(&in->head) == in->tail)
				return;
			store(&in->consumer_waits, 1);
			futex_wake(&in->consumer_waits);
			wait_event(in_ready);
			continue;
		}
		store(&in->consumer_waits, 0);
		if (size > RING_SIZE - at)
			size = RING_SIZE - at;
		put(STREAM_OUT, channel->stream_data[CONSOLE_FIRST][STREAM_IN] + at, size);
		store(&in->tail, in->tail + size);
		if (load(&in->producer_waits))
			futex_wake(&in->tail);
	}
}

static int signal_ready(void)
{
	return __atomic_load_n(&channel->consoles[CONSOLE_FIRST].signals, __ATOMIC_SEQ_CST) != 0;
}

/* As the vDSO does it: the processor's number is in the limit of a segment. */
static uint32_t current_cpu(void)
{
	uint32_t limit;

	asm volatile("lsl %1, %0" : "=r"(limit) : "r"(0x7b));
	return limit & 0xfff;
}

/* Send a request with data; wait for the reply. */
static struct reply ask(uint32_t op, uint32_t count, uint32_t flags, const char *data, size_t size)
{
	static char bytes[sizeof(struct request) + REQUEST_DATA_MAX];
	static char control[512];
	static struct reply reply;
	struct request *request = (struct request *)bytes;
	struct iovec part = { &reply, sizeof(reply) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};

	*request = (struct request){ .op = op, .count = count, .flags = flags,
				     .data_size = (uint32_t)size };
	memcpy(request->data, data, size);
	channel->requester_cpu = current_cpu() + 1;
	send_bytes(bytes, sizeof(*request) + size);
	gate(SYS_recvmsg, HANDLE_MONITOR, (long)&message, 0, 0, 0, 0);
	return reply;
}

static void walk(const char *path)
{
	struct reply reply = ask(REQ_WALK, 0, REQUEST_OPEN_LAST, path, length(path));
	const char *at = channel->reply_area;

	for (uint32_t i = 0; i < reply.count; i++) {
		const struct node *node = (const struct node *)at;

		say(node->text);
		say(" ");
		say_number(node->error);
		say(" ");
		say_number(node->mode & 0170000);
		say(node->has_handle ? " handle\n" : "\n");
		at += node->record_size;
	}
	leave(reply.error ? 256 : 0);
}

static void walk_often(const char *path, unsigned long times)
{
	while (times--)
		ask(REQ_WALK, 0, 0, path, length(path));
	leave(0);
}

/* Turn echo off, tell the size of the window, wait for a signal. */
static void use_terminal(void)
{
	struct terminal_modes modes = channel->consoles[CONSOLE_FIRST].terminal.modes;

	modes.lflag &= ~8u;	/* ECHO */
	if (ask(REQ_TERMINAL, 0, 0, (const char *)&modes, sizeof(modes)).error)
		leave(1 << 8);
	say_number(channel->consoles[CONSOLE_FIRST].terminal.rows);
	say(" rows, ready\n");
	while (!signal_ready())
		wait_event(signal_ready);
	say_number(channel->consoles[CONSOLE_FIRST].terminal.rows);
	say(" rows\n");
	ask(REQ_STOPPED, 0, 0, "", 0);
	leave(0);
}

static void do_bad(const char *kind)
{
	struct request request = { .op = REQ_WALK };

	if (same(kind, "op")) {
		request.op = 99;
		send_bytes(&request, sizeof(request));
	} else if (same(kind, "short")) {
		send_bytes(&request, 7);
	} else if (same(kind, "size")) {
		request.data_size = 5;
		send_bytes(&request, sizeof(request));
	} else if (same(kind, "console-exit")) {
		ask(REQ_CONSOLE_EXIT, 1, 0, "", 0);
	} else if (same(kind, "console-first")) {
		ask(REQ_CONSOLE_EXIT, CONSOLE_FIRST, 0, "", 0);
	} else if (same(kind, "console-number")) {
		ask(REQ_CONSOLE_EXIT, CONSOLE_MAX, 0, "", 0);
	} else if (same(kind, "console-terminal")) {
		ask(REQ_TERMINAL, 1, 0, "", 0);
	} else if (same(kind, "console-stopped")) {
		ask(REQ_STOPPED, ~0u, 0, "", 0);
	} else if (same(kind, "stopped")) {
		ask(REQ_STOPPED, CONSOLE_FIRST, 0, "", 0);
	} else if (same(kind, "console-started")) {
		ask(REQ_STARTED, 15, 0, "", 0);
	} else if (same(kind, "dots")) {
		ask(REQ_WALK, 0, 0, "../etc", 6);
	} else if (same(kind, "ring")) {
		store(&channel->consoles[CONSOLE_FIRST].streams[STREAM_OUT].head, RING_SIZE + 5);
		futex_wake(&channel->consoles[CONSOLE_FIRST].streams[STREAM_OUT].head);
	} else if (same(kind, "call")) {
		gate(SYS_socket, 1, 1, 0, 0, 0, 0);
	} else if (same(kind, "argument")) {
		gate(SYS_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	} else if (same(kind, "gate")) {
		asm volatile("syscall" : : "a"(SYS_getpid) : "rcx", "r11", "memory");
	}
	for (;;)
		futex_wait(&channel->event_count, load(&channel->event_count));
}

void fake_main(void)
{
	const char *what = argument(0);

	if (data_word != 0x1234567890abcdef || bss_word)
		leave(99 << 8);
	if (same(what, "exit")) {
		leave((int)number(argument(1)) << 8);
	} else if (same(what, "killed")) {
		leave((int)number(argument(1)));
	} else if (same(what, "write")) {
		leave(put(STREAM_OUT, NULL, number(argument(1))) ? 0 : 1 << 8);
	} else if (same(what, "echo")) {
		say(argument(1));
		put(STREAM_ERR, "error\n", 6);
		put_ring(&channel->log, channel->log_data, "log\n", 4);
		leave(0);
	} else if (same(what, "cat")) {
		copy_input();
		leave(0);
	} else if (same(what, "signal")) {
		say("ready\n");
		while (!signal_ready())
			wait_event(signal_ready);
		leave((__builtin_ctzl(channel->consoles[CONSOLE_FIRST].signals) + 1) << 8);
	} else if (same(what, "walk")) {
		walk(argument(1));
	} else if (same(what, "walk-often")) {
		walk_often(argument(1), number(argument(2)));
	} else if (same(what, "mezzo-receive")) {
		/* For a copy into its domain, which has no terminal to give back. */
		do_bad("stopped");
	} else if (same(what, "terminal")) {
		use_terminal();
	} else if (same(what, "crash")) {
		struct request request = { .op = REQ_CRASH };

		send_bytes(&request, sizeof(request));
	} else if (same(what, "bad")) {
		do_bad(argument(1));
	} else if (same(what, "sleep")) {
		say("ready\n");
		for (;;)
			futex_wait(&channel->event_count, load(&channel->event_count));
	}
	gate(SYS_exit_group, 7, 0, 0, 0, 0, 0);
}
