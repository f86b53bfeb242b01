/* SPDX-License-Identifier: MIT */
/*
 * eventfd: a 64-bit counter that changes by compare-and-swap, without a lock. Readers and writers
 * share one wait queue and tell themselves apart by poll bits.
 */
#include "ipc/eventfd.h"

#include "core/heap.h"
#include "core/string.h"
#include "ipc/spin.h"

#define COUNT_MAX (~0ull - 1)

struct eventfd {
	u64 count;			/* atomic */
	bool semaphore;			/* constant */
	struct wait_queue queue;
	struct spin read_spin;		/* of readers for writers */
};

/* Takes from the counter; 0 where there is nothing. */
static u64 eventfd_take(struct eventfd *event)
{
	u64 count, value;

	do {
		count = READ_ONCE(event->count);
		value = event->semaphore && count ? 1 : count;
	} while (value && !atomic_cas(&event->count, count, count - value));
	return value;
}

static ssize_t eventfd_read(struct file *file, struct iter *to, u64 *offset)
{
	struct eventfd *event = file->private;
	u64 value;

	(void)offset;
	if (to->left < sizeof(value))
		return -EINVAL;
	while (!(value = eventfd_take(event))) {
		int error;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		if (spin_until(&event->read_spin, READ_ONCE(event->count)))
			continue;
		error = wait_event(&event->queue, READ_ONCE(event->count), FOREVER);
		if (error)
			return error;
	}
	if (!wait_queue_idle(&event->queue))
		wait_queue_wake(&event->queue, POLLOUT | POLLWRNORM);
	return iter_copy_to(to, &value, sizeof(value)) == sizeof(value) ? (ssize_t)sizeof(value)
									: -EFAULT;
}

static bool eventfd_add(struct eventfd *event, u64 value)
{
	u64 count;

	do {
		count = READ_ONCE(event->count);
		if (value > COUNT_MAX - count)
			return false;
	} while (!atomic_cas(&event->count, count, count + value));
	spin_note(&event->read_spin);
	return true;
}

static ssize_t eventfd_write(struct file *file, struct iter *from, u64 *offset)
{
	struct eventfd *event = file->private;
	u64 value;

	(void)offset;
	if (from->left < sizeof(value))
		return -EINVAL;
	if (iter_copy_from(from, &value, sizeof(value)) != sizeof(value))
		return -EFAULT;
	if (value == ~0ull)
		return -EINVAL;
	while (!eventfd_add(event, value)) {
		int error;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_event(&event->queue, value <= COUNT_MAX - READ_ONCE(event->count),
				   FOREVER);
		if (error)
			return error;
	}
	if (!wait_queue_idle(&event->queue))
		wait_queue_wake(&event->queue, POLLIN | POLLRDNORM);
	return sizeof(value);
}

static u32 eventfd_poll(struct file *file, struct poll_request *request)
{
	struct eventfd *event = file->private;
	u64 count;

	poll_wait(request, &event->queue);
	count = READ_ONCE(event->count);
	return (count ? POLLIN : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static void eventfd_describe(struct file *file, struct file_details *details)
{
	struct eventfd *event = file->private;
	char line[64];

	format(line, sizeof(line), "eventfd-count: %16llx\neventfd-semaphore: %d\n",
	       (unsigned long long)READ_ONCE(event->count), event->semaphore);
	details->add(details, line);
}

static void eventfd_release(struct file *file)
{
	heap_free(file->private);
}

static const struct file_operations eventfd_operations = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.describe = eventfd_describe,
	.release = eventfd_release,
};

struct file *eventfd_create(u32 initial, u32 flags)
{
	struct eventfd *event;
	struct file *file;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return ERROR_PTR(-EINVAL);
	event = heap_alloc_zero(sizeof(*event));
	if (!event)
		return ERROR_PTR(-ENOMEM);
	wait_queue_init(&event->queue);
	event->count = initial;
	event->semaphore = flags & EFD_SEMAPHORE;
	file = file_create_anonymous(&eventfd_operations, "anon_inode:[eventfd]", 0600,
				     O_RDWR | (flags & EFD_NONBLOCK), event);
	if (!file) {
		heap_free(event);
		return ERROR_PTR(-ENOMEM);
	}
	return file;
}
