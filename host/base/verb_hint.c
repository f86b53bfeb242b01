/* SPDX-License-Identifier: MIT */
/* Verbs of docker and podman; see verb_hint.h. No locks. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "host/base/verb_hint.h"

/* Either ours, or why there is none. */
static const struct {
	const char *program, *verb, *ours, *why;
} hints[] = {
	{ "mezzo", "images", "mezzo image ls", NULL },
	{ "mezzo", "rmi", "mezzo image rm", NULL },
	{ "mezzo", "tag", "mezzo image tag", NULL },
	{ "mezzo", "save", "mezzo image export --format oci", NULL },
	{ "mezzo", "load", "mezzo image import", NULL },
	{ "mezzo", "import", "mezzo image import", NULL },
	{ "mezzo", "export", "mezzo cp -a NAME:/ -", NULL },
	{ "mezzo", "history", "mezzo image show", NULL },
	{ "mezzo", "build", "mezzo commit", NULL },
	{ "mezzo", "list", "mezzo ls", NULL },
	{ "mezzo", "remove", "mezzo rm", NULL },
	{ "mezzo", "shell", "mezzo exec -it NAME -- sh", NULL },
	{ "mezzo", "top", "mezzo exec NAME -- ps", NULL },
	{ "mezzo", "restart", "mezzo stop NAME && mezzo start NAME", NULL },
	{ "mezzo", "volumes", "mezzo volume ls", NULL },
	{ "mezzo", "info", "mezzo store info", NULL },
	{ "mezzo", "fsck", "mezzo store fsck", NULL },
	{ "mezzo", "dedup", "mezzo store dedup", NULL },
	{ "mezzo", "prune", NULL, "see `mezzo rm`, `mezzo image rm` and `mezzo volume prune`" },
	{ "mezzo", "system", "mezzo store", NULL },
	{ "mezzo", "container", NULL, "its verbs stand alone, as in `mezzo ls`: see `mezzo help`" },
	{ "mezzo", "domain", NULL, "its verbs stand alone, as in `mezzo ls`: see `mezzo help`" },
	{ "mezzo", "pull", NULL, "there is no registry: see `mezzo image import --help`" },
	{ "mezzo", "push", NULL, "there is no registry: see `mezzo image export --help`" },
	{ "mezzo", "login", NULL, "there is no registry: see `mezzo image --help`" },
	{ "mezzo", "search", NULL, "there is no registry: see `mezzo image ls`" },
	{ "mezzo", "port", NULL, "domains have no network yet" },
	{ "mezzo", "network", NULL, "domains have no network yet" },
	{ "mezzo image", "list", "mezzo image ls", NULL },
	{ "mezzo image", "inspect", "mezzo image show --json", NULL },
	{ "mezzo image", "history", "mezzo image show", NULL },
	{ "mezzo image", "remove", "mezzo image rm", NULL },
	{ "mezzo image", "save", "mezzo image export --format oci", NULL },
	{ "mezzo image", "load", "mezzo image import", NULL },
	{ "mezzo image", "build", "mezzo image commit", NULL },
	{ "mezzo image", "pull", NULL, "there is no registry: see `mezzo image import --help`" },
	{ "mezzo image", "push", NULL, "there is no registry: see `mezzo image export --help`" },
	{ "mezzo image", "prune", NULL, "no image is without a name: `mezzo image rm NAME` removes "
	  "it with all that no other needs" },
	{ "mezzo store", "prune", NULL, "what nothing needs goes with `mezzo rm` and `mezzo image "
	  "rm`: see also `mezzo store dedup` and `mezzo volume prune`" },
	{ "mezzo store", "check", "mezzo store fsck", NULL },
	{ "mezzo store", "df", "mezzo store info", NULL },
	{ "mezzo volume", "list", "mezzo volume ls", NULL },
	{ "mezzo volume", "remove", "mezzo volume rm", NULL },
	{ "mezzo volume", "show", "mezzo volume inspect", NULL },
};

bool verb_is_near(const char *typed, const char *verb)
{
	size_t same = 0, typed_size = strlen(typed), size = strlen(verb);
	const char *rest, *other;

	while (typed[same] && typed[same] == verb[same])
		same++;
	rest = typed + same;
	other = verb + same;
	/* Too much, too little, another one in its place, or two that have changed places. */
	if (typed_size == size + 1)
		return !strcmp(rest + 1, other);
	if (typed_size + 1 == size)
		return !strcmp(rest, other + 1);
	if (typed_size != size || !*rest)
		return false;
	return !strcmp(rest + 1, other + 1) ||
	       (rest[0] == other[1] && rest[1] == other[0] && !strcmp(rest + 2, other + 2));
}

const char *verb_hint(const char *program, const char *verb, const char *near,
		      char text[VERB_HINT_SIZE])
{
	if (near)
		snprintf(text, VERB_HINT_SIZE, "did you mean `%s %s`?", program, near);
	else
		snprintf(text, VERB_HINT_SIZE, "try `%s --help`", program);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (strcmp(hints[i].program, program) || strcmp(hints[i].verb, verb))
			continue;
		if (hints[i].ours)
			snprintf(text, VERB_HINT_SIZE, "did you mean `%s`?", hints[i].ours);
		else
			snprintf(text, VERB_HINT_SIZE, "%s", hints[i].why);
	}
	return text;
}
