/* SPDX-License-Identifier: MIT */
/* Consoles that come and go, with the test as the domain and as the owner of the programs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/monitor/console.h"
#include "host/monitor/futex.h"
#include "tests/unit/unit.h"

static struct channel *channel;
static int trouble_fd;
static struct consoles consoles;
static char *arguments[] = { "program", "argument", NULL };
static struct plan plan = {
	.argv = arguments, .cwd = "/somewhere", .hostname = "host", .uid = 5, .gid = 6,
};

/* What owners, which are numbers here, have heard. */
static int started, stopped, wanted, ended_count, last_status;
static bool last_complete;

static void hear_started(void *owner) { started += *(int *)owner; }
static void hear_stopped(void *owner) { stopped += *(int *)owner; }
static void hear_wanted(void *owner) { wanted += *(int *)owner; }
static void hear_ended(void *owner, int32_t status, bool complete)
{
	ended_count += *(int *)owner;
	last_status = status;
	last_complete = complete;
}

static const struct console_listener listener = {
	.started = hear_started, .stopped = hear_stopped, .wants_input = hear_wanted,
	.ended = hear_ended,
};

static int one = 1;

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	started = stopped = wanted = ended_count = last_status = 0;
	memset(plan.stream_flags, 0, sizeof(plan.stream_flags));
	channel = mmap(NULL, sizeof(*channel), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	trouble_fd = eventfd(0, 0);
	consoles_init(&consoles, channel, trouble_fd, &listener);
	return channel == MAP_FAILED || trouble_fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	consoles_release(&consoles);
	munmap(channel, sizeof(*channel));
	return close(trouble_fd);
}

/* A program whose streams are both ends of pipes; ends: ours, of input and output. */
static int start(int ends[2])
{
	int in[2], out[2], fds[STREAM_COUNT];
	struct error err;

	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	ends[0] = in[1];
	ends[1] = out[0];
	fds[STREAM_IN] = in[0];
	fds[STREAM_OUT] = out[1];
	fds[STREAM_ERR] = fcntl(out[1], F_DUPFD_CLOEXEC, 0);
	return console_start(&consoles, &plan, fds, &one, &err);
}

static void ring_put(int console, int stream, const char *text)
{
	struct ring *ring = &channel->consoles[console].streams[stream];

	memcpy(channel->stream_data[console][stream] + ring->head, text, strlen(text));
	__atomic_store_n(&ring->head, ring->head + (uint32_t)strlen(text), __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->head);
}

static void ask_for_input(int console)
{
	struct ring *ring = &channel->consoles[console].streams[STREAM_IN];

	__atomic_store_n(&ring->consumer_waits, 100, __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->consumer_waits);
}

static void exit_and_reap(int console, int status)
{
	struct pollfd done = { .events = POLLIN };
	int before = ended_count;

	console_exit(&consoles, console_of_domain(&consoles, (uint32_t)console), status);
	assert_null(console_of_domain(&consoles, (uint32_t)console));
	done.fd = consoles.done_fd;
	while (ended_count == before) {
		assert_int_equal(poll(&done, 1, 5000), 1);
		consoles_reap(&consoles);
	}
}

static void test_a_program(void **state)
{
	char text[32] = "";
	int ends[2], console = start(ends);
	const struct program *program = &channel->consoles[console].program;
	const char *base = (const char *)channel;

	(void)state;
	assert_int_equal(console, 1);
	assert_int_equal(channel->starts, 1 << 1);
	assert_int_equal(channel->events & EVENT_CONSOLES, EVENT_CONSOLES);
	assert_string_equal(base + program->path_offset, "program");
	assert_string_equal(base + program->argv_offset + 8, "argument");
	assert_string_equal(base + program->cwd_offset, "/somewhere");
	assert_int_equal(program->argc, 2);
	assert_int_equal(program->uid, 5);
	console_started(&consoles, console_of_domain(&consoles, 1));
	assert_int_equal(started, 1);
	ring_put(console, STREAM_OUT, "last words");
	exit_and_reap(console, 7 << 8);
	assert_int_equal(last_status, 7 << 8);
	assert_true(last_complete);
	assert_int_equal(read(ends[1], text, sizeof(text)), 10);
	assert_string_equal(text, "last words");
	assert_int_equal(read(ends[1], text, sizeof(text)), 0);
	assert_int_equal(write(ends[0], "x", 1), -1);
	/* Nothing of it is left for the next program. */
	assert_int_equal(channel->stream_data[console][STREAM_OUT][0], 0);
	assert_int_equal(channel->text[console][0], 0);
	close(ends[0]);
	close(ends[1]);
}

static void test_all_are_in_use(void **state)
{
	int ends[CONSOLE_MAX][2];

	(void)state;
	for (int i = 1; i < (int)CONSOLE_MAX; i++)
		assert_int_equal(start(ends[i]), i);
	assert_int_equal(start(ends[0]), -EAGAIN);
	exit_and_reap(9, 0);
	close(ends[9][0]);
	close(ends[9][1]);
	assert_int_equal(start(ends[9]), 9);
	for (int i = 0; i < (int)CONSOLE_MAX; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

static void test_numbers_of_a_domain(void **state)
{
	int ends[2];

	(void)state;
	start(ends);
	assert_non_null(console_of_domain(&consoles, 1));
	assert_null(console_of_domain(&consoles, CONSOLE_FIRST));
	assert_null(console_of_domain(&consoles, 2));
	assert_null(console_of_domain(&consoles, CONSOLE_MAX));
	assert_null(console_of_domain(&consoles, ~0u));
	close(ends[0]);
	close(ends[1]);
}

/* Neither a full pipe nor an input that never comes keeps a console whose owner has gone. */
static void test_owner_goes(void **state)
{
	int ends[2], console = start(ends);
	struct console *shared = &channel->consoles[console];
	struct pollfd done = { .events = POLLIN };

	(void)state;
	ask_for_input(console);
	__atomic_store_n(&shared->streams[STREAM_OUT].head, RING_SIZE, __ATOMIC_SEQ_CST);
	futex_wake_all(&shared->streams[STREAM_OUT].head);
	console_hang_up(&consoles, (uint32_t)console);
	assert_int_equal(shared->streams[STREAM_IN].producer_closed, 1);
	assert_int_equal(shared->streams[STREAM_OUT].consumer_closed, 1);
	assert_int_equal(shared->signals, 1ull << (SIGHUP - 1));
	assert_int_equal(channel->signalled, 1u << console);
	console_exit(&consoles, console_of_domain(&consoles, (uint32_t)console), 0);
	done.fd = consoles.done_fd;
	while (consoles.slots[console].state != CONSOLE_FREE) {
		assert_int_equal(poll(&done, 1, 5000), 1);
		consoles_reap(&consoles);
	}
	assert_int_equal(ended_count, 0);
	close(ends[0]);
	close(ends[1]);
}

/* What was the owner's is closed, and a domain that keeps the console keeps nothing else. */
static void test_owner_goes_and_the_domain_keeps_it(void **state)
{
	struct pollfd done = { .events = POLLIN };
	int before = open("/dev/null", O_RDONLY), after, ends[2], console = start(ends);
	char text[8];

	(void)state;
	ask_for_input(console);
	console_hang_up(&consoles, (uint32_t)console);
	done.fd = consoles.done_fd;
	while (consoles.slots[console].streams) {
		assert_int_equal(poll(&done, 1, 5000), 1);
		consoles_reap(&consoles);
	}
	assert_int_equal(read(ends[1], text, sizeof(text)), 0);
	assert_int_equal(write(ends[0], "x", 1), -1);
	close(ends[0]);
	close(ends[1]);
	close(consoles.done_fd);
	consoles.done_fd = -1;
	after = open("/dev/null", O_RDONLY);
	assert_int_equal(after, before + 1);
	close(after);
	close(before);
	/* It is the domain's until that gives it back. */
	assert_int_equal(consoles.slots[console].state, CONSOLE_RUNNING);
	console_stopped(&consoles, console_of_domain(&consoles, (uint32_t)console));
	console_exit(&consoles, console_of_domain(&consoles, (uint32_t)console), 0);
	assert_int_equal(consoles.slots[console].state, CONSOLE_FREE);
	assert_int_equal(ended_count, 0);
}

/* A domain that fills its ring again whenever some of it was written out. */
static void test_program_ended_and_goes_on_writing(void **state)
{
	static char bytes[4096];
	int ends[2], console = start(ends);
	struct ring *ring = &channel->consoles[console].streams[STREAM_OUT];
	struct pollfd fds[] = { { ends[1], POLLIN, 0 }, { -1, POLLIN, 0 } };
	size_t size = 0;

	(void)state;
	__atomic_store_n(&ring->head, RING_SIZE / 2, __ATOMIC_SEQ_CST);
	futex_wake_all(&ring->head);
	console_exit(&consoles, console_of_domain(&consoles, (uint32_t)console), 0);
	fds[1].fd = consoles.done_fd;
	while (consoles.slots[console].state != CONSOLE_FREE) {
		uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_SEQ_CST);

		__atomic_store_n(&ring->head, tail + RING_SIZE / 2, __ATOMIC_SEQ_CST);
		assert_true(poll(fds, 2, 5000) > 0);
		if (fds[0].revents)
			size += (size_t)read(ends[1], bytes, sizeof(bytes));
		assert_true(size <= 2 * RING_SIZE);
		consoles_reap(&consoles);
	}
	assert_int_equal(ended_count, 1);
	close(ends[0]);
	close(ends[1]);
}

static void test_end_of_the_domain(void **state)
{
	char text[8] = "";
	int ends[2], console = start(ends);

	(void)state;
	ask_for_input(console);
	ring_put(console, STREAM_OUT, "tail");
	consoles_release(&consoles);
	assert_int_equal(ended_count, 1);
	assert_int_equal(last_status, SIGKILL);
	assert_int_equal(read(ends[1], text, sizeof(text)), 4);
	consoles_init(&consoles, channel, trouble_fd, &listener);
	close(ends[0]);
	close(ends[1]);
}

static void test_broken_ring(void **state)
{
	struct pollfd trouble = { .fd = trouble_fd, .events = POLLIN };
	int ends[2], console = start(ends);

	(void)state;
	channel->consoles[console].streams[STREAM_OUT].head = RING_SIZE + 1;
	futex_wake_all(&channel->consoles[console].streams[STREAM_OUT].head);
	assert_int_equal(poll(&trouble, 1, 5000), 1);
	channel->consoles[console].streams[STREAM_OUT].head = 0;
	close(ends[0]);
	close(ends[1]);
}

static void test_full_disk(void **state)
{
	int fds[] = { -1, open("/dev/full", O_WRONLY), -1 };
	struct error err;
	int console = console_start(&consoles, &plan, fds, &one, &err);

	(void)state;
	ring_put(console, STREAM_OUT, "lost");
	exit_and_reap(console, 0);
	assert_false(last_complete);
}

static void test_socket(void **state)
{
	int ends[2], fds[STREAM_COUNT], console;
	char text[8] = "";
	struct error err;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	for (int i = 0; i < STREAM_COUNT; i++)
		fds[i] = dup(ends[1]);
	close(ends[1]);
	console = console_start(&consoles, &plan, fds, &one, &err);
	ring_put(console, STREAM_ERR, "out");
	assert_int_equal(read(ends[0], text, sizeof(text)), 3);
	ask_for_input(console);
	exit_and_reap(console, 0);
	close(ends[0]);
}

/* It is asked for, and what was typed before the answer waits. */
static void test_terminal_is_read_when_allowed(void **state)
{
	struct pollfd done = { .events = POLLIN };
	int outer, inner, fds[STREAM_COUNT] = { -1, -1, -1 }, console;
	struct ring *ring;
	struct error err;

	(void)state;
	assert_int_equal(openpty(&outer, &inner, NULL, NULL, NULL), 0);
	fds[STREAM_IN] = inner;
	plan.stream_flags[STREAM_IN] = STREAM_IS_TTY;
	console = console_start(&consoles, &plan, fds, &one, &err);
	ring = &channel->consoles[console].streams[STREAM_IN];
	assert_int_equal(write(outer, "line\n", 5), 5);
	ask_for_input(console);
	done.fd = consoles.done_fd;
	while (!wanted) {
		assert_int_equal(poll(&done, 1, 5000), 1);
		consoles_reap(&consoles);
	}
	assert_int_equal(ring->head, 0);
	console_resume(&consoles, (uint32_t)console);
	for (int i = 0; i < 5000 && !__atomic_load_n(&ring->head, __ATOMIC_SEQ_CST); i++)
		usleep(1000);
	assert_int_equal(ring->head, 5);
	console_stopped(&consoles, console_of_domain(&consoles, (uint32_t)console));
	assert_int_equal(stopped, 1);
	exit_and_reap(console, 0);
	close(outer);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_a_program), test(test_all_are_in_use), test(test_numbers_of_a_domain),
		test(test_owner_goes), test(test_owner_goes_and_the_domain_keeps_it),
		test(test_program_ended_and_goes_on_writing),
		test(test_end_of_the_domain), test(test_broken_ring),
		test(test_full_disk), test(test_socket), test(test_terminal_is_read_when_allowed),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
