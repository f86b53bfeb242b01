/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs: content, capacity, ends, waiting, and what is left in the heap. */
#include "files.h"

#include "core/string.h"
#include "ipc/pipe.h"
#include "vfs/inode.h"
#include "vfs/poll.h"

static char sent[2 << 20], got[2 << 20];

static void make_pipe(struct file *ends[2], u32 flags)
{
	assert_int_equal(pipe_create_files(flags, ends), 0);
}

static void put_both(struct file *ends[2])
{
	file_put(ends[0]);
	file_put(ends[1]);
}

static void bytes_come_in_order(void **state)
{
	struct file *ends[2];

	(void)state;
	make_pipe(ends, 0);
	assert_int_equal(file_write_bytes(ends[1], "hello", 5), 5);
	assert_int_equal(file_write_bytes(ends[1], "world", 5), 5);
	assert_int_equal(file_read_bytes(ends[0], got, 3), 3);
	assert_int_equal(file_read_bytes(ends[0], got + 3, 100), 7);
	assert_memory_equal(got, "helloworld", 10);
	put_both(ends);
}

static void capacity_holds_and_changes(void **state)
{
	struct file *ends[2];

	(void)state;
	make_pipe(ends, O_NONBLOCK);
	for (u32 i = 0; i < sizeof(sent); i++)
		sent[i] = i * 7 + i / 4096;
	assert_int_equal(file_read_bytes(ends[0], got, 1), -EAGAIN);
	assert_int_equal(file_write_bytes(ends[1], sent, sizeof(sent)), 65536);
	assert_int_equal(file_write_bytes(ends[1], sent, 1), -EAGAIN);
	assert_int_equal(file_poll(ends[1], NULL), 0);
	assert_int_equal(pipe_set_size(ends[0], 4096), -EBUSY);
	assert_int_equal(file_read_bytes(ends[0], got, 1000), 1000);
	assert_int_equal(pipe_set_size(ends[0], 1 << 20), 1 << 20);
	assert_int_equal(pipe_set_size(ends[0], (1 << 20) + 1), -EPERM);
	assert_int_equal(file_write_bytes(ends[1], sent + 65536, sizeof(sent) - 65536),
			 (1 << 20) - 64536);
	assert_int_equal(file_read_bytes(ends[0], got, sizeof(got)), 1 << 20);
	assert_memory_equal(got, sent + 1000, 1 << 20);
	assert_int_equal(pipe_set_size(ends[0], 1), 4096);
	put_both(ends);
}

static void small_writes_are_whole_or_not_at_all(void **state)
{
	struct file *ends[2];

	(void)state;
	make_pipe(ends, O_NONBLOCK);
	assert_int_equal(file_write_bytes(ends[1], sent, 65536 - 10), 65536 - 10);
	assert_int_equal(file_write_bytes(ends[1], sent, 11), -EAGAIN);
	assert_int_equal(file_read_bytes(ends[0], got, 4990), 4990);
	assert_int_equal(file_write_bytes(ends[1], sent, 6000), 5000);
	put_both(ends);
}

static void ends_tell_each_other(void **state)
{
	struct file *ends[2];

	(void)state;
	make_pipe(ends, 0);
	file_put(ends[0]);
	files_signals = 0;
	assert_int_equal(file_write_bytes(ends[1], "x", 1), -EPIPE);
	assert_int_equal(files_signals, 1);
	assert_int_equal(file_poll(ends[1], NULL), POLLOUT | POLLWRNORM | POLLERR);
	file_put(ends[1]);
	make_pipe(ends, 0);
	file_write_bytes(ends[1], "last", 4);
	file_put(ends[1]);
	assert_int_equal(file_poll(ends[0], NULL), POLLIN | POLLRDNORM | POLLHUP);
	assert_int_equal(file_read_bytes(ends[0], got, 10), 4);
	assert_int_equal(file_read_bytes(ends[0], got, 10), 0);
	file_put(ends[0]);
}

static void *drain(void *argument)
{
	size_t size = 0;
	ssize_t n;

	files_thread_enter();
	while ((n = file_read_bytes(argument, got + size, MIN(sizeof(got) - size, 5000u))) > 0)
		size += n;
	return (void *)size;
}

static void a_full_pipe_makes_its_writer_wait(void **state)
{
	struct file *ends[2];
	pthread_t thread;
	void *size;

	(void)state;
	make_pipe(ends, 0);
	pthread_create(&thread, NULL, drain, ends[0]);
	assert_int_equal(file_write_bytes(ends[1], sent, sizeof(sent)), sizeof(sent));
	file_put(ends[1]);
	pthread_join(thread, &size);
	assert_int_equal((size_t)size, sizeof(sent));
	assert_memory_equal(got, sent, sizeof(sent));
	file_put(ends[0]);
}

static struct file *ping[2], *pong[2];

static void *answer(void *argument)
{
	char byte;

	(void)argument;
	files_thread_enter();
	while (file_read_bytes(ping[0], &byte, 1) == 1) {
		byte++;
		file_write_bytes(pong[1], &byte, 1);
	}
	return NULL;
}

static void two_threads_answer_each_other(void **state)
{
	pthread_t thread;
	char byte = 0;

	(void)state;
	make_pipe(ping, 0);
	make_pipe(pong, 0);
	pthread_create(&thread, NULL, answer, NULL);
	for (int i = 1; i < 3000; i++) {
		assert_int_equal(file_write_bytes(ping[1], &byte, 1), 1);
		assert_int_equal(file_read_bytes(pong[0], &byte, 1), 1);
		assert_int_equal(byte, (char)i);
	}
	file_put(ping[1]);
	pthread_join(thread, NULL);
	file_put(ping[0]);
	put_both(pong);
}

static void *open_reader(void *argument)
{
	struct file *file;

	files_thread_enter();
	if (files_open_fifo(argument, O_RDONLY, &file))
		return NULL;
	return file;
}

static void fifo_openers_meet(void **state)
{
	struct inode *fifo = files_fifo_create();
	struct file *reader, *writer;
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(files_open_fifo(fifo, O_WRONLY | O_NONBLOCK, &writer), -ENXIO);
	pthread_create(&thread, NULL, open_reader, fifo);
	sleep_ms(10);
	assert_int_equal(files_open_fifo(fifo, O_WRONLY, &writer), 0);
	pthread_join(thread, &result);
	reader = result;
	assert_non_null(reader);
	assert_int_equal(file_write_bytes(writer, "fifo", 4), 4);
	assert_int_equal(file_read_bytes(reader, got, 10), 4);
	file_put(writer);
	assert_int_equal(file_poll(reader, NULL), POLLHUP);
	file_put(reader);
	assert_null(fifo->private);
	assert_int_equal(files_open_fifo(fifo, O_RDONLY | O_NONBLOCK, &reader), 0);
	assert_int_equal(file_poll(reader, NULL), 0);
	assert_int_equal(file_read_bytes(reader, got, 1), 0);
	file_put(reader);
	assert_int_equal(files_open_fifo(fifo, O_RDWR, &reader), 0);
	file_put(reader);
	inode_put(fifo);
}

/* Run last. */
static void nothing_is_left(void **state)
{
	(void)state;
	assert_int_equal(files_heap_objects(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_in_order),
		cmocka_unit_test(capacity_holds_and_changes),
		cmocka_unit_test(small_writes_are_whole_or_not_at_all),
		cmocka_unit_test(ends_tell_each_other),
		cmocka_unit_test(a_full_pipe_makes_its_writer_wait),
		cmocka_unit_test(two_threads_answer_each_other),
		cmocka_unit_test(fifo_openers_meet),
		cmocka_unit_test(nothing_is_left),
	};

	return cmocka_run_group_tests(tests, files_start, NULL);
}
