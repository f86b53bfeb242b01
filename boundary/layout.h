/* SPDX-License-Identifier: MIT */
/*
 * Where things are in the address space of every process of a domain.
 *
 * One range, LAYER_BASE to LAYER_END, belongs to the system layer; everything below and above it
 * belongs to the program. The range is the same in each process of each domain, so pointers into
 * the heap are valid everywhere, and the layer's text can be one shared mapping of one file.
 *
 *	LAYER_BASE                                                              LAYER_END
 *	| text, rodata | ... | heap: .data .bss, then pages (one shared memfd) | channel |
 *
 * Text and heap lie within 2 GiB of each other at the front, so that text reaches .data and .bss by
 * 32-bit relative addresses.
 */
#ifndef BOUNDARY_LAYOUT_H
#define BOUNDARY_LAYOUT_H

#define PAGE_SHIFT		12
#undef PAGE_SIZE		/* some C libraries have one in limits.h, of another type */
#define PAGE_SIZE		4096ul

#define LAYER_BASE		0x3f0000000000ul
#define LAYER_TEXT_BASE		LAYER_BASE
#define LAYER_TEXT_MAX		0x10000000ul		/* 256 MiB reserved, far less used */

/* One page right below the heap, private to each address space (system/arch/x86_64/key.c). */
#define SPACE_PAGE		(LAYER_BASE + LAYER_TEXT_MAX - PAGE_SIZE)

#define HEAP_BASE		(LAYER_BASE + LAYER_TEXT_MAX)
#define HEAP_SIZE		0x1000000000ul		/* 64 GiB of address space; sparse */

#define CHANNEL_BASE		(LAYER_BASE + 0x2000000000ul)

/* What programs see of the layer's selectors, read-only (system/arch/x86_64/key.c). */
#define SELECTOR_VIEW_BASE	(LAYER_BASE + 0x2080000000ul)

/* The protection key of the layer's memory, where there is one: the first that a process gets. */
#define LAYER_KEY		1

/* Per-process windows onto objects, made and dropped by the layer as it reads files. */
#define WINDOW_BASE		(LAYER_BASE + 0x2100000000ul)

#define LAYER_END		(LAYER_BASE + 0x4000000000ul)

/* The end of user addresses with four-level page tables, less the guard page. */
#define USER_END		0x7ffffffff000ul
/* Lowest address a program may map (Linux's mmap_min_addr on Debian). */
#define USER_MIN		0x10000ul

#ifndef __ASSEMBLER__
_Static_assert(HEAP_BASE + HEAP_SIZE <= CHANNEL_BASE, "heap runs into the channel");
#endif

#endif
