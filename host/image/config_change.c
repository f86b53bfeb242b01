/* SPDX-License-Identifier: MIT */
/* Changes of an image's config; see config_change.h. No locks. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/image/config_change.h"
#include "host/image/json.h"

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "config");
}

/* Takes value, which may be NULL for want of memory. */
static int member_set(struct json_object *config, const char *name, struct json_object *value,
		      struct error *err)
{
	if (value && !json_object_object_add(config, name, value))
		return 0;
	json_object_put(value);
	return no_memory(err);
}

static int array_add(struct json_object *array, const char *text, size_t size)
{
	struct json_object *item = json_object_new_string_len(text, (int)size);

	if (item && !json_object_array_add(array, item))
		return 0;
	json_object_put(item);
	return -ENOMEM;
}

static int change_text(struct json_object *config, const char *member, const char *text,
		       struct error *err)
{
	return member_set(config, member, json_object_new_string(text), err);
}

/* NULL for what is no array of strings. */
static struct json_object *parse_texts(const char *text)
{
	struct json_object *array = json_tokener_parse(text);
	bool is_good = json_object_is_type(array, json_type_array);

	for (size_t i = 0; is_good && i < json_object_array_length(array); i++)
		is_good = json_text_at(array, i);
	if (is_good)
		return array;
	json_object_put(array);
	return NULL;
}

/* ["a", "b"], or a line for the shell. */
static int change_command(struct json_object *config, const char *member, const char *text,
			  struct error *err)
{
	struct json_object *array = text[0] == '[' ? parse_texts(text) : json_object_new_array();

	if (text[0] == '[' && !array)
		return error_set(err, 0, "%.100s: it is no JSON array of strings", text);
	if (text[0] != '[' && array &&
	    (array_add(array, "/bin/sh", 7) || array_add(array, "-c", 2) ||
	     array_add(array, text, strlen(text)))) {
		json_object_put(array);
		array = NULL;
	}
	return member_set(config, member, array, err);
}

/* NAME=VALUE or NAME VALUE: the size of the name, with *value; 0 for what is neither. */
static size_t split_pair(const char *text, const char **value)
{
	size_t size = strcspn(text, "= \t");

	if (!text[size])
		return 0;
	*value = text + size + 1;
	if (text[size] != '=')
		*value += strspn(*value, " \t");
	return size;
}

/* Adds NAME=VALUE in place of what the name had. */
static int environment_set(struct json_object *from, struct json_object *to, const char *text,
			   size_t name_size, const char *value)
{
	size_t value_size = strlen(value), count = from ? json_object_array_length(from) : 0;
	struct json_object *item;
	char *pair;
	int result = 0;

	for (size_t i = 0; i < count && !result; i++) {
		const char *old = json_text_at(from, i);

		if (old && (strncmp(old, text, name_size) || old[name_size] != '='))
			result = array_add(to, old, strlen(old));
	}
	pair = result ? NULL : malloc(name_size + value_size + 2);
	if (!pair)
		return -ENOMEM;
	memcpy(pair, text, name_size);
	pair[name_size] = '=';
	strcpy(pair + name_size + 1, value);
	item = json_object_new_string(pair);
	free(pair);
	return item && !json_object_array_add(to, item) ? 0 : -ENOMEM;
}

static int change_environment(struct json_object *config, const char *member, const char *text,
			      struct error *err)
{
	struct json_object *array, *old = json_member(config, member, json_type_array);
	const char *value;
	size_t size = split_pair(text, &value);

	if (!size)
		return error_set(err, 0, "ENV %.100s: it is no NAME=VALUE", text);
	array = json_object_new_array();
	if (array && environment_set(old, array, text, size, value)) {
		json_object_put(array);
		array = NULL;
	}
	return member_set(config, member, array, err);
}

/* A member of an object that is a member of the config, which is made where it is missing. */
static int inner_set(struct json_object *config, const char *member, const char *name,
		     struct json_object *value, struct error *err)
{
	struct json_object *inner = json_member(config, member, json_type_object);
	int result = 0;

	if (!inner) {
		inner = json_object_new_object();
		result = member_set(config, member, inner, err);
	}
	if (result) {
		json_object_put(value);
		return result;
	}
	return member_set(inner, name, value, err);
}

static int change_label(struct json_object *config, const char *member, const char *text,
			struct error *err)
{
	const char *value;
	size_t size = split_pair(text, &value);
	char name[256];

	if (!size || size >= sizeof(name))
		return error_set(err, 0, "LABEL %.100s: it is no NAME=VALUE", text);
	memcpy(name, text, size);
	name[size] = '\0';
	return inner_set(config, member, name, json_object_new_string(value), err);
}

static int change_port(struct json_object *config, const char *member, const char *text,
		       struct error *err)
{
	char port[32];
	size_t digits = strspn(text, "0123456789");

	if (!digits || strlen(text) >= sizeof(port) - 4 ||
	    (text[digits] && strcmp(text + digits, "/tcp") && strcmp(text + digits, "/udp")))
		return error_set(err, 0, "EXPOSE %.100s: it is no PORT[/tcp|/udp]", text);
	snprintf(port, sizeof(port), "%s%s", text, text[digits] ? "" : "/tcp");
	return inner_set(config, member, port, json_object_new_object(), err);
}

static const struct {
	const char *word, *member;
	int (*change)(struct json_object *config, const char *member, const char *text,
		      struct error *err);
} changes[] = {
	/* clang-format off */
	{ "CMD", "Cmd", change_command },
	{ "ENTRYPOINT", "Entrypoint", change_command },
	{ "ENV", "Env", change_environment },
	{ "EXPOSE", "ExposedPorts", change_port },
	{ "LABEL", "Labels", change_label },
	{ "STOPSIGNAL", "StopSignal", change_text },
	{ "USER", "User", change_text },
	{ "WORKDIR", "WorkingDir", change_text },
	/* clang-format on */
};

int config_change(struct json_object *config, const char *line, struct error *err)
{
	size_t size = strcspn(line, " \t");
	const char *text = line + size + strspn(line + size, " \t");

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]) && *text; i++) {
		if (strlen(changes[i].word) == size && !strncasecmp(changes[i].word, line, size))
			return changes[i].change(config, changes[i].member, text, err);
	}
	return error_set(err, 0, "change '%.100s': it is none of " CONFIG_CHANGES
				 " and what it is to be", line);
}
