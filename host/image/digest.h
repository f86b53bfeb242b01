/* SPDX-License-Identifier: MIT */
/* SHA-256, and its form "sha256:0123..." of OCI. */
#ifndef HOST_IMAGE_DIGEST_H
#define HOST_IMAGE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"

#define DIGEST_SIZE 32u
#define DIGEST_TEXT_SIZE 72u /* "sha256:", 64 digits, NUL */

struct digest {
	void *context; /* NULL: not begun */
};

/* Begin one. Returns 0 or -ENOMEM; digest_release() is due. */
int digest_init(struct digest *digest, struct error *err);
void digest_add(struct digest *digest, const void *data, size_t size);
/* The hash of all that was added; nothing may be added after that. */
void digest_end(struct digest *digest, uint8_t hash[DIGEST_SIZE]);
/* Allowed where digest->context is NULL. */
void digest_release(struct digest *digest);

/* Of bytes in memory. */
int digest_of(const void *data, size_t size, uint8_t hash[DIGEST_SIZE], struct error *err);

void digest_print(const uint8_t hash[DIGEST_SIZE], char text[DIGEST_TEXT_SIZE]);
/* -EINVAL for all that is not "sha256:" and 64 digits in small letters. */
int digest_parse(const char *text, uint8_t hash[DIGEST_SIZE], struct error *err);

#endif
