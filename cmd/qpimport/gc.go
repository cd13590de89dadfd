package main

import (
	"runtime"
	"runtime/debug"
)

// tuneGC lets the heap grow by two fifths before it is collected, since large
// customers are held in memory at once, but by 32 MiB at the least: a small heap
// would be collected again and again while pages of users pass through it. It
// looks anew after each collection, the first of which comes at 4 MiB. percent
// is by how much the heap may grow now.
func tuneGC(percent uint64) {
	const (
		leastGrowth = 32 << 20
		low, high   = 40, 800 // percent; from 800 on the heap's minimum would exceed leastGrowth
	)
	runtime.AddCleanup(new([64]byte), func(int) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		live := m.NextGC * 100 / (100 + percent)
		growth := min(max(low, 100*leastGrowth/max(1, live)), high)
		debug.SetGCPercent(int(growth))
		tuneGC(growth)
	}, 0)
}
