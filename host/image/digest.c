/* SPDX-License-Identifier: MIT */
/* SHA-256 by libcrypto; see digest.h. No locks. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "host/image/digest.h"

#define PREFIX "sha256:"
#define PREFIX_SIZE (sizeof(PREFIX) - 1)

int digest_init(struct digest *digest, struct error *err)
{
	digest->context = EVP_MD_CTX_new();
	if (digest->context && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL))
		return 0;
	digest_release(digest);
	return error_set(err, ENOMEM, "SHA-256");
}

void digest_add(struct digest *digest, const void *data, size_t size)
{
	EVP_DigestUpdate(digest->context, data, size);
}

void digest_end(struct digest *digest, uint8_t hash[DIGEST_SIZE])
{
	EVP_DigestFinal_ex(digest->context, hash, NULL);
}

void digest_release(struct digest *digest)
{
	EVP_MD_CTX_free(digest->context);
	digest->context = NULL;
}

int digest_of(const void *data, size_t size, uint8_t hash[DIGEST_SIZE], struct error *err)
{
	struct digest digest;
	int result = digest_init(&digest, err);

	if (result)
		return result;
	digest_add(&digest, data, size);
	digest_end(&digest, hash);
	digest_release(&digest);
	return 0;
}

void digest_print(const uint8_t hash[DIGEST_SIZE], char text[DIGEST_TEXT_SIZE])
{
	memcpy(text, PREFIX, PREFIX_SIZE);
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(text + PREFIX_SIZE + 2 * i, 3, "%02x", hash[i]);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_parse(const char *text, uint8_t hash[DIGEST_SIZE], struct error *err)
{
	uint8_t bytes[DIGEST_SIZE];
	const char *digits = text + PREFIX_SIZE;

	if (strncmp(text, PREFIX, PREFIX_SIZE) || strlen(digits) != 2 * DIGEST_SIZE)
		return error_set(err, 0, "digest %.90s: only sha256 with 64 digits is known", text);
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = digit(digits[2 * i]), low = digit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return error_set(err, 0, "digest %.90s: it has a wrong digit", text);
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(hash, bytes, sizeof(bytes));
	return 0;
}
