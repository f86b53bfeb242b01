# SPDX-License-Identifier: MIT
# A lasting domain's record and name are durable before its programs run: the host's file system is
# shut down without its journal's last part, as a power failure does.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_record"
scratch
busybox_tree sh sync sleep
mkdir -p disk tree/w
truncate -s 128M image
if ! mkfs.ext4 -q image 2> /dev/null || ! mount -o loop image disk 2> /dev/null; then
	skip "kept_record" "no file system to shut down"
	finish
	exit
fi
trap 'cd /; umount -l "$scratch_directory/disk" 2> /dev/null; rm -rf "$scratch_directory"' EXIT
export MEZZO_STORE=$PWD/disk/store
cat > program.c <<'END'
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/w/f", O_CREAT | O_WRONLY, 0600);

	if (write(fd, "precious\n", 9) != 9 || fsync(fd))
		return 1;
	write(1, "synced\n", 7);
	pause();
}
END
${CC:-gcc} -static -o tree/bin/program program.c
check "import" "$MEZZO" image import box tree
sync

# EXT4_IOC_SHUTDOWN, NOLOGFLUSH; then what is on disk.
cat > power <<'END'
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))
END
"$MEZZO" run -d --name lamp box -- program > /dev/null
for ((i = 0; i < 100; i++)); do
	[[ $("$MEZZO" logs lamp) == synced ]] && break
	sleep 0.05
done
python3 power disk
"$MEZZO" kill lamp > /dev/null 2>&1
for ((i = 0; i < 100; i++)); do
	umount disk 2> /dev/null && break
	sleep 0.05
done
mount -o loop image disk
prints "the domain is there" lamp '"$MEZZO" ls | sed -n "2s/ .*//p"'
prints "and its file" precious '"$MEZZO" cp lamp:/w/f f && cat f'
"$MEZZO" kill lamp > /dev/null 2>&1
prints "it starts" lamp '"$MEZZO" start lamp'
"$MEZZO" kill lamp > /dev/null

# ---- one bit of it: what it lost it is not started without ----
"$MEZZO" create --name guarded --user 7 --disk 1M box -- /bin/sh -c 'echo ran' > /dev/null
record=$MEZZO_STORE/domains/guarded/record
cp "$record" whole
for change in 's/^user /usar /' 's/^disk /dmsk /' 's/^user 7/user 3/' 's/^disk 1/disk 3/' 's/^guard /guarf /' '/^guard /d'; do
	sed "$change" whole > "$record"
	prints "$change: it does not start" \
		"125 mezzo: domain guarded: its record is damaged: \`mezzo rm\` removes it" \
		'"$MEZZO" start -a guarded > o 2>&1; echo $? $(cat o)'
	prints "$change: fsck tells it" "4 1" \
		'"$MEZZO" store fsck > o; echo $? $(grep -c "^domain guarded: .*its record is damaged" o)'
done
cat whole > "$record"
prints "whole again it starts" ran '"$MEZZO" start -a guarded'
prints "and after a rename" ran '"$MEZZO" rename guarded moved && "$MEZZO" start -a moved'
sed '/^guard /d; s/^version 2$/version 1/' whole > "$MEZZO_STORE/domains/moved/record"
prints "one of an older program has no guard" ran '"$MEZZO" start -a moved'
finish
