# SPDX-License-Identifier: MIT
# mezzo run takes command, environment, directory and user from an image's config, as docker and podman do.
. "$(dirname "$0")/lib.sh"

needs_domain "image_config"
scratch
export MEZZO_STORE=$PWD/store
mkdir -p tree/bin tree/etc tree/work tree/real
cp "$(command -v busybox)" tree/bin/busybox
ln -s busybox tree/bin/sh
printf 'root:x:0:0::/root:/bin/sh\nbad line\nwww-data:x:33:34::/var/www:/bin/sh\n' > tree/real/passwd
ln -s ../../real/passwd tree/etc/passwd
printf 'root:x:0:\nextra:x:40:www-data,x\nother:x:50:\n' > tree/etc/group

# What docker save would write, with this config.
image()		# name config
{
	rm -rf archive && mkdir archive
	tar -cf archive/layer.tar --owner=0 --group=0 -C tree .
	echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":$2,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$(sha256sum < archive/layer.tar | cut -d' ' -f1)\"]}}" > archive/config.json
	echo '[{"Config":"config.json","RepoTags":["x:latest"],"Layers":["layer.tar"]}]' > archive/manifest.json
	tar -cf archive.tar -C archive layer.tar config.json manifest.json
	check "import $1" "$MEZZO" image import --format docker --replace "$1" archive.tar
}
run() { "$MEZZO" run "$@"; }
ids='busybox id -u; busybox id -g; busybox id -G; echo $HOME'
who() { "$MEZZO" run "$@" 2> /dev/null | paste -sd' '; }

image both '{"Entrypoint":["/bin/busybox","echo"],"Cmd":["from","cmd"]}'
prints "entrypoint and cmd" "from cmd" 'run both'
prints "entrypoint and a command" "mine" 'run both mine'
prints "behind --" "mine" 'run both -- mine'
prints "--entrypoint drops the cmd" "/" 'run --entrypoint /bin/busybox both pwd'
ends "no command is left" 127 'run --entrypoint /none both'
prints "an empty entrypoint is none" "mine" 'run --entrypoint "" both busybox echo mine'
prints "no command anywhere" "mezzo: no command given, and image both has none of its own: try \`mezzo run --help\`" 'run --entrypoint "" both || [ $? -eq 125 ]'
ends "--entrypoint over a directory" 125 'run --rootfs tree --entrypoint /bin/sh /bin/sh'

image config '{"Cmd":["sh","-c","echo $A $B $C"],"Env":["A=1","B=2","PATH=/bin","no value"],"WorkingDir":"/work","User":"www-data"}'
prints "environment" "1 2" 'run config'
prints "-e goes over it" "1 x y" 'run -e B=x -e C=y config'
prints "its PATH finds the command" "/bin" 'run config sh -c "echo \$PATH"'
prints "directory" "/work" 'run config sh -c pwd'
prints "-w goes over it" "/" 'run -w / config sh -c pwd'
prints "user by name, with groups and HOME" "33 34 34 40 /var/www" 'who config sh -c "$ids"'
prints "-u goes over it" "5 0 0 /" 'who -u 5 config sh -c "$ids"'
prints "-u by number finds the line" "33 34 34 40 /var/www" 'who -u 33 config sh -c "$ids"'
prints "-u USER:GROUP" "33 50 50 /var/www" 'who -u www-data:other config sh -c "$ids"'
prints "-u UID:GID" "6 7 7 /" 'who -u 6:7 config sh -c "$ids"'
prints "HOME by -e" "/mine" 'run -e HOME=/mine config sh -c "echo \$HOME"'
ends "an unknown user" 125 'run -u nobody config'
prints "is told" "mezzo: user nobody: /etc/passwd of the root file system has no nobody" 'run -u nobody config || true'
prints "an unknown group" "mezzo: user 0:none: /etc/group of the root file system has no none" 'run -u 0:none config || true'
prints "over a directory" "33 34 34 40 /var/www" 'who --rootfs tree -u www-data /bin/sh -c "$ids"'

# Domains that last.
"$MEZZO" create last config > /dev/null
prints "a lasting domain: command and environment" "1 2" '"$MEZZO" start -a last'
prints "again" "1 2" '"$MEZZO" start -a last'
"$MEZZO" create -e B=x ids config -- sh -c "$ids; pwd; echo \$B" > /dev/null
prints "a lasting domain: user, directory, variables" "33 34 34 40 /var/www /work x" '"$MEZZO" start -a ids 2> /dev/null | paste -sd" "'
"$MEZZO" create -u 0:other numbers config -- sh -c "$ids" > /dev/null
prints "a lasting domain: -u" "0 50 50 /root" '"$MEZZO" start -a numbers 2> /dev/null | paste -sd" "'
ends "an unknown user of a lasting domain" 125 '"$MEZZO" create -u nobody none config'
prints "is none" "ids last numbers" '"$MEZZO" ls | tail -n +2 | cut -d" " -f1 | sort | paste -sd" "'
prints "over a directory" "33 34 34 40 /var/www" '"$MEZZO" create --rootfs tree -u www-data dir /bin/sh -c "$ids" > /dev/null && "$MEZZO" start -a dir 2> /dev/null | paste -sd" "'
prints "run --name" "from cmd" '"$MEZZO" run --name both both'
"$MEZZO" rm last ids numbers dir both > /dev/null

image home '{"Cmd":["sh","-c","echo $HOME"],"Env":["HOME=/of/image"],"User":"www-data"}'
prints "HOME of the image" "/of/image" 'run home'
image hostile '{"Cmd":["sh"],"User":"\u001b[2Jx\nmezzo: all is well"}'
ends "a user of odd bytes" 125 'run hostile'
prints "is one harmless line" "mezzo: user ?[2Jx?mezzo: all is well: /etc/passwd of the root file system has no ?[2Jx?mezzo" 'run hostile || true'
image relative '{"Cmd":["sh","-c","pwd"],"WorkingDir":"work"}'
prints "a relative directory begins at /" "/work" 'run relative'
prints "a tag keeps it all" "/work" '"$MEZZO" image tag relative again && run again'
rm tree/etc/passwd
ln -s passwd tree/etc/passwd
image loop '{"Cmd":["sh"]}'
ends "a passwd that is a loop of links" 125 'run loop'
rm tree/etc/passwd tree/etc/group
mkdir tree/etc/passwd
image none '{"Cmd":["sh","-c","echo $HOME"]}'
prints "no files at all" "/root" 'run none'
ends "a name then" 125 'run -u root none'
finish
