# SPDX-License-Identifier: MIT
# Random walks over names answer in a domain what they answer on Linux.
. "$(dirname "$0")/lib.sh"

if [[ $(id -u) -ne 0 ]]; then
	skip "walks" "needs chroot(2)"
	finish
	exit
fi
scratch
for seed in ${SEEDS:-1 2 3 4 5 6}; do
	mkdir "linux$seed" "domain$seed"
	(cd "linux$seed" && "$BUILD/tests/fuzz/walks" "$seed" 2000 > ../linux.out)
	(cd "domain$seed" && ${MEZZO:+"$MEZZO" do --} "$BUILD/tests/fuzz/walks" "$seed" 2000 > ../domain.out)
	[[ $(wc -l < linux.out) -eq 2000 ]] && cmp -s linux.out domain.out
	status=$?
	[[ $status -ne 0 ]] && diff linux.out domain.out | head -10 | sed 's/^/#   /'
	verdict $status "walks, seed $seed"
done
finish
