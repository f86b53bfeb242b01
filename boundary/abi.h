/* SPDX-License-Identifier: MIT */
/*
 * The boundary between a domain and the host, whole, on one page.
 *
 * A domain reaches the host in three ways and no other:
 *   1. host calls: Linux system calls made from the layer's gate, allowed by the seccomp filter in
 *      host/launch/filter.c and explained one by one in docs/boundary.md;
 *   2. requests: messages to the monitor on a seqpacket socket, struct request and struct reply
 *      below;
 *   3. the channel: memory shared with the monitor: start parameters, streams, events.
 *
 * Everything the host reads here may be hostile: it is copied once, checked, then used.
 *
 * Version rule: add one to BOUNDARY_VERSION with any change to this file, ring.h, or layout.h that
 * a monitor or a layer of the former version would misunderstand. The launcher refuses a layer
 * whose note says another version.
 */
#ifndef BOUNDARY_ABI_H
#define BOUNDARY_ABI_H

#include <stddef.h>
#include <stdint.h>

#include "boundary/layout.h"
#include "boundary/ring.h"

#define BOUNDARY_VERSION 17

/* ---- Handles: host file descriptors that every domain has from its start ---- */

enum {
	/* SOCK_SEQPACKET to the monitor: requests out, replies in */
	HANDLE_MONITOR = 0,
	HANDLE_HEAP = 1,		/* the heap's memfd */
	HANDLE_CHANNEL = 2,		/* the channel's memfd */
	/* the overlay, where the domain has one; else closed */
	HANDLE_OVERLAY = 3,
	HANDLE_FIRST_FREE = 4,
};

/*
 * The host signal that interrupts a thread of a domain ("kick"). SIGRTMAX: no default use anywhere.
 */
#define KICK_SIGNAL 64

/* ---- Requests ---- */

enum request_op {
	REQ_WALK = 1,		/* data: path. Attributes of each component, see struct node */
	REQ_LIST = 2,		/* data: path of a directory; offset: cookie, 0 at first */
	/* data: count paths, each ending in NUL; one handle for each that opens */
	REQ_OPEN = 3,
	/*
	 * the domain has ended; status: as wait status (WIFEXITED and so on); offset: where its
	 * programs are in a REQ_INPUT
	 */
	REQ_EXIT = 4,
	REQ_CRASH = 5,		/* the system layer failed; its report is in the log ring already */
	REQ_XATTR = 6,		/* data: path NUL name. Reply area: value */
	/* data: struct terminal_modes, for the outer terminal of console count; no wait */
	REQ_TERMINAL = 7,
	/*
	 * the program of console count has stopped: who started it is to stop too. For the first
	 * one that is the monitor, which answers before; offset as for REQ_EXIT
	 */
	REQ_STOPPED = 8,
	/* stdin, a regular file: a node, a handle; reply: offset to begin at */
	REQ_INPUT = 9,
	/* the host ended a process of the domain, which can't go on; the log says which */
	REQ_KILLED = 10,
	/* data: count local ids of objects, uint64_t; one handle for each that opens */
	REQ_OBJECTS = 11,
	/* the program of console count is loaded and about to run; no answer */
	REQ_STARTED = 12,
	/*
	 * count new objects that are the domain's own, and empty. Reply area: their ids, uint64_t;
	 * a handle to read and write for each
	 */
	REQ_OBJECT_CREATE = 13,
	/* data: count ids of the domain's own objects, which it will not use again */
	REQ_OBJECT_DELETE = 14,
	/* reply area: the ids of the domain's own objects from offset on; reply: as REQ_LIST */
	REQ_OBJECT_LIST = 15,
	/* all bytes of the domain's own objects are to be durable */
	REQ_OBJECT_SYNC = 16,
	/*
	 * offset: bytes that the overlay shall have; reply: bytes that it has. Or, with count: so
	 * many pages from offset on, where the domain has made a hole, get their disk back
	 */
	REQ_OVERLAY_GROW = 17,
	/*
	 * the program of console count, which is not the first, has ended, with this wait status;
	 * the domain uses the console no more
	 */
	REQ_CONSOLE_EXIT = 18,
	/*
	 * the domain's own objects will take so many bytes more (offset); reply: offset is how many
	 * they may, which is as many at least, or 0 if asked for 0. -EDQUOT: the domain's limit;
	 * -ENOSPC: the disk's. data: uint64_t, how many of those bytes are on the disk by now, or
	 * will not be, and were not told yet; counted in any case
	 */
	REQ_DISK_TAKE = 19,
	/* reply area: struct disk */
	REQ_DISK_TELL = 20,
	/* the file that programs with PROGRAM_GRANTED are made of; reply: a handle to read */
	REQ_PROGRAM = 21,
	REQ_VOLUME = 22,	/* data: struct volume_request; may give one handle */
	/* data: count numbers of nodes, uint32_t, which the domain will not use again; no answer */
	REQ_VOLUME_FORGET = 23,
	/* data: struct object_space; errors as REQ_DISK_TAKE, and those of fallocate(2) */
	REQ_OBJECT_ALLOCATE = 24,
	/*
	 * count: a host process, by its id in the domain. Reply: struct process_memory; -EAGAIN
	 * where the monitor has searched enough for now
	 */
	REQ_PROCESS = 25,
	/*
	 * count: as above; offset: an address. Reply area: reply.count of struct area_use, what
	 * the host has mapped from there on for programs; reply: offset is where those begin that
	 * had no room, or 0
	 */
	REQ_PROCESS_AREAS = 26,
};

#define REQUEST_DATA_MAX 8192u
#define REQUEST_OPEN_MAX 64u

/*
 * The ground of a domain's file tree is either a directory of the host, the lower tree, of which
 * the monitor tells by requests with paths; or an image, whose index is mapped at INDEX_BASE
 * (boundary/index.h) and whose objects the monitor grants by the index's local ids.
 *
 * Paths are relative to the lower root, without a leading '/', without "." or ".." or empty
 * components; the empty path is the root itself. The monitor resolves them beneath its root and
 * never follows a symbolic link: names are the layer's business.
 */
struct request {
	uint32_t op;
	uint32_t sequence;		/* comes back in the reply */
	/*
	 * REQ_WALK: components to skip in the answer; REQ_OPEN: paths; REQ_TERMINAL, REQ_STOPPED,
	 * REQ_CONSOLE_EXIT: the console's number; REQ_OVERLAY_GROW: pages; REQ_PROCESS,
	 * REQ_PROCESS_AREAS: the id
	 */
	uint32_t count;
	uint32_t flags;			/* REQUEST_* */
	uint64_t offset;
	int32_t status;
	uint32_t data_size;		/* bytes of data that follow */
	char data[];
};

/*
 * An object of the domain's own that equals others and was made one with them: the handle is to
 * read only, and a change is one of a copy.
 */
#define OBJECT_SHARED 1

/* Disk that an object of the domain's own takes before there are bytes: as fallocate(2). */
struct object_space {
	uint64_t id, offset, size;
	uint32_t mode;			/* 0 or FALLOC_FL_KEEP_SIZE */
	uint32_t reserved;
};

_Static_assert(sizeof(struct object_space) == 32, "struct object_space is part of the boundary");

/* What the host counts for a process: pages by kind, its tables, and the most it had. */
struct process_memory {
	uint64_t peak_kb, resident_kb, anonymous_kb, file_kb, shared_kb, swapped_kb, page_table_kb;
	uint64_t reserved;
};

_Static_assert(sizeof(struct process_memory) == 64,
	       "struct process_memory is part of the boundary");

/*
 * REQ_DISK_TAKE, REQ_OBJECT_CREATE, REQ_OBJECT_ALLOCATE, REQ_OVERLAY_GROW: since its last request
 * the domain has made holes or objects shorter. Without it the monitor measures only now and then.
 */
#define REQUEST_DISK_FREED 1u

/* REQ_WALK: grant a handle too where the last is a regular file */
#define REQUEST_OPEN_LAST 1u

struct reply {
	uint32_t sequence;
	int32_t error;			/* 0 or -errno */
	uint32_t count;			/* nodes or results in the reply area */
	uint32_t handles;		/* how many handles travel with this message (SCM_RIGHTS) */
	uint32_t data_size;		/* bytes used in the reply area */
	uint32_t reserved;
	/* REQ_LIST: the next cookie, 0 when the directory is done; REQ_INPUT */
	uint64_t offset;
};

_Static_assert(sizeof(struct request) == 32, "struct request is part of the boundary");
_Static_assert(sizeof(struct reply) == 32, "struct reply is part of the boundary");

/*
 * A file of the lower tree as it was when the monitor looked. In the reply area nodes follow one
 * another, each record_size bytes long (a multiple of 8).
 * REQ_WALK answers one node for each component that exists, in order, and stops after the first
 * that is missing (error in the last node), is a symbolic link (target included), or is not a
 * directory.
 * REQ_LIST answers one node for each entry ("." and ".." left out).
 * REQ_INPUT answers one, whose name is the file's path in the tree, or empty where it lies outside
 * of it.
 * REQ_OPEN and REQ_OBJECTS answer an array of int32_t: -errno for each path or id, or 0; for an
 * object of the domain's own also OBJECT_SHARED. Handles come in the order of those that are not
 * below zero.
 */
struct node {
	uint32_t record_size;
	int32_t error;			/* 0, or -ENOENT and so on: then only name means anything */
	uint32_t mode;			/* type and permissions, as st_mode */
	uint32_t nlink;
	uint32_t uid;			/* as the domain shall see them */
	uint32_t gid;
	uint32_t rdev_major;
	uint32_t rdev_minor;
	uint64_t dev;			/* identity on the host: equal pairs are one file */
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;
	int64_t atime_ns;		/* since the epoch */
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint16_t name_size;		/* without the NUL that ends it */
	uint16_t target_size;		/* of a symbolic link's target, without its NUL; else 0 */
	uint32_t has_handle;		/* a handle to this file travels with the reply */
	char text[];			/* name NUL target NUL */
};

_Static_assert(sizeof(struct node) == 96, "struct node is part of the boundary");

/* The disk that a domain's changes are kept on, as far as it is the domain's; in bytes. */
struct disk {
	uint64_t total, left;
};

/* ---- Volumes ---- */

/*
 * A volume is a directory of the host that the domain shares: what is changed there is changed for
 * all at once. The monitor keeps a *node* for each file of it that the domain holds: the file
 * itself, whatever its name is by now. Nodes are numbers. Those below config.volume_count are the
 * volumes' roots, which stay; VOLUME_LOOKUP and VOLUME_MAKE give others, each time a new one, and
 * REQ_VOLUME_FORGET takes them back.
 *
 * Nothing is done to a node that does not lie beneath its volume's root any more (-ESTALE). Of
 * a volume that is read-only nothing is changed and no handle to write is given (-EROFS). A name is
 * one component, at most NAME_MAX bytes, not "." or ".."; names are never followed.
 */
enum volume_what {
	/*
	 * the name in directory node. Reply area: struct node of the directory and of the file;
	 * reply: offset is the number of the file's node
	 */
	VOLUME_LOOKUP = 1,
	VOLUME_LOOK = 2,		/* reply area: struct node */
	/*
	 * size: a cookie, 0 at first; mode: bytes wanted. Reply area: records as getdents64(2) has
	 * them
	 */
	VOLUME_LIST = 3,
	VOLUME_OPEN = 4,		/* flags: O_ACCMODE and O_APPEND; a handle */
	/*
	 * A new file of the name, owned by uid and gid where the monitor may give files away; mode
	 * as for mknod(2). value: the target of a symbolic link. Regular files are opened, too,
	 * with flags as above. Answers as VOLUME_LOOKUP
	 */
	VOLUME_MAKE = 5,
	VOLUME_LINK = 6,		/* the name in directory node becomes one of file other */
	VOLUME_REMOVE = 7,		/* flags: AT_REMOVEDIR */
	/* to the name in value, in directory other; flags: RENAME_NOREPLACE, RENAME_EXCHANGE */
	VOLUME_RENAME = 8,
	VOLUME_CHANGE = 9,		/* flags: enum volume_change */
	VOLUME_XATTR_GET = 10,		/* the name is the attribute's. Reply area: value */
	VOLUME_XATTR_LIST = 11,		/* reply area: names, each with its NUL */
	VOLUME_XATTR_SET = 12,		/* flags: XATTR_CREATE, XATTR_REPLACE */
	VOLUME_XATTR_REMOVE = 13,
	VOLUME_SYNC = 14,		/* the directory's names are durable; a root: all is */
	VOLUME_STATFS = 15,		/* reply area: struct volume_space */
	/* as VOLUME_MAKE a regular file that has no name; flags: O_EXCL too, it never gets one */
	VOLUME_MAKE_NAMELESS = 16,
	/* as fallocate(2) of size bytes from offset on; mode: any */
	VOLUME_ALLOCATE = 17,
};

enum volume_change {
	VOLUME_CHANGE_MODE = 1u,
	VOLUME_CHANGE_UID = 2u,
	VOLUME_CHANGE_GID = 4u,
	VOLUME_CHANGE_ATIME = 8u,
	VOLUME_CHANGE_MTIME = 16u,
	VOLUME_CHANGE_TO_NOW = 32u,	/* those times are the host's present */
	VOLUME_CHANGE_SIZE = 64u,
};

struct volume_request {
	uint32_t what;			/* enum volume_what */
	uint32_t node;
	uint32_t other;			/* the other node, where there are two */
	uint32_t flags;
	uint32_t mode, uid, gid;
	uint32_t name_size;		/* without its NUL */
	uint32_t value_size;
	uint32_t reserved;
	uint64_t size, offset;
	int64_t atime_ns, mtime_ns;
	char text[];			/* name NUL value NUL */
};

_Static_assert(sizeof(struct volume_request) == 72, "part of the boundary");

#define VOLUME_VALUE_MAX (REQUEST_DATA_MAX - 72u - 258u)

struct volume_space {
	uint64_t type, block_size, blocks, blocks_free, blocks_available, files, files_free;
};

#define VOLUME_MAX 16u
#define VOLUME_READ_ONLY 1u

struct volume_place {
	uint32_t flags;			/* VOLUME_READ_ONLY */
	uint32_t path_offset;		/* where it is mounted; as the offsets of struct program */
};

/* ---- Outer terminals ---- */

/* As Linux's struct termios (TCGETS). */
struct terminal_modes {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[19];
};

_Static_assert(sizeof(struct terminal_modes) == 36,
	       "struct terminal_modes is part of the boundary");

#define TERMINAL_FLUSH_INPUT 1u		/* REQ_TERMINAL, flags: drop what was typed and not read */

/*
 * The terminal that some standard stream of the console is (STREAM_IS_TTY). It edits lines and
 * makes signals of keys; the domain sets its modes and learns its size.
 */
struct terminal {
	struct terminal_modes modes;	/* when the program was started */
	uint16_t rows, columns, width, height;	/* as struct winsize; new before each SIGWINCH */
};

/* ---- Consoles ---- */

/*
 * A console is a set of standard streams, and the program that was started with them. Console 0 is
 * that of the first program, with which the domain ends. Each other one is free until the monitor
 * fills it and posts EVENT_CONSOLES; then it is in use until the domain says REQ_CONSOLE_EXIT. What
 * was never used costs no memory: the channel is sparse.
 */
#define CONSOLE_MAX 16u
#define CONSOLE_FIRST 0u

enum stream { STREAM_IN, STREAM_OUT, STREAM_ERR, STREAM_COUNT };

#define STREAM_IS_TTY 1u		/* the outer stream is a terminal */
#define STREAM_ABSENT 2u		/* the outer stream is closed: the program gets EBADF */
/* stderr: one and the same as stdout, whose ring it shares */
#define STREAM_AS_OUT 4u
#define STREAM_IS_FILE 8u		/* stdin: a regular file, to be asked for by REQ_INPUT */
#define STREAM_NULL 16u			/* there is no outer stream: the domain's own /dev/null */

#define CONFIG_TEXT_MAX (3u << 20)
#define CONFIG_GROUPS_MAX 64u

/*
 * The program is none of the domain's tree, but the file of REQ_PROGRAM: Mezzo's own receiver of
 * files (host/receive/). The path is only what it is called.
 */
#define PROGRAM_GRANTED 1u

/* Offsets are from the start of the channel, of strings that end in NUL. */
struct program {
	uint32_t flags;			/* PROGRAM_* */
	uint32_t uid, gid;
	uint32_t group_count;
	uint32_t groups[CONFIG_GROUPS_MAX];
	uint32_t stream_flags[STREAM_COUNT];
	uint32_t argc, envc;
	/* what to run: a name to look up in PATH, or a path */
	uint32_t path_offset;
	uint32_t argv_offset;		/* argc strings, one after the other */
	uint32_t envp_offset;		/* envc strings */
	uint32_t cwd_offset;
};

struct console {
	uint64_t signals;		/* bit n-1: signal n, for the program; taken by exchange */
	struct program program;		/* written by the host before the start */
	struct terminal terminal;	/* written by the monitor */
	struct ring streams[STREAM_COUNT];
};

/* ---- The channel ---- */

enum event_bits {
	EVENT_STREAMS = 1u,		/* some ring moved */
	EVENT_SIGNALS = 2u,		/* signalled is not empty */
	EVENT_CONSOLES = 4u,		/* starts is not empty */
};

#define REPLY_AREA_SIZE (256u << 10)

#define CONFIG_TRACE 1u			/* print each call of the programs to the log */
#define CONFIG_VERBOSE 2u		/* say more in the log: missing calls, warnings */
#define CONFIG_VDSO_CLOCK 4u		/* the vDSO reads precise clocks without a system call */

/* What the domain is to be. Written by the launcher before the start, constant from then on. */
struct config {
	uint32_t version;		/* BOUNDARY_VERSION */
	uint32_t flags;			/* CONFIG_* */
	int32_t protection_key;		/* the heap's key, or -1: none there or none wanted */
	uint32_t umask;
	uint32_t cpu_count;
	uint32_t host_page_features;
	/* [vvar] and [vdso]: kept when the layer empties the address space */
	uint64_t vdso_start, vdso_end;
	uint64_t vdso_image;		/* AT_SYSINFO_EHDR */
	uint64_t hwcap, hwcap2;		/* AT_HWCAP, AT_HWCAP2 */
	uint64_t min_signal_stack;	/* AT_MINSIGSTKSZ */
	uint64_t clock_ticks;		/* AT_CLKTCK */
	uint64_t memory_total;		/* bytes of RAM the domain is told it has */
	uint64_t heap_data_size;	/* bytes of .data and .bss at the front of the heap */
	/* bytes of the image's index at INDEX_BASE; 0: the ground is a directory of the host */
	uint64_t index_size;
	/* bytes of the overlay at OVERLAY_BASE (boundary/overlay.h); 0: changes are not kept */
	uint64_t overlay_size;
	/* bytes of disk that the overlay and the domain's own objects may take; 0: no limit */
	uint64_t disk_limit;
	uint64_t xsave_size;		/* bytes of an XSAVE area with the features in xsave_mask */
	uint64_t xsave_mask;		/* XCR0 without the PKRU bit */
	uint64_t rlimits[16][2];	/* soft and hard, in Linux's numbering */
	uint32_t hostname_offset;	/* as the offsets of struct program */
	uint32_t volume_count;
	struct volume_place volumes[VOLUME_MAX];
};

struct channel {
	struct config config;
	/* Monitor to domain: bits are set, then event_count is raised and woken (shared futex). */
	_Alignas(64) uint32_t event_count;
	/* enum event_bits; the domain takes them by exchange with 0 */
	uint32_t events;
	/* bit n: console n; taken by exchange like events */
	uint32_t starts;		/* has a program to start */
	uint32_t signalled;		/* its signals is not empty */
	/*
	 * Written by the domain before each request: 1 + the processor it runs on, 0 for unknown. A
	 * hint: who asks sleeps until the reply, so the monitor is served best by that very
	 * processor.
	 */
	uint32_t requester_cpu;
	struct ring log;
	struct console consoles[CONSOLE_MAX];
	/*
	 * Answers to the request in flight. Only the host writes; the layer's channel lock orders
	 * uses.
	 */
	_Alignas(4096) char reply_area[REPLY_AREA_SIZE];
	_Alignas(4096) char log_data[RING_SIZE];
	/* By console. */
	_Alignas(4096) char stream_data[CONSOLE_MAX][STREAM_COUNT][RING_SIZE];
	_Alignas(4096) char text[CONSOLE_MAX][CONFIG_TEXT_MAX];
};

_Static_assert(sizeof(struct channel) <= INDEX_BASE - CHANNEL_BASE,
	       "the channel runs into the index");
_Static_assert(offsetof(struct channel, consoles) + sizeof(struct console) <= PAGE_SIZE,
	       "a domain of one program uses one page for all that is not data");

/* ---- The front of the heap, and so of .data: what the layer counts for `mezzo stats` ---- */

struct heap_front {
	/* user and system time of the domain's host processes that have ended */
	uint64_t ended_cpu_ns;
};

/* ---- What the layer's file says about itself (section .note.mezzo, read by the launcher) ---- */

struct layer_header {
	char magic[8];			/* "mezzo-sl" */
	uint32_t version;		/* BOUNDARY_VERSION */
	uint32_t header_size;
	uint64_t entry;			/* layer_start(): entered once by the launcher's child */
	uint64_t gate_start, gate_end;	/* instruction pointers from which host calls are allowed */
	/* .data in the file's image: copied to the heap by the launcher */
	uint64_t data_start;
	uint64_t data_size;
	uint64_t data_memory_size;	/* .data and .bss together */
};

/*
 * Start. The launcher's child, inside its namespaces and behind its filter, with text, heap and
 * channel mapped, jumps to entry with rsp at the top of the first page pair after .bss in the heap
 * (HEAP_BASE + round up(data_memory_size) + BOOT_STACK_SIZE); the layer gives back the rest of the
 * address space itself.
 */
#define BOOT_STACK_SIZE (16 * PAGE_SIZE)

/* Exit statuses of mezzo itself, as shells know them from env(1) and nohup(1). */
#define EXIT_MEZZO_FAILED	125
#define EXIT_CANNOT_RUN		126
#define EXIT_NOT_FOUND		127
/* the system layer failed, or lost a process: no fault of the program */
#define EXIT_LAYER_CRASHED	120

#endif
