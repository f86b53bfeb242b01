// SPDX-License-Identifier: MIT

// A static Go program: goroutines that block in calls, that never call anything and must be preempted by
// a signal, timers, pipes, files, child processes. Each part prints one line.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func channels() int {
	const workers = 1000
	results := make(chan int)
	for i := 0; i < workers; i++ {
		go func(i int) { results <- i }(i)
	}
	sum := 0
	for i := 0; i < workers; i++ {
		sum += <-results
	}
	return sum
}

// Goroutines that only compute: without preemption by signals the last line is never reached.
func preempted() int {
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	stop := false
	for i := 0; i < 3; i++ {
		go func() {
			for n := 0; !stop; n++ {
			}
		}()
	}
	count := 0
	for i := 0; i < 5; i++ {
		time.Sleep(time.Millisecond)
		count++
	}
	stop = true
	return count
}

// Many goroutines blocked in read at once, each in a thread or in the poller.
func blocking() int {
	var group sync.WaitGroup
	var writers []*os.File
	total := make(chan int, 50)
	for i := 0; i < 50; i++ {
		reader, writer, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		writers = append(writers, writer)
		group.Add(1)
		go func() {
			defer group.Done()
			data, _ := io.ReadAll(reader)
			total <- len(data)
			reader.Close()
		}()
	}
	for i, writer := range writers {
		writer.Write(bytes.Repeat([]byte("x"), i))
		writer.Close()
	}
	group.Wait()
	sum := 0
	for range writers {
		sum += <-total
	}
	return sum
}

func rawBlocking() int {
	var fds [2]int
	syscall.Pipe(fds[:])
	done := make(chan int)
	for i := 0; i < 20; i++ {
		go func() {
			var b [1]byte
			n, _ := syscall.Read(fds[0], b[:])
			done <- n
		}()
	}
	time.Sleep(time.Millisecond)
	sum := 0
	for i := 0; i < 20; i++ {
		syscall.Write(fds[1], []byte("x"))
		sum += <-done
	}
	return sum
}

func mutexes() int {
	var lock sync.Mutex
	var group sync.WaitGroup
	count := 0
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 1000; j++ {
				lock.Lock()
				count++
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	return count
}

func collected() bool {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < 2000; i++ {
		_ = make([]byte, 100000)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return after.NumGC > before.NumGC
}

func signals() string {
	channel := make(chan os.Signal, 1)
	signal.Notify(channel, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	return (<-channel).String()
}

func nilDereference() (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	var pointer *int
	*pointer = 1
	return "not reached"
}

func files() string {
	directory, err := os.MkdirTemp("", "go")
	if err != nil {
		return err.Error()
	}
	defer os.RemoveAll(directory)
	if err := os.WriteFile(directory+"/file", []byte("content"), 0644); err != nil {
		return err.Error()
	}
	entries, _ := os.ReadDir(directory)
	data, _ := os.ReadFile(directory + "/" + entries[0].Name())
	return string(data)
}

func children() string {
	output, err := exec.Command("/bin/sh", "-c", "echo child; exit 3").Output()
	return fmt.Sprintf("%s%v", bytes.TrimSpace(output), err)
}

func timers() int {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	count := 0
	timeout := time.After(time.Minute)
	for count < 5 {
		select {
		case <-ticker.C:
			count++
		case <-timeout:
			return count
		}
	}
	return count
}

func main() {
	fmt.Println("channels", channels())
	fmt.Println("preempted", preempted())
	fmt.Println("blocking", blocking())
	fmt.Println("raw blocking", rawBlocking())
	fmt.Println("mutexes", mutexes())
	fmt.Println("collected", collected())
	fmt.Println("signals", signals())
	fmt.Println("nil", nilDereference())
	fmt.Println("files", files())
	fmt.Println("children", children())
	fmt.Println("timers", timers())
	os.Exit(9)
}
