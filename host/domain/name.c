/* SPDX-License-Identifier: MIT */
/* Names of domains; see name.h. No locks. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "host/domain/name.h"

static int is_name(const char *name)
{
	if (!isalnum((unsigned char)name[0]) || strlen(name) > DOMAIN_NAME_MAX)
		return 0;
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			return 0;
	}
	return 1;
}

int domain_name_check(const char *name, struct error *err)
{
	if (is_name(name))
		return 0;
	return error_set(err, 0, "'%.100s' is no name of a domain: want a letter or digit, then "
			 "letters, digits and _.-, at most %u bytes", name, DOMAIN_NAME_MAX);
}

const char *domain_path_split(const char *word, char name[DOMAIN_NAME_MAX + 1])
{
	size_t size = strcspn(word, ":");

	if (!word[size] || !word[size + 1] || size > DOMAIN_NAME_MAX)
		return NULL;
	memcpy(name, word, size);
	name[size] = '\0';
	return is_name(name) ? word + size + 1 : NULL;
}

int domain_name_make(char name[DOMAIN_NAME_MAX + 1], struct error *err)
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return error_set(err, errno, "can't make a name");
	snprintf(name, DOMAIN_NAME_MAX + 1, "d%012llx",
		 (unsigned long long)(bits & 0xffffffffffff));
	return 0;
}
