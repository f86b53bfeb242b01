/* SPDX-License-Identifier: MIT */
/* Standard output; see output.h. No locks but those of stdio. */
#include <errno.h>
#include <stdio.h>

#include "host/base/output.h"

int output_flush(struct error *err)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	error_set(err, errno, "can't write to standard output");
	if (!err->code)
		err->code = EIO;
	return -err->code;
}
