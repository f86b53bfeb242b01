/* SPDX-License-Identifier: MIT */
/* What cmocka wants to be included before itself, and a tree of files to test on. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
