/* SPDX-License-Identifier: MIT */
/*
 * What local sockets are called: a path, whose inode leads to the socket as long as it lives
 * (inode->private); or an abstract name, which is in a table of the domain's own. unix_lock guards
 * both ways.
 */
#include "core/heap.h"
#include "core/string.h"
#include "net/unix_private.h"
#include "process/process.h"
#include "vfs/inode.h"
#include "vfs/names.h"

#define BUCKETS		64u
#define NUMBERS		0x100000u	/* of names that the layer chooses: five digits */

static struct unix_socket *buckets[BUCKETS];	/* by abstract name; unix_lock */
static u32 next_number;				/* atomic */

/* ---- Names ---- */

static struct unix_name *name_create(const void *bytes, u32 size)
{
	struct unix_name *name = heap_alloc(sizeof(*name) + size);

	if (!name)
		return NULL;
	refcount_init(&name->references, 1);
	name->size = size;
	memcpy(name->bytes, bytes, size);
	return name;
}

void unix_name_put(struct unix_name *name)
{
	if (refcount_put(&name->references))
		heap_free(name);
}

static struct walker walker_of_caller(void)
{
	struct process *process = process_current();

	return (struct walker){ .fs = process->fs, .credentials = process->credentials };
}

/* The name in an address: its bytes and how many there are. 0 or -EINVAL. */
static int address_split(const struct socket_address *address, const char **bytes, u32 *size)
{
	if (address->size <= UNIX_NAME_FAMILY || address->size > UNIX_NAME_FAMILY + UNIX_PATH_MAX ||
	    address->family != AF_UNIX)
		return -EINVAL;
	*bytes = (const char *)address->bytes + UNIX_NAME_FAMILY;
	*size = address->size - UNIX_NAME_FAMILY;
	return 0;
}

/* A path need not end with a NUL. */
static u32 path_copy(char path[UNIX_PATH_MAX + 1], const char *bytes, u32 size)
{
	memcpy(path, bytes, size);
	path[size] = '\0';
	return strlen(path) + 1;
}

/* ---- Abstract names; unix_lock is held ---- */

static struct unix_socket **bucket_of(const char *bytes, u32 size)
{
	u32 hash = 0;

	for (u32 i = 0; i < size; i++)
		hash = hash * 31 + (u8)bytes[i];
	return &buckets[(hash ^ hash >> 8) % BUCKETS];
}

/* Each type has names of its own. */
static struct unix_socket *abstract_find_locked(u32 type, const char *bytes, u32 size)
{
	struct unix_socket *self = *bucket_of(bytes, size);

	while (self && (self->socket.type != type || self->name->size != size ||
			memcmp(self->name->bytes, bytes, size)))
		self = self->name_next;
	return self;
}

static int abstract_enter_locked(struct unix_socket *self, struct unix_name *name)
{
	struct unix_socket **bucket = bucket_of(name->bytes, name->size);

	if (self->name)
		return -EINVAL;
	if (abstract_find_locked(self->socket.type, name->bytes, name->size))
		return -EADDRINUSE;
	self->name = name;
	self->name_next = *bucket;
	*bucket = self;
	return 0;
}

static void abstract_remove_locked(struct unix_socket *self)
{
	struct unix_socket **link = bucket_of(self->name->bytes, self->name->size);

	while (*link && *link != self)
		link = &(*link)->name_next;
	if (*link)
		*link = self->name_next;
}

struct inode *unix_unbind_locked(struct unix_socket *self)
{
	struct inode *inode = self->inode;

	if (inode && inode->private == self)
		inode->private = NULL;
	else if (!inode && self->name && !self->name->bytes[0])
		abstract_remove_locked(self);
	self->inode = NULL;
	return inode;
}

/* ---- Binding ---- */

static int bind_abstract(struct unix_socket *self, const char *bytes, u32 size)
{
	struct unix_name *name = name_create(bytes, size);
	int error;

	if (!name)
		return -ENOMEM;
	lock_acquire(&unix_lock);
	error = abstract_enter_locked(self, name);
	lock_release(&unix_lock);
	if (error)
		unix_name_put(name);
	return error;
}

int unix_bind_number(struct unix_socket *self)
{
	char bytes[8] = "";
	int error = 0;

	for (u32 tries = 0; tries < NUMBERS; tries++) {
		if (READ_ONCE(self->name))
			return 0;
		format(bytes + 1, sizeof(bytes) - 1, "%05x",
		       atomic_add(&next_number, 1) % NUMBERS);
		error = bind_abstract(self, bytes, 6);
		if (error != -EADDRINUSE)
			break;
	}
	if (error == -EADDRINUSE)
		return -ENOSPC;
	return error == -EINVAL ? 0 : error;
}

/* The inode is made; false where another thread was faster to bind the socket. */
static bool path_enter(struct unix_socket *self, struct unix_name *name, struct inode *inode)
{
	bool entered;

	lock_acquire(&unix_lock);
	entered = !self->name;
	if (entered) {
		self->name = name;
		self->inode = inode;
		inode->private = self;
	}
	lock_release(&unix_lock);
	return entered;
}

static int bind_path(struct unix_socket *self, const char *bytes, u32 size)
{
	struct walker walker = walker_of_caller();
	char path[UNIX_PATH_MAX + 1];
	struct unix_name *name;
	struct inode *inode;
	int error;

	size = path_copy(path, bytes, size);
	name = name_create(path, size);
	if (!name)
		return -ENOMEM;
	error = path_make_socket(&walker, path, self->socket.file->inode->mode & 07777, &inode);
	if (!error && !path_enter(self, name, inode)) {
		error = path_remove(&walker, NULL, path, false);
		inode_put(inode);
		error = error ? error : -EINVAL;
	}
	if (error)
		unix_name_put(name);
	return error == -EEXIST ? -EADDRINUSE : error;
}

int unix_bind(struct socket *socket, const struct socket_address *address)
{
	struct unix_socket *self = unix_of(socket);
	const char *bytes;
	u32 size;
	int error;

	if (address->size == UNIX_NAME_FAMILY && address->family == AF_UNIX)
		return unix_bind_number(self);
	error = address_split(address, &bytes, &size);
	if (error)
		return error;
	if (READ_ONCE(self->name))
		return -EINVAL;
	return bytes[0] ? bind_path(self, bytes, size) : bind_abstract(self, bytes, size);
}

/* ---- Finding ---- */

static int find_abstract(u32 type, const char *bytes, u32 size, struct unix_socket **out)
{
	lock_acquire(&unix_lock);
	*out = abstract_find_locked(type, bytes, size);
	if (*out)
		unix_get(*out);
	lock_release(&unix_lock);
	return *out ? 0 : -ECONNREFUSED;
}

static int inode_find(struct inode *inode, const struct credentials *credentials,
		      struct unix_socket **out)
{
	int error = inode_permission(inode, credentials, MAY_WRITE);

	if (error)
		return error;
	if ((inode->mode & S_IFMT) != S_IFSOCK)
		return -ECONNREFUSED;
	lock_acquire(&unix_lock);
	*out = inode->private;
	if (*out)
		unix_get(*out);
	lock_release(&unix_lock);
	return *out ? 0 : -ECONNREFUSED;
}

static int find_path(u32 type, const char *bytes, u32 size, struct unix_socket **out)
{
	struct walker walker = walker_of_caller();
	char name[UNIX_PATH_MAX + 1];
	struct path place;
	int error;

	path_copy(name, bytes, size);
	error = path_walk(&walker, NULL, name, WALK_FOLLOW, &place);
	if (error)
		return error;
	error = inode_find(place.dentry->inode, walker.credentials, out);
	if (!error)
		inode_touch_accessed(place.dentry->inode);
	path_put(&place);
	if (!error && (*out)->socket.type != type) {
		unix_put(*out);
		error = -EPROTOTYPE;
	}
	return error;
}

int unix_address_check(const struct socket_address *address)
{
	const char *bytes;
	u32 size;

	return address_split(address, &bytes, &size);
}

int unix_find(const struct unix_socket *asker, const struct socket_address *address,
	      struct unix_socket **out)
{
	const char *bytes;
	u32 size;
	int error = address_split(address, &bytes, &size);

	if (error)
		return error;
	return bytes[0] ? find_path(asker->socket.type, bytes, size, out)
			: find_abstract(asker->socket.type, bytes, size, out);
}

/* ---- Telling ---- */

void unix_address(struct unix_socket *self, struct socket_address *out)
{
	struct unix_name *name = load_acquire(&self->name);

	out->size = 0;
	if (!name)
		return;
	out->family = AF_UNIX;
	out->size = UNIX_NAME_FAMILY + name->size;
	memcpy(out->bytes + UNIX_NAME_FAMILY, name->bytes, name->size);
}

int unix_name(struct socket *socket, bool peer, struct socket_address *out)
{
	struct unix_socket *self = unix_of(socket);

	if (peer) {
		self = unix_peer_get(self);
		if (!self)
			return -ENOTCONN;
	}
	unix_address(self, out);
	if (!out->size) {
		out->family = AF_UNIX;
		out->size = UNIX_NAME_FAMILY;
	}
	if (peer)
		unix_put(self);
	return 0;
}
