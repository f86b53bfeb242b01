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
#include "host/image/words.h"

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

/* The variables that lines may name: those that the config has before the line. */
static struct json_object *environment_of(struct json_object *config)
{
	return json_member(config, "Env", json_type_array);
}

static int change_text(struct json_object *config, const char *member, const char *text,
		       struct error *err)
{
	char *value = word_expand(text, strlen(text), environment_of(config), err);
	int result;

	if (!value)
		return -EINVAL;
	result = member_set(config, member, json_object_new_string(value), err);
	free(value);
	return result;
}

/* A directory that is not absolute is one below the former one. */
static int change_directory(struct json_object *config, const char *member, const char *text,
			    struct error *err)
{
	char *value = word_expand(text, strlen(text), environment_of(config), err), *path = NULL;
	const char *former = json_text(config, member);
	int result;

	if (!value)
		return -EINVAL;
	if (value[0] == '/')
		result = member_set(config, member, json_object_new_string(value), err);
	else if (asprintf(&path, "%s%s%s", former ? former : "",
			  former && former[0] && former[strlen(former) - 1] == '/' ? "" : "/",
			  value) < 0)
		result = no_memory(err);
	else
		result = member_set(config, member, json_object_new_string(path), err);
	free(path);
	free(value);
	return result;
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

/* ---- Pairs: ENV and LABEL ---- */

/* What is done with each pair of a line. */
typedef int pair_put(struct json_object *to, const char *name, const char *value,
		     struct error *err);

/* A pair whose value is written in size bytes, all in its own words. */
static int put_written(struct json_object *environment, struct json_object *to, const char *pair,
		       size_t name_size, const char *value, size_t size, pair_put *put,
		       struct error *err)
{
	char *name = word_expand(pair, name_size, environment, err);
	char *meant = name ? word_expand(value, size, environment, err) : NULL;
	int result;

	if (!meant)
		result = -EINVAL;
	else if (!*name)
		result = error_set(err, 0, "%.100s: it is no NAME=VALUE", pair);
	else
		result = put(to, name, meant, err);
	free(meant);
	free(name);
	return result;
}

/* NAME=VALUE, often, or NAME and one value that is all of the rest. */
static int put_pairs(struct json_object *environment, struct json_object *to, const char *text,
		     pair_put *put, struct error *err)
{
	const char *at = text, *word;
	size_t size = word_next(&at, &word), name_size = strcspn(word, "=");
	int result = 0;

	if (name_size >= size) {
		at += strspn(at, " \t");
		if (!*at)
			return error_set(err, 0, "%.100s: it is no NAME=VALUE", text);
		return put_written(environment, to, word, size, at, strlen(at), put, err);
	}
	for (; size && !result; size = word_next(&at, &word)) {
		name_size = strcspn(word, "=");
		if (name_size >= size)
			return error_set(err, 0, "%.*s: it is no NAME=VALUE",
					 (int)(size < 100 ? size : 100), word);
		result = put_written(environment, to, word, name_size, word + name_size + 1,
				     size - name_size - 1, put, err);
	}
	return result;
}

/* In place of what the name had. */
static int put_variable(struct json_object *to, const char *name, const char *value,
			struct error *err)
{
	size_t name_size = strlen(name), count = json_object_array_length(to), at = 0;
	struct json_object *item;
	char *pair;

	for (; at < count; at++) {
		const char *old = json_text_at(to, at);

		if (old && !strncmp(old, name, name_size) && old[name_size] == '=')
			break;
	}
	if (asprintf(&pair, "%s=%s", name, value) < 0)
		return no_memory(err);
	item = json_object_new_string(pair);
	free(pair);
	if (item && !json_object_array_put_idx(to, at, item))
		return 0;
	json_object_put(item);
	return no_memory(err);
}

/* All values of a line are as the variables were before it. */
static int change_environment(struct json_object *config, const char *member, const char *text,
			      struct error *err)
{
	struct json_object *old = environment_of(config), *array = json_object_new_array();
	size_t count = old ? json_object_array_length(old) : 0;
	int result = array ? 0 : no_memory(err);

	for (size_t i = 0; i < count && !result; i++) {
		const char *pair = json_text_at(old, i);

		if (pair && array_add(array, pair, strlen(pair)))
			result = no_memory(err);
	}
	if (!result)
		result = put_pairs(old, array, text, put_variable, err);
	if (!result)
		return member_set(config, member, array, err);
	json_object_put(array);
	return result;
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

static int put_label(struct json_object *config, const char *name, const char *value,
		     struct error *err)
{
	return inner_set(config, "Labels", name, json_object_new_string(value), err);
}

static int change_label(struct json_object *config, const char *member, const char *text,
			struct error *err)
{
	(void)member;
	return put_pairs(environment_of(config), config, text, put_label, err);
}

static int put_port(struct json_object *config, const char *member, const char *text,
		    struct error *err)
{
	size_t digits = strspn(text, "0123456789");
	char port[32];

	if (!digits || strlen(text) >= sizeof(port) - 4 ||
	    (text[digits] && strcmp(text + digits, "/tcp") && strcmp(text + digits, "/udp")))
		return error_set(err, 0, "EXPOSE %.100s: it is no PORT[/tcp|/udp]", text);
	snprintf(port, sizeof(port), "%s%s", text, text[digits] ? "" : "/tcp");
	return inner_set(config, member, port, json_object_new_object(), err);
}

static int change_port(struct json_object *config, const char *member, const char *text,
		       struct error *err)
{
	const char *word;
	size_t size;
	int result = 0;

	while (!result && (size = word_next(&text, &word))) {
		char *port = word_expand(word, size, environment_of(config), err);

		result = port ? put_port(config, member, port, err) : -EINVAL;
		free(port);
	}
	return result;
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
	{ "WORKDIR", "WorkingDir", change_directory },
	/* clang-format on */
};

static int change_one(struct json_object *config, const char *line, struct error *err)
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

static bool is_of(const char *line, const char *word)
{
	size_t size = strlen(word);

	return !strncasecmp(line, word, size) && (line[size] == ' ' || line[size] == '\t');
}

int config_change(struct json_object *config, char **lines, size_t count, struct error *err)
{
	bool has_command = false;
	int result = 0;

	for (size_t i = 0; i < count && !result; i++) {
		has_command |= is_of(lines[i], "CMD");
		/* The arguments of another entrypoint mean nothing to a new one. */
		if (is_of(lines[i], "ENTRYPOINT") && !has_command)
			json_object_object_del(config, "Cmd");
		result = change_one(config, lines[i], err);
	}
	return result;
}
