package input

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Age reads a length of time such as 30d, 2w, 36h or 90m; it has to be positive.
func Age(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		number, ok := strings.CutSuffix(text, unit)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 36500 {
			return 0, errAge(text)
		}
		return time.Duration(n) * length, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, errAge(text)
	}
	return d, nil
}

func errAge(text string) error {
	return fmt.Errorf("%q is not a length of time such as 30d, 2w or 36h", text)
}
