/* SPDX-License-Identifier: MIT */
/* What one process of the fuzzer does: several threads that make calls on the same things. */
#ifndef FUZZ_CALLS_PARTY_H
#define FUZZ_CALLS_PARTY_H

#include <stdint.h>

/*
 * Makes random calls in the working directory until something ends the process, from several
 * threads; it and what it forks are the caller's to kill. Never returns.
 */
void party_play(uint64_t seed) __attribute__((noreturn));

#endif
