/* SPDX-License-Identifier: MIT */
/* What users of docker and podman call what Mezzo has under another name, or not at all. */
#ifndef HOST_BASE_VERB_HINT_H
#define HOST_BASE_VERB_HINT_H

#include <stdbool.h>

#define VERB_HINT_SIZE 160

/* Whether a word is a verb but for one slip of the fingers. */
bool verb_is_near(const char *typed, const char *verb);

/*
 * What to say to who asks for a verb that is not known: "did you mean ...", or to try the help.
 * program: "mezzo", "mezzo image" and so on; near: a verb of it that verb_is_near(), or NULL.
 * Returns text.
 */
const char *verb_hint(const char *program, const char *verb, const char *near,
		      char text[VERB_HINT_SIZE]);

#endif
