// Package luabind binds POP3 to Lua: the modules pop3, which mirrors Python's
// poplib, and getpass; messages and rules about them; and for scripts that have
// nothing else, re, json, text, time, base64, hash, log, script and state. It is
// for any host of gopher-lua. Preload puts the modules into a Lua state; Grants
// say what a script may reach. The package opens no sockets, and no files but the
// system's time zones: the host does, or refuses to.
//
//	local pop3 = require "pop3"
//	local M = pop3.POP3_SSL("pop.example.org")
//	M:user("guido")
//	M:pass_(require("getpass").getpass())
//	for i = 1, (M:stat()) do
//	  local response, lines, octets = M:retr(i)
//	  for _, line in ipairs(lines) do print(line) end
//	end
//	M:quit()
//
// # The mirror
//
// Names, order of arguments and shapes of replies are poplib's of Python 3.11.
// A tuple is multiple returns, a list a table from 1, a dictionary a table,
// bytes a string that nobody decodes, None is nil.
//
//	pop3.POP3(host [, port=110 [, timeout]])            a session, greeting read
//	pop3.POP3_SSL(host [, port=995 [, keyfile [, certfile [, timeout [, context]]]]])
//	pop3.POP3{host=, port=, timeout=}                   the same by name
//	M:getwelcome()                                      response
//	M:user(name) M:pass_(password) M:pass(password)     response
//	M:apop(name, secret) M:rpop(name)                   response
//	M:stat()                                            count, octets
//	M:list() M:uidl()                                   response, lines, octets
//	M:list(n) M:uidl(n)                                 response
//	M:retr(n) M:top(n, howmuch)                         response, lines, octets
//	M:dele(n) M:noop() M:rset() M:utf8()                response
//	M:capa()                                            {NAME={argument, ...}}
//	M:stls([context])                                   response
//	M:quit()                                            response; commits and closes
//	M:close()                                           nothing; the server forgets marks
//	M:set_debuglevel(level)                             nothing; 1 shows commands, 2 replies too
//	M:_shortcmd(line) M:_longcmd(line)                  as granted by Grants.Raw
//	M.welcome M.host M.port M.closed                    read-only
//	pop3.create_default_context{cafile=, certfile=, keyfile=, min_version=, fingerprint=}
//	pop3.POP3_PORT POP3_SSL_PORT CR LF CRLF error_proto
//	getpass.getuser() getpass.getpass([prompt])         as in Python
//
// A message-number is a positive integer, or a string of one word, which the
// server judges. A timeout is in seconds; it bounds each wait.
//
// # Errors
//
// The mirror raises: a refused command never passes silently. What it raises
// is an object, whole through pcall:
//
//	e.kind       error_proto ValueError timeout socket tls auth closed policy limit cancelled internal
//	e.message    poplib's text where it has one, such as "-ERR EOF"
//	e.response   the server's line, or nil
//	e.code       its response code, "IN-USE", or nil
//	e.command    what was sent, secrets replaced, or nil
//	e.temporary  the same may succeed later
//	e.fatal      the session cannot be used any more
//	e.hint       what would help, or nil
//	e.where      "script.lua:12"
//	e.traceback
//
// tostring(e) is "error_proto: -ERR no such message"; pop3.is(e,
// pop3.error_proto) asks for a kind. pop3.try(f, ...) returns what f returns,
// or nil and the error. pop3.with(session, f), or with a table of POP3_SSL's
// arguments (tls=false for POP3's), calls f with the session, then QUIT; when f
// raises it closes instead, and raises the same again. A name that does not
// exist raises, and says which was meant.
//
// # Where it is not poplib
//
// The numbers are those that the documentation gives to users and that the
// tests name.
//
//  1. Certificates and host names are verified, TLS is 1.2 or newer.
//  2. The host permits credentials over plaintext, or they are refused with
//     kind policy.
//  3. After a reply that is not POP3, an over-long line, an early end, a
//     timeout or a failure of TLS every later call raises kind closed. A drop
//     listing that is not two numbers is such a reply.
//  4. Lines of a text may be of any length; status lines end at 2048 octets.
//  5. A partial line at the end of the stream is an error.
//  6. An argument with a control character, and a message-number that is none,
//     raises ValueError and nothing is sent.
//  7. Octets behind STLS's +OK are an error.
//  8. quit closes even when it raises.
//  9. capa survives odd lines.
//  10. Debug output has secrets replaced.
//  11. What dele does until quit is the Session's: *pop3.Client sends DELE, a
//     Marker is told where the script stands.
//  12. Only CR LF . CR LF ends a text; a line that starts with a dot and has
//     more after it loses that dot.
//
// # Messages
//
//	pop3.account([name])                      a session that the host logged in
//	M:messages{new=, from=, to=, order=, body=}
//	                                          iterates: for msg in M:messages() do
//	M:message(n)                              one message
//	M:read_ahead(allowed)                     whether loops over M:retr are read ahead
//	mail.parse(text)                          a message from its text or lines
//
//	msg.num msg.uidl msg.size                 of the listings
//	msg.subject msg.from msg.to msg.cc msg.message_id msg.list_id
//	msg.date                                  seconds since 1970; nil if Date cannot be read
//	msg:header(name) msg:headers(name)        first, or all; decoded
//	msg:raw_header(name)                      first, as it came
//	msg:age() msg.age_days                    in seconds, in days
//	msg.first_seen                            seconds since 1970; nil if nobody remembers
//	msg.auth_results                          {{server= method= result= reason= properties=}, ...}
//	msg:text() msg:html()                     of the body; "" for none
//	msg:parts() msg:attachments() msg:has_attachment()
//	msg:raw() msg:lines()                     every octet, every line
//	msg.defects                               {what is wrong, ...}
//	msg:delete([reason]) msg:keep([reason]) msg:deliver(target [, reason])
//	address.name address.address address.domain
//	part.name part.type part.size part.charset part.encoding part.disposition
//	part.content_id part:content() part:text()
//	part:save(target)                         the name of the file
//
// Nothing of a message is read before it is asked for: its header by TOP, and
// by RETR where TOP does not work; what needs the body by one RETR. It is kept
// as long as the script holds the message. A loop that asks for headers in order
// has them read ahead. With body=true messages are read ahead whole, which a
// server may take for read. from and to are message-numbers, both included;
// from=-100 is the last hundred. The order is "oldest", by number, or "newest".
// Marked messages are left out; one that a script holds can still be read after
// msg:delete(), if the session is a Reader. With new=true only those come that no
// run dealt with which committed, and -100 is the 100th of these from the end;
// that needs a session with a journal, or raises ValueError.
//
// Text is decoded to UTF-8 and never nil: a subject that is not there is "", and
// msg.from has empty fields. message_id and list_id are nil, so that two messages
// without an id do not have the same. An address is no string: tostring(msg.from)
// is "Name <address>", and so are those of msg.to, joined by ", ". msg.from is the
// first address of From, or of Sender. msg.to and others are lists: of
// msg.to.address there is msg.to[1].address. The age is that of Date; if it cannot
// be read, since the mail was received. It is 0 if it cannot be known: without
// either, before 1970, or more than 2 days in the future; msg.date is nil only if
// Date is no date, of the years 1900 to 9999. Defects are no errors; those of the
// body are there once it was read.
//
// Of delete and keep the last counts; deliveries add up. Decisions are the
// Session's: a Decider plans them; else delete is DELE, and deliver raises kind
// policy. About a message from mail.parse nothing can be decided.
//
// first_seen is when an earlier run, or this one, first listed the message. A
// part is saved where Grants.Save says, at once and not at the commit; the name
// that it suggests is the part's, or "attachment".
//
// # Rules
//
//	rule.from(text, ...)                      one of the texts is in an address of From
//	rule.to(text, ...)                        of To or Cc
//	rule.subject(text, ...)                   in the subject
//	rule.header(name [, text, ...])           in the field; or it is there
//	rule.size("> 1M") rule.age("> 30d")       > >= < <=; K M G of 1024; min h d w y
//	rule.first_seen("> 30d")                  the same of the time since msg.first_seen
//	rule.list([text])                         of a mailing list; text in its id
//	rule.has_attachment([text])               text in its name
//	rule.re(field, pattern [, flags])         found in "from", "to", "cc", "subject", "text"
//	                                          or a header field, such as "Received"
//	rule.always()
//	p * q, p + q, -p, p - q                   and, or, not, and-not
//	p(msg)                                    true; or false, if it is false or unknown
//
// Predicates judge messages in Go, from the left and no further than needed, and
// read no more than they look at. Texts are found in any case, letter by letter
// as text.lower does it. Lua's own and, or, not do not combine predicates: they
// drop one side, so that a rule file whose rules are all predicates must use every
// one that it builds.
//
// In from and to a text is looked for in the name and the address, "Name
// <address>". With @ it is the address, of which the name says nothing: "@b.example"
// is the domain or one below it, "mother@" what stands before the @, and
// "a@b.example" all of it. Every address of the field counts; those of Sender if
// there is none in From. The fields of rule.re are these and its own, and "text",
// the body; the name of a header field has a capital letter or a hyphen.
//
// A predicate may be unknown: age if msg:age() cannot be known, first_seen if
// nobody remembers, and a pattern that is not found in a text of which something
// was cut, beyond 4 MiB mostly. What is unknown is neither so nor otherwise:
// -age("> 30d") is unknown as well. With true and false it combines as one that
// may turn out to be either: unknown * false is false, unknown + true is true, and
// all else unknown. A rule speaks only if its predicate is true.
//
// A script is a rule file if it returns a function(msg), a rule table or a list
// of rule tables:
//
//	return {
//	  { name = "mine", rule = rule.from("me@example.org"), keep = true },
//	  { name = "old newsletters", rule = rule.list() * rule.age("> 30d"), delete = true },
//	  { name = "invoices", rule = rule.subject("invoice"), deliver = "archive", delete = true },
//	  { name = "own", rule = function(msg) if #msg.to > 50 then msg:delete("many") end end },
//	}
//
// A predicate's table has delete, keep (true, or the reason, which is else the
// name) or deliver (a target), which may go with delete. A function decides by
// msg:delete, keep and deliver, and returns nothing. The first rule that decides
// about a message ends; with match="all" in the list every rule is asked, and
// keep wins over delete. A rule decides about the message that it is given, and
// about no other. A message that the server refuses to give is kept. What a rule file has is checked when it is loaded.
//
// # Beyond the mirror
//
// The other modules are for mail, which strangers write. A wrong argument
// raises kind ValueError. Foreign text that is not what it should be is no
// fault of the script: the result is nil, and the reason. What would become
// larger than 16 MiB, and larger than the argument it comes from, raises kind
// limit, and so does a table of more than 1,048,575 entries. Time and memory grow
// with the text and no faster. Strings are octets; where text is read as UTF-8,
// octets that are not pass unchanged, unless a function says otherwise. Extra
// arguments are ignored, so that text.trim(re.gsub(...)) works.
//
// # Module re
//
// Regular expressions of RE2, whose syntax is that of Go's regexp/syntax: no
// look-ahead, no look-behind, no back-references. Positions are octets from 1.
//
//	re.compile(pattern [, flags])             a pattern; flags of "i", "m", "s"
//	re.test(s, pattern)                       whether it is in s
//	re.find(s, pattern [, init])              start, end, captures; or nil
//	re.match(s, pattern [, init])             captures, or the whole; or nil
//	re.gmatch(s, pattern)                     iterates over all matches
//	re.gsub(s, pattern, replacement [, n])    string, count
//	re.split(s, pattern [, n])                {part, ...}, at most n
//	re.escape(s)                              a pattern that matches s
//	p:test(s) p:find(s [, init]) p:match(s [, init]) p:gmatch(s)
//	p:gsub(s, replacement [, n]) p:split(s [, n])
//
// A pattern may be given as text, for which flags are written (?i) at its
// start: the last 64 or so are kept compiled. A pattern that is bad raises
// ValueError with RE2's reason; so does one of more than 8192 octets, 10,000
// instructions or 100 captures.
//
// A capture that has no part in the match is false, so that a loop over gmatch
// does not end there. init counts from the end when it is negative; ^ and \b
// see what stands before it, and within a character it means the next. An empty
// match right behind another match is none. An octet that is not UTF-8 matches
// as one character: ".", "[^a]" and \x{FFFD}.
//
// The replacement is a string, in which %0 is the match, %1 to %9 are captures
// (%1 the match if there are none) and %% is a percent sign; or a table that is
// indexed by, or a function that is called with what match returns: nil and
// false let the match stand. The parts of split are what stands between
// matches, an empty one at either end included.
//
// One search reads the text once. All those of a gsub, gmatch or split read it
// 16 times and 4 MiB at most, or raise kind limit: a*b|a in a text of a's reads
// to its end for each a. Searches of large texts end when the script does.
//
// # Module json
//
//	json.decode(s)                            value; or nil, why with line and column
//	json.encode(value [, {indent=}])          string; indent 0 to 8 spaces a level
//	json.array([t])                           t, which is an array even when empty
//	json.null                                 null
//
// JSON is RFC 8259's, nested at most 100 deep. null becomes json.null, which is
// true where Lua asks. An empty table becomes {}, unless json.array or decode
// made it an array. Tables with the keys 1 to n become arrays; with strings,
// objects, sorted by key; with both, with holes or with other keys they raise,
// as do NaN, infinity, nil, functions, userdata and tables within themselves.
// Metamethods are not called. Numbers are Lua's, whole ones exact to 2^53, and
// written without a fraction. Of keys that are twice in an object the last
// counts. decode leaves octets that are not UTF-8 as they are; encode, which
// must not, replaces each by U+FFFD. A text whose value would take more than
// about 128 MiB of memory raises kind limit.
//
// # Module text
//
//	text.lower(s) text.upper(s)               character by character
//	text.len(s)                               characters; a wrong octet counts as one
//	text.width(s)                             columns of a terminal
//	text.trim(s)                              without white space at both ends
//	text.split(s, sep [, n])                  {part, ...}, at most n; sep is no pattern
//	text.lines(s)                             iterates over lines; LF or CR LF ends one
//	text.wrap(s, width)                       lines broken at blanks, at most width columns
//	text.valid(s)                             whether s is UTF-8
//	text.clean(s)                             without controls, for a terminal
//	text.starts_with(s, prefix) text.ends_with(s, suffix) text.contains(s, part)
//
// wrap makes one space of several blanks and keeps line ends; a word that is
// too long stands alone. clean drops control and format characters, which
// include escape and what turns the direction of text, but not line feeds and
// tabs; octets that are not UTF-8 become U+FFFD.
//
// # Module time
//
// A moment is a number of seconds since 1970 in UTC, in the years 0 to 9999. A
// zone is "UTC", which is the default, "local", an offset such as "+02:00", or
// a name such as "Europe/Berlin", if the host has the zones' files or imports
// time/tzdata.
//
//	time.now()                                seconds, whole
//	time.parse(date [, layout [, zone]])      seconds; or nil, why
//	time.format(seconds [, layout [, zone]])  string
//	time.add(seconds, {years=, months=, weeks=, days=, hours=, minutes=, seconds=} [, zone])
//	time.date(seconds [, zone])               {year= month= day= hour= min= sec= wday= yday= zone= offset=}
//
// A layout is C's strftime's, in English, at most 1024 octets: %Y %y %m %d %e
// %j %H %I %p %M %S %a %A %b %B %u %w %z %Z %s %n %t %% and %F %T %R %D %c %x
// %X. Without one, format writes RFC 3339, and parse reads that, RFC 5322's
// form and what else is found in mail. parse takes names in any case and white
// space for any run of it; %Z is UTC, GMT or UT, and zone is for a date whose
// layout has no zone. What it does not name is that of 1 January 1970.
//
// add counts years, months, weeks and days by the calendar of the zone, at the
// same time of day; a day that the month has not becomes its last. date has
// os.date's names, 1 is Sunday, and offset is in seconds east of UTC.
//
// # Modules base64 and hash
//
//	base64.encode(s [, "url"])                string on one line; "url" without padding
//	base64.decode(s)                          octets; or nil, why
//	hash.md5(s) hash.sha1(s) hash.sha256(s) hash.sha512(s) hash.crc32(s)
//	hash.hmac_sha256(key, s)                  hex digits, all of them
//
// decode takes both alphabets of RFC 4648, padded or not, with white space
// anywhere.
//
// # Modules log and script
//
//	log.debug(message [, fields]) log.info(...) log.warn(...) log.error(...)
//	script.name script.args script.dry_run    from Grants.Script
//
// Fields are a table of at most 64 names with strings, numbers, booleans or
// host objects; a text of more than 4096 octets is cut. Grants.Log takes them.
//
// # Module state
//
// What a script keeps from run to run, for each account apart: of the one whose
// session was opened last.
//
//	state.get(name)                           string, number or boolean; or nil
//	state.set(name, value [, seconds])        nil removes; seconds until it expires
//	state.incr(name [, by])                   the sum; from 0, by 1; whole, to 2^53
//	state.expire(name, seconds)               whether it is there; nil is never
//
// A script reads back what it set; the next run does once quit succeeded. A
// script that fails, and a dry run, change nothing. A name has 1 to 255 octets, a
// string at most 65,535, seconds are at most 100 years. set without seconds
// lets the value last; incr does not change when it expires. incr of what is no
// whole number raises ValueError. Without Grants.State all raise kind policy.
//
// # For hosts
//
// Binding.RuleFile takes what a script returned, RuleFile.Apply judges a
// session's messages by it. Then the host commits, or after an error does not,
// unless it is an *UnreadError, which says that single messages could not be read
// and are kept.
//
// Uncaught, an error object arrives in Go as a *lua.ApiError: ErrorFrom gives
// the *Error in it, which wraps the Go error that caused it. An error of a
// grant with a method Kind() string gets that kind; one with Hint() string
// shows that as e.hint.
//
// Session objects have nothing to collect them: the host closes, behind the
// script's end, what its Dial gave out. Session objects, contexts and errors
// are userdata with closed metatables behind which no secret stands. Calls
// cannot yield.
package luabind
