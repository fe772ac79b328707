package systemd

// An Error says what cannot be said in a unit or timer file.
type Error struct {
	Object string // such as a schedule, or a path
	Reason string // in lower case
	Advice string // what to do instead
}

// Error returns object and reason.
func (e *Error) Error() string { return e.Object + ": " + e.Reason }

// Hint returns what to do instead.
func (e *Error) Hint() string { return e.Advice }
