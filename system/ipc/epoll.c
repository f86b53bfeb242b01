/* SPDX-License-Identifier: MIT */
/*
 * epoll: items (a file watched under a number) in a hash table, and those that may be ready in a
 * list.
 *
 * A file's wake-up reaches an item while the lock of the file's wait queue is held, so all it
 * does is to push the item on a stack without a lock (epoll->incoming) and to wake whoever waits
 * for the epoll file. The stack is moved to the ready list under epoll->lock.
 *
 * Locks: epoll_tree_lock (LOCK_EPOLL_TREE) guards which items exist: the tables,
 * file->epoll_items, nesting. epoll->lock (LOCK_EPOLL) guards the ready list and each item's
 * event and link; it is held while files are asked for their state, which may take the lock of an
 * epoll file nested in this one. The lock of an epoll file's own wait queue has rank
 * LOCK_EPOLL_READY, since it is taken under that of a watched file.
 */
#include "ipc/epoll.h"

#include "core/heap.h"
#include "core/string.h"
#include "memory/usercopy.h"
#include "vfs/inode.h"
#include "vfs/poll.h"

#define NESTING_MAX	5
#define BUCKETS_FIRST	8
#define CONTROL_BITS	(EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE | EPOLLWAKEUP)
#define EXCLUSIVE_OK \
	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

struct epoll {
	struct lock lock;
	struct list ready;		/* under lock */
	/*
	 * Under lock, read without: false only where ready is empty and nobody has items of it in
	 * his hands, to put back those that stay ready.
	 */
	bool any_ready;
	struct epoll_item *incoming;	/* a stack: pushed by anyone, taken whole under lock */
	struct wait_queue queue;	/* threads in epoll_wait, polls of the epoll file */
	/* Under epoll_tree_lock. */
	struct list *buckets;
	u32 bucket_count;		/* a power of two */
	u32 item_count;
	struct file *file;
};

/* A link to one wait queue of the watched file. */
struct epoll_hook {
	struct waiter waiter;
	struct wait_queue *queue;
	struct epoll_hook *next;
};

struct epoll_item {
	struct epoll *epoll;
	struct file *file;		/* no reference: the file's end takes the item away */
	int fd;
	bool failed;			/* a hook could not be allocated */
	u32 queued;			/* 1: in incoming or in ready, or on the way there */
	struct epoll_item *incoming_next;
	struct list ready_node;		/* under epoll->lock */
	u64 data;			/* under epoll->lock */
	u32 events; /* under epoll->lock; 0 in the low bits: disabled by EPOLLONESHOT */
	struct list bucket_node;	/* epoll_tree_lock */
	struct list file_node;		/* in file->epoll_items; epoll_tree_lock */
	struct epoll_hook *hooks;
	struct epoll_hook first_hook;	/* storage for the usual case */
	struct poll_request request;
};

static struct lock epoll_tree_lock = LOCK_INIT(LOCK_EPOLL_TREE);

static const struct file_operations epoll_operations;

/* ---- The ready list ---- */

/* Returns true where the item was not queued before. */
static bool item_push(struct epoll_item *item)
{
	struct epoll *epoll = item->epoll;
	struct epoll_item *top = READ_ONCE(epoll->incoming);

	/*
	 * Whoever wakes has a full barrier between the change and this look: see
	 * item_state_locked().
	 */
	if (READ_ONCE(item->queued) || atomic_exchange(&item->queued, 1))
		return false;
	do {
		item->incoming_next = top;
	} while (!__atomic_compare_exchange_n(&epoll->incoming, &top, item, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return true;
}

/* The wake-up of a watched file; the lock of its queue is held. */
static bool item_notify(struct waiter *waiter, u32 key)
{
	struct epoll_item *item = waiter->data;
	struct epoll *epoll = item->epoll;
	u32 events = READ_ONCE(item->events) & ~CONTROL_BITS;

	if (!events || (key && !(key & events)))
		return false;
	item_push(item);
	if (wait_queue_idle(&epoll->queue))
		return false;
	wait_queue_wake(&epoll->queue, POLLIN | POLLRDNORM);
	return true;
}

/* Moves the stack to the end of the ready list, oldest first. */
static void epoll_drain_locked(struct epoll *epoll)
{
	struct epoll_item *item;
	struct list *end = epoll->ready.prev;

	if (!READ_ONCE(epoll->incoming))
		return;
	/* Before the stack is empty: see epoll_maybe_ready(). */
	WRITE_ONCE(epoll->any_ready, true);
	item = atomic_exchange(&epoll->incoming, NULL);
	while (item) {
		struct epoll_item *next = item->incoming_next;

		list_add(&item->ready_node, end);
		item = next;
	}
}

/*
 * Without the lock: false where whatever becomes ready from now on wakes the caller, who waits in
 * the queue.
 */
static bool epoll_maybe_ready(struct epoll *epoll)
{
	return __atomic_load_n(&epoll->incoming, __ATOMIC_SEQ_CST) || READ_ONCE(epoll->any_ready);
}

/* The lock, with all that is ready in the list. */
static void epoll_ready_lock(struct epoll *epoll)
{
	lock_acquire(&epoll->lock);
	epoll_drain_locked(epoll);
}

static void epoll_ready_unlock(struct epoll *epoll)
{
	WRITE_ONCE(epoll->any_ready, !list_empty(&epoll->ready));
	lock_release(&epoll->lock);
}

/*
 * Takes the next item off the ready list and asks its file. queued is cleared first: a wake-up that
 * comes while the file is asked queues the item again.
 */
static u32 item_state_locked(struct epoll_item *item)
{
	list_remove(&item->ready_node);
	__atomic_store_n(&item->queued, 0, __ATOMIC_SEQ_CST);
	return file_poll(item->file, NULL) & item->events & ~CONTROL_BITS;
}

static void item_requeue_locked(struct epoll_item *item, struct list *to)
{
	if (!atomic_exchange(&item->queued, 1))
		list_add_tail(&item->ready_node, to);
}

/* ---- Waiting ---- */

static int epoll_transfer(struct epoll *epoll, uptr to, int max)
{
	struct list again;
	int count = 0;

	list_init(&again);
	epoll_ready_lock(epoll);
	while (count < max && !list_empty(&epoll->ready)) {
		struct epoll_item *item = list_first(&epoll->ready, struct epoll_item, ready_node);
		struct epoll_event event = { .data = item->data };

		event.events = item_state_locked(item);
		if (!event.events)
			continue;
		if (copy_to_user(to + count * sizeof(event), &event, sizeof(event))) {
			item_requeue_locked(item, &again);
			count = count ? count : -EFAULT;
			break;
		}
		count++;
		if (item->events & EPOLLONESHOT)
			WRITE_ONCE(item->events, item->events & CONTROL_BITS);
		else if (!(item->events & EPOLLET))
			item_requeue_locked(item, &again);
	}
	/* Level-triggered ones go behind those that had no turn yet. */
	while (!list_empty(&again)) {
		struct list *node = again.next;

		list_remove(node);
		list_add_tail(node, &epoll->ready);
	}
	epoll_ready_unlock(epoll);
	return count;
}

int epoll_collect(struct file *file, uptr events, int max, u64 deadline_ns)
{
	struct epoll *epoll = file->private;
	struct waiter waiter = { .thread = thread_current() };
	int count = 0, parked = 0;

	if (file->operations != &epoll_operations)
		return -EINVAL;
	if (epoll_maybe_ready(epoll))
		count = epoll_transfer(epoll, events, max);
	if (count || !deadline_ns)
		return count;
	wait_queue_add(&epoll->queue, &waiter);
	for (;;) {
		u32 seen = thread_park_begin();

		if (epoll_maybe_ready(epoll))
			count = epoll_transfer(epoll, events, max);
		if (count || parked == -ETIMEDOUT)
			break;
		if (thread_interrupted()) {
			count = -EINTR;
			break;
		}
		parked = thread_park(seen, deadline_ns);
	}
	wait_queue_remove(&epoll->queue, &waiter);
	return count;
}

/* An epoll file is readable where one of its items truly is. */
static u32 epoll_poll(struct file *file, struct poll_request *request)
{
	struct epoll *epoll = file->private;
	u32 state = 0;

	poll_wait(request, &epoll->queue);
	if (!epoll_maybe_ready(epoll))
		return 0;
	epoll_ready_lock(epoll);
	while (!state && !list_empty(&epoll->ready)) {
		struct epoll_item *item = list_first(&epoll->ready, struct epoll_item, ready_node);

		if (!item_state_locked(item))
			continue;
		state = POLLIN | POLLRDNORM;
		if (!atomic_exchange(&item->queued, 1))
			list_add(&item->ready_node, &epoll->ready);
	}
	epoll_ready_unlock(epoll);
	return state;
}

/* ---- The set of items; epoll_tree_lock is held ---- */

static struct list *epoll_bucket(struct epoll *epoll, int fd)
{
	return &epoll->buckets[(u32)fd & (epoll->bucket_count - 1)];
}

static struct epoll_item *item_find(struct epoll *epoll, struct file *file, int fd)
{
	struct epoll_item *item;

	list_for_each(item, epoll_bucket(epoll, fd), bucket_node)
		if (item->fd == fd && item->file == file)
			return item;
	return NULL;
}

static struct list *buckets_create(u32 count)
{
	struct list *buckets = heap_alloc(count * sizeof(*buckets));

	for (u32 i = 0; buckets && i < count; i++)
		list_init(&buckets[i]);
	return buckets;
}

/* Doubles the table; where memory is short the chains just grow longer. */
static void epoll_grow(struct epoll *epoll)
{
	u32 old_count = epoll->bucket_count;
	struct list *old = epoll->buckets, *grown = buckets_create(old_count * 2);
	struct epoll_item *item, *next;

	if (!grown)
		return;
	epoll->buckets = grown;
	epoll->bucket_count = old_count * 2;
	for (u32 i = 0; i < old_count; i++) {
		list_for_each_safe(item, next, &old[i], bucket_node) {
			list_remove(&item->bucket_node);
			list_add_tail(&item->bucket_node, epoll_bucket(epoll, item->fd));
		}
	}
	heap_free(old);
}

static void item_link(struct poll_request *request, struct wait_queue *queue)
{
	struct epoll_item *item = container_of(request, struct epoll_item, request);
	struct epoll_hook *hook = &item->first_hook;

	if (item->hooks)
		hook = heap_alloc(sizeof(*hook));
	if (!hook) {
		item->failed = true;
		return;
	}
	hook->waiter = (struct waiter){
		.notify = item_notify,
		.data = item,
		.exclusive = item->events & EPOLLEXCLUSIVE,
	};
	hook->queue = queue;
	hook->next = item->hooks;
	item->hooks = hook;
	wait_queue_add(queue, &hook->waiter);
}

static void item_free(struct epoll_item *item)
{
	struct epoll *epoll = item->epoll;

	while (item->hooks) {
		struct epoll_hook *hook = item->hooks;

		wait_queue_remove(hook->queue, &hook->waiter);
		item->hooks = hook->next;
		if (hook != &item->first_hook)
			heap_free(hook);
	}
	epoll_ready_lock(epoll);
	list_remove(&item->ready_node);
	epoll_ready_unlock(epoll);
	list_remove(&item->bucket_node);
	epoll->item_count--;
	/* Last: the file may go as soon as nobody watches it. */
	list_remove(&item->file_node);
	heap_free(item);
}

/* Asks the file whether there is something to report already, and if so queues the item. */
static void item_start(struct epoll_item *item, struct poll_request *request)
{
	struct epoll *epoll = item->epoll;
	bool ready;

	lock_acquire(&epoll->lock);
	ready = file_poll(item->file, request) & item->events & ~CONTROL_BITS;
	lock_release(&epoll->lock);
	if (ready && item_push(item) && !wait_queue_idle(&epoll->queue))
		wait_queue_wake(&epoll->queue, POLLIN | POLLRDNORM);
}

static int item_add(struct epoll *epoll, struct file *file, int fd, const struct epoll_event *event)
{
	struct epoll_item *item = heap_alloc_zero(sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->epoll = epoll;
	item->file = file;
	item->fd = fd;
	item->events = event->events | POLL_ALWAYS;
	item->data = event->data;
	item->request = (struct poll_request){ .link = item_link, .lasting = true };
	list_init(&item->ready_node);
	if (epoll->item_count >= 2 * epoll->bucket_count)
		epoll_grow(epoll);
	epoll->item_count++;
	list_add_tail(&item->bucket_node, epoll_bucket(epoll, fd));
	list_add_tail(&item->file_node, &file->epoll_items);
	item_start(item, &item->request);
	if (!item->failed)
		return 0;
	item_free(item);
	return -ENOMEM;
}

static int item_modify(struct epoll_item *item, const struct epoll_event *event)
{
	if ((item->events | event->events) & EPOLLEXCLUSIVE)
		return -EINVAL;
	lock_acquire(&item->epoll->lock);
	WRITE_ONCE(item->events, event->events | POLL_ALWAYS);
	item->data = event->data;
	lock_release(&item->epoll->lock);
	item_start(item, NULL);
	return 0;
}

/*
 * How many epoll files deep the chain below epoll is, itself included; -ELOOP where it meets
 * avoid.
 */
static int depth_below(struct epoll *epoll, struct epoll *avoid, int limit)
{
	struct epoll_item *item;
	int deepest = 0;

	if (epoll == avoid || !limit)
		return -ELOOP;
	for (u32 i = 0; i < epoll->bucket_count; i++) {
		list_for_each(item, &epoll->buckets[i], bucket_node) {
			int depth = 0;

			if (item->file->operations == &epoll_operations)
				depth = depth_below(item->file->private, avoid, limit - 1);
			if (depth < 0)
				return depth;
			deepest = MAX(deepest, depth);
		}
	}
	return deepest + 1;
}

/* The same for those that watch it. */
static int depth_above(struct epoll *epoll)
{
	struct epoll_item *item;
	int deepest = 0;

	list_for_each(item, &epoll->file->epoll_items, file_node)
		deepest = MAX(deepest, depth_above(item->epoll));
	return deepest + 1;
}

static int nesting_check(struct epoll *outer, struct file *file)
{
	int below;

	if (file->operations != &epoll_operations)
		return 0;
	below = depth_below(file->private, outer, NESTING_MAX);
	if (below < 0)
		return below;
	return below + depth_above(outer) > NESTING_MAX ? -ELOOP : 0;
}

static int control_check(struct file *epoll, int operation, struct file *file,
			 const struct epoll_event *event)
{
	if (!file->operations->poll)
		return -EPERM;
	if (epoll->operations != &epoll_operations || file == epoll)
		return -EINVAL;
	if (!event || !(event->events & EPOLLEXCLUSIVE))
		return 0;
	if (operation == EPOLL_CTL_MOD)
		return -EINVAL;
	if (file->operations == &epoll_operations || event->events & ~EXCLUSIVE_OK)
		return -EINVAL;
	return 0;
}

int epoll_control(struct file *epoll_file, int operation, struct file *file, int fd,
		  const struct epoll_event *event)
{
	struct epoll *epoll = epoll_file->private;
	int error = control_check(epoll_file, operation, file, event);
	struct epoll_item *item;

	if (error)
		return error;
	lock_acquire(&epoll_tree_lock);
	item = item_find(epoll, file, fd);
	if (operation == EPOLL_CTL_ADD) {
		error = item ? -EEXIST : nesting_check(epoll, file);
		if (!error)
			error = item_add(epoll, file, fd, event);
	} else if (operation != EPOLL_CTL_DEL && operation != EPOLL_CTL_MOD) {
		error = -EINVAL;
	} else if (!item) {
		error = -ENOENT;
	} else if (operation == EPOLL_CTL_MOD) {
		error = item_modify(item, event);
	} else {
		item_free(item);
	}
	lock_release(&epoll_tree_lock);
	return error;
}

void epoll_forget_file(struct file *file)
{
	struct epoll_item *item, *next;

	lock_acquire(&epoll_tree_lock);
	list_for_each_safe(item, next, &file->epoll_items, file_node)
		item_free(item);
	lock_release(&epoll_tree_lock);
}

/* ---- The file ---- */

static void describe_item(const struct epoll_item *item, struct file_details *details)
{
	const struct inode *inode = item->file->inode;
	char line[160];

	format(line, sizeof(line),
	       "tfd: %8d events: %8x data: %16llx  pos:%llu ino:%llx sdev:%x\n", item->fd,
	       READ_ONCE(item->events), (unsigned long long)READ_ONCE(item->data),
	       (unsigned long long)READ_ONCE(item->file->position), (unsigned long long)inode->ino,
	       inode->fs->dev);
	details->add(details, line);
}

static void epoll_describe(struct file *file, struct file_details *details)
{
	struct epoll *epoll = file->private;
	struct epoll_item *item;

	lock_acquire(&epoll_tree_lock);
	for (u32 i = 0; i < epoll->bucket_count; i++)
		list_for_each(item, &epoll->buckets[i], bucket_node)
			describe_item(item, details);
	lock_release(&epoll_tree_lock);
}

static void epoll_release(struct file *file)
{
	struct epoll *epoll = file->private;
	struct epoll_item *item, *next;

	lock_acquire(&epoll_tree_lock);
	for (u32 i = 0; i < epoll->bucket_count; i++)
		list_for_each_safe(item, next, &epoll->buckets[i], bucket_node)
			item_free(item);
	lock_release(&epoll_tree_lock);
	heap_free(epoll->buckets);
	heap_free(epoll);
}

static const struct file_operations epoll_operations = {
	.poll = epoll_poll,
	.describe = epoll_describe,
	.release = epoll_release,
};

struct file *epoll_create(void)
{
	struct epoll *epoll = heap_alloc_zero(sizeof(*epoll));
	struct list *buckets = buckets_create(BUCKETS_FIRST);

	if (!epoll || !buckets)
		goto fail;
	lock_init(&epoll->lock, LOCK_EPOLL);
	list_init(&epoll->ready);
	wait_queue_init(&epoll->queue);
	lock_init(&epoll->queue.lock, LOCK_EPOLL_READY);
	epoll->buckets = buckets;
	epoll->bucket_count = BUCKETS_FIRST;
	epoll->file = file_create_anonymous(&epoll_operations, "anon_inode:[eventpoll]", 0600,
					    O_RDWR, epoll);
	if (epoll->file)
		return epoll->file;
fail:
	heap_free(buckets);
	heap_free(epoll);
	return ERROR_PTR(-ENOMEM);
}
