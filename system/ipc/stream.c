/* SPDX-License-Identifier: MIT */
/*
 * Streams: the domain's side of the rings of boundary/ring.h. The ring of a stream is looked at
 * only between console_enter() and console_leave(): see console.h.
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

#include <linux/futex.h>

#include "boundary/abi.h"
#include "core/channel.h"
#include "core/host.h"
#include "ipc/pipe.h"
#include "process/process.h"
#include "signal/signal.h"
#include "vfs/file.h"

static struct ring *stream_ring(const struct stream_end *stream)
{
	return &console_shared(stream->console)->streams[stream->index];
}

/* What lies at a counter's place in the ring. */
static char *stream_bytes(const struct stream_end *stream, u32 counter)
{
	return &channel()->stream_data[stream->console->index][stream->index][counter % RING_SIZE];
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

static bool input_ready(const struct stream_end *stream)
{
	const struct ring *ring = stream_ring(stream);

	return console_is_hung_up(stream->console) || ring_load(&ring->producer_closed) ||
	       ring_load(&ring->head) != ring_load(&ring->tail) ||
	       ring_load(&ring->ends) != ring_load(&ring->ends_taken);
}

/*
 * Asks the monitor to read, if nothing is there; for how much, as it is not to take from others
 * what nobody wants here. True where there is something after all.
 */
static bool input_ready_or_ask(struct stream_end *stream, u32 wanted)
{
	struct ring *ring = stream_ring(stream);

	if (input_ready(stream))
		return true;
	if (!ring_load(&ring->consumer_waits)) {
		ring_store(&ring->consumer_waits, wanted);
		monitor_wake(&ring->consumer_waits);
	}
	return input_ready(stream);
}

static ssize_t input_take(struct stream_end *stream, struct iter *to)
{
	struct ring *ring = stream_ring(stream);
	u32 tail = ring->tail, used = ring_load(&ring->head) - tail;
	ssize_t moved = 0;

	while (to->left && used) {
		u32 at = tail % RING_SIZE;
		u32 n = MIN(MIN(used, RING_SIZE - at), to->left);
		size_t copied = iter_copy_to(to, stream_bytes(stream, tail), n);

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

static ssize_t input_wait_and_take(struct stream_end *stream, const struct file *file,
				   struct iter *to)
{
	struct ring *ring = stream_ring(stream);
	u32 wanted = MIN(to->left, (size_t)RING_SIZE);

	for (;;) {
		/* Read before the counters: the last bytes come before the end. */
		bool ended = ring_load(&ring->producer_closed) ||
			     console_is_hung_up(stream->console);
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
			if (input_ready_or_ask(stream, wanted))
				continue;
			return -EAGAIN;
		}
		result = wait_event(&stream->queue, input_ready_or_ask(stream, wanted), FOREVER);
		if (result)
			return result;
	}
}

ssize_t stream_take(struct stream_end *stream, const struct file *file, struct iter *to)
{
	ssize_t result;

	if (!to->left || !console_enter(stream->console))
		return 0;
	result = input_wait_and_take(stream, file, to);
	console_leave(stream->console);
	return result;
}

void stream_drop_input(struct stream_end *stream)
{
	struct ring *ring = stream_ring(stream);

	if (!console_enter(stream->console))
		return;
	lock_acquire(&stream->lock);
	ring_store(&ring->tail, ring_load(&ring->head));
	lock_release(&stream->lock);
	if (ring_load(&ring->producer_waits))
		monitor_wake(&ring->tail);
	console_leave(stream->console);
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

	return console_is_hung_up(stream->console) || ring_load(&ring->consumer_closed) ||
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

	if (console_is_hung_up(stream->console) || ring_load(&ring->consumer_closed))
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
		size_t copied = iter_copy_from(from, stream_bytes(stream, head), n);

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

static ssize_t output_give(struct stream_end *stream, const struct file *file, struct iter *from)
{
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

ssize_t stream_give(struct stream_end *stream, const struct file *file, struct iter *from)
{
	ssize_t result;

	if (!console_enter(stream->console))
		return pipe_broken();
	result = output_give(stream, file, from);
	console_leave(stream->console);
	return result;
}

/* True where all is outside; else the monitor tells when it takes more. */
static bool output_is_out(const struct stream_end *stream)
{
	struct ring *ring = stream_ring(stream);

	if (!stream_used(ring) || ring_load(&ring->consumer_closed) ||
	    console_is_hung_up(stream->console))
		return true;
	ring_store(&ring->producer_waits, 1);
	return !stream_used(ring);
}

int stream_drain(struct stream_end *stream)
{
	int result;

	if (!console_enter(stream->console))
		return 0;
	result = wait_event(&stream->queue, output_is_out(stream), FOREVER);
	console_leave(stream->console);
	return result;
}

/* ---- Both ---- */

u32 stream_waiting(const struct stream_end *stream)
{
	u32 used;

	if (!console_enter(stream->console))
		return 0;
	used = stream_used(stream_ring(stream));
	console_leave(stream->console);
	return used;
}

static u32 input_state(struct stream_end *stream)
{
	struct ring *ring = stream_ring(stream);
	u32 state = 0;

	if (input_ready_or_ask(stream, 1) &&
	    (stream_used(ring) || ring_load(&ring->ends) != ring->ends_taken))
		state = POLLIN | POLLRDNORM;
	return ring_load(&ring->producer_closed) ? state | POLLHUP : state;
}

static u32 output_state(struct stream_end *stream)
{
	u32 state = output_ready_or_ask(stream, PIPE_ATOMIC) ? POLLOUT | POLLWRNORM : 0;

	return ring_load(&stream_ring(stream)->consumer_closed) ? state | POLLERR : state;
}

u32 stream_state(struct stream_end *stream, struct poll_request *request)
{
	bool input = stream->index == STREAM_IN;
	u32 state;

	poll_wait(request, &stream->queue);
	if (!console_enter(stream->console))
		return input ? POLLHUP : POLLOUT | POLLWRNORM | POLLERR;
	state = input ? input_state(stream) : output_state(stream);
	console_leave(stream->console);
	return state;
}

static bool console_poll(struct console_state *console, void *data)
{
	(void)data;
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		struct stream_end *stream = &console->streams[i];
		struct ring *ring = stream_ring(stream);

		if (i != STREAM_IN && output_space(ring) >= PIPE_ATOMIC)
			ring_store(&ring->producer_waits, 0);
		if (!wait_queue_idle(&stream->queue))
			wait_queue_wake_all(&stream->queue, 0);
	}
	return false;
}

void streams_poll(void)
{
	console_for_each(console_poll, NULL);
}
