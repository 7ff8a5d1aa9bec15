// Package checks is what the Go driver programs share: checks that print a line each, and the wait that makes another
// connection's writes visible.
package checks

import (
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"sync"
	"time"
)

// URL is what an application would connect to.
var URL = os.Getenv("DATABASE_URL")

// Connections are open at the same time, whatever the pool behind the URL holds.
const Connections = 40

// Large is 5 MB.
const Large = 5 * 1024 * 1024

// Check runs one check: its line says ok or FAIL, and the first failure ends the program.
func Check(name string, work func()) {
	started := time.Now()
	defer func() {
		if failure := recover(); failure != nil {
			fail(name, failure)
		}
		fmt.Printf("ok   %s (%d ms)\n", name, time.Since(started).Milliseconds())
	}()
	work()
}

func fail(name string, failure interface{}) {
	debug.PrintStack()
	fmt.Printf("FAIL %s: %v\n", name, failure)
	os.Exit(1)
}

// Must fails when there is an error.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}

// Expect fails with both values when they differ.
func Expect(actual, wanted interface{}) {
	if !reflect.DeepEqual(actual, wanted) {
		panic(fmt.Sprintf("got %.300v, wanted %.300v", actual, wanted))
	}
}

// InParallel runs the work in that many goroutines; the first failure ends the program.
func InParallel(count int, work func(worker int)) {
	var all sync.WaitGroup
	for worker := 0; worker < count; worker++ {
		all.Add(1)
		go func(worker int) {
			defer all.Done()
			defer func() {
				if failure := recover(); failure != nil {
					fail(fmt.Sprintf("worker %d", worker), failure)
				}
			}()
			work(worker)
		}(worker)
	}
	all.Wait()
}

// Settle waits longer than pgweir's max_replica_lag (500 ms): a read on another connection sees the write after it.
func Settle() { time.Sleep(700 * time.Millisecond) }
