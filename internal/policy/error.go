package policy

// Error says that the policy refused something, and which flag would permit
// it. A script sees it as an error of kind "policy".
type Error struct {
	Object string // what was refused: "delete", "pop.example.org:995"
	Reason string // why, in lower case, without the object
	Flag   string // the whole flag that would permit it; empty where none can
}

// Error returns object and reason, never the flag: that is [Error.Hint]'s, as
// a hint stands on a line of its own.
func (e *Error) Error() string { return e.Object + ": " + e.Reason }

// Kind returns "policy", the kind under which a script sees this error.
func (e *Error) Kind() string { return "policy" }

// Hint says how to permit what was refused. It is empty where no flag can.
func (e *Error) Hint() string {
	if e.Flag == "" {
		return ""
	}
	return "allow it with " + e.Flag
}
