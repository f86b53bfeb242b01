/* SPDX-License-Identifier: MIT */
/*
 * The index: an image's namespace in one immutable file that is mapped and used as it is, without
 * parsing. The host writes it (host/image), and both sides read it.
 *
 *	| struct index_header | inodes | entries | text |
 *
 * Inodes are numbered from 1, which is the root directory. The entries of a directory follow one
 * another, sorted by hash and then by name (as bytes), so that a name is found by a binary search
 * on hashes. Names, targets of symbolic links and extended attributes are text, and referred to by
 * offset and size; nothing in it ends with NUL.
 *
 * Objects are named by numbers local to the image, from 1 in the order of their first use; a
 * mapping of the store says which objects they are (0 is the index itself). So equal trees have
 * equal indexes, and a domain never learns ids of the store.
 *
 * Inodes are numbered level by level, in the order of the entries that name them first; entries of
 * directories lie in the order of the directories' numbers. A directory has one entry, in its
 * parent, whose number is lower than its own.
 *
 * A reader takes no number here on trust: each offset and count is checked where it is used, as the
 * file may come from elsewhere. All numbers are little-endian. INDEX_VERSION goes up with each
 * change that an older reader would misread.
 */
#ifndef BOUNDARY_INDEX_H
#define BOUNDARY_INDEX_H

#include <stdint.h>

#define INDEX_MAGIC	"mezzo-ix"
#define INDEX_VERSION	1u
#define INDEX_ROOT	1u
#define INDEX_NAME_MAX	255u
#define INDEX_TARGET_MAX 4095u

struct index_header {
	char magic[8];
	uint32_t version;
	uint32_t header_size;
	uint64_t size;			/* of the whole file */
	uint64_t inode_count;
	uint64_t inodes_offset;		/* of inode 1; multiple of 8 */
	uint64_t entry_count;
	uint64_t entries_offset;	/* multiple of 8 */
	uint64_t text_offset, text_size;
	uint64_t object_count;		/* local ids are 1 to this */
	uint8_t hash[32];		/* SHA-256 of all that follows the header */
};

struct index_inode {
	uint32_t mode;			/* type and permissions, as st_mode */
	uint32_t uid, gid;
	uint32_t nlink;
	uint32_t rdev_major, rdev_minor;
	uint64_t size;			/* bytes of a regular file, of a symbolic link's target */
	uint64_t object;		/* regular file, not empty: its local object id; else 0 */
	int64_t mtime_ns;		/* since the epoch */
	/* directory: its first entry; symbolic link: offset of the target in text */
	uint64_t first;
	uint32_t count;			/* directory: its entries */
	uint32_t parent;		/* directory: inode of its parent; the root's is itself */
	uint32_t xattrs_offset;		/* in text: struct index_xattr in a row, unaligned */
	uint32_t xattrs_size;		/* bytes of all; 0: none */
};

struct index_entry {
	uint32_t hash;			/* index_hash() of the name */
	uint32_t inode;
	uint32_t name_offset;		/* in text */
	uint16_t name_size;
	uint16_t type;			/* S_IFMT bits of the inode's mode, shifted right by 12 */
};

/* Followed by the name and the value. */
struct index_xattr {
	uint16_t name_size;
	uint16_t reserved;
	uint32_t value_size;
};

_Static_assert(sizeof(struct index_header) == 112, "struct index_header is a file format");
_Static_assert(sizeof(struct index_inode) == 72, "struct index_inode is a file format");
_Static_assert(sizeof(struct index_entry) == 16, "struct index_entry is a file format");
_Static_assert(sizeof(struct index_xattr) == 8, "struct index_xattr is a file format");

/* FNV-1a, 32 bits. */
static inline uint32_t index_hash(const char *name, uint32_t size)
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash;
}

#endif
