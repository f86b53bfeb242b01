/* SPDX-License-Identifier: MIT */
/* The layer's own function names, made by the build from the linked file (core/symbols.awk). */
#ifndef CORE_SYMBOLS_H
#define CORE_SYMBOLS_H

#include "core/types.h"

struct symbol {
	u32 offset;		/* from LAYER_TEXT_BASE; rising */
	char name[36];		/* cut where it is longer */
};

/* At the end of the read-only data, so that nothing moves when the table is filled. */
extern const struct symbol symbol_table[];
extern const u32 symbol_count;

#endif
