/* SPDX-License-Identifier: MIT */
/* Names of domains. They are names of folders, too, so the rule is strict. */
#ifndef HOST_DOMAIN_NAME_H
#define HOST_DOMAIN_NAME_H

#include "host/base/error.h"

#define DOMAIN_NAME_MAX 64u

/* Returns 0, or -EINVAL with the rule as the message. */
int domain_name_check(const char *name, struct error *err);

/*
 * "NAME:PATH", a path in a domain, as `mezzo cp` takes them beside those of the host: those have a
 * slash before any colon, or begin with a dot. Returns the path, which is not empty, with the name;
 * NULL: it is none.
 */
const char *domain_path_split(const char *word, char name[DOMAIN_NAME_MAX + 1]);

/* A name for who gives none: 48 random bits make it one that nobody has. */
int domain_name_make(char name[DOMAIN_NAME_MAX + 1], struct error *err);

#endif
