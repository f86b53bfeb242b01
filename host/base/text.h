/* SPDX-License-Identifier: MIT */
/* Text that comes from anywhere, and may be no UTF-8. */
#ifndef HOST_BASE_TEXT_H
#define HOST_BASE_TEXT_H

/*
 * Bytes of the UTF-8 character that text begins with, or 0 for what is none. The text is not empty.
 */
int text_character_size(const char *text);

#endif
