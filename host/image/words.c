/* SPDX-License-Identifier: MIT */
/* Words of a Dockerfile; see words.h. No locks. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/json.h"
#include "host/image/words.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789"

size_t word_next(const char **at, const char **word)
{
	const char *c = *at + strspn(*at, " \t");
	char quote = '\0';

	*word = c;
	for (; *c && (quote || (*c != ' ' && *c != '\t')); c++) {
		if (*c == '\\' && quote != '\'' && c[1])
			c++;
		else if (*c == quote)
			quote = '\0';
		else if (!quote && (*c == '"' || *c == '\''))
			quote = *c;
	}
	*at = c;
	return (size_t)(c - *word);
}

/* What is left of a text, and what came out of it. */
struct expansion {
	const char *at, *end;
	FILE *out;
	struct json_object *environment;
};

static const char *variable_find(const struct expansion *expansion, const char *name, size_t size)
{
	size_t count = expansion->environment ? json_object_array_length(expansion->environment)
					      : 0;

	for (size_t i = 0; i < count; i++) {
		const char *pair = json_text_at(expansion->environment, i);

		if (pair && !strncmp(pair, name, size) && pair[size] == '=')
			return pair + size + 1;
	}
	return NULL;
}

static int expand(struct expansion *expansion, const char *end);

/* Behind "${NAME:": - and a word for what is not set or empty, or + and one for all else. */
static int put_choice(struct expansion *expansion, const char *value, const char *end)
{
	bool is_set = value && *value, is_default = *expansion->at == '-';

	if (expansion->at == end || (!is_default && *expansion->at != '+'))
		return -EINVAL;
	expansion->at++;
	if (is_set == !is_default)
		return expand(expansion, end);
	if (is_default)
		fputs(value, expansion->out);
	return 0;
}

/* The brace that ends what a brace before at began; NULL: none does. */
static const char *brace_find(const char *at, const char *end)
{
	unsigned depth = 1;

	for (; at < end; at++) {
		depth += *at == '{';
		if (*at == '}' && !--depth)
			return at;
	}
	return NULL;
}

/* Behind a dollar sign. */
static int put_variable(struct expansion *expansion)
{
	bool braced = expansion->at < expansion->end && *expansion->at == '{';
	const char *name = expansion->at + braced, *value, *close;
	size_t size = strspn(name, NAME_CHARACTERS);
	int result = 0;

	if (size > (size_t)(expansion->end - name))
		size = (size_t)(expansion->end - name);
	if (!size && !braced) {
		fputc('$', expansion->out);
		return 0;
	}
	value = variable_find(expansion, name, size);
	expansion->at = name + size;
	if (!braced) {
		fputs(value ? value : "", expansion->out);
		return 0;
	}
	close = brace_find(expansion->at, expansion->end);
	if (!size || !close)
		return -EINVAL;
	if (*expansion->at++ == ':')
		result = put_choice(expansion, value, close);
	else if (expansion->at != close + 1)
		result = -EINVAL;
	else
		fputs(value ? value : "", expansion->out);
	expansion->at = close + 1;
	return result;
}

/* Behind a quote. In double ones a backslash means something before some characters alone. */
static int put_quoted(struct expansion *expansion, char quote, const char *end)
{
	while (expansion->at < end && *expansion->at != quote) {
		char c = *expansion->at++;

		if (quote == '"' && c == '$') {
			int result = put_variable(expansion);

			if (result)
				return result;
			continue;
		}
		if (quote == '"' && c == '\\' && expansion->at < end &&
		    strchr("\"$\\", *expansion->at))
			c = *expansion->at++;
		fputc(c, expansion->out);
	}
	return expansion->at++ < end ? 0 : -EINVAL;
}

static int expand(struct expansion *expansion, const char *end)
{
	int result = 0;

	while (!result && expansion->at < end) {
		char c = *expansion->at++;

		if (c == '$')
			result = put_variable(expansion);
		else if (c == '"' || c == '\'')
			result = put_quoted(expansion, c, end);
		else if (c == '\\' && expansion->at < end)
			fputc(*expansion->at++, expansion->out);
		else
			fputc(c, expansion->out);
	}
	return result;
}

char *word_expand(const char *text, size_t size, struct json_object *environment,
		  struct error *err)
{
	struct expansion expansion = { .at = text, .end = text + size,
				       .environment = environment };
	char *out = NULL;
	size_t out_size;
	int result;

	expansion.out = open_memstream(&out, &out_size);
	if (!expansion.out) {
		error_set(err, ENOMEM, "config");
		return NULL;
	}
	result = expand(&expansion, expansion.end);
	if (fclose(expansion.out))
		result = -ENOMEM;
	if (!result)
		return out;
	free(out);
	error_set(err, result == -ENOMEM ? ENOMEM : 0, "%.*s: a quote or a brace has no end",
		  (int)(size < 100 ? size : 100), text);
	return NULL;
}
