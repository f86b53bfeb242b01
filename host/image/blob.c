/* SPDX-License-Identifier: MIT */
/* Reading blobs; see blob.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/image/blob.h"
#include "host/image/interrupt.h"

int blob_open(struct blob *blob, const char *path, struct error *err)
{
	struct stat status;

	*blob = (struct blob){ .name = path, .size = BLOB_SIZE_UNKNOWN };
	if (!strcmp(path, "-")) {
		blob->name = "standard input";
		blob->fd = STDIN_FILENO;
		return 0;
	}
	blob->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (blob->fd < 0)
		return error_set(err, errno, "%s", path);
	blob->owned = true;
	if (!fstat(blob->fd, &status) && S_ISREG(status.st_mode))
		blob->size = (uint64_t)status.st_size;
	return 0;
}

ssize_t blob_read(struct blob *blob, void *to, size_t size, struct error *err)
{
	bool stream = blob->size == BLOB_SIZE_UNKNOWN;
	ssize_t done;

	if (!stream && size > blob->size - blob->at)
		size = (size_t)(blob->size - blob->at);
	if (!size)
		return 0;
	if (stream && interrupt_wait_readable(blob->fd, err))
		return -err->code;
	if (interrupt_check(err))
		return -err->code;
	do {
		done = stream ? read(blob->fd, to, size)
			      : pread(blob->fd, to, size, (off_t)(blob->start + blob->at));
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		return error_set(err, errno, "%s", blob->name);
	if (!done && !stream)
		return error_set(err, EIO, "%s became shorter while it was read", blob->name);
	blob->at += (uint64_t)done;
	return done;
}

void blob_release(struct blob *blob)
{
	if (blob->owned)
		fd_close(&blob->fd);
	blob->owned = false;
}
