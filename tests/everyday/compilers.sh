# SPDX-License-Identifier: MIT
# Go and Rust: their tools and what these make. CMake and Ninja. Valgrind.
. "$(dirname "$0")/lib.sh"

cat > files/goroutines.go << 'END'
package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	var group sync.WaitGroup
	numbers := make(chan int, 100)
	for i := 0; i < 10000; i++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			bytes := make([]byte, 2048)
			bytes[n%2048] = 1
			runtime.Gosched()
			numbers <- n * int(bytes[n%2048])
		}(i)
	}
	go func() { group.Wait(); close(numbers) }()
	sum := 0
	for n := range numbers {
		sum += n
		if n%1000 == 0 {
			runtime.GC()
		}
	}
	fmt.Println(sum, runtime.NumCPU())
}
END
cat > files/threads.rs << 'END'
use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();
    let threads: Vec<_> = (0..100u64)
        .map(|n| {
            let sender = sender.clone();
            thread::spawn(move || sender.send((0..n).sum::<u64>()).unwrap())
        })
        .collect();
    drop(sender);
    for thread in threads {
        thread.join().unwrap();
    }
    println!("{}", receiver.iter().sum::<u64>());
    println!("{:?}", std::panic::catch_unwind(|| -> u8 { panic!("caught") }).is_err());
}
END
mkdir files/project
cat > files/project/CMakeLists.txt << 'END'
cmake_minimum_required(VERSION 3.10)
project(project C)
add_library(part STATIC part.c)
add_executable(program program.c)
target_link_libraries(program part)
enable_testing()
add_test(NAME runs COMMAND program)
END
echo 'int part(void) { return 42; }' > files/project/part.c
printf '%s\n' '#include <stdio.h>' 'int part(void);' 'int main(void) { return printf("%d\n", part()) != 3; }' \
	> files/project/program.c
printf '%s\n' '#include <stdlib.h>' 'int main(void) { char *p = malloc(10); p[10] = 1; return p[3] == 77; }' \
	> files/overrun.c


go='GOFLAGS=-mod=mod GO111MODULE=off GOCACHE=$PWD/cache'
having go "go run: 10,000 goroutines and a collector" "$go go run goroutines.go"
having go "go build and vet" "$go go build goroutines.go && $go go vet goroutines.go && ./goroutines"
having rustc "rustc: 100 threads, a panic" "rustc -O threads.rs && ./threads 2> /dev/null"
having cmake "cmake, make, ctest" "cmake -S project -B build > /dev/null && cmake --build build > /dev/null &&
	./build/program && ctest --test-dir build | grep -o '100% tests passed'"
having ninja "cmake, ninja" "cmake -G Ninja -S project -B build > /dev/null && ninja -C build > /dev/null && ./build/program"
having valgrind "valgrind finds an overrun" "gcc -g -O0 overrun.c -o overrun && valgrind ./overrun 2>&1 |
	grep -oE 'Invalid write of size 1|overrun.c:[0-9]+|definitely lost: .*blocks|ERROR SUMMARY: [0-9]+ errors'"
having valgrind "helgrind and threads" "valgrind --tool=helgrind --error-exitcode=9 true 2>&1 | grep -o 'ERROR SUMMARY: 0'"
finish
