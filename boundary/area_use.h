/* SPDX-License-Identifier: MIT */
/*
 * What the host has mapped in of one piece of a process's address space: the figures of the host's
 * /proc/PID/smaps, by its names for them. In the reply to REQ_PROCESS_AREAS.
 */
#ifndef BOUNDARY_AREA_USE_H
#define BOUNDARY_AREA_USE_H

#include <stdint.h>

/* In the order in which smaps has them; one that a host doesn't know is 0. */
#define AREA_FIGURES(FIGURE) \
	FIGURE(RSS, "Rss") \
	FIGURE(PSS, "Pss") \
	FIGURE(PSS_DIRTY, "Pss_Dirty") \
	FIGURE(SHARED_CLEAN, "Shared_Clean") \
	FIGURE(SHARED_DIRTY, "Shared_Dirty") \
	FIGURE(PRIVATE_CLEAN, "Private_Clean") \
	FIGURE(PRIVATE_DIRTY, "Private_Dirty") \
	FIGURE(REFERENCED, "Referenced") \
	FIGURE(ANONYMOUS, "Anonymous") \
	FIGURE(KSM, "KSM") \
	FIGURE(LAZY_FREE, "LazyFree") \
	FIGURE(ANON_HUGE, "AnonHugePages") \
	FIGURE(SHMEM_HUGE, "ShmemPmdMapped") \
	FIGURE(FILE_HUGE, "FilePmdMapped") \
	FIGURE(SHARED_HUGETLB, "Shared_Hugetlb") \
	FIGURE(PRIVATE_HUGETLB, "Private_Hugetlb") \
	FIGURE(SWAP, "Swap") \
	FIGURE(SWAP_PSS, "SwapPss") \
	FIGURE(LOCKED, "Locked")

#define FIGURE(name, text) FIGURE_##name,
enum area_figure { AREA_FIGURES(FIGURE) FIGURE_COUNT };
#undef FIGURE

struct area_use {
	uint64_t start, end;
	uint64_t kb[FIGURE_COUNT];	/* by enum area_figure */
};

_Static_assert(sizeof(struct area_use) == 168, "struct area_use is part of the boundary");

#endif
