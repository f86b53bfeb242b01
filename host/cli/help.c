/* SPDX-License-Identifier: MIT */
/* `mezzo help`. */
#include <stdio.h>

#include "host/cli/cli.h"

static const char text[] =
"Mezzo runs unmodified Linux programs in domains: virtual environments that start like a process\n"
"and bring the operating system that they need with them.\n"
"\n"
"Usage: mezzo VERB [options]\n"
"\n"
"  do       run a command over a private view of your own root file system\n"
"  run      run a command over an image, or a root file system in a directory\n"
"  image    import, list, export and remove images, which domains start from\n"
"  store    tell about the store where images are, check and mend it\n"
"  inspect  show what this host offers and what domains may ask of it\n"
"  version  print the version\n"
"  help     this text\n"
"\n"
"`mezzo VERB --help` tells more, mezzo(1) all. To begin: mezzo do -- bash\n";

int verb_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs(text, stdout);
	return 0;
}
