/* SPDX-License-Identifier: MIT */
/* Printing JSON; see json.h. No locks. */
#include <stdio.h>
#include <time.h>

#include "host/cli/json.h"

/* Bytes of the UTF-8 character that text begins with, or 0 for what is none. */
static int character_size(const unsigned char *text)
{
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

void json_print_text(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	if (!text) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	while (*at) {
		int size = character_size(at);

		if (!size)
			fputs("\\ufffd", stdout);
		else if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if (*at < ' ')
			printf("\\u%04x", *at);
		else
			fwrite(at, 1, (size_t)size, stdout);
		at += size ? size : 1;
	}
	putchar('"');
}

void json_print_name(const char *name, int first)
{
	if (!first)
		putchar(',');
	json_print_text(name);
	putchar(':');
}

void json_print_time(int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	char text[40];
	struct tm tm;

	if (!time_ns) {
		json_print_text(NULL);
		return;
	}
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	printf("\"%s.%09dZ\"", text, (int)(time_ns % 1000000000));
}
