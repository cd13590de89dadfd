package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// tuneGC lets the heap grow by two fifths before it is collected, since large
// customers are held in memory at once, but by 32 MiB at the least: a small heap
// would be collected again and again while pages of users pass through it. It
// looks anew after each collection.
func tuneGC() {
	const (
		leastGrowth = 32 << 20
		low, high   = 40, 800 // percent; from 800 on the heap's minimum would exceed leastGrowth
	)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(int(min(max(low, 100*leastGrowth/max(1, live[0].Value.Uint64())), high)))
	runtime.AddCleanup(new([64]byte), func(int) { tuneGC() }, 0)
}
