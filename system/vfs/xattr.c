/* SPDX-License-Identifier: MIT */
/* See xattr.h. */
#include "vfs/xattr.h"

#include <linux/capability.h>
#include <linux/xattr.h>

#include "core/heap.h"
#include "core/string.h"
#include "process/credentials.h"
#include "vfs/foreign.h"
#include "vfs/keep.h"

struct xattr {
	struct xattr *next;
	u32 size;
	u32 name_size;		/* with its NUL */
	char text[];		/* name NUL value */
};

static bool has_prefix(const char *name, const char *prefix)
{
	size_t size = strlen(prefix);

	return !strncmp(name, prefix, size) && name[size];
}

/* ---- Who may do what; reading: what may not be seen is not there ---- */

static int user_check(const struct inode *inode, const struct credentials *credentials, bool write)
{
	if (!inode_is_regular(inode) && !inode_is_directory(inode))
		return write ? -EPERM : -ENODATA;
	if (write && inode_is_directory(inode) && inode->mode & S_ISVTX &&
	    credentials->fsuid != inode->uid && !credentials_capable(credentials, CAP_FOWNER))
		return -EPERM;
	return inode_permission(inode, credentials, write ? MAY_WRITE : MAY_READ);
}

static int access_check(const struct inode *inode, const struct credentials *credentials,
			const char *name, bool write)
{
	bool admin = credentials_capable(credentials, CAP_SYS_ADMIN);

	if (!inode->fs->has_xattrs)
		return -EOPNOTSUPP;
	if (has_prefix(name, XATTR_USER_PREFIX))
		return user_check(inode, credentials, write);
	if (has_prefix(name, XATTR_TRUSTED_PREFIX))
		return admin ? 0 : write ? -EPERM : -ENODATA;
	if (!strcmp(name, XATTR_NAME_CAPS))
		return !write || credentials_capable(credentials, CAP_SETFCAP) ? 0 : -EPERM;
	if (has_prefix(name, XATTR_SECURITY_PREFIX))
		return !write || admin ? 0 : -EPERM;
	return -EOPNOTSUPP;
}

/* ---- The list ---- */

/* Where the pointer to an attribute is, or the end of the list. Under inode->lock. */
static struct xattr **find_locked(struct inode *inode, const char *name)
{
	struct xattr **link = &inode->xattrs;

	while (*link && strcmp((*link)->text, name))
		link = &(*link)->next;
	return link;
}

static void unlink_locked(struct xattr **link)
{
	struct xattr *xattr = *link;

	*link = xattr->next;
	heap_free(xattr);
}

static struct xattr *xattr_create(const char *name, size_t name_size, const void *value,
				  size_t size)
{
	struct xattr *xattr = heap_alloc(sizeof(*xattr) + name_size + 1 + size);

	if (!xattr)
		return NULL;
	xattr->size = (u32)size;
	xattr->name_size = (u32)name_size + 1;
	memcpy(xattr->text, name, name_size);
	xattr->text[name_size] = '\0';
	memcpy(xattr->text + xattr->name_size, value, size);
	return xattr;
}

/* ---- Keeping changes ---- */

static int change_begin(struct inode *inode, size_t size)
{
	if (inode->fs->keeper && size > inode->fs->keeper->xattr_value_max)
		return -ENOSPC;
	return keep_begin(&inode, 1, false);
}

/* value NULL: removed. Between change_begin() and keep_end(). */
static void change_keep(struct inode *inode, const char *name, const void *value, size_t size)
{
	if (inode->fs->keeper)
		inode->fs->keeper->xattr(inode, name, value, size);
}

/* ---- The calls ---- */

ssize_t xattr_get(struct inode *inode, const struct credentials *credentials, const char *name,
		  void *value, size_t size)
{
	const struct xattr *xattr;
	ssize_t result = access_check(inode, credentials, name, false);

	if (result)
		return result;
	if (inode->fs->foreign)
		return inode->fs->foreign->xattr_get(inode, name, value, size);
	lock_acquire(&inode->lock);
	xattr = *find_locked(inode, name);
	result = xattr ? (ssize_t)xattr->size : -ENODATA;
	if (xattr && size && size < xattr->size)
		result = -ERANGE;
	else if (xattr && size)
		memcpy(value, xattr->text + xattr->name_size, xattr->size);
	lock_release(&inode->lock);
	return result;
}

int xattr_set(struct inode *inode, const struct credentials *credentials, bool read_only,
	      const char *name, const void *value, size_t size, u32 flags)
{
	int error = read_only ? -EROFS : access_check(inode, credentials, name, true);
	struct xattr *xattr, **link;

	if (error)
		return error;
	if (inode->fs->foreign)
		return inode->fs->foreign->xattr_set(inode, name, value, size, flags);
	xattr = xattr_create(name, strlen(name), value, size);
	if (!xattr)
		return -ENOMEM;
	error = change_begin(inode, size);
	if (error) {
		heap_free(xattr);
		return error;
	}
	lock_acquire(&inode->lock);
	link = find_locked(inode, name);
	if (*link && flags & XATTR_CREATE)
		error = -EEXIST;
	else if (!*link && flags & XATTR_REPLACE)
		error = -ENODATA;
	if (!error) {
		if (*link)
			unlink_locked(link);
		xattr->next = *link;
		*link = xattr;
		change_keep(inode, name, value, size);
	}
	lock_release(&inode->lock);
	keep_end(inode->fs, NULL, 0);
	if (error)
		heap_free(xattr);
	else
		inode_touch_changed(inode);
	return error;
}

int xattr_remove(struct inode *inode, const struct credentials *credentials, bool read_only,
		 const char *name)
{
	int error = read_only ? -EROFS : access_check(inode, credentials, name, true);
	struct xattr **link;

	if (!error && inode->fs->foreign)
		return inode->fs->foreign->xattr_remove(inode, name);
	if (!error)
		error = change_begin(inode, 0);
	if (error)
		return error;
	lock_acquire(&inode->lock);
	link = find_locked(inode, name);
	if (*link) {
		unlink_locked(link);
		change_keep(inode, name, NULL, 0);
	} else {
		error = -ENODATA;
	}
	lock_release(&inode->lock);
	keep_end(inode->fs, NULL, 0);
	if (!error)
		inode_touch_changed(inode);
	return error;
}

ssize_t xattr_list(struct inode *inode, const struct credentials *credentials, char *list,
		   size_t size)
{
	bool admin = credentials_capable(credentials, CAP_SYS_ADMIN);
	ssize_t used = 0;

	if (inode->fs->foreign)
		return inode->fs->foreign->xattr_list(inode, list, size);
	if (!READ_ONCE(inode->xattrs))
		return 0;
	lock_acquire(&inode->lock);
	for (const struct xattr *xattr = inode->xattrs; xattr && used >= 0; xattr = xattr->next) {
		if (!admin && has_prefix(xattr->text, XATTR_TRUSTED_PREFIX))
			continue;
		if (size && (size_t)used + xattr->name_size > size) {
			used = -ERANGE;
			break;
		}
		if (size)
			memcpy(list + used, xattr->text, xattr->name_size);
		used += xattr->name_size;
	}
	lock_release(&inode->lock);
	return used;
}

int xattr_preset(struct inode *inode, const char *name, size_t name_size, const void *value,
		 size_t size)
{
	struct xattr *xattr = xattr_create(name, name_size, value, size);

	if (!xattr)
		return -ENOMEM;
	xattr->next = inode->xattrs;
	inode->xattrs = xattr;
	return 0;
}

void xattr_unset(struct inode *inode, const char *name, size_t name_size)
{
	struct xattr **link = &inode->xattrs;

	while (*link && ((*link)->name_size != name_size + 1 ||
			 memcmp((*link)->text, name, name_size)))
		link = &(*link)->next;
	if (*link)
		unlink_locked(link);
}

void xattr_free_all(struct inode *inode)
{
	while (inode->xattrs)
		unlink_locked(&inode->xattrs);
}
