# SPDX-License-Identifier: MIT
# perl with fork.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

prints "hello" "hello" 'perl -e "print qq(hello\n)"'
prints "fork and wait" "child 5" 'perl -e '\''$| = 1; my $p = fork; if (!$p) { print "child "; exit 5 } waitpid $p, 0; print $? >> 8, "\n"'\'''
prints "many children" "190" 'perl -e '\''my $s = 0; for my $i (0..19) { my $p = fork // die; exit $i unless $p } while (wait > 0) { $s += $? >> 8 } print "$s\n"'\'''
prints "pipe to a child" "got: message" 'perl -e '\''pipe R, W; if (!fork) { close R; print W "message\n"; exit } close W; print "got: ", <R>; wait'\'''
prints "open from a command" "3" 'perl -e '\''open my $f, "-|", "seq 3"; my @l = <$f>; close $f; print scalar @l, "\n"'\'''
prints "open to a command" "2" 'perl -e '\''open my $f, "|-", "wc -l"; print $f "a\nb\n"; close $f'\'''
prints "system and status" "3" 'perl -e '\''print system("exit 3;") >> 8, "\n"'\'''
prints "backticks" "x" 'perl -e '\''print `echo x`'\'''
prints "signals" "caught INT" 'perl -e '\''$SIG{INT} = sub { print "caught $_[0]\n" }; kill INT => $$'\'''
prints "alarm" "alarm" 'perl -e '\''local $SIG{ALRM} = sub { print "alarm\n"; exit }; alarm 1; sleep 100'\'''
prints "child signal" "reaped 4" 'perl -MPOSIX=:sys_wait_h -e '\''my $s; $SIG{CHLD} = sub { while (waitpid(-1, WNOHANG) > 0) { $s = $? >> 8 } }; if (!fork) { exit 4 } select undef, undef, undef, .01 until defined $s; print "reaped $s\n"'\'''
prints "files and directories" "a b" 'perl -e '\''mkdir "d"; for (qw(b a)) { open my $f, ">", "d/$_"; print $f $_ } opendir my $d, "d"; print join(" ", sort grep !/^\./, readdir $d), "\n"'\'''
prints "rename, link, stat" "2 3" 'perl -e '\''open my $f, ">", "r"; print $f "abc"; close $f; rename "r", "s"; link "s", "t"; my @s = stat "s"; print "$s[3] $s[7]\n"'\'''
prints "lock" "locked" 'perl -MFcntl=:flock -e '\''open my $f, ">", "l"; flock $f, LOCK_EX; if (!fork) { open my $g, "<", "l"; exit(flock($g, LOCK_EX | LOCK_NB) ? 0 : 1) } wait; print "locked\n" if $? >> 8 == 1'\'''
prints "select" "ready" 'perl -e '\''pipe R, W; syswrite W, "x"; my $v = ""; vec($v, fileno R, 1) = 1; print "ready\n" if select($v, undef, undef, 1) == 1'\'''
prints "exec" "executed" 'perl -e '\''exec "echo", "executed"'\'''
prints "modules" "ok" 'perl -MFile::Temp -MFile::Find -MData::Dumper -MTime::HiRes -MStorable -e "print qq(ok\n)"'
prints "sort and hash of much" "99999" 'perl -e '\''my %h; $h{$_} = 1 for 0..99999; print((sort { $b <=> $a } keys %h)[0], "\n")'\'''
ends "die" 255 'perl -e die'
finish
