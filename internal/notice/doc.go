// Package notice tells somebody of a run that needs a person: one that failed
// for good, one that deletes more than was thought of, a job that was paused.
// It makes of it what a command reads, and a mail, hands them over, and sees to
// it that nobody is flooded. Who is told of what is not decided here.
package notice
