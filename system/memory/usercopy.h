/* SPDX-License-Identifier: MIT */
/*
 * Access to a program's memory. The only way: every address a program gives may point anywhere, may
 * be unmapped between check and use, and may name the layer itself.
 *
 * The copies fault like any instruction; the host's signal finds the faulting instruction in an
 * exception table and resumes at its fixup, so that a good copy costs a range check and no more.
 * No short lock may be held: the page may come from disk.
 */
#ifndef MEMORY_USERCOPY_H
#define MEMORY_USERCOPY_H

#include "boundary/layout.h"
#include "core/types.h"

/* True where [address, address + size) lies wholly outside the layer and inside user addresses. */
static inline bool user_range_ok(uptr address, u64 size)
{
	if (unlikely(size > USER_END || address > USER_END - size))
		return false;
	return address + size <= LAYER_BASE || address >= LAYER_END;
}

/* 0 or -EFAULT; after a fault an unknown part has been copied. */
int copy_from_user(void *to, uptr from, size_t size) __must_check;
int copy_to_user(uptr to, const void *from, size_t size) __must_check;
int clear_user(uptr to, size_t size) __must_check;

/* How many bytes were NOT copied (0 is success): for reads and writes that may be short. */
size_t copy_from_user_partial(void *to, uptr from, size_t size) __must_check;
size_t copy_to_user_partial(uptr to, const void *from, size_t size) __must_check;

/*
 * Copies a string with its NUL, at most size bytes. Returns its length without the NUL, -EFAULT, or
 * -ENAMETOOLONG where no NUL is among the first size bytes.
 */
ssize_t copy_string_from_user(char *to, uptr from, size_t size) __must_check;

#define get_user(value, address) copy_from_user(&(value), (address), sizeof(value))
#define put_user(value, address) ({ \
	__typeof__(value) value_ = (value); \
	copy_to_user((address), &value_, sizeof(value_)); })

/* Atomic compare-and-exchange of a 32-bit word; *found receives what was there. 0 or -EFAULT. */
int user_cas32(uptr address, u32 expected, u32 desired, u32 *found) __must_check;

#endif
