/* SPDX-License-Identifier: MIT */
/*
 * Streams: the domain's side of the rings of boundary/ring.h.
 *
 * stream->lock (LOCK_PIPE, long: program memory is touched under it) makes the domain one
 * producer or one consumer. Sleepers wait in stream->queue; the monitor, which sees the waits
 * flag, posts EVENT_STREAMS, and the event thread wakes the queue. The flag is set before the
 * counters are looked at again, and the monitor looks at it after moving its counter, so no
 * wake-up is lost.
 *
 * The monitor reads standard input only while consumer_waits says that somebody wants it, and
 * sleeps on that word while the ring is empty; on tail while it is not; for output it sleeps on
 * head.
 */
#include "ipc/stream.h"

#include <asm/ioctls.h>
#include <linux/futex.h>

#include "boundary/abi.h"
#include "core/channel.h"
#include "core/host.h"
#include "ipc/input_file.h"
#include "ipc/pipe.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"
#include "vfs/inode.h"

struct stream_end {
	struct lock lock;
	u32 index;			/* STREAM_IN and so on */
	struct wait_queue queue;
	u32 errors_told;	/* of the ring's errors, how many a writer has got; atomic */
};

#define STREAM_FILES (STREAM_ERR + 1)

static struct stream_end streams[STREAM_FILES];

static struct ring *stream_ring(const struct stream_end *stream)
{
	return &channel()->streams[stream->index];
}

static u32 ring_load(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void ring_store(u32 *word, u32 value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static u32 stream_used(const struct ring *ring)
{
	return ring_load(&ring->head) - ring_load(&ring->tail);
}

static void monitor_wake(u32 *word)
{
	host_call3(__NR_futex, word, FUTEX_WAKE, INT32_MAX);
}

/* ---- Input ---- */

static bool input_ready(const struct ring *ring)
{
	return ring_load(&ring->producer_closed) ||
	       ring_load(&ring->head) != ring_load(&ring->tail) ||
	       ring_load(&ring->ends) != ring_load(&ring->ends_taken);
}

/*
 * Asks the monitor to read, if nothing is there; for how much, as it is not to take from others
 * what nobody wants here. True where there is something after all.
 */
static bool input_ready_or_ask(struct ring *ring, u32 wanted)
{
	if (input_ready(ring))
		return true;
	if (!ring_load(&ring->consumer_waits)) {
		ring_store(&ring->consumer_waits, wanted);
		monitor_wake(&ring->consumer_waits);
	}
	return input_ready(ring);
}

static ssize_t input_take(struct stream_end *stream, struct iter *to)
{
	struct ring *ring = stream_ring(stream);
	u32 tail = ring->tail, used = ring_load(&ring->head) - tail;
	ssize_t moved = 0;

	while (to->left && used) {
		u32 at = tail % RING_SIZE;
		u32 n = MIN(MIN(used, RING_SIZE - at), to->left);
		size_t copied = iter_copy_to(to, &channel()->stream_data[stream->index][at], n);

		tail += copied;
		used -= copied;
		moved += copied;
		if (copied < n)
			break;
	}
	if (!moved)
		return -EFAULT;
	ring_store(&ring->consumer_waits, 0);
	ring_store(&ring->tail, tail);
	return moved;
}

/* A terminal's end of file, if one is next: it is answered once, and the monitor reads on. */
static bool input_take_end(struct ring *ring)
{
	if (ring_load(&ring->ends) == ring->ends_taken)
		return false;
	ring_store(&ring->consumer_waits, 0);
	ring_store(&ring->ends_taken, ring->ends_taken + 1);
	monitor_wake(&ring->ends_taken);
	return true;
}

ssize_t stream_take(u32 index, const struct file *file, struct iter *to)
{
	struct stream_end *stream = &streams[index];
	struct ring *ring = stream_ring(stream);
	u32 wanted = MIN(to->left, (size_t)RING_SIZE);

	if (!to->left)
		return 0;
	for (;;) {
		/* Read before the counters: the last bytes come before the end. */
		bool ended = ring_load(&ring->producer_closed);
		ssize_t result = 0;

		lock_acquire(&stream->lock);
		if (ring_load(&ring->head) != ring->tail)
			result = input_take(stream, to);
		else
			ended |= input_take_end(ring);
		lock_release(&stream->lock);

		if (result) {
			if (ring_load(&ring->producer_waits))
				monitor_wake(&ring->tail);
			return result;
		}
		if (ended)
			return 0;
		if (file->flags & O_NONBLOCK) {
			if (input_ready_or_ask(ring, wanted))
				continue;
			return -EAGAIN;
		}
		result = wait_event(&stream->queue, input_ready_or_ask(ring, wanted), FOREVER);
		if (result)
			return result;
	}
}

static ssize_t stream_read(struct file *file, struct iter *to, u64 *offset)
{
	struct stream_end *stream = file->private;

	(void)offset;
	return stream_take(stream->index, file, to);
}

void stream_drop_input(void)
{
	struct stream_end *stream = &streams[STREAM_IN];
	struct ring *ring = stream_ring(stream);

	lock_acquire(&stream->lock);
	ring_store(&ring->tail, ring_load(&ring->head));
	lock_release(&stream->lock);
	if (ring_load(&ring->producer_waits))
		monitor_wake(&ring->tail);
}

/* ---- Output ---- */

static u32 output_space(const struct ring *ring)
{
	return RING_SIZE - (ring->head - ring_load(&ring->tail));
}

/* Nobody reads, or what was written before is lost and no writer has heard of it. */
static bool output_is_troubled(const struct stream_end *stream)
{
	const struct ring *ring = stream_ring(stream);

	return ring_load(&ring->consumer_closed) ||
	       ring_load(&ring->errors) != READ_ONCE(stream->errors_told);
}

static bool output_ready(const struct stream_end *stream, u32 needed)
{
	return output_space(stream_ring(stream)) >= needed || output_is_troubled(stream);
}

/* Says that somebody waits for space; true where it need not. */
static bool output_ready_or_ask(struct stream_end *stream, u32 needed)
{
	if (output_ready(stream, needed))
		return true;
	ring_store(&stream_ring(stream)->producer_waits, 1);
	return output_ready(stream, needed);
}

/* A limit on file sizes is ours too, and whoever exceeds it is told by a signal first. */
static int output_failed(int error)
{
	signal_info info = { .si_signo = SIGXFSZ, .si_code = SI_KERNEL };

	if (error == -EFBIG &&
	    process_current()->limits[RLIMIT_FSIZE].rlim_cur != RLIM64_INFINITY)
		signal_send_thread(thread_current(), &info);
	return error;
}

/* What a writer gets who meets trouble; 0 where another was faster. */
static int output_error(struct stream_end *stream)
{
	struct ring *ring = stream_ring(stream);
	u32 errors = ring_load(&ring->errors);

	if (ring_load(&ring->consumer_closed))
		return pipe_broken();
	if (atomic_exchange(&stream->errors_told, errors) == errors)
		return 0;
	return output_failed(-(int)ring_load(&ring->error));
}

static ssize_t output_fill(struct stream_end *stream, struct iter *from)
{
	struct ring *ring = stream_ring(stream);
	u32 head = ring->head, space = output_space(ring);
	ssize_t moved = 0;

	while (from->left && space) {
		u32 at = head % RING_SIZE;
		u32 n = MIN(MIN(space, RING_SIZE - at), from->left);
		size_t copied = iter_copy_from(from, &channel()->stream_data[stream->index][at], n);

		head += copied;
		space -= copied;
		moved += copied;
		if (copied < n)
			break;
	}
	if (!moved)
		return -EFAULT;
	ring_store(&ring->head, head);
	return moved;
}

ssize_t stream_give(u32 index, const struct file *file, struct iter *from)
{
	struct stream_end *stream = &streams[index];
	struct ring *ring = stream_ring(stream);
	ssize_t moved = 0;

	while (from->left) {
		u32 needed = moved ? 1 : MIN(from->left, PIPE_ATOMIC);
		ssize_t result = 0;

		if (unlikely(output_is_troubled(stream)))
			result = moved ? moved : output_error(stream);
		if (result)
			return result;
		lock_acquire(&stream->lock);
		if (output_space(ring) >= needed)
			result = output_fill(stream, from);
		lock_release(&stream->lock);

		if (result < 0)
			return moved ? moved : result;
		moved += result;
		if (result && ring_load(&ring->consumer_waits))
			monitor_wake(&ring->head);
		if (!from->left)
			break;
		if (file->flags & O_NONBLOCK)
			return moved ? moved : -EAGAIN;
		needed = MIN(from->left, PIPE_ATOMIC);
		result = wait_event(&stream->queue, output_ready_or_ask(stream, needed), FOREVER);
		if (result)
			return moved ? moved : result;
	}
	return moved;
}

static ssize_t stream_write(struct file *file, struct iter *from, u64 *offset)
{
	struct stream_end *stream = file->private;

	(void)offset;
	return stream_give(stream->index, file, from);
}

/* True where all is outside; else the monitor tells when it takes more. */
static bool output_is_out(struct ring *ring)
{
	if (!stream_used(ring) || ring_load(&ring->consumer_closed))
		return true;
	ring_store(&ring->producer_waits, 1);
	return !stream_used(ring);
}

int stream_drain(u32 index)
{
	struct ring *ring = stream_ring(&streams[index]);

	return wait_event(&streams[index].queue, output_is_out(ring), FOREVER);
}

/* ---- Both ---- */

u32 stream_waiting(u32 index)
{
	return stream_used(stream_ring(&streams[index]));
}

u32 stream_state(u32 index, struct poll_request *request)
{
	struct stream_end *stream = &streams[index];
	struct ring *ring = stream_ring(stream);
	u32 state = 0;

	poll_wait(request, &stream->queue);
	if (stream->index == STREAM_IN) {
		if (input_ready_or_ask(ring, 1))
			state |= stream_used(ring) || ring_load(&ring->ends) != ring->ends_taken
					 ? POLLIN | POLLRDNORM
					 : 0;
		if (ring_load(&ring->producer_closed))
			state |= POLLHUP;
		return state;
	}
	if (output_ready_or_ask(stream, PIPE_ATOMIC))
		state |= POLLOUT | POLLWRNORM;
	if (ring_load(&ring->consumer_closed))
		state |= POLLERR;
	return state;
}

static u32 stream_poll(struct file *file, struct poll_request *request)
{
	struct stream_end *stream = file->private;

	return stream_state(stream->index, request);
}

static long stream_ioctl(struct file *file, u32 command, uptr argument)
{
	struct stream_end *stream = file->private;
	s32 used = stream_waiting(stream->index);

	if (command != FIONREAD)
		return -ENOTTY;
	return put_user(used, argument);
}

static const struct file_operations input_operations = {
	.read = stream_read,
	.poll = stream_poll,
	.ioctl = stream_ioctl,
};

static const struct file_operations output_operations = {
	.write = stream_write,
	.poll = stream_poll,
	.ioctl = stream_ioctl,
};

static void stream_init(u32 index)
{
	streams[index].index = index;
	lock_init(&streams[index].lock, LOCK_PIPE);
	wait_queue_init(&streams[index].queue);
}

static int stream_install(struct fd_table *table, u32 index)
{
	bool input = index == STREAM_IN;
	const struct file_operations *operations = input ? &input_operations : &output_operations;
	struct stream_end *stream = &streams[index];
	struct file *file;
	int fd;

	file = file_create_anonymous(operations, "pipe", S_IFIFO | 0600,
				     input ? O_RDONLY : O_WRONLY, stream);
	if (!file)
		return -ENOMEM;
	/* For opening it again by /dev/stdin and so on: see fifo_open(). */
	file->inode->file_operations = operations;
	file->inode->private = stream;
	file->inode->uid = config()->uid;
	file->inode->gid = config()->gid;
	fd = fd_install_at(table, file, index, STREAM_FILES, false);
	if (fd < 0)
		file_put(file);
	return fd < 0 ? fd : 0;
}

/* 1 where there is none to be had, and the ring serves instead. */
static int stream_install_file(struct fd_table *table)
{
	struct file *file = input_file_create();
	int fd;

	if (!file)
		return 1;
	fd = fd_install_at(table, file, STREAM_IN, STREAM_FILES, false);
	if (fd < 0)
		file_put(file);
	return fd < 0 ? fd : 0;
}

/* 2>&1: one file for both, and one ring, so that what is written to them keeps its order. */
static int stream_share_output(struct fd_table *table)
{
	struct file *file = fd_get(table, STREAM_OUT);
	int fd;

	if (!file)
		return -EBADF;
	fd = fd_install_at(table, file, STREAM_ERR, STREAM_FILES, false);
	if (fd < 0)
		file_put(file);
	return fd < 0 ? fd : 0;
}

static int stream_install_as(struct fd_table *table, u32 index, u32 flags)
{
	int error = 1;

	if (flags & STREAM_AS_OUT)
		return stream_share_output(table);
	if (flags & STREAM_IS_FILE)
		error = stream_install_file(table);
	return error > 0 ? stream_install(table, index) : error;
}

int streams_install(struct fd_table *table)
{
	for (u32 i = 0; i < STREAM_FILES; i++) {
		u32 flags = config()->stream_flags[i];
		int error = 0;

		if (flags & STREAM_ABSENT)
			continue;
		stream_init(i);
		if (!(flags & STREAM_IS_TTY))
			error = stream_install_as(table, i, flags);
		if (error)
			return error;
	}
	return 0;
}

void streams_poll(void)
{
	for (u32 i = 0; i < STREAM_FILES; i++) {
		struct stream_end *stream = &streams[i];
		struct ring *ring = stream_ring(stream);

		/* Absent streams were never set up. */
		if (!stream->queue.waiters.next)
			continue;
		if (i != STREAM_IN && output_space(ring) >= PIPE_ATOMIC)
			ring_store(&ring->producer_waits, 0);
		if (!wait_queue_idle(&stream->queue))
			wait_queue_wake_all(&stream->queue, 0);
	}
}
