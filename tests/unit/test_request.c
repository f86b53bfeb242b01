/* SPDX-License-Identifier: MIT */
/*
 * Requests: good ones are answered, any other ends the domain; none blocks or crashes the monitor.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "boundary/area_use.h"
#include "host/base/time.h"
#include "host/monitor/request.h"
#include "tests/unit/tree.h"
#include "tests/unit/unit.h"

static struct service service = { .terminal.fd = -1, .input = { -1, -1 } };
static int sockets[2];			/* ours, the monitor's */
static int32_t exit_status;
static struct error err;

static int set_up(void **state)
{
	service.channel = calloc(1, sizeof(*service.channel));
	return !service.channel || tree_make(state) ||
	       lower_open_directory(&service.lower, ".", false, &err);
}

static int tear_down(void **state)
{
	lower_release(&service.lower);
	free(service.channel);
	return tree_remove(state);
}

static int connect_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets);
}

static int disconnect_pair(void **state)
{
	(void)state;
	close(sockets[1]);
	return sockets[0] >= 0 ? close(sockets[0]) : 0;
}

static void send_request(const struct request *head, const char *data, size_t size)
{
	struct request request = *head;
	char bytes[sizeof(request) + REQUEST_DATA_MAX + 100];

	request.data_size = (uint32_t)size;
	memcpy(bytes, &request, sizeof(request));
	memcpy(bytes + sizeof(request), data, size);
	assert_int_equal(send(sockets[0], bytes, sizeof(request) + size, 0),
			 sizeof(request) + size);
}

static enum request_result serve(void)
{
	return request_serve(sockets[1], &service, &exit_status, &err);
}

static struct reply receive_reply(int *handle)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct reply reply;
	struct iovec part = { &reply, sizeof(reply) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};

	assert_int_equal(recvmsg(sockets[0], &message, 0), sizeof(reply));
	*handle = -1;
	if (message.msg_controllen)
		memcpy(handle, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return reply;
}

/* The id of a process in the innermost namespace, as a domain knows it. */
static uint32_t inner_id(pid_t pid)
{
	char path[40], line[256];
	uint32_t id = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "NSpid:", 6))
			id = (uint32_t)strtoul(strrchr(line, '\t'), NULL, 10);
	fclose(file);
	return id;
}

/* The test plays the domain. Of processes in a namespace that is not its own nothing is told. */
static void test_memory_of_processes(void **state)
{
	struct request ask = { .op = REQ_PROCESS, .count = inner_id(getpid()) };
	const struct process_memory *memory = (const void *)service.channel->reply_area;
	int64_t began_ns = time_now_ns();
	struct reply reply;
	int handle;

	(void)state;
	service.processes = (struct process_finder){ 0 };
	service.processes.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	/* Found, and found again. */
	for (int i = 0; i < 2; i++) {
		memset(service.channel->reply_area, 0, sizeof(*memory));
		send_request(&ask, "", 0);
		assert_int_equal(serve(), REQUEST_NONE);
		reply = receive_reply(&handle);
		assert_int_equal(reply.error, 0);
		assert_int_equal(reply.data_size, sizeof(*memory));
		assert_true(memory->resident_kb > 100 && memory->resident_kb <= memory->peak_kb);
	}
	for (uint32_t absent = 0; absent <= 0x7fffffff; absent += 0x7fffffff) {
		ask.count = absent;
		service.processes.search_due_ns = 0;
		send_request(&ask, "", 0);
		assert_int_equal(serve(), REQUEST_NONE);
		assert_int_equal(receive_reply(&handle).error, -ESRCH);
	}
	/*
	 * Each search puts the next one off. Until that nothing is searched for; what is known is
	 * told all the same.
	 */
	assert_true(service.processes.search_due_ns > began_ns);
	service.processes.search_due_ns = INT64_MAX;
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).error, -EAGAIN);
	ask.count = inner_id(getpid());
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).error, 0);
	ask.count = 0x7fffffff;
	service.processes.search_due_ns = time_now_ns();
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).error, -ESRCH);
	/* The same process, asked for by a domain that is in another namespace. */
	strcpy(service.processes.namespace, "pid:[1]");
	service.processes.search_due_ns = 0;
	ask.count = inner_id(getpid());
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).error, -ESRCH);
	close(service.processes.pidfd);
}

/* Some mapping of the test's own that lies at address. */
static bool has_area(const struct reply *reply, uint64_t address, uint64_t least_kb)
{
	const struct area_use *uses = (const void *)service.channel->reply_area;

	for (uint32_t i = 0; i < reply->count; i++)
		if (address >= uses[i].start && address < uses[i].end)
			return uses[i].kb[FIGURE_RSS] >= least_kb;
	return false;
}

static void test_areas_of_processes(void **state)
{
	struct request ask = { .op = REQ_PROCESS_AREAS, .count = inner_id(getpid()) };
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t size = 64 << 10;
	char *touched = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	struct reply reply;
	int handle;

	(void)state;
	memset(touched, 1, size);
	service.processes = (struct process_finder){ 0 };
	service.processes.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	reply = receive_reply(&handle);
	assert_int_equal(reply.error, 0);
	assert_int_equal(reply.data_size, reply.count * sizeof(struct area_use));
	assert_int_equal(reply.offset, 0);
	assert_true(has_area(&reply, (uintptr_t)touched, size >> 10));
	/* From an address on. */
	ask.offset = (uintptr_t)touched + (1ul << 30);
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	reply = receive_reply(&handle);
	assert_int_equal(reply.error, 0);
	assert_false(has_area(&reply, (uintptr_t)touched, 0));
	/* Not remembered, and it is the turn for a search. */
	ask.count = 0x7fffffff;
	service.processes.search_due_ns = 0;
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).error, -ESRCH);
	strcpy(service.processes.namespace, "pid:[1]");
	ask.count = inner_id(getpid());
	service.processes.search_due_ns = 0;
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).error, -ESRCH);
	munmap(touched, size);
	close(service.processes.pidfd);
}

/* More mappings than the reply area has room for come by several requests, each of them once. */
static void test_areas_in_pieces(void **state)
{
	struct request ask = { .op = REQ_PROCESS_AREAS, .count = inner_id(getpid()) };
	const size_t pages = 2 * REPLY_AREA_SIZE / sizeof(struct area_use);
	char *many = mmap(NULL, pages * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct area_use *uses = (const void *)service.channel->reply_area;
	uint32_t found = 0, requests = 0;
	struct reply reply;
	int handle;

	(void)state;
	for (size_t i = 0; i < pages; i += 2)
		assert_int_equal(mprotect(many + i * 4096, 4096, PROT_NONE), 0);
	service.processes = (struct process_finder){ 0 };
	service.processes.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	do {
		send_request(&ask, "", 0);
		assert_int_equal(serve(), REQUEST_NONE);
		reply = receive_reply(&handle);
		assert_int_equal(reply.error, 0);
		for (uint32_t i = 0; i < reply.count; i++)
			found += uses[i].start >= (uintptr_t)many &&
				 uses[i].end <= (uintptr_t)many + pages * 4096;
		ask.offset = reply.offset;
		requests++;
	} while (reply.offset);
	assert_true(requests > 1);
	assert_in_range(found, pages - 1, pages);
	munmap(many, pages * 4096);
	close(service.processes.pidfd);
}

/* The test's own stdin plays the file. */
static void test_input_is_granted_and_put_back(void **state)
{
	struct request ask = { .op = REQ_INPUT }, stop = { .op = REQ_STOPPED, .offset = 5 };
	int file = open("input", O_RDWR | O_CREAT, 0600), handle;
	char text[8] = "";

	(void)state;
	assert_int_equal(write(file, "0123456789", 10), 10);
	assert_int_equal(lseek(file, 3, SEEK_SET), 3);
	assert_int_equal(dup2(file, STDIN_FILENO), STDIN_FILENO);
	input_init(&service.input, STREAM_IS_FILE);
	service.terminal.fd = file;
	/* Before it was granted a domain can't move it. */
	send_request(&stop, "", 0);
	assert_int_equal(serve(), REQUEST_STOPPED);
	receive_reply(&handle);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 3);
	send_request(&ask, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).offset, 3);
	assert_int_equal(pread(handle, text, 2, 1), 2);
	assert_string_equal(text, "12");
	assert_int_equal(write(handle, "x", 1), -1);
	close(handle);
	send_request(&stop, "", 0);
	serve();
	receive_reply(&handle);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 5);
	stop.offset = UINT64_MAX;
	send_request(&stop, "", 0);
	serve();
	receive_reply(&handle);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 5);
	/* Without a terminal there is no shell that would let the monitor go on. */
	service.terminal.fd = -1;
	send_request(&stop, "", 0);
	assert_int_equal(serve(), REQUEST_BAD);
	input_release(&service.input);
	close(file);
}

static void test_no_input_to_grant(void **state)
{
	struct request request = { .op = REQ_INPUT };
	struct reply reply;
	int handle;

	(void)state;
	input_init(&service.input, 0);
	send_request(&request, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	reply = receive_reply(&handle);
	assert_int_equal(reply.error, -EACCES);
	assert_int_equal(handle, -1);
}

static void test_walk_grants_a_handle(void **state)
{
	struct request request = { .op = REQ_WALK, .sequence = 7, .flags = REQUEST_OPEN_LAST };
	char text[16] = "";
	struct reply reply;
	int handle;

	(void)state;
	send_request(&request, "a/b/file", 8);
	assert_int_equal(serve(), REQUEST_NONE);
	reply = receive_reply(&handle);
	assert_int_equal(reply.sequence, 7);
	assert_int_equal(reply.error, 0);
	assert_int_equal(reply.count, 3);
	assert_int_equal(reply.handles, 1);
	assert_true(handle >= 0);
	assert_int_equal(read(handle, text, sizeof(text)), 7);
	assert_string_equal(text, "content");
	assert_int_equal(write(handle, "x", 1), -1);
	close(handle);
}

static void test_open_answers_each(void **state)
{
	struct request request = { .op = REQ_OPEN, .count = 3 };
	const char paths[] = "none\0a\0a/b/file";
	const int32_t *results = (const int32_t *)service.channel->reply_area;
	struct reply reply;
	int handle;

	(void)state;
	send_request(&request, paths, sizeof(paths));
	assert_int_equal(serve(), REQUEST_NONE);
	reply = receive_reply(&handle);
	assert_int_equal(reply.count, 3);
	assert_int_equal(reply.handles, 1);
	assert_int_equal(results[0], -ENOENT);
	assert_int_equal(results[1], -EISDIR);
	assert_int_equal(results[2], 0);
	close(handle);
}

/* Whatever a domain asks: it gets one file, by a name that is not its own, and only to read. */
static void test_the_program_is_granted(void **state)
{
	struct request request = { .op = REQ_PROGRAM };
	char place[512], text[8] = "";
	ssize_t size = readlink("/proc/self/exe", place, sizeof(place) - 32);
	int file, handle;

	(void)state;
	assert_true(size > 0);
	place[size] = '\0';
	strcpy(strrchr(place, '/') + 1, "mezzo-receive");
	send_request(&request, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).error, -ENOENT);
	assert_int_equal(handle, -1);
	file = open(place, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(file >= 0);
	assert_int_equal(write(file, "program", 7), 7);
	close(file);
	send_request(&request, "", 0);
	assert_int_equal(serve(), REQUEST_NONE);
	assert_int_equal(receive_reply(&handle).handles, 1);
	unlink(place);
	assert_int_equal(pread(handle, text, 7, 0), 7);
	assert_string_equal(text, "program");
	assert_int_equal(write(handle, "x", 1), -1);
	close(handle);
}

static void test_ends(void **state)
{
	(void)state;
	send_request(&(struct request){ .op = REQ_EXIT, .status = 0x300 }, "", 0);
	assert_int_equal(serve(), REQUEST_EXIT);
	assert_int_equal(exit_status, 0x300);
	send_request(&(struct request){ .op = REQ_STARTED }, "", 0);
	assert_int_equal(serve(), REQUEST_STARTED);
	send_request(&(struct request){ .op = REQ_CRASH }, "", 0);
	assert_int_equal(serve(), REQUEST_CRASH);
	send_request(&(struct request){ .op = REQ_KILLED }, "", 0);
	assert_int_equal(serve(), REQUEST_KILLED);
	assert_int_equal(serve(), REQUEST_NONE);
	close(sockets[0]);
	sockets[0] = -1;
	assert_int_equal(serve(), REQUEST_CLOSED);
}

static void test_bad_frames(void **state)
{
	char bytes[sizeof(struct request) + REQUEST_DATA_MAX + 100] = { 0 };
	struct request *request = (struct request *)bytes;

	(void)state;
	for (size_t size = 1; size < sizeof(*request); size++) {
		assert_int_equal(send(sockets[0], bytes, size, 0), size);
		assert_int_equal(serve(), REQUEST_BAD);
	}
	request->op = REQ_WALK;
	request->data_size = 0xffffffff;
	send(sockets[0], bytes, sizeof(*request), 0);
	assert_int_equal(serve(), REQUEST_BAD);
	request->data_size = sizeof(bytes) - sizeof(*request);
	send(sockets[0], bytes, sizeof(bytes), 0);
	assert_int_equal(serve(), REQUEST_BAD);
}

static void test_bad_contents(void **state)
{
	static const struct {
		struct request request;
		const char *data;
		size_t size;
	} bad[] = {
		{ { .op = 0 }, "", 0 },
		{ { .op = 99 }, "", 0 },
		{ { .op = REQ_TERMINAL }, "modes", 5 },
		{ { .op = REQ_TERMINAL, .flags = 2 }, "123456789012345678901234567890123456", 36 },
		{ { .op = 0xffffffff }, "x", 1 },
		{ { .op = REQ_WALK }, "/etc", 4 },
		{ { .op = REQ_WALK }, "..", 2 },
		{ { .op = REQ_WALK }, "a/../../outside", 15 },
		{ { .op = REQ_WALK }, "a//b", 4 },
		{ { .op = REQ_WALK }, "a\0b", 3 },
		{ { .op = REQ_WALK, .flags = 2 }, "a", 1 },
		{ { .op = REQ_WALK, .count = 1 }, "a", 1 },
		{ { .op = REQ_WALK, .count = 0xffffffff }, "a/b", 3 },
		{ { .op = REQ_LIST }, "..", 2 },
		{ { .op = REQ_LIST }, "a/.", 3 },
		{ { .op = REQ_OPEN, .count = 0 }, "a", 2 },
		{ { .op = REQ_OPEN, .count = 65 }, "a", 2 },
		{ { .op = REQ_OPEN, .count = 2 }, "a", 2 },
		{ { .op = REQ_OPEN, .count = 1 }, "a\0b", 4 },
		{ { .op = REQ_OPEN, .count = 1 }, "a", 1 },
		{ { .op = REQ_OPEN, .count = 1 }, "../outside", 11 },
		{ { .op = REQ_XATTR }, "a", 1 },
		{ { .op = REQ_PROCESS, .count = 1 }, "1", 1 },
		{ { .op = REQ_PROGRAM }, "mezzo-image", 11 },
		{ { .op = REQ_PROGRAM }, "", 1 },
		{ { .op = REQ_PROGRAM, .count = 1 }, "", 0 },
		{ { .op = REQ_PROGRAM, .flags = 1 }, "", 0 },
		{ { .op = REQ_XATTR }, "a\0", 2 },
		{ { .op = REQ_XATTR }, "..\0user.x", 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send_request(&bad[i].request, bad[i].data, bad[i].size);
		if (serve() != REQUEST_BAD)
			fail_msg("bad request %zu was served", i);
		assert_non_null(strstr(err.text, "bad request"));
	}
}

static void test_random_requests(void **state)
{
	unsigned int seed = 1;
	char bytes[256];
	int handle = open("/dev/null", O_RDONLY), after;

	(void)state;
	close(handle);
	for (int i = 0; i < 20000; i++) {
		struct request *request = (struct request *)bytes;
		size_t size = 32 + (size_t)rand_r(&seed) % 64;
		char drop[512];

		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = "\0/.ab\xff"[rand_r(&seed) % 6];
		request->op = 1 + (uint32_t)rand_r(&seed) % 6;
		request->count = (uint32_t)rand_r(&seed) % 4;
		request->flags = (uint32_t)rand_r(&seed) % 2;
		request->data_size = (uint32_t)size - 32;
		assert_int_equal(send(sockets[0], bytes, size, 0), size);
		serve();
		while (recv(sockets[0], drop, sizeof(drop), 0) > 0)
			;
	}
	/* No descriptor was left behind. */
	after = open("/dev/null", O_RDONLY);
	assert_int_equal(after, handle);
	close(after);
}

static void test_replies_not_taken(void **state)
{
	enum request_result result = REQUEST_NONE;
	int rounds = 0;

	(void)state;
	while (result == REQUEST_NONE && rounds++ < 100000) {
		send_request(&(struct request){ .op = REQ_WALK }, "a", 1);
		result = serve();
	}
	assert_int_equal(result, REQUEST_BAD);
}

static void test_handles_sent_are_dropped(void **state)
{
	struct request request = { .op = REQ_WALK };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { &request, sizeof(request) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int before = dup(0), after, handle;

	(void)state;
	close(before);
	memcpy(CMSG_DATA(&control.header), &sockets[0], sizeof(int));
	assert_int_equal(sendmsg(sockets[0], &message, 0), sizeof(request));
	assert_int_equal(serve(), REQUEST_NONE);
	after = dup(0);
	assert_int_equal(after, before);
	close(after);
	receive_reply(&handle);
}

#define test(name) cmocka_unit_test_setup_teardown(name, connect_pair, disconnect_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_memory_of_processes),
		test(test_areas_of_processes),
		test(test_areas_in_pieces),
		test(test_input_is_granted_and_put_back),
		test(test_no_input_to_grant),
		test(test_walk_grants_a_handle),
		test(test_open_answers_each),
		test(test_the_program_is_granted),
		test(test_ends),
		test(test_bad_frames),
		test(test_bad_contents),
		test(test_random_requests),
		test(test_replies_not_taken),
		test(test_handles_sent_are_dropped),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
