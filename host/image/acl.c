/* SPDX-License-Identifier: MIT */
/* Access control lists; see acl.h. The layout is that of linux/posix_acl_xattr.h. No locks. */
#include <stdlib.h>

#include "host/image/acl.h"
#include "host/image/paths.h"

#define ACL_VERSION 2u
#define ACL_ENTRIES_MAX 1024
#define NO_ID UINT32_MAX

struct acl_entry {
	uint16_t tag, permissions;
	uint32_t id;
};

struct acl {
	uint32_t version;
	struct acl_entry entries[ACL_ENTRIES_MAX];
};

_Static_assert(sizeof(struct acl_entry) == 8, "struct acl_entry is a format of Linux");

static uint16_t linux_tag(int tag)
{
	switch (tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		return 0x01;
	case ARCHIVE_ENTRY_ACL_USER:
		return 0x02;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		return 0x04;
	case ARCHIVE_ENTRY_ACL_GROUP:
		return 0x08;
	case ARCHIVE_ENTRY_ACL_MASK:
		return 0x10;
	case ARCHIVE_ENTRY_ACL_OTHER:
		return 0x20;
	}
	return 0;
}

/* Linux wants them in the order of tags, then of ids. */
static int compare_entries(const void *left, const void *right)
{
	const struct acl_entry *a = left, *b = right;

	if (a->tag != b->tag)
		return a->tag < b->tag ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/*
 * With such a list, the group's bits of the mode are its mask; libarchive puts the owning group's
 * own there.
 */
static void take_mask(struct builder *builder, const struct acl_entry *entry)
{
	if (entry->tag == linux_tag(ARCHIVE_ENTRY_ACL_MASK))
		builder->current->mode = (builder->current->mode & ~070u) |
					 (uint32_t)entry->permissions << 3;
}

static int feed_list(struct builder *builder, struct archive_entry *entry, int type,
		     const char *name, struct acl *acl, struct error *err)
{
	int permissions, tag, id, found_type, count = archive_entry_acl_reset(entry, type);
	const char *who;
	size_t used = 0;

	if (count <= 0)
		return 0;
	acl->version = ACL_VERSION;
	while (!archive_entry_acl_next(entry, type, &found_type, &permissions, &tag, &id, &who)) {
		bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;

		if (!linux_tag(tag) || used == ACL_ENTRIES_MAX || (named && id < 0))
			return entry_error(err, 0, builder->path,
					   "its access control list makes no sense");
		acl->entries[used++] =
			(struct acl_entry){ .tag = linux_tag(tag),
					    .id = named ? (uint32_t)id : NO_ID,
					    .permissions = (uint16_t)(permissions & 7) };
	}
	for (size_t i = 0; i < used && type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS; i++)
		take_mask(builder, &acl->entries[i]);
	qsort(acl->entries, used, sizeof(acl->entries[0]), compare_entries);
	return builder_xattr(builder, name, acl,
			     sizeof(acl->version) + used * sizeof(acl->entries[0]), err);
}

int acl_feed(struct builder *builder, struct archive_entry *entry, struct error *err)
{
	struct acl acl;
	int result;

	if (!(archive_entry_acl_types(entry) & ARCHIVE_ENTRY_ACL_TYPE_POSIX1E))
		return 0;
	result = feed_list(builder, entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access",
			   &acl, err);
	if (result)
		return result;
	return feed_list(builder, entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default",
			 &acl, err);
}
