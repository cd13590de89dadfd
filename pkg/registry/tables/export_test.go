package tables

// Columns are those that a copy takes, by table.
func Columns() map[string][]string {
	columns := map[string][]string{}
	for _, t := range all {
		columns[t.name] = columnNames(t.columns)
	}
	return columns
}
