package importer

import (
	"cmp"
	"slices"
)

// nearest are the names, at most three, that one may have been meant for: those a
// third of its letters or fewer away, however they are spelled, the nearest first.
func nearest(meant string, names []string) []string {
	type near struct {
		name     string
		distance int
	}
	key := []rune(nameKey(meant))
	var found []near
	for _, name := range names {
		other := []rune(nameKey(name))
		if most := max(len(key), len(other)) / 3; max(len(key), len(other))-min(len(key), len(other)) <= most {
			if d := distance(key, other); d <= most {
				found = append(found, near{name, d})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	var few []string
	for _, n := range found[:min(3, len(found))] {
		few = append(few, n.name)
	}
	return few
}

// distance counts the letters to put in, take out or replace to make a of b.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			replace := diagonal
			if x != y {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
