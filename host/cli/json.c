/* SPDX-License-Identifier: MIT */
/* Printing JSON; see json.h. No locks. */
#include <stdio.h>
#include <time.h>

#include "host/base/text.h"
#include "host/cli/json.h"

void json_print_text(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	if (!text) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	while (*at) {
		int size = text_character_size((const char *)at);

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

void time_print_plain(int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	char text[40];
	struct tm tm;

	if (!time_ns) {
		fputs("0001-01-01T00:00:00Z", stdout);
		return;
	}
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	printf("%s.%09dZ", text, (int)(time_ns % 1000000000));
}

void json_print_time(int64_t time_ns)
{
	if (!time_ns) {
		json_print_text(NULL);
		return;
	}
	putchar('"');
	time_print_plain(time_ns);
	putchar('"');
}
