# SPDX-License-Identifier: MIT
# What else than files may lie in a lasting domain's folder: no verb waits for ever.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_damage"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh sleep
mkdir -p tree/w
check "import" "$MEZZO" image import box tree

# The verbs that don't end when a pipe lies in place of a file.
waiting() {
	local verb
	"$MEZZO" run --name pipe box -- sh -c "echo out; echo y > /w/f"
	rm -rf "store/domains/pipe/$1"
	mkfifo "store/domains/pipe/$1"
	for verb in ls ps "inspect pipe" stats "logs pipe" "diff pipe" "cp pipe:/w -" \
			"commit pipe new --replace" "store fsck" "start pipe" "wait pipe" "rename pipe pip" \
			"rename pip pipe" "rm -f pipe"; do
		timeout 5 "$MEZZO" $verb > /dev/null 2>&1 < /dev/null
		[[ $? -ne 124 ]] || echo "$verb"
	done
	rm -rf store/domains/pip*
}
for file in record run lock output overlay; do
	prints "a pipe as $file" "out" 'waiting $file'
done
finish
