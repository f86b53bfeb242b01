/* SPDX-License-Identifier: MIT */
/* The bytes of a tar on their way out; see tar_write.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/image/interrupt.h"
#include "host/image/tar_write.h"

#define BUFFER_SIZE (1u << 20)

int tar_output_open(struct tar_output *output, int fd, struct digest *digest, struct error *err)
{
	*output = (struct tar_output){ .fd = fd, .digest = digest };
	output->buffer = malloc(BUFFER_SIZE);
	return output->buffer ? 0 : error_set(err, ENOMEM, "archive");
}

void tar_output_release(struct tar_output *output)
{
	pax_release(&output->pax);
	free(output->buffer);
	output->buffer = NULL;
}

static int flush(struct tar_output *output, struct error *err)
{
	size_t at = 0;

	if (output->digest)
		digest_add(output->digest, output->buffer, output->used);
	while (at < output->used) {
		int result = interrupt_check(err);
		ssize_t done;

		if (result)
			return result;
		done = write(output->fd, output->buffer + at, output->used - at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_set(err, errno, "can't write the archive");
		at += (size_t)done;
	}
	output->used = 0;
	return 0;
}

int tar_output_bytes(struct tar_output *output, const void *data, size_t size, struct error *err)
{
	const char *from = data;
	int result = 0;

	output->size += size;
	while (size && !result) {
		size_t piece = BUFFER_SIZE - output->used < size ? BUFFER_SIZE - output->used
								 : size;

		memcpy(output->buffer + output->used, from, piece);
		output->used += piece;
		from += piece;
		size -= piece;
		if (output->used == BUFFER_SIZE)
			result = flush(output, err);
	}
	return result;
}

int tar_output_pad(struct tar_output *output, struct error *err)
{
	static const char zeros[PAX_BLOCK];
	size_t over = output->size % PAX_BLOCK;

	return over ? tar_output_bytes(output, zeros, PAX_BLOCK - over, err) : 0;
}

int tar_output_header(struct tar_output *output, const struct pax_entry *entry, struct error *err)
{
	int result = pax_header(&output->pax, entry, err);

	if (!result)
		result = tar_output_bytes(output, output->pax.data, output->pax.size, err);
	pax_clear(&output->pax);
	return result;
}

int tar_output_end(struct tar_output *output, struct error *err)
{
	static const char mark[2 * PAX_BLOCK];
	int result = tar_output_bytes(output, mark, sizeof(mark), err);

	return result ? result : flush(output, err);
}
