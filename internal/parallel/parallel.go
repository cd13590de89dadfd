// Package parallel spreads work on long lists over the cores.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Ranges calls f for ranges that together are 0…n-1, on all cores, and returns
// when all are done. A call may write only what belongs to its range.
func Ranges(n int, f func(from, to int)) {
	const step = 512
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n/step+1) {
		wg.Go(func() {
			for {
				from := int(next.Add(step)) - step
				if from >= n {
					return
				}
				f(from, min(from+step, n))
			}
		})
	}
	wg.Wait()
}
