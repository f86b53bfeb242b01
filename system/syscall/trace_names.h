/* SPDX-License-Identifier: MIT */
/* Names of what the arguments of calls are made of. Constant tables, for the tracer. */
#ifndef SYSCALL_TRACE_NAMES_H
#define SYSCALL_TRACE_NAMES_H

#include "core/types.h"

struct name {
	u64 value;
	const char *text;
};

/* How the names of one kind make up a value. */
struct name_set {
	const struct name *names;
	u32 count;
	/* these bits together are one of the names, the others are flags; ~0: no flags */
	u64 choice;
	const char *none;	/* the value without any flag, where it has a name; else NULL */
	/* written for values without a name, with question marks behind it */
	const char *prefix;
};

/* NULL for kinds (enum argument_kind) that are not made of names. */
const struct name_set *name_set_of(u32 kind);

/* NULL where there is no such number. */
const char *error_name(u32 number);
const char *error_text(u32 number);
const char *signal_name(u32 number);

#endif
