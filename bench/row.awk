# SPDX-License-Identifier: MIT
# From the samples of one figure, lines of "column value" (value in the figure's unit, or "fails"), makes
# its row. Prints the table's line to standard output and appends the JSON object to the file json.
# Variables: name, unit, target, rule, peer (1 with a peer's column), colour (1 for a terminal), json.

function add(column, value) {
	if (value == "fails")
		failed[column] = 1
	else
		values[column, ++counts[column]] = value + 0
}

# Insertion sort: there are few samples.
function median(column,    n, i, j, value) {
	n = counts[column]
	for (i = 2; i <= n; i++) {
		value = values[column, i]
		for (j = i - 1; j > 0 && values[column, j] > value; j--)
			values[column, j + 1] = values[column, j]
		values[column, j + 1] = value
	}
	return n % 2 ? values[column, (n + 1) / 2] : (values[column, n / 2] + values[column, n / 2 + 1]) / 2
}

function known(column) {
	return counts[column] > 0 && !failed[column]
}

function number(value) {
	return value >= 100 ? sprintf("%.0f", value) : value >= 10 ? sprintf("%.1f", value) \
		: sprintf("%.2f", value)
}

function cell(column) {
	return failed[column] ? "fails" : known(column) ? number(median(column)) : "-"
}

function json_value(column) {
	return known(column) ? sprintf("%.3f", median(column)) : "null"
}

function verdict(    figure, good) {
	if (failed["domain"])
		return "FAILS"
	if (!known("domain") || target == 0 || (rule == "ratio" && !known("native")))
		return "-"
	figure = rule == "ratio" ? ratio : median("domain")
	good = rule == "least" ? figure >= target : figure <= target
	if (name == "do_true_ms" && known("bwrap"))
		good = good && figure < median("bwrap")
	return good ? "met" : "MISSED"
}

{
	add($1, $2)
}

END {
	if (known("native") && known("domain") && median("native") > 0)
		ratio = median("domain") / median("native")
	word = verdict()
	shown = word
	if (colour)
		shown = (word == "met" ? "\033[32m" : word == "-" ? "\033[2m" : "\033[31m") word "\033[0m"
	sign = rule == "ratio" ? "x" : rule == "most" ? "<=" : ">="
	printf "%-20s %-5s %11s %11s", name, unit, cell("native"), cell("domain")
	if (peer)
		printf " %11s", cell("peer")
	printf " %7s %7s %s\n", ratio ? sprintf("%.2f", ratio) : "-", target ? sign target : "-", shown

	printf "{\"name\": \"%s\", \"unit\": \"%s\", \"native\": %s, \"domain\": %s", name, unit,
		json_value("native"), json_value("domain") >> json
	printf ", \"ratio\": %s, \"target\": %s", ratio ? sprintf("%.3f", ratio) : "null",
		target ? target : "null" >> json
	if (peer)
		printf ", \"peer\": %s", json_value("peer") >> json
	split("bwrap runc runsc", others, " ")
	for (i = 1; i in others; i++)
		if (others[i] in counts || others[i] in failed) {
			printf ", \"%s\": %s", others[i], json_value(others[i]) >> json
			printf "%20s %-5s %11s %11s\n", "", others[i], "", cell(others[i])
		}
	printf "}\n" >> json
}
