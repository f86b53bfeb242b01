/* SPDX-License-Identifier: MIT */
/*
 * Where things are in the address space of every process of a domain.
 *
 * One range, LAYER_BASE to LAYER_END, belongs to the system layer; everything below and above it
 * belongs to the program. The range is the same in each process of each domain, so pointers into
 * the heap are valid everywhere, and the layer's text can be one shared mapping of one file.
 *
 *	LAYER_BASE                                                                       LAYER_END
 *	| text, rodata | space | selectors | heap: .data .bss, then pages (one memfd) | channel |
 *	| windows | index | overlay |
 *
 * Text and heap lie within 2 GiB of each other at the front, so that text reaches .data and .bss by
 * 32-bit relative addresses. What each process touches lies close together, since each child of a
 * fork needs a page table for each 2 MiB in which it touches something: text, space page and the
 * first selectors in one, the front of the heap in the next.
 */
#ifndef BOUNDARY_LAYOUT_H
#define BOUNDARY_LAYOUT_H

#define PAGE_SHIFT		12
#undef PAGE_SIZE		/* some C libraries have one in limits.h, of another type */
#define PAGE_SIZE		4096ul
#define HUGE_PAGE_SIZE		(2ul << 20)

#define LAYER_BASE		0x3f0000000000ul
#define LAYER_TEXT_BASE		LAYER_BASE
#define LAYER_TEXT_MAX		(SPACE_PAGE - LAYER_BASE)

/* One page private to each address space (system/arch/x86_64/key.h). */
#define SPACE_PAGE		(LAYER_BASE + 0xff000ul)

/*
 * Which threads run their programs: a byte each, in the heap's memfd behind the heap. Programs may
 * read it (system/arch/x86_64/key.c).
 */
#define SELECTORS_BASE		(LAYER_BASE + 0x100000ul)
#define SELECTORS_SIZE		0x8000000ul

#define HEAP_BASE		(LAYER_BASE + 0x8200000ul)	/* aligned to a huge page */
#define HEAP_SIZE		0x1000000000ul		/* 64 GiB of address space; sparse */
#define HEAP_FILE_SIZE		(HEAP_SIZE + SELECTORS_SIZE)

#define CHANNEL_BASE		(LAYER_BASE + 0x2000000000ul)

/*
 * The protection keys of the layer's memory, where there are any: the first two that a process
 * gets. Programs have no access by the one, and may read by the other.
 */
#define LAYER_KEY		1
#define SELECTOR_KEY		2

/* The image's index (boundary/index.h), where the domain has one; read only. */
#define INDEX_BASE		(LAYER_BASE + 0x2200000000ul)
#define INDEX_SIZE_MAX		0x100000000ul

/* The overlay (boundary/overlay.h), where the domain has one; mapped beyond its end. */
#define OVERLAY_BASE		(LAYER_BASE + 0x2400000000ul)
#define OVERLAY_SIZE_MAX	0x1000000000ul

/* Per-process windows onto objects, made and dropped by the layer as it reads files. */
#define WINDOW_BASE		(LAYER_BASE + 0x3400000000ul)
#define WINDOW_SPACE		0x400000000ul

#define LAYER_END		(LAYER_BASE + 0x4000000000ul)

/* The end of user addresses with four-level page tables, less the guard page. */
#define USER_END		0x7ffffffff000ul
/* Lowest address a program may map (Linux's mmap_min_addr on Debian). */
#define USER_MIN		0x10000ul

#ifndef __ASSEMBLER__
_Static_assert(SELECTORS_BASE + SELECTORS_SIZE <= HEAP_BASE, "the selectors run into the heap");
_Static_assert(HEAP_BASE + HEAP_SIZE <= CHANNEL_BASE, "heap runs into the channel");
#endif

#endif
