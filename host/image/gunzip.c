/* SPDX-License-Identifier: MIT */
/* gzip by zlib; see gunzip.h. No locks. */
#include <errno.h>
#include <stdlib.h>

#include "host/image/gunzip.h"

#define ROOM_SIZE (1u << 18)
#define WINDOW_BITS (15 + 16) /* the largest window; with gzip's head and tail */
#define PADDING_MAX (64u << 20)
#define FIRST_BYTE 0x1f
#define SECOND_BYTE 0x8b

bool gunzip_is_for(const unsigned char *data, size_t size)
{
	return size >= 2 && data[0] == FIRST_BYTE && data[1] == SECOND_BYTE;
}

int gunzip_init(struct gunzip *gunzip, struct error *err)
{
	*gunzip = (struct gunzip){ .within = true, .room = malloc(ROOM_SIZE) };
	if (gunzip->room && inflateInit2(&gunzip->stream, WINDOW_BITS) == Z_OK)
		return 0;
	free(gunzip->room);
	gunzip->room = NULL;
	return error_set(err, ENOMEM, "gzip");
}

void gunzip_release(struct gunzip *gunzip)
{
	if (!gunzip->room)
		return;
	inflateEnd(&gunzip->stream);
	free(gunzip->room);
	gunzip->room = NULL;
}

void gunzip_put(struct gunzip *gunzip, const void *data, size_t size)
{
	gunzip->stream.next_in = (z_const Bytef *)data;
	gunzip->stream.avail_in = (uInt)size;
}

/* Behind a member: another one, or zeros up to the end. */
static int begin_member(struct gunzip *gunzip, struct error *err)
{
	z_stream *stream = &gunzip->stream;

	for (; stream->avail_in && !*stream->next_in; stream->avail_in--, stream->next_in++)
		gunzip->padding++;
	if (gunzip->padding > PADDING_MAX)
		return error_set(err, 0, "it goes on for more than 64 MiB behind the gzip's end");
	if (!stream->avail_in)
		return 0;
	if (gunzip->padding || *stream->next_in != FIRST_BYTE)
		return error_set(err, 0, "there is something else behind the end of the gzip");
	gunzip->within = true;
	return inflateReset(stream) == Z_OK ? 0 : error_set(err, EINVAL, "gzip");
}

static int inflate_some(struct gunzip *gunzip, struct error *err)
{
	switch (inflate(&gunzip->stream, Z_NO_FLUSH)) {
	case Z_STREAM_END:
		gunzip->within = false;
		return 0;
	case Z_OK:
	case Z_BUF_ERROR:
		return 0;
	case Z_MEM_ERROR:
		return error_set(err, ENOMEM, "gzip");
	}
	return error_set(err, 0, "gzip: %s",
			 gunzip->stream.msg ? gunzip->stream.msg : "it makes no sense");
}

ssize_t gunzip_take(struct gunzip *gunzip, const void **data, struct error *err)
{
	z_stream *stream = &gunzip->stream;
	int result = 0;

	stream->next_out = gunzip->room;
	stream->avail_out = ROOM_SIZE;
	*data = gunzip->room;
	do {
		if (!gunzip->within)
			result = begin_member(gunzip, err);
		/* Also without input: what had no room the last time comes out. */
		if (!result && gunzip->within)
			result = inflate_some(gunzip, err);
	} while (!result && stream->avail_in && stream->avail_out == ROOM_SIZE);
	return result ? result : (ssize_t)(ROOM_SIZE - stream->avail_out);
}

int gunzip_finish(const struct gunzip *gunzip, struct error *err)
{
	return gunzip->within ? error_set(err, 0, "gzip: truncated") : 0;
}
