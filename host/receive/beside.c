/* SPDX-License-Identifier: MIT */
/*
 * Names for a moment; see receive.h. A name is of so many bits of chance that nobody has it; where
 * somebody has, nothing is made. No locks: one thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "host/receive/receive.h"

int beside_name(char name[BESIDE_SIZE])
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return -errno;
	snprintf(name, BESIDE_SIZE, ".mezzo-cp-%016llx", (unsigned long long)bits);
	return 0;
}

int beside_place(int parent, const char *beside, const char *name, int error)
{
	if (!error && renameat(parent, beside, parent, name))
		error = -errno;
	/* Two names of one file both stay after a rename, and that is no error. */
	unlinkat(parent, beside, 0);
	return error;
}

int beside_link(int from, const char *from_name, int flags, int parent, const char *name)
{
	char beside[BESIDE_SIZE];
	int result;

	if (!linkat(from, from_name, parent, name, flags))
		return 0;
	if (errno != EEXIST)
		return -errno;
	result = beside_name(beside);
	if (!result && linkat(from, from_name, parent, beside, flags))
		result = -errno;
	return result ? result : beside_place(parent, beside, name, 0);
}
