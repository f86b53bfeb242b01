/* SPDX-License-Identifier: MIT */
/* Configs and times of OCI; see config.h. No locks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/image/config.h"
#include "host/image/json.h"
#include "host/image/launch.h"

#define SECOND_NS 1000000000ll

/*
 * A member and its type; elements of arrays, values of objects are strings, where `texts` says so.
 */
static const struct {
	const char *name;
	enum json_type type;
	bool texts;
} members[] = {
	/* clang-format off */
	{ "Entrypoint", json_type_array, true },
	{ "Cmd", json_type_array, true },
	{ "Env", json_type_array, true },
	{ "User", json_type_string, false },
	{ "WorkingDir", json_type_string, false },
	{ "ExposedPorts", json_type_object, false },
	{ "Labels", json_type_object, true },
	{ "StopSignal", json_type_string, false },
	/* clang-format on */
};

static bool holds_texts(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			if (!json_text_at(value, i))
				return false;
		}
		return true;
	}
	json_object_object_foreach(value, key, element)
	{
		if (!key[0] || !json_object_is_type(element, json_type_string))
			return false;
	}
	return true;
}

static int take_members(struct json_object *from, struct json_object *to, struct error *err)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct json_object *value;

		if (!json_object_object_get_ex(from, members[i].name, &value) || !value)
			continue;
		if (!json_object_is_type(value, members[i].type) ||
		    (members[i].texts && !holds_texts(value)) ||
		    (members[i].type == json_type_string && !json_text(from, members[i].name)))
			return error_set(err, 0, "config: %s is of a wrong type", members[i].name);
		if (json_object_object_add(to, members[i].name, json_object_get(value)))
			return error_set(err, ENOMEM, "config");
	}
	return 0;
}

static int check_platform(struct json_object *blob, struct error *err)
{
	const char *system = json_text(blob, "os"), *processor = json_text(blob, "architecture");

	if (!system || !processor)
		return error_set(err, 0, "config: it does not say its os and architecture");
	if (strcmp(system, "linux") || strcmp(processor, "amd64"))
		return error_set(err, 0, "the image is for %.40s/%.40s, and Mezzo runs linux/amd64",
				 system, processor);
	return 0;
}

int config_form(struct json_object *members_of, char **config, struct error *err)
{
	struct json_object *out = json_object_new_object();
	int result;

	if (!out)
		return error_set(err, ENOMEM, "config");
	result = members_of ? take_members(members_of, out, err) : 0;
	if (!result) {
		*config = strdup(json_object_to_json_string_ext(
			out, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		if (!*config)
			result = error_set(err, ENOMEM, "config");
	}
	json_object_put(out);
	return result;
}

int config_take(struct json_object *blob, char **config, int64_t *created_ns, struct error *err)
{
	const char *created = json_text(blob, "created");
	int result = check_platform(blob, err);

	if (result)
		return result;
	if (created && time_parse(created, created_ns))
		return error_set(err, 0, "config: created is no time: %.60s", created);
	return config_form(json_member(blob, "config", json_type_object), config, err);
}

static bool is_variable(const char *text)
{
	return text[0] != '=' && strchr(text, '=');
}

/* Elements of an array as a list that ends with NULL; the strings are the array's. */
static char **list_of(struct json_object *config, const char *name,
		      bool (*is_wanted)(const char *text))
{
	struct json_object *array = json_member(config, name, json_type_array);
	size_t count = array ? json_object_array_length(array) : 0, used = 0;
	char **list = calloc(count + 1, sizeof(*list));

	for (size_t i = 0; i < count && list; i++) {
		const char *text = json_text_at(array, i);

		if (text && (!is_wanted || is_wanted(text)))
			list[used++] = (char *)text;
	}
	return list;
}

static char *text_of_member(struct json_object *config, const char *name)
{
	const char *text = json_text(config, name);

	return (char *)(text ? text : "");
}

int config_launch(const char *config, char **launch, uint32_t *size, struct error *err)
{
	struct json_object *json = json_tokener_parse(config);
	struct image_launch out = { .entrypoint = list_of(json, "Entrypoint", NULL),
				    .cmd = list_of(json, "Cmd", NULL),
				    .env = list_of(json, "Env", is_variable),
				    .user = text_of_member(json, "User"),
				    .workdir = text_of_member(json, "WorkingDir") };
	size_t launch_size = 0;
	int result;

	if (!json || !out.entrypoint || !out.cmd || !out.env)
		result = error_set(err, ENOMEM, "config");
	else
		result = launch_encode(&out, launch, &launch_size, err);
	free(out.entrypoint);
	free(out.cmd);
	free(out.env);
	json_object_put(json);
	if (!result)
		*size = (uint32_t)launch_size;
	return result;
}

void time_print(int64_t time_ns, char text[TIME_TEXT_SIZE])
{
	int64_t part = time_ns % SECOND_NS;
	time_t seconds = time_ns / SECOND_NS - (part < 0);
	struct tm tm;
	size_t used;

	if (part < 0)
		part += SECOND_NS;
	gmtime_r(&seconds, &tm);
	used = strftime(text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	if (part) {
		used += (size_t)snprintf(text + used, TIME_TEXT_SIZE - used, ".%09lld",
					 (long long)part);
		while (text[used - 1] == '0')
			used--;
	}
	text[used] = 'Z';
	text[used + 1] = '\0';
}

static int64_t parse_fraction(const char **at)
{
	int64_t value = 0, unit = SECOND_NS;

	if (**at != '.')
		return 0;
	for (++*at; **at >= '0' && **at <= '9'; ++*at) {
		unit /= 10;
		value += (**at - '0') * unit;
	}
	return value;
}

/* "Z" or "+02:00". */
static int parse_zone(const char *at, int64_t *seconds)
{
	int hours, minutes, used = 0;

	*seconds = 0;
	if (!strcmp(at, "Z") || !strcmp(at, "z"))
		return 0;
	if ((*at != '+' && *at != '-') ||
	    sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || at[1 + used])
		return -EINVAL;
	*seconds = (*at == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return 0;
}

int time_parse(const char *text, int64_t *time_ns)
{
	struct tm tm = { 0 };
	const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t fraction, zone, seconds;

	if (!at)
		return -EINVAL;
	fraction = parse_fraction(&at);
	if (parse_zone(at, &zone))
		return -EINVAL;
	seconds = timegm(&tm) - zone;
	/*
	 * Year 1, which stands for "not known" in Go's programs, and others beyond 64 bits of
	 * nanoseconds.
	 */
	if (seconds > INT64_MAX / SECOND_NS - 1 || seconds < INT64_MIN / SECOND_NS + 1)
		seconds = fraction = 0;
	*time_ns = seconds * SECOND_NS + fraction;
	return 0;
}
