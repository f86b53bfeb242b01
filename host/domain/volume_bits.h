/* SPDX-License-Identifier: MIT */
/*
 * Set-user-id and set-group-id bits of regular files in volumes: they are in an extended attribute,
 * and not in the mode, where they would give rights on the host. Programs see the bits, and not
 * the attribute.
 */
#ifndef HOST_DOMAIN_VOLUME_BITS_H
#define HOST_DOMAIN_VOLUME_BITS_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define VOLUME_BITS_NAME "user.mezzo.rights"
#define VOLUME_BITS_SIZE 2u		/* of a value, at most */

/* Those that a value of size bytes stands for; none where size is negative. */
static inline uint32_t volume_bits(const char *value, ssize_t size)
{
	uint32_t bits = 0;

	for (ssize_t i = 0; i < size; i++)
		bits |= value[i] == 'u' ? S_ISUID : value[i] == 'g' ? S_ISGID : 0;
	return bits;
}

#endif
