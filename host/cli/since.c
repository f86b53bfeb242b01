/* SPDX-License-Identifier: MIT */
/* Reading times; see since.h. No locks. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/cli/since.h"

#define SECONDS_MAX 253402300799ll	/* the end of the year 9999 */

/* ".123456" as nanoseconds; text goes on behind it. Without one: 0. */
static long take_fraction(const char **text)
{
	long ns = 0, unit = 100000000;

	if (**text != '.')
		return 0;
	while (isdigit((unsigned char)*++*text)) {
		ns += (**text - '0') * unit;
		unit /= 10;
	}
	return ns;
}

/* "Z", "+01:00" or nothing: seconds ahead of UTC. */
static int take_zone(const char **text, long *ahead)
{
	int hours, minutes, size = 0;
	char sign;

	*ahead = 0;
	if (**text == 'Z' || **text == 'z') {
		++*text;
		return 0;
	}
	if (!**text)
		return 0;
	if (sscanf(*text, "%c%2d:%2d%n", &sign, &hours, &minutes, &size) != 3 ||
	    (sign != '+' && sign != '-') || size != 6 || hours < 0 || minutes < 0)
		return -EINVAL;
	*ahead = (hours * 60 + minutes) * (sign == '+' ? 60 : -60);
	*text += size;
	return 0;
}

static int parse_date(const char *text, struct timespec *time)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	long ahead;

	if (!rest)
		return -EINVAL;
	if (*rest == 'T' || *rest == ' ')
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (!rest)
		return -EINVAL;
	time->tv_nsec = take_fraction(&rest);
	if (take_zone(&rest, &ahead) || *rest)
		return -EINVAL;
	time->tv_sec = timegm(&tm) - ahead;
	return 0;
}

static int parse_epoch(const char *text, struct timespec *time)
{
	char *rest;
	const char *at;

	time->tv_sec = strtoll(text, &rest, 10);
	if (rest == text)
		return -EINVAL;
	at = rest;
	time->tv_nsec = take_fraction(&at);
	return *at ? -EINVAL : 0;
}

/* "1h30m" */
static int parse_age(const char *text, struct timespec *time)
{
	static const struct {
		char unit;
		int seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	long long age = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		char *rest;
		long long number = strtoll(text, &rest, 10);
		size_t i = 0;

		if (rest == text || number < 0 || number > SECONDS_MAX)
			return -EINVAL;
		while (i < 4 && units[i].unit != *rest)
			i++;
		if (i == 4)
			return -EINVAL;
		age += number * units[i].seconds;
		text = rest + 1;
	}
	clock_gettime(CLOCK_REALTIME, time);
	time->tv_sec = age < time->tv_sec ? time->tv_sec - age : 0;
	return 0;
}

int since_parse(const char *text, char time[LOG_TIME_SIZE + 1])
{
	struct timespec when;
	struct tm tm;
	size_t size;

	if (parse_date(text, &when) && parse_epoch(text, &when) && parse_age(text, &when))
		return -EINVAL;
	if (when.tv_sec < 0 || when.tv_sec > SECONDS_MAX)
		return -EINVAL;
	gmtime_r(&when.tv_sec, &tm);
	size = strftime(time, LOG_TIME_SIZE + 1, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(time + size, LOG_TIME_SIZE + 1 - size, ".%09ldZ", when.tv_nsec);
	return 0;
}
