/* SPDX-License-Identifier: MIT */
/* See hostile.h. "list" and the name of a table list its attacks. */
#include <stdbool.h>

#include "tests/escape/hostile/hostile.h"

static const struct {
	const char *name;
	const struct attack *attacks;
} tables[] = {
	{ "disk", disk_attacks },
	{ "monitor", monitor_attacks },
};

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
		const struct attack *attack = tables[i].attacks;
		bool listed = same(name, "list") && same(argument(1), tables[i].name);

		for (; attack->name; attack++) {
			if (listed) {
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
