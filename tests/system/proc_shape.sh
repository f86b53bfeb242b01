# SPDX-License-Identifier: MIT
# /proc and /sys beside those of bare Linux: each name in a domain is one there too, and each line of a file is
# like one there, numbers aside. What bare Linux has beyond that does no harm.
. "$(dirname "$0")/lib.sh"
needs_domain "shape"
scratch

# Names that not every kernel has, by how it was configured, and the layer's own.
optional='^/proc/(mezzo|modules|sys/kernel/pty|self/(loginuid|sessionid|cpuset|schedstat)|self/task/N/(loginuid|sessionid|cpuset|schedstat|children))(/|$)|^/sys/class/(power_supply|thermal)$'
# What a file says of things that are the domain's own: mounts, memory areas, versions, words that are settings.
own='/(mounts|mountinfo|mountstats|maps|smaps|smaps_rollup|numa_maps|cgroup|environ|auxv|cmdline|version|osrelease|hostname|domainname|core_pattern|unix|filesystems|comm|children|interrupts|syscall|limits)$|^/proc/(mezzo|modules)|^/sys/devices/system/cpu/(isolated|offline)$|transparent_hugepage/enabled$|/uuid$|/boot_id$'

cat > list.sh << 'END'
find -L /proc/self/ -mindepth 1 -maxdepth 1 ! -name task ! -name cwd ! -name root ! -name exe ! -name fd ! -name map_files ! -name attr ! -name net 2> /dev/null
find /proc/self/task/*/ -mindepth 1 -maxdepth 1 2> /dev/null
find /proc /sys -mindepth 1 \( -regex '/proc/[0-9]+' -o -path /proc/self -o -path /proc/thread-self -o -path /proc/bus -o -path /proc/irq \
	-o -path '/sys/*/*/*/*/*/*/*/*' -o -path /sys/kernel/slab -o -path '/sys/module/*' -o -path /sys/kernel/debug -o -path /sys/kernel/tracing \) -prune -o -print 2> /dev/null
END
cat > texts.sh << 'END'
while read -r path; do
	[[ -f $path && -r $path ]] || continue
	sed -E "s/^(intr|flags)[ \t].*/\1/; s/[0-9a-f]{8,}(,[0-9a-f]{8})*|[0-9]+([.][0-9]+)?/N/g; s/[ \t]+/ /g; s/N[-,N]*/N/g; s|^|$path: |" "$path" 2> /dev/null
done
END
normal()
{
	sed -E 's|/task/[0-9]+/|/task/N/|; s|//|/|; s|/$||' | sort -u
}

bash list.sh | normal > native
"$MEZZO" do -- bash list.sh > names; normal < names > inside
check "there are many names" test "$(wc -l < inside)" -gt 150
comm -13 native inside | grep -vE "$optional" > invented
prints "no name but Linux's" "" "cat invented"

grep -vE "$own" inside | grep -vE "$optional|/task/" | sed 's|/N|/0|' > paths
bash texts.sh < paths | sort -u > native-texts
"$MEZZO" do -- bash texts.sh < paths | sort -u > inside-texts
check "there are many lines" test "$(wc -l < inside-texts)" -gt 250
prints "no line unlike Linux's" "" "comm -13 native-texts inside-texts | head -20"
finish
