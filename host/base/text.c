/* SPDX-License-Identifier: MIT */
/* Text; see text.h. No locks. */
#include <stddef.h>

#include "host/base/text.h"

int text_character_size(const char *bytes)
{
	const unsigned char *text = (const unsigned char *)bytes;
	static const struct {
		unsigned char mask, value, least_second, most_second;
		int size;
	} forms[] = {
		{ 0xff, 0xe0, 0xa0, 0xbf, 3 }, { 0xff, 0xed, 0x80, 0x9f, 3 },
		{ 0xf0, 0xe0, 0x80, 0xbf, 3 }, { 0xff, 0xf0, 0x90, 0xbf, 4 },
		{ 0xff, 0xf4, 0x80, 0x8f, 4 }, { 0xfc, 0xf0, 0x80, 0xbf, 4 },
		{ 0xe0, 0xc0, 0x80, 0xbf, 2 },
	};

	if (*text < 0x80)
		return 1;
	if (*text < 0xc2)
		return 0;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((*text & forms[i].mask) != forms[i].value)
			continue;
		if (text[1] < forms[i].least_second || text[1] > forms[i].most_second)
			return 0;
		for (int at = 2; at < forms[i].size; at++) {
			if ((text[at] & 0xc0) != 0x80)
				return 0;
		}
		return forms[i].size;
	}
	return 0;
}
