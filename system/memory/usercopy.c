/* SPDX-License-Identifier: MIT */
/* Range checks around the copies of arch/x86_64/usercopy.S. No locks. */
#include "memory/usercopy.h"

size_t user_copy_raw(void *to, const void *from, size_t size);
size_t user_clear_raw(void *to, size_t size);
long user_string_raw(char *to, const char *from, size_t max);
int user_cas32_raw(u32 *word, u32 expected, u32 desired, u32 *found);

size_t copy_from_user_partial(void *to, uptr from, size_t size)
{
	if (unlikely(!user_range_ok(from, size)))
		return size;
	return user_copy_raw(to, (const void *)from, size);
}

size_t copy_to_user_partial(uptr to, const void *from, size_t size)
{
	if (unlikely(!user_range_ok(to, size)))
		return size;
	return user_copy_raw((void *)to, from, size);
}

int copy_from_user(void *to, uptr from, size_t size)
{
	return copy_from_user_partial(to, from, size) ? -EFAULT : 0;
}

int copy_to_user(uptr to, const void *from, size_t size)
{
	return copy_to_user_partial(to, from, size) ? -EFAULT : 0;
}

int clear_user(uptr to, size_t size)
{
	if (unlikely(!user_range_ok(to, size)))
		return -EFAULT;
	return user_clear_raw((void *)to, size) ? -EFAULT : 0;
}

/* Bytes from address up to where the layer or the end of user addresses stops a copy. */
static u64 user_room(uptr address)
{
	if (address < LAYER_BASE)
		return LAYER_BASE - address;
	if (address >= LAYER_END && address < USER_END)
		return USER_END - address;
	return 0;
}

ssize_t copy_string_from_user(char *to, uptr from, size_t size)
{
	u64 room = user_room(from);
	size_t max = MIN((u64)size, room);
	long length;

	if (!max)
		return size ? -EFAULT : -ENAMETOOLONG;
	length = user_string_raw(to, (const char *)from, max);
	if (length < 0 || (size_t)length < max)
		return length;
	return max == size ? -ENAMETOOLONG : -EFAULT;
}

int user_cas32(uptr address, u32 expected, u32 desired, u32 *found)
{
	if (unlikely(!user_range_ok(address, sizeof(u32)) || address % sizeof(u32)))
		return -EFAULT;
	return user_cas32_raw((u32 *)address, expected, desired, found);
}
