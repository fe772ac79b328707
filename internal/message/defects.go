package message

import "fmt"

// defects are what is wrong with a message, each kind once. A defect is not an
// error: it tells a person why what is shown may differ from what was meant.
type defects []defect

type defect struct {
	format string // is the kind
	args   []any
	more   int // others of this kind
}

// note adds a defect; those of one format are one kind, of which the first is
// told and the others are counted.
func (d *defects) note(format string, args ...any) {
	for i := range *d {
		if (*d)[i].format == format {
			(*d)[i].more++
			return
		}
	}
	if len(*d) < MaxDefects {
		*d = append(*d, defect{format: format, args: args})
	}
}

// sentences renders the defects.
func (d defects) sentences() []string {
	var all []string
	for _, one := range d {
		text := fmt.Sprintf(one.format, one.args...)
		if one.more > 0 {
			text += fmt.Sprintf(" (and %d more)", one.more)
		}
		all = append(all, text)
	}
	return all
}
