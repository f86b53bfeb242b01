/* SPDX-License-Identifier: MIT */
/* What users of docker and podman call what Mezzo has under another name, or not at all. */
#ifndef HOST_BASE_VERB_HINT_H
#define HOST_BASE_VERB_HINT_H

#define VERB_HINT_SIZE 160

/*
 * What to say to who asks for a verb that is not known: "did you mean ...", or to try the help.
 * program: "mezzo", "mezzo image" and so on. Returns text.
 */
const char *verb_hint(const char *program, const char *verb, char text[VERB_HINT_SIZE]);

#endif
