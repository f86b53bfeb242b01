/* SPDX-License-Identifier: MIT */
/* See size.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/size.h"

int size_parse(const char *text, const char *option, uint64_t *size, struct error *err)
{
	static const char units[] = "KMGT";
	char *end;
	unsigned long long value = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;

	if (text[0] < '0' || text[0] > '9' || (*end && (!unit || end[1])) || !value ||
	    value > UINT64_MAX >> shift || value << shift > INT64_MAX) {
		error_set(err, 0, "%s %.40s: it is a number of bytes, with K, M, G or T", option,
			  text);
		return -EINVAL;
	}
	*size = value << shift;
	return 0;
}
