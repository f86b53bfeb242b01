# SPDX-License-Identifier: MIT
# Random operations on the bytes of files: new ones, small and large ones of the lower tree, tmpfs.
. "$(dirname "$0")/lib.sh"

scratch
head -c 30000 /dev/urandom > small
head -c 200000 /dev/urandom > large
cp large copy
test_data="$BUILD/tests/fuzz/data"
for seed in ${SEEDS:-1 2 3 4}; do
	for file in new small large /dev/shm/mezzo-data; do
		${MEZZO:+"$MEZZO" do --} "$test_data" "$file" "$seed" 3000 > output 2>&1
		status=$?
		[[ $status -ne 0 ]] && sed 's/^/#   /' output
		verdict $status "data of $file, seed $seed"
	done
done
if [[ -n $MEZZO ]]; then
	cmp -s large copy
	verdict $? "the lower file is as it was"
fi
[[ -z $MEZZO ]] && rm -f /dev/shm/mezzo-data
finish
