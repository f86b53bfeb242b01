# SPDX-License-Identifier: MIT
# What shows processes and the machine: ps, top and their like find what they look for in /proc and /sys. Values
# differ, so what is compared is what they say of things that the case makes itself, and their headings.
. "$(dirname "$0")/lib.sh"

cat > files/sleepers << 'END'
# Three children with names of their own, which end with the case.
cp "$(command -v sleep)" drowsy
for i in 1 2 3; do ./drowsy 50 & done
trap 'kill $(jobs -p)' EXIT
END
sleeping='. ./sleepers; sleepers=$(jobs -p | paste -sd,);'

having ps "ps: a tree of what runs" "$sleeping ps -o comm=,stat=,nlwp=,ni= --ppid \$\$ | grep drowsy"
having ps "ps: every column of a process" "$sleeping ps -o user,group,tty,pri,cls,args -p \$sleepers"
having ps "ps: headings" "ps aux | head -1; ps -ef | head -1; ps -eLf | head -1"
having ps "ps: sorted by time, with threads" "ps -eL --sort=-time -o comm= > list && test -s list"
having pgrep "pgrep and pkill" "$sleeping pgrep -c -P \$\$ drowsy; pkill -P \$\$ drowsy; wait; pgrep -c -P \$\$ drowsy; true"
having pidof "pidof" "$sleeping pidof \$PWD/drowsy | wc -w"
having pstree "pstree" "$sleeping pstree -A \$\$ | grep -o '3\\*\\[drowsy\\]'"
having pwdx "pwdx" "$sleeping pwdx \$! | grep -c run"
having pmap "pmap" "$sleeping pmap \$! | grep -oE 'drowsy|libc.so.6|\\[ stack \\]' | sort -u"
having prlimit "prlimit" "$sleeping prlimit --nofile=77 --pid \$! && prlimit --noheadings -o SOFT --nofile --pid \$!"
having fuser "fuser" "exec 7> held; fuser held > list 2> /dev/null 7>&-; wc -w < list"
having lsof "lsof" "exec 7> held 8< sleepers; lsof -p \$\$ -a -d 7,8 -F fa | grep -v ^p"
having free "free" "free | awk '{ print \$1, NF }'"
having vmstat "vmstat" "vmstat | awk 'NR < 3 || NF != 17'; vmstat -s | grep -o 'total memory'"
having uptime "uptime" "uptime -p > text && grep -o '^up' text; uptime | grep -oE 'load average'"
having w "w" "w | sed -n 2p"
having top "top" "$sleeping top -b -n 1 -p \$sleepers | grep -oE '^%Cpu|^MiB Mem|^MiB Swap|drowsy' | sort | uniq -c"
having top "top: threads and one process" "$sleeping top -b -n 1 -H -p \$! | tail -1 | awk '{ print NF, \$NF }'"
having htop "htop" "(sleep 1; printf q) | TERM=xterm timeout 20 htop -C -d 1 > screen; grep -aqo drowsy screen || grep -aqo Load screen && echo drawn"
having iostat "iostat and mpstat" "iostat -c | grep -o '%user.*'; mpstat -P ALL | awk 'NR > 3 { print \$(NF > 12 ? 3 : 2), NF }'"
having pidstat "pidstat" "$sleeping pidstat -p \$! | grep -o drowsy"
having lscpu "lscpu: processors, caches" "lscpu | grep -E '^(Architecture|CPU\\(s\\)|On-line CPU|Vendor ID|Model|CPU family|Stepping|Address sizes|NUMA node\\(s\\)|L1d cache)' | tr -s ' '"
having lscpu "lscpu: a table" "lscpu -p=CPU,NODE,ONLINE | grep -v '^#'; lscpu -C=NAME,LEVEL,TYPE,WAYS"
having nproc "nproc" "nproc; nproc --all; getconf _NPROCESSORS_ONLN; getconf _NPROCESSORS_CONF"
having sysctl "sysctl" "sysctl -n kernel.ostype fs.overflowuid kernel.cap_last_cap vm.overcommit_memory"
having findmnt "findmnt" "findmnt -n -o TARGET,FSTYPE /proc; findmnt -n -o FSTYPE /sys"
finish
