# SPDX-License-Identifier: MIT
# Writes the input files of bench-calls. -v what=data: 4 MiB in pages that begin and end with their own
# number. -v what=source: about 5,000 lines of C that a compiler can't dismiss.

function pages(count,    page, i, filling) {
	filling = "m"
	while (length(filling) < 4080)
		filling = filling filling
	filling = substr(filling, 1, 4080)
	for (page = 0; page < count; page++)
		printf "%08u%s%08u", page, filling, page
}

function source(functions,    f) {
	print "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
	print "struct item {\n\tlong key;\n\tdouble weight;\n\tchar name[24];\n\tstruct item *next;\n};\n"
	for (f = 0; f < functions; f++) {
		printf "static long sum_%d(const long *values, size_t count)\n{\n", f
		printf "\tlong total = %d;\n\n\tfor (size_t i = 0; i < count; i++) {\n", f
		printf "\t\tif (values[i] %% %d == 0)\n\t\t\ttotal += values[i] * %d;\n", f % 7 + 2, f + 3
		printf "\t\telse\n\t\t\ttotal ^= values[i] << %d;\n\t}\n\treturn total;\n}\n\n", f % 5
		printf "struct item *item_%d(struct item *list, const char *name, long key)\n{\n", f
		printf "\tfor (struct item *item = list; item; item = item->next) {\n"
		printf "\t\tswitch (item->key %% 4) {\n\t\tcase 0:\n\t\t\titem->weight *= %d.5;\n", f
		printf "\t\t\tbreak;\n\t\tcase 1:\n\t\t\tif (!strcmp(item->name, name))\n"
		printf "\t\t\t\treturn item;\n\t\t\tbreak;\n\t\tcase 2:\n"
		printf "\t\t\tsnprintf(item->name, sizeof(item->name), \"%%ld-%d\", key);\n", f
		printf "\t\t\tbreak;\n\t\tdefault:\n\t\t\titem->key = sum_%d(&key, 1);\n", f
		printf "\t\t}\n\t}\n\treturn NULL;\n}\n\n"
	}
}

BEGIN {
	if (what == "data")
		pages(1024)
	else
		source(151)
}
