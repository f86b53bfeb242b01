/* SPDX-License-Identifier: MIT */
/* See hostile.h. Without an attack's name it lists them. */
#include "tests/escape/hostile/hostile.h"

static const struct attack *const tables[] = { disk_attacks };

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

void tell_escape(void)
{
	say("escaped\n");
	leave(1 << 8);
	__builtin_unreachable();
}

void tell_result(long result)
{
	if (result >= 0)
		tell_escape();
	say("refused ");
	say_number(-result);
	say("\n");
	leave(0);
	__builtin_unreachable();
}

void layer_main(void)
{
	const char *name = argument(0);

	for (size_t i = 0; i < TABLE_COUNT; i++) {
		for (const struct attack *attack = tables[i]; attack->name; attack++) {
			if (same(name, "list")) {
				say(attack->name);
				say("\n");
			} else if (same(name, attack->name)) {
				attack->run();
				leave(2 << 8);
			}
		}
	}
	leave(same(name, "list") ? 0 : 2 << 8);
}
