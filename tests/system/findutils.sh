# SPDX-License-Identifier: MIT
# find and xargs.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

mkdir -p a/b/c a/d
touch a/1 a/b/2 a/b/c/3
ln -s 1 a/link
touch -d @1000 a/1
chmod 600 a/b/2

prints "find all" "8" 'find a | wc -l'
prints "by name" "a/b/2" 'find a -name 2'
prints "by type" "3" 'find a -type f | wc -l'
prints "links" "a/link" 'find a -type l'
prints "following links" "4" 'find -L a -type f | wc -l'
prints "by mode" "a/b/2" 'find a -type f -perm 600'
prints "by time" "a/1" 'find a -type f ! -newermt 2000-01-01'
prints "depth" "a/b/c/3" 'find a -mindepth 3 -type f'
prints "prune" "a/1" 'find a -name b -prune -o -type f -print'
prints "exec" "3" 'find a -type f -exec echo {} \; | wc -l'
prints "exec plus" "1" 'find a -type f -exec echo {} + | wc -l'
prints "printf" "2 0" 'find a -name 2 -printf "%f %s\n"'
prints "delete" "0" 'mkdir -p x/y/z; touch x/y/z/f; find x -delete; ls -d x 2> /dev/null | wc -l'
prints "xargs" "1 2 3" 'seq 3 | xargs'
prints "xargs in parts" "5" 'seq 10 | xargs -n 2 echo | wc -l'
prints "xargs in parallel" "20" 'seq 20 | xargs -P 4 -n 1 echo | wc -l'
prints "xargs with zeros" "3" 'find a -type f -print0 | xargs -0 ls | wc -l'
ends "xargs status" 123 'echo x | xargs false'
prints "whole /etc" "ok" 'n=$(find /etc -xdev 2> /dev/null | wc -l); [ $n -gt 50 ] && echo ok'
prints "whole /usr/share twice alike" "same" '[ "$(find /usr/share/doc -type f | sort | md5sum)" = "$(find /usr/share/doc -type f | sort | md5sum)" ] && echo same'
finish
