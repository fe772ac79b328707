// Package statuspage shows jobs and their runs to people in a browser, and
// their numbers to machines: the pages, /metrics and /healthz. It starts, stops
// and repeats runs when a person asks for it, and changes nothing else.
//
// Everything is rendered here: no script runs in the browser, and nothing is
// loaded from elsewhere. Text from servers, messages and the database is not
// trusted: it stands on the page as text, cut and without controls.
package statuspage
