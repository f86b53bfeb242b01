/* SPDX-License-Identifier: MIT */
/* See frame.h. One thread, no heap, no locks. */
#include "tests/layer/frame.h"

#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/syscall.h>

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
    ".globl gate\n"
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
    "	call layer_main\n"
    "	ud2\n"
    ".popsection\n");

_Static_assert(sizeof(struct layer_header) == 64, "the note above says size 64");

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

size_t length(const char *text)
{
	size_t size = 0;

	while (text[size])
		size++;
	return size;
}

int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

unsigned long number(const char *text)
{
	unsigned long value = 0;

	while (*text >= '0' && *text <= '9')
		value = 10 * value + (unsigned long)(*text++ - '0');
	return value;
}

const char *argument(unsigned int n)
{
	const struct program *program = &channel->consoles[CONSOLE_FIRST].program;
	const char *at = (const char *)channel + program->argv_offset;

	if (n >= program->argc)
		return "";
	while (n--)
		at += length(at) + 1;
	return at;
}

uint32_t load(uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

void futex_wait(uint32_t *word, uint32_t value)
{
	gate(SYS_futex, (long)word, FUTEX_WAIT, value, 0, 0, 0);
}

void futex_wake(uint32_t *word)
{
	gate(SYS_futex, (long)word, FUTEX_WAKE, 1, 0, 0, 0);
}

void send_bytes(const void *bytes, size_t size)
{
	struct iovec part = { (void *)bytes, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	gate(SYS_sendmsg, HANDLE_MONITOR, (long)&message, 0, 0, 0, 0);
}

void leave(int wait_status)
{
	struct request request = { .op = REQ_EXIT, .status = wait_status };

	send_bytes(&request, sizeof(request));
	for (;;)
		gate(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

void wait_event(int (*ready)(void))
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

int put_ring(struct ring *ring, char *data, const char *from, unsigned long size)
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

int put(int stream, const char *from, unsigned long size)
{
	return put_ring(&channel->consoles[CONSOLE_FIRST].streams[stream],
			channel->stream_data[CONSOLE_FIRST][stream], from, size);
}

void say(const char *text)
{
	put(STREAM_OUT, text, length(text));
}

void say_number(long value)
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

/* As the vDSO does it: the processor's number is in the limit of a segment. */
static uint32_t current_cpu(void)
{
	uint32_t limit;

	asm volatile("lsl %1, %0" : "=r"(limit) : "r"(0x7b));
	return limit & 0xfff;
}

struct reply ask_for(struct request request, const void *data, int *handles, uint32_t max)
{
	static char bytes[sizeof(struct request) + REQUEST_DATA_MAX];
	static union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(REQUEST_OPEN_MAX * sizeof(int))];
	} control;
	static struct reply reply;
	struct iovec part = { &reply, sizeof(reply) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(bytes, &request, sizeof(request));
	memcpy(bytes + sizeof(request), data, request.data_size);
	channel->requester_cpu = current_cpu() + 1;
	send_bytes(bytes, sizeof(request) + request.data_size);
	gate(SYS_recvmsg, HANDLE_MONITOR, (long)&message, 0, 0, 0, 0);
	if (max > reply.handles)
		max = reply.handles;
	memcpy(handles, CMSG_DATA(&control.header), max * sizeof(int));
	return reply;
}

struct reply ask(uint32_t op, uint32_t count, uint32_t flags, const char *data, size_t size)
{
	struct request request = { .op = op, .count = count, .flags = flags,
				   .data_size = (uint32_t)size };

	return ask_for(request, data, NULL, 0);
}
