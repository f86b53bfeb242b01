# SPDX-License-Identifier: MIT
# What bash completes: verbs, options as the help has them, and names of domains, images and volumes.
. "$(dirname "$0")/lib.sh"
completions=$(cd "$(dirname "$0")/../.." && pwd)/completions/mezzo.bash
. "$(dirname "$0")/lasting.sh"
. "$completions"
# The completion asks the program of this name.
mezzo() { "$MEZZO" "$@"; }

# What is offered for a line, whose last word is the one that is being written, sorted.
offers()	# line
{
	local text=${1//:/ : } COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD COMPREPLY=()
	local -a COMP_WORDS
	read -ra COMP_WORDS <<< "$text"
	[[ $1 == *[[:blank:]:] ]] && COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	# Outside of readline there are no options to set.
	_mezzo 2> /dev/null
	printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

"$MEZZO" image tag box box:small > /dev/null
"$MEZZO" create idle box -- sh > /dev/null
"$MEZZO" run -d --name live box -- sleep 1000 > /dev/null
"$MEZZO" volume create shared > /dev/null
all=$(printf 'idle\nlive')
for verb in start rm logs inspect diff wait rename commit; do
	prints "$verb: all domains" "$all" "offers 'mezzo $verb '"
done
for verb in stop kill attach exec; do
	prints "$verb: those that run" "live" "offers 'mezzo $verb '"
done
prints "stats: domains" "idle" "offers 'mezzo stats id'"
prints "cp: domains with a colon" "idle:" "offers 'mezzo cp idl'"
for verb in run 'image show' 'image rm' 'image tag' 'image export'; do
	prints "$verb: images" "$(printf 'box\nbox:small')" "offers 'mezzo $verb b'"
done
prints "create: images behind the name" "$(printf 'box\nbox:small')" "offers 'mezzo create name b'"
prints "create --name: images" "$(printf 'box\nbox:small')" "offers 'mezzo create --name name b'"
prints "ps --filter: states" "status=running" "offers 'mezzo ps --filter status=r'"
prints "volume: verbs" "prune" "offers 'mezzo volume p'"
prints "image commit: domains" "$all" "offers 'mezzo image commit '"
prints "volume rm: volumes" "shared" "offers 'mezzo volume rm '"
prints "run -v: volumes" "shared" "offers 'mezzo run -v sh'"
prints "help: verbs" "$(printf 'start\nstats\nstop\nstore')" "offers 'mezzo help st'"

# Each option that the help tells of is offered, and no other.
told() { "$MEZZO" "$@" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u; }
for verb in do run create start stop kill wait attach exec logs ps ls stats rm rename diff cp commit inspect \
	'image import' 'image build-debian' 'image ls' 'image show' 'image tag' 'image export' 'image commit' 'image rm' \
	'store info' 'store fsck' 'store dedup' 'store ls'; do
	# The words of the verb are to be parted.
	told $verb > told
	offers "mezzo $verb --" > offered
	check "$verb: options as in the help" diff told offered
	check "$verb: help $verb tells the same" cmp <("$MEZZO" $verb --help) <("$MEZZO" help $verb)
done
finish
