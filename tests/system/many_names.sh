# SPDX-License-Identifier: MIT
# A domain keeps the names that a walk over 50,000 files has found: the next walk asks for none of them.
. "$(dirname "$0")/lib.sh"
needs_domain "the names of a large tree stay known"
scratch
mkdir tree
(cd tree && seq -f d%g 0 499 | xargs mkdir && for d in d*; do (cd "$d" && seq -f f%g 0 99 | xargs touch); done)

said=$("$MEZZO" do -- sh -c 'find tree | wc -l; find tree | wc -l; sed -n "s/^heap_objects //p" /proc/mezzo/usage')
set -- $said
# Each name that is known takes an object of the heap, at least.
[[ ${1:-0} -eq 50501 && ${2:-0} -eq 50501 && ${3:-0} -ge 50000 ]]
status=$?
[[ $status -ne 0 ]] && echo "# names of two walks, objects: $said"
verdict $status "the names of a large tree stay known"
finish
