/* SPDX-License-Identifier: MIT */
/* Looking at all that a lasting domain keeps, and mending it: part of `mezzo store fsck`. */
#ifndef HOST_CHANGE_CHECK_H
#define HOST_CHANGE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/domain/folder.h"

/*
 * Compares a domain's overlay with its slots, its pieces, its objects and its image. say is called
 * with one line for each finding; *found counts findings, *left those that remain. With repair, a
 * log is cut where it can't be right, and a file whose bytes or attributes can't be is forgotten:
 * one that was made is gone, one of the image is as the image has it. Objects that no file uses,
 * which are left after each run, are no finding; with repair they are deleted.
 *
 * Opens the store for reading itself, which a process does once at a time. A domain over a
 * directory keeps nothing. Returns 0, -EBUSY where the domain runs, or -errno where it can't be
 * looked at.
 */
int overlay_check(const struct domains *domains, const char *name, bool repair,
		  void (*say)(const char *line, void *data), void *data, uint64_t *found,
		  uint64_t *left, struct error *err);

#endif
