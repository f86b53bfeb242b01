# SPDX-License-Identifier: MIT
#
# Makes the table of function names from the output of `nm -n` on the linked layer; from an empty input,
# the empty table for the first link. LAYER_TEXT_BASE has zeros in its low 32 bits.

BEGIN {
	print "/* Made from the linked layer by system/core/symbols.awk. */"
	print "#include \"core/symbols.h\"\n"
	print "#define IN_SYMBOLS __attribute__((section(\".symbols\")))\n"
	print "const struct symbol symbol_table[] IN_SYMBOLS = {"
}

$2 == "T" || $2 == "t" {
	print "\t{ 0x" substr($1, 9) ", \"" substr($3, 1, 35) "\" },"
	count++
}

END {
	print "\t{ 0xffffffff, \"\" },"
	print "};\n"
	print "const u32 symbol_count IN_SYMBOLS = " count + 0 ";"
}
