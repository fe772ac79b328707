// Package worker runs a script in a process of its own, so that a script which
// hangs, crashes or eats memory ends that process and nothing else. It knows
// nothing of scripts: it gives octets and gets octets.
//
// # Two sides
//
// The supervisor calls [Run], which starts a program, usually its own, as the
// worker. The worker calls [Attach] before all else. Between them are three
// pipes: standard input brings the job and answers, standard output takes
// events, questions and the result, and standard error is a crash pipe, on
// which nothing but the last words of a crash is to be written. Everything
// else that a worker would write goes through [Worker.Send].
//
// The end of standard input means stop. It comes when the supervisor's context
// ends, and also when the supervisor is gone. The worker's context then ends,
// and the worker has Options.Grace to finish.
//
// # What holds a worker
//
//   - the environment is what Options.Env lists, and nothing else
//   - memory, processor time, open files, written files: limits that the worker
//     sets on itself in Attach, before it reads the job. It uses one processor
//     from then on: with more, the collector falls behind on a busy machine
//   - wall time and resident memory: the supervisor watches both, and kills
//   - a process group of its own, so that Ctrl-C reaches the supervisor alone
//   - it dies with the supervisor, whatever it does
//
// A program built with cgo takes 8 MB of that memory for each thread it starts,
// and twice as long to start: build without.
//
// Every end is told as an [End]: one [Reason], and one line for people.
//
// Killing a worker is safe as far as its work is: a POP3 session that ends
// without QUIT deletes nothing.
//
// # Linux, and less than Linux
//
// On Linux memory is held by RLIMIT_DATA, which the kernel enforces at each
// allocation, and by the supervisor's look at resident memory every 5 ms.
// Elsewhere the worker looks at its own memory every 5 ms and ends itself: one
// huge allocation can pass the limit before it looks. The other differences:
//
//   - the kernel kills a Linux worker when its supervisor dies; elsewhere the
//     worker sees its job end, and ends itself after Options.Grace
//   - descriptors that the supervisor itself inherited without close-on-exec
//     reach the worker; on Linux Attach closes them
//   - what a killed worker started is killed with it for certain on Linux, on
//     the other Unix systems as far as it is still of the group, not on Windows
//   - Windows has no limits of processor time and files; SystemRoot is in the
//     environment without being listed; a worker that does not read its job is
//     told to stop by nothing but the kill
package worker
