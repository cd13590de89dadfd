package output

import (
	"encoding/csv"
	"io"

	"github.com/qpimport/qpimport/internal/sheet"
)

// WriteCSV writes rows whose cells are safe to open in a spreadsheet, with bom behind
// a byte order mark.
func WriteCSV(w io.Writer, rows [][]string, bom bool) error {
	if bom {
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return err
		}
	}
	c := csv.NewWriter(w)
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = sheet.Escape(Clean(cell))
		}
		if err := c.Write(safe); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
