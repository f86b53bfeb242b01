/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of a monitor. How many a domain has it hold is bounded, whatever the domain does:
 * consoles by their number, files of volumes by what is left when all else has its share. So a
 * domain can't take from those who are to end it the descriptors that they need.
 */
#ifndef HOST_MONITOR_FILES_H
#define HOST_MONITOR_FILES_H

#include "boundary/abi.h"

/* Each stream's outer descriptor, perhaps opened anew, and two eventfds (lane.h). */
#define FILES_OF_CONSOLE	(2 * STREAM_COUNT + 2)
/* A connection, and what it follows the output with (control_server.h). */
#define FILES_OF_CLIENT		2u
#define CLIENTS_KEPT		64u	/* besides those of consoles */
/* The store, the folder, the domain's memory and whatever else there is one of. */
#define FILES_OF_MONITOR	64u

/*
 * All but the files of volumes that a domain asked for. The plan has two for each volume. A request
 * opens at most as many as it answers with, and a few.
 */
#define FILES_KEPT (CONSOLE_MAX * FILES_OF_CONSOLE + \
		    (CONSOLE_MAX + CLIENTS_KEPT) * FILES_OF_CLIENT + \
		    2 * VOLUME_MAX + REQUEST_OPEN_MAX + FILES_OF_MONITOR)

#endif
