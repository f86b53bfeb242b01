/* SPDX-License-Identifier: MIT */
/*
 * inotify: watches of one file, and the events that were told and not read yet.
 *
 * Locks: notify_lock (LOCK_NOTIFY) guards the watches of all files, inotify->lock (LOCK_EVENT) the
 * queue of events. An event that says what the last one in the queue says is left out.
 */
#include "ipc/inotify.h"

#include <asm/ioctls.h>

#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "vfs/notify.h"
#include "vfs/poll.h"

#define BUCKETS_FIRST	8u
/* What a watch keeps of the mask it is asked for. */
#define MASK_KEPT	(IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)

struct event {
	struct list node;
	u32 name_size;			/* without NULs; 0: none */
	struct inotify_event head;	/* as read: its name follows, filled up with NULs */
};

struct inotify {
	/* under lock */
	struct lock lock;
	struct list events;
	u32 event_count;
	u32 byte_count;			/* what FIONREAD says */
	struct event overflow;		/* in events while something was lost */
	struct wait_queue queue;
	/* under notify_lock */
	struct list *buckets;		/* watches by number */
	u32 bucket_count;		/* a power of two */
	u32 watch_count;
	int last_number;
	u32 uid;			/* constant */
	struct list node;		/* in all_inotify */
};

struct inotify_watch {
	struct watch watch;
	struct inotify *inotify;
	struct list node;		/* in its bucket */
	int number;
};

/* All inotify files of the domain, for the limits; under notify_lock. */
static struct list all_inotify = { &all_inotify, &all_inotify };

static const struct file_operations inotify_operations;

/* ---- The queue of events ---- */

static size_t event_size(const struct event *event)
{
	return sizeof(event->head) + event->head.len;
}

static bool event_same(const struct event *a, const struct event *b)
{
	return a->head.mask == b->head.mask && a->head.wd == b->head.wd &&
	       a->name_size == b->name_size && !(a->head.mask & IN_IGNORED) &&
	       !memcmp(a->head.name, b->head.name, a->name_size);
}

static void event_append_locked(struct inotify *inotify, struct event *event)
{
	list_add_tail(&event->node, &inotify->events);
	inotify->byte_count += event_size(event);
	WRITE_ONCE(inotify->event_count, inotify->event_count + 1);
}

/* The reader is to know that something is missing; once is enough. */
static void overflow_note_locked(struct inotify *inotify)
{
	if (list_empty(&inotify->overflow.node))
		event_append_locked(inotify, &inotify->overflow);
}

static struct event *event_last_locked(struct inotify *inotify)
{
	return container_of(inotify->events.prev, struct event, node);
}

/* Takes over event; NULL: there was no memory for it. */
static void event_queue(struct inotify *inotify, struct event *event)
{
	lock_acquire(&inotify->lock);
	if (!event || inotify->event_count >= INOTIFY_EVENTS_MAX) {
		overflow_note_locked(inotify);
	} else if (list_empty(&inotify->events) ||
		   !event_same(event_last_locked(inotify), event)) {
		event_append_locked(inotify, event);
		event = NULL;
	}
	lock_release(&inotify->lock);
	heap_free(event);
	wait_queue_wake(&inotify->queue, POLLIN | POLLRDNORM);
}

static struct event *event_create(int number, const struct notification *notification)
{
	const u32 unit = sizeof(struct inotify_event);
	u32 room = notification->name ? (notification->name_size / unit + 1) * unit : 0;
	struct event *event = heap_alloc_zero(sizeof(*event) + room);

	if (!event)
		return NULL;
	event->head = (struct inotify_event){
		.wd = number, .mask = notification->mask, .cookie = notification->cookie,
		.len = room,
	};
	if (!notification->name)
		return event;
	event->name_size = notification->name_size;
	memcpy(event->head.name, notification->name, notification->name_size);
	return event;
}

static void event_free(struct inotify *inotify, struct event *event)
{
	if (event != &inotify->overflow)
		heap_free(event);
}

/* The oldest event. NULL: there is none (-EAGAIN), or it does not fit in room (-EINVAL). */
static struct event *event_take(struct inotify *inotify, size_t room, int *error)
{
	struct event *event = NULL;

	*error = -EAGAIN;
	if (!READ_ONCE(inotify->event_count))
		return NULL;
	lock_acquire(&inotify->lock);
	if (!list_empty(&inotify->events)) {
		event = list_first(&inotify->events, struct event, node);
		if (event_size(event) > room) {
			*error = -EINVAL;
			event = NULL;
		}
	}
	if (event) {
		list_remove(&event->node);
		inotify->byte_count -= event_size(event);
		WRITE_ONCE(inotify->event_count, inotify->event_count - 1);
	}
	lock_release(&inotify->lock);
	return event;
}

/* ---- Watches; notify_lock is held ---- */

static void watch_forget_locked(struct inotify_watch *watch)
{
	list_remove(&watch->node);
	watch->inotify->watch_count--;
}

static void inotify_tell(struct watch *base, const struct notification *notification)
{
	struct inotify_watch *watch = container_of(base, struct inotify_watch, watch);
	struct notification shown = *notification;

	/* Linux never said it with these. */
	if (shown.mask & (IN_MOVE_SELF | IN_DELETE_SELF))
		shown.mask &= ~IN_ISDIR;
	event_queue(watch->inotify, event_create(watch->number, &shown));
	if (shown.mask & IN_IGNORED)
		watch_forget_locked(watch);
}

static struct list *bucket_of(struct inotify *inotify, int number)
{
	return &inotify->buckets[(u32)number & (inotify->bucket_count - 1)];
}

static struct list *buckets_create(u32 count)
{
	struct list *buckets = heap_alloc(count * sizeof(*buckets));

	for (u32 i = 0; buckets && i < count; i++)
		list_init(&buckets[i]);
	return buckets;
}

/* Doubles the table; where memory is short the chains just grow longer. */
static void buckets_grow_locked(struct inotify *inotify)
{
	u32 old_count = inotify->bucket_count;
	struct list *old = inotify->buckets, *grown = buckets_create(old_count * 2);
	struct inotify_watch *watch, *next;

	if (!grown)
		return;
	inotify->buckets = grown;
	inotify->bucket_count = old_count * 2;
	for (u32 i = 0; i < old_count; i++) {
		list_for_each_safe(watch, next, &old[i], node) {
			list_remove(&watch->node);
			list_add_tail(&watch->node, bucket_of(inotify, watch->number));
		}
	}
	heap_free(old);
}

static struct inotify_watch *watch_by_number_locked(struct inotify *inotify, int number)
{
	struct inotify_watch *watch;

	list_for_each(watch, bucket_of(inotify, number), node)
		if (watch->number == number)
			return watch;
	return NULL;
}

static struct inotify_watch *watch_by_inode_locked(struct inotify *inotify, struct inode *inode)
{
	for (struct watch *watch = inode->watches; watch; watch = watch->next) {
		struct inotify_watch *one = container_of(watch, struct inotify_watch, watch);

		if (watch->tell == inotify_tell && one->inotify == inotify)
			return one;
	}
	return NULL;
}

static u32 user_watches_locked(u32 uid)
{
	struct inotify *inotify;
	u32 count = 0;

	list_for_each(inotify, &all_inotify, node)
		if (inotify->uid == uid)
			count += inotify->watch_count;
	return count;
}

static long watch_change_locked(struct inotify_watch *watch, u32 mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	watch->watch.mask = (mask & IN_MASK_ADD ? watch->watch.mask : 0) | (mask & MASK_KEPT);
	return watch->number;
}

static long watch_add_new_locked(struct inotify *inotify, struct inotify_watch *fresh,
				 struct inode *inode, u32 mask)
{
	if (!fresh)
		return -ENOMEM;
	if (user_watches_locked(inotify->uid) >= INOTIFY_WATCHES_MAX)
		return -ENOSPC;
	if (inotify->watch_count >= 2 * inotify->bucket_count)
		buckets_grow_locked(inotify);
	fresh->inotify = inotify;
	fresh->number = ++inotify->last_number;
	fresh->watch.mask = mask & MASK_KEPT;
	fresh->watch.tell = inotify_tell;
	list_add_tail(&fresh->node, bucket_of(inotify, fresh->number));
	inotify->watch_count++;
	watch_add_locked(&fresh->watch, inode);
	return fresh->number;
}

long inotify_watch(struct file *file, struct inode *inode, u32 mask)
{
	struct inotify_watch *fresh = heap_alloc_zero(sizeof(*fresh)), *known;
	struct inotify *inotify = file->private;
	long result;

	lock_acquire(&notify_lock);
	known = watch_by_inode_locked(inotify, inode);
	if (known)
		result = watch_change_locked(known, mask);
	else
		result = watch_add_new_locked(inotify, fresh, inode, mask);
	lock_release(&notify_lock);
	if (known || result < 0)
		heap_free(fresh);
	return result;
}

long inotify_unwatch(struct file *file, int number)
{
	const struct notification ignored = { .mask = IN_IGNORED };
	struct inotify *inotify = file->private;
	struct inotify_watch *watch;

	lock_acquire(&notify_lock);
	watch = watch_by_number_locked(inotify, number);
	if (watch) {
		watch_remove_locked(&watch->watch);
		inotify_tell(&watch->watch, &ignored);
	}
	lock_release(&notify_lock);
	if (!watch)
		return -EINVAL;
	watch_free(&watch->watch);
	return 0;
}

/* ---- The file ---- */

/* As many events as fit; sleeps only for the first. */
static ssize_t inotify_read(struct file *file, struct iter *to, u64 *offset)
{
	struct inotify *inotify = file->private;
	ssize_t done = 0;
	int error;

	(void)offset;
	for (;;) {
		struct event *event = event_take(inotify, to->left, &error);
		size_t size = event ? event_size(event) : 0, copied;

		if (event) {
			copied = iter_copy_to(to, &event->head, size);
			event_free(inotify, event);
			if (copied != size)
				return -EFAULT;
			done += size;
			continue;
		}
		if (done || error == -EINVAL || file->flags & O_NONBLOCK)
			return done ? done : error;
		error = wait_event(&inotify->queue, READ_ONCE(inotify->event_count), FOREVER);
		if (error)
			return error;
	}
}

static u32 inotify_poll(struct file *file, struct poll_request *request)
{
	struct inotify *inotify = file->private;

	poll_wait(request, &inotify->queue);
	return READ_ONCE(inotify->event_count) ? POLLIN | POLLRDNORM : 0;
}

static long inotify_ioctl(struct file *file, u32 command, uptr argument)
{
	struct inotify *inotify = file->private;
	s32 bytes = READ_ONCE(inotify->byte_count);

	return command == FIONREAD ? put_user(bytes, argument) : -ENOTTY;
}

static void describe_watch(const struct inotify_watch *watch, struct file_details *details)
{
	const struct inode *inode = watch->watch.inode;
	char line[96];

	format(line, sizeof(line), "inotify wd:%x ino:%llx sdev:%x mask:%x ignored_mask:0\n",
	       (u32)watch->number, (unsigned long long)inode->ino, inode->fs->dev,
	       watch->watch.mask);
	details->add(details, line);
}

static void inotify_describe(struct file *file, struct file_details *details)
{
	struct inotify *inotify = file->private;
	struct inotify_watch *watch;

	lock_acquire(&notify_lock);
	for (u32 i = 0; i < inotify->bucket_count; i++)
		list_for_each(watch, &inotify->buckets[i], node)
			describe_watch(watch, details);
	lock_release(&notify_lock);
}

/* One watch of the bucket goes without a word. False: there is none. */
static bool bucket_empty_one(struct list *bucket)
{
	struct inotify_watch *watch = NULL;

	lock_acquire(&notify_lock);
	if (!list_empty(bucket)) {
		watch = list_first(bucket, struct inotify_watch, node);
		watch_remove_locked(&watch->watch);
		watch_forget_locked(watch);
	}
	lock_release(&notify_lock);
	if (watch)
		watch_free(&watch->watch);
	return watch;
}

static void inotify_release(struct file *file)
{
	struct inotify *inotify = file->private;
	struct event *event, *next;

	for (u32 i = 0; i < inotify->bucket_count; i++)
		while (bucket_empty_one(&inotify->buckets[i]))
			;
	lock_acquire(&notify_lock);
	list_remove(&inotify->node);
	lock_release(&notify_lock);
	list_for_each_safe(event, next, &inotify->events, node)
		event_free(inotify, event);
	heap_free(inotify->buckets);
	heap_free(inotify);
}

static const struct file_operations inotify_operations = {
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.describe = inotify_describe,
};

bool inotify_is(const struct file *file)
{
	return file->operations == &inotify_operations;
}

/* Counts it among its user's. False: they have too many. */
static bool inotify_enlist(struct inotify *inotify)
{
	struct inotify *other;
	u32 count = 0;

	lock_acquire(&notify_lock);
	list_for_each(other, &all_inotify, node)
		count += other->uid == inotify->uid;
	if (count < INOTIFY_FILES_MAX)
		list_add_tail(&inotify->node, &all_inotify);
	lock_release(&notify_lock);
	return count < INOTIFY_FILES_MAX;
}

static struct inotify *inotify_alloc(u32 uid)
{
	struct inotify *inotify = heap_alloc_zero(sizeof(*inotify));

	if (!inotify)
		return NULL;
	inotify->buckets = buckets_create(BUCKETS_FIRST);
	if (!inotify->buckets) {
		heap_free(inotify);
		return NULL;
	}
	lock_init(&inotify->lock, LOCK_EVENT);
	list_init(&inotify->events);
	list_init(&inotify->overflow.node);
	wait_queue_init(&inotify->queue);
	inotify->overflow.head = (struct inotify_event){ .wd = -1, .mask = IN_Q_OVERFLOW };
	inotify->bucket_count = BUCKETS_FIRST;
	inotify->uid = uid;
	return inotify;
}

struct file *inotify_create(u32 uid, u32 flags)
{
	struct inotify *inotify = inotify_alloc(uid);
	struct file *file;

	if (!inotify)
		return ERROR_PTR(-ENOMEM);
	if (!inotify_enlist(inotify)) {
		heap_free(inotify->buckets);
		heap_free(inotify);
		return ERROR_PTR(-EMFILE);
	}
	file = file_create_anonymous(&inotify_operations, "anon_inode:inotify", 0600,
				     O_RDONLY | (flags & O_NONBLOCK), inotify);
	if (file)
		return file;
	lock_acquire(&notify_lock);
	list_remove(&inotify->node);
	lock_release(&notify_lock);
	heap_free(inotify->buckets);
	heap_free(inotify);
	return ERROR_PTR(-ENOMEM);
}
