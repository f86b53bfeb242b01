/* SPDX-License-Identifier: MIT */
/*
 * The address space of a process as the layer knows it: a sorted array of areas.
 *
 * The host kernel does the work (pages, faults, copy-on-write); the layer chooses every address and
 * remembers what is where, so that it can answer /proc/PID/maps, keep programs off its own range,
 * free what mappings hold, and one day write a domain down. An mm is shared by the threads of a
 * process and by CLONE_VM children.
 */
#ifndef MEMORY_MM_H
#define MEMORY_MM_H

#include "core/lock.h"
#include "core/types.h"

struct file;
struct stub_block;
struct site_table;
struct window_cache;

#define AREA_SHARED	1u	/* MAP_SHARED */
#define AREA_ANONYMOUS	2u
#define AREA_STACK	4u	/* the first thread's stack */
#define AREA_HEAP	8u	/* brk */
/* stubs of patched system call sites; the layer's, executable by the program */
#define AREA_STUBS	16u
#define AREA_VDSO	32u	/* the host's [vvar] and [vdso] */
/*
 * What the layer needs in an address space: programs cannot take it away or put something in its
 * place.
 */
#define AREA_KEPT	(AREA_STUBS | AREA_VDSO)
#define AREA_NOT_INHERITED 128u	/* MADV_DONTFORK */
#define AREA_WIPED	256u	/* MADV_WIPEONFORK */
#define AREA_LOCKED	512u	/* mlock(2); not inherited */

struct area {
	u64 start, end;
	u64 offset;		/* into file, of start */
	struct file *file;	/* reference held; NULL for anonymous */
	u32 protection;		/* PROT_* */
	u32 max_protection;	/* what mprotect may reach */
	u32 flags;		/* AREA_* */
};

/*
 * One state of a file's bytes. The same numbers, the same bytes: but for files that were written in
 * the domain, where a program may have set the time back.
 */
struct file_version {
	u64 dev, ino, size;
	s64 mtime_ns;
};

/* The file that an area maps. */
void area_file_version(const struct area *area, struct file_version *version);

/* The file is the lower tree's, and nothing of it was changed in the domain. */
bool file_is_as_below(const struct file *file);

struct mm {
	refcount references;
	u64 id;				/* no other gets it, ever */
	struct lock lock;		/* LOCK_MM; guards all down to free_hint */
	struct area *areas;		/* sorted by start, not overlapping */
	u32 area_count, area_capacity;
	u64 mapped_bytes;		/* RLIMIT_AS counts these */
	u64 locked_bytes;		/* in areas that are AREA_LOCKED */
	bool lock_new, lock_new_on_fault;	/* mlockall(2) with MCL_FUTURE, MCL_ONFAULT */
	bool has_uninherited;		/* some area is or was AREA_NOT_INHERITED or AREA_WIPED */
	u64 brk_start, brk_end;
	u64 search_top;			/* new mappings go below; chosen at random by exec */
	/* no fitting gap between here and search_top was seen lately */
	u64 free_hint;
	/* Constant after exec; for /proc. */
	u64 stack_start, stack_limit;	/* first address above the stack, lowest address of it */
	u64 arg_start, arg_end, env_start, env_end;
	u64 start_code, end_code, start_data, end_data;
	u64 auxv[48];
	u32 auxv_words;
	/*
	 * Where the program's dynamic linker lies; empty where it has none. has_loaded: exec has
	 * mapped what there is to map.
	 */
	u64 linker_start, linker_end;
	bool has_loaded;

	struct lock stub_lock;		/* LOCK_STUB; guards the rest */
	struct stub_block *stub_blocks;
	/* what trapped here and in relatives by fork; NULL until then */
	struct site_table *sites;
	u32 sites_seen;			/* generation of the table whose sites are patched here */
	/* where a jump is being written now; read on host signal stacks */
	u64 changing_site;
	u32 site_policy;		/* enum site_policy (arch/x86_64/patch.c) */

	struct window_cache *windows;	/* memory/window.c; NULL until first used */
};

/* An empty address space with one reference. NULL: out of memory. */
struct mm *mm_create(void);
/*
 * Drops a reference; the last one frees the bookkeeping (the host frees the pages with the
 * process).
 */
void mm_put(struct mm *mm);
/* madvise(2) about fork: sets and clears area flags. 0, -ENOMEM, -EINVAL. */
int mm_set_inherited(struct mm *mm, u64 start, u64 size, u32 set, u32 clear);
/*
 * By a child of fork, in its own host process, before it runs: gives back what it was not to
 * inherit.
 */
void mm_drop_uninherited(struct mm *mm);
/* Unmaps all of the calling process's program memory and forgets it: exec in place. */
void mm_clear(struct mm *mm);

/*
 * Maps size bytes (rounded up to pages) and records the area. address 0: anywhere; otherwise a
 * hint, or with MAP_FIXED the place. Takes mm->lock. The address, or -errno as mmap(2).
 */
long mm_map(struct mm *mm, u64 address, u64 size, int protection, int flags, struct file *file,
	    u64 offset, u32 area_flags);
int mm_unmap(struct mm *mm, u64 address, u64 size);
int mm_protect(struct mm *mm, u64 address, u64 size, int protection);

/* ---- memory/locked.c: what is not to be swapped out, within RLIMIT_MEMLOCK ---- */

/* mlock2(2), munlock(2): a range of whole pages, which is the program's. 0 or -errno as these. */
int mm_lock_range(struct mm *mm, u64 start, u64 size, bool on_fault);
int mm_unlock_range(struct mm *mm, u64 start, u64 size);
/* mlockall(2) of what is there; and of what is not yet is mm->lock_new. */
int mm_lock_all(struct mm *mm, bool on_fault);
int mm_unlock_all(struct mm *mm);
/* May the calling process lock so much more? 0, -EPERM or -ENOMEM. mm->lock held. */
int mm_may_lock_locked(const struct mm *mm, u64 more);
/* A new mapping that is to be locked. 0 or -errno of the host. mm->lock held. */
int mm_lock_new_locked(const struct mm *mm, u64 start, u64 size);

/* The area that holds address, or the first one above it; NULL at the end. mm->lock held. */
struct area *mm_find_locked(struct mm *mm, u64 address);
/* Whether all of [start, end) is mapped. Takes mm->lock. */
bool mm_range_is_mapped(struct mm *mm, u64 start, u64 end);
/* Whether part of the range is AREA_KEPT. mm->lock held. */
bool mm_range_is_kept_locked(struct mm *mm, u64 start, u64 end);
/* A gap of size bytes, searched from the top down, in [lowest, highest). 0: none. mm->lock held. */
u64 mm_find_gap_locked(struct mm *mm, u64 size, u64 lowest, u64 highest);
/*
 * Adds an area that is already mapped on the host. mm->lock held. 0 or -ENOMEM. Takes over
 * area->file.
 */
int mm_add_locked(struct mm *mm, const struct area *area);

#endif
