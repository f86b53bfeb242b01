# SPDX-License-Identifier: MIT
# PHP, Ruby, Lua.
. "$(dirname "$0")/lib.sh"


cat > files/work.php << 'END'
<?php
$sum = 0;
for ($i = 0; $i < 1000000; $i++) $sum += $i % 7;
echo $sum, "\n";
file_put_contents('file', json_encode(['a' => [1, 2, 3]]));
print_r(json_decode(file_get_contents('file'), true));
$process = proc_open(['sh', '-c', 'cat; exit 3'], [['pipe', 'r'], ['pipe', 'w']], $pipes);
fwrite($pipes[0], "through a child\n");
fclose($pipes[0]);
echo stream_get_contents($pipes[1]), proc_close($process), "\n";
[$one, $other] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
fwrite($one, "socket\n");
echo fgets($other);
try { intdiv(1, 0); } catch (DivisionByZeroError $e) { echo $e->getMessage(), "\n"; }
END
cat > files/work.rb << 'END'
require 'json'
require 'socket'
require 'open3'
puts (1..1_000_000).sum { |n| n % 7 }
queue = Queue.new
threads = 50.times.map { |n| Thread.new { queue << n } }
threads.each(&:join)
puts queue.size
server = UNIXServer.new('socket')
client = Thread.new { UNIXSocket.open('socket') { |s| s.puts 'over a socket' } }
puts server.accept.gets
client.join
puts Open3.capture2('tr a-z A-Z', stdin_data: 'child')[0]
reader, writer = IO.pipe
fork { writer.puts 'forked'; exit! 3 }
Process.wait
writer.close
puts reader.read, $?.exitstatus
puts JSON.generate(list: [1, 2], text: "\u00e9"), Fiber.new { Fiber.yield 1; 2 }.resume
trap('USR1') { puts 'signal' }
Process.kill('USR1', $$)
sleep 0.01
END
cat > files/work.lua << 'END'
local sum = 0
for i = 1, 1000000 do sum = sum + i % 7 end
print(sum, collectgarbage("count") > 0)
local file = assert(io.open("file", "w"))
file:write("one\ntwo\n")
file:close()
for line in io.lines("file") do print(line) end
local pipe = io.popen("echo child; exit 3")
print(pipe:read("a"), pipe:close())
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
print(co(), co(), co(), pcall(error, "caught"))
END
having php "php" "php work.php"
having ruby "ruby" "ruby work.rb"
having lua5.4 "lua" "lua5.4 work.lua"
finish
