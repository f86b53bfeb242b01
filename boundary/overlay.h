/* SPDX-License-Identifier: MIT */
/*
 * The overlay: a domain's own changes to the file tree of its image, in one private object. The
 * layer has it mapped and writes it by plain stores, so that whatever kills the domain, the host's
 * page cache has all that its programs have written; fsync makes it durable. The host reads it to
 * tell, copy or commit the changes of a domain that does not run, and believes nothing of it.
 *
 *	| struct overlay_header, one page | log extents, pages of slots, pieces, in any order |
 *
 * Slots are the inodes that differ from the image's: one for each file that was made or changed.
 * They are written in place. Files that were made have numbers from OVERLAY_OWN_INO on; those of
 * the image keep the numbers of its index.
 * Pieces are the bytes of small files and the targets of symbolic links. Larger files have objects
 * of their own.
 * The log tells which names were made and removed, in order: what it says last of a name is true.
 * It is a chain of extents; in each, records follow one another, and the first that is not valid
 * ends the log.
 *
 * After a power failure the pages are each as they were at some time since the last sync:
 *   - A record's checksum continues that of the record before it: a valid log is one that was
 *     written whole. A name whose inode has no slot is a file that was lost before it was synced.
 *   - What was freed (a piece, a slot, an extent, an object) is used for something else only when
 *     the record or slot that freed it is durable; so what was synced is not overwritten before
 *     what replaces it is on disk.
 *   - A slot whose inode was made in the domain and has no name is free, and so is that of a file
 *     of the image with a record OVERLAY_REMOVE_LAST.
 *   - A log that ends before where it was when it was last synced (header.synced) is damaged.
 *
 * A log of which most is past is written anew elsewhere, and counts when the header names it, which
 * happens once it is durable.
 *
 * All numbers are little-endian; all offsets are bytes from the start of the object.
 * OVERLAY_VERSION goes up with each change that an older reader would misread.
 */
#ifndef BOUNDARY_OVERLAY_H
#define BOUNDARY_OVERLAY_H

#include <stdint.h>

#define OVERLAY_MAGIC		"mezzo-ov"
#define OVERLAY_VERSION		2u
#define OVERLAY_PAGE		4096u
#define OVERLAY_UNIT		128u		/* of slots and pieces: size and alignment */
#define OVERLAY_PIECE_MAX	(64u << 10)
#define OVERLAY_EXTENT		(16u << 10)	/* bytes of a log extent, aligned to a page */
#define OVERLAY_OWN_INO		(1ull << 40)
#define OVERLAY_OWN_OBJECT	(1ull << 32)	/* objects of the domain have ids from here on */
#define OVERLAY_XATTR_MAX	4096u		/* bytes of an extended attribute's value */

struct overlay_header {
	char magic[8];
	uint32_t version;
	uint32_t header_size;
	uint8_t index_hash[32];		/* as in the index that it changes */
	uint64_t seed;			/* random: in the checksums of the log and the guards */
	uint64_t log;			/* OVERLAY_LOG(); 0: nothing was changed yet */
	/* the end of this log when it was last made durable, or 0; stored after that */
	uint64_t synced;
};

/*
 * header.log: the first extent, and a number that is another one for each log (by chance, where one
 * is written anew). Both are in one word, which is stored at once and begins the checksums: so what
 * a former log, or the try of one, has left in an extent never continues this one.
 */
#define OVERLAY_LOG_BITS		40
#define OVERLAY_LOG(first, number)	((uint64_t)(number) << OVERLAY_LOG_BITS | (first))
#define OVERLAY_LOG_FIRST(log)		((log) & ((1ull << OVERLAY_LOG_BITS) - 1))
#define OVERLAY_LOG_NUMBER(log)		((log) >> OVERLAY_LOG_BITS)

/* Where the bytes of a regular file, or of a link's target, are. */
enum overlay_place {
	OVERLAY_GROUND = 0,		/* where the image has them; with size 0: nowhere */
	OVERLAY_PIECE = 1,		/* here */
	OVERLAY_OBJECT = 2,		/* an object; size and mtime are its host file's */
};

/* slot.data: the place, and what is needed to find it, in one word, which is stored at once. */
#define OVERLAY_PLACE(data)		((data) >> 62)
#define OVERLAY_PIECE_DATA(offset, capacity) \
	((uint64_t)OVERLAY_PIECE << 62 | (uint64_t)(offset) / OVERLAY_UNIT << 16 | \
	 (capacity) / OVERLAY_UNIT)
#define OVERLAY_PIECE_OFFSET(data)	(((data) << 2 >> 18) * OVERLAY_UNIT)
#define OVERLAY_PIECE_CAPACITY(data)	(((data) & 0xffffu) * OVERLAY_UNIT)
#define OVERLAY_OBJECT_DATA(id)		((uint64_t)OVERLAY_OBJECT << 62 | (id))
#define OVERLAY_OBJECT_ID(data)		((data) << 2 >> 2)

struct overlay_slot {
	uint64_t ino;			/* 0: never used; written last */
	uint32_t guard;			/* overlay_guard(): whatever else lay here is no slot */
	uint32_t flags;			/* OVERLAY_TIMES_SET */
	uint32_t mode;			/* type and permissions, as st_mode */
	uint32_t uid, gid;
	uint32_t nlink;
	uint32_t rdev_major, rdev_minor;
	uint64_t size;
	uint64_t data;			/* OVERLAY_*_DATA() */
	int64_t mtime_ns, ctime_ns;
	/*
	 * OVERLAY_OBJECT: where it is not 0, only some of the bytes are in the object, and the
	 * others are the image's. The data of a piece with a bit for each chunk of 1 << layer_shift
	 * bytes: 1: it is in the object, unless there is a hole in its host file, which a power
	 * failure has left. What is beyond layer_end, or beyond the bits, is in the object.
	 */
	uint64_t layer_bits, layer_end;
	uint32_t layer_shift;
	uint8_t reserved[36];
};

/*
 * OVERLAY_OBJECT: mtime_ns and ctime_ns were set. Without it, they are those of the last write, but
 * where the host file's mtime is later by more than OVERLAY_TIME_SLACK_NS: then that is true.
 */
#define OVERLAY_TIMES_SET	1u
#define OVERLAY_TIME_SLACK_NS	1000000000ll

enum overlay_record_kind {
	OVERLAY_RECORD_NAMES = 1,	/* struct overlay_name in a row: one change of the tree */
	OVERLAY_RECORD_SLOTS = 2,	/* struct overlay_place_of: a page of slots */
	OVERLAY_RECORD_NEXT = 3,	/* struct overlay_place_of: the log goes on there */
	OVERLAY_RECORD_XATTR = 4,	/* struct overlay_xattr */
};

/* Aligned to 8, as what follows it. */
struct overlay_record {
	uint32_t size;			/* with this head; a multiple of 8 */
	uint32_t checksum;		/* overlay_record_checksum() */
	uint32_t kind;
	uint32_t count;			/* NAMES: how many; else 1 */
};

enum overlay_name_change {
	OVERLAY_ADD = 1,
	OVERLAY_REMOVE = 2,
	OVERLAY_REMOVE_LAST = 3,	/* and nothing of inode ino is needed any more */
};

struct overlay_name {
	uint64_t parent, ino;
	uint16_t change;		/* enum overlay_name_change */
	uint16_t name_size;
	char name[];			/* does not end with NUL; filled up to a multiple of 8 */
};

struct overlay_place_of {
	uint64_t offset;
};

struct overlay_xattr {
	uint64_t ino;
	uint16_t name_size;
	uint16_t removed;
	uint32_t value_size;
	char text[];			/* name, value; filled up to a multiple of 8 */
};

_Static_assert(sizeof(struct overlay_header) == 72, "struct overlay_header is a file format");
_Static_assert(sizeof(struct overlay_slot) == OVERLAY_UNIT, "struct overlay_slot is a file format");
_Static_assert(sizeof(struct overlay_record) == 16, "struct overlay_record is a file format");
_Static_assert(sizeof(struct overlay_name) == 24, "struct overlay_name is a file format");
_Static_assert(sizeof(struct overlay_xattr) == 16, "struct overlay_xattr is a file format");

#endif
