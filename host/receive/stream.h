/* SPDX-License-Identifier: MIT */
/*
 * Files on their way into a domain: what `mezzo cp` sends to mezzo-receive, which makes them there,
 * and what that answers. All numbers are as the processor has them.
 *
 * The stream is a struct stream_head and the name of what is copied; then records, each a struct
 * stream_record and what its sizes say: an entry for each file, behind the directory that it is in;
 * behind the entry of a regular file that is no hard link its bytes in rising order (what lies
 * between is zero), then its end. An entry without an end was broken off by the sender, and is not
 * kept. The last record is STREAM_FINISH: a stream without it was broken off.
 *
 * Paths begin with ".", which is what is copied itself: ".", "./a", "./a/b". No other name in them
 * is "." or "..".
 */
#ifndef HOST_RECEIVE_STREAM_H
#define HOST_RECEIVE_STREAM_H

#include <stdint.h>

#define STREAM_MAGIC	"mezzo-cp"
/* One more with any change to this file: both ends must have the same. */
#define STREAM_VERSION	1u

#define STREAM_NAME_MAX		255u
#define STREAM_PATH_MAX		65536u
#define STREAM_TARGET_MAX	STREAM_PATH_MAX
#define STREAM_ATTRIBUTES_MAX	(1u << 20)

enum stream_kind {
	STREAM_OF_FILE = 1,		/* anything that is no directory */
	STREAM_OF_DIRECTORY = 2,
	STREAM_OF_CONTENT = 3,		/* what is in a directory */
	STREAM_OF_ARCHIVE = 4,		/* the same; directories may be missing in it */
};

struct stream_head {
	char magic[8];			/* STREAM_MAGIC, without NUL */
	uint32_t version;		/* STREAM_VERSION */
	uint32_t kind;			/* enum stream_kind */
	uint32_t name_size;		/* of the name that follows, without NUL */
	uint32_t reserved;
};

enum stream_type {
	STREAM_ENTRY = 1,		/* path, target and attributes follow */
	STREAM_BYTES = 2,		/* size bytes for the file follow, which go to offset */
	STREAM_END = 3,			/* the file is whole */
	STREAM_FINISH = 4,
};

struct stream_record {
	uint32_t type;			/* enum stream_type */
	/* The others are of STREAM_ENTRY, but for the last two. */
	uint32_t mode;			/* with the type, as st_mode */
	uint32_t uid, gid;
	uint32_t rdev_major, rdev_minor;
	uint32_t path_size;		/* without NUL, as is target_size */
	/* of a symbolic link's target; of a hard link's, which is a path told before */
	uint32_t target_size;
	uint32_t is_hard_link;
	uint32_t attributes_size;	/* of struct stream_attribute and what follows each */
	int64_t mtime_ns;
	uint64_t size;			/* of a regular file; STREAM_BYTES */
	uint64_t offset;		/* STREAM_BYTES */
};

/* A name without NUL and a value follow. */
struct stream_attribute {
	uint32_t name_size, value_size;
};

_Static_assert(sizeof(struct stream_head) == 24, "struct stream_head is part of the stream");
_Static_assert(sizeof(struct stream_record) == 64, "struct stream_record is part of the stream");

/*
 * The answer is lines, which begin with one of these. The last one tells how it ended; where that
 * line is missing something ended the receiver. Whoever reads them bears in mind that a domain can
 * answer anything.
 */
#define ANSWER_ERROR	'E'		/* something could not be made: PATH: why */
#define ANSWER_DONE	'D'		/* all was made */
#define ANSWER_PART	'P'		/* not all; lines before said why */
/* The stream was not read to its end: nothing more can be made, or it broke off. */
#define ANSWER_STOPPED	'S'
#define ANSWER_NOTHING	'N'		/* nothing was made, for one of these reasons */

#endif
