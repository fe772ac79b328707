package message

import "bytes"

// maxBoundary is what fits in a line; RFC 2046 allows 70, and some send more.
const maxBoundary = 998

// delimiter finds the next line that is a boundary of an open multipart, from
// the start of a line on: where it begins, where the next one begins, whose it
// is (-1 if there is none) and if it is the last.
func (w *walker) delimiter(pos int) (line, next, level int, last bool) {
	for {
		if !bytes.HasPrefix(w.octets[pos:], []byte("--")) {
			i := bytes.Index(w.octets[pos:], []byte("\n--"))
			if i < 0 {
				return 0, 0, -1, false
			}
			pos += i + 1
		}
		end := bytes.IndexByte(w.octets[pos:], '\n')
		if end < 0 {
			end = len(w.octets) - pos
		}
		if level, last := w.match(w.octets[pos : pos+end]); level >= 0 {
			return pos, min(pos+end+1, len(w.octets)), level, last
		}
		pos += end
	}
}

// match says to which open multipart a line is a boundary, or -1.
func (w *walker) match(line []byte) (level int, last bool) {
	if len(line) > maxBoundary+100 || !bytes.HasPrefix(line, []byte("--")) {
		return -1, false
	}
	line = bytes.TrimRight(line[2:], " \t\r")
	if level, ok := w.levels[string(line)]; ok {
		return level, false
	}
	if line, ok := bytes.CutSuffix(line, []byte("--")); ok {
		if level, ok := w.levels[string(line)]; ok {
			return level, true
		}
	}
	return -1, false
}

// isDelimiter reports whether a line is a boundary of an open multipart.
func (w *walker) isDelimiter(line []byte) bool {
	level, _ := w.match(line)
	return level >= 0
}

// guessBoundary finds what may be the boundary of a multipart that declares
// none: the first line that begins with "--" and comes again. It looks at the
// first octets only, since each part may ask for it.
func guessBoundary(octets []byte) string {
	const most = 32 << 10
	octets = octets[:min(len(octets), most)]
	rest := octets // from the line on
	for line := range bytes.Lines(octets) {
		boundary := bytes.TrimRight(line, " \t\r\n")
		if len(boundary) < 3 || len(boundary) > maxBoundary || !bytes.HasPrefix(boundary, []byte("--")) {
			rest = rest[len(line):]
			continue
		}
		if bytes.Contains(rest, append([]byte("\n"), boundary...)) {
			return string(boundary[2:])
		}
		break
	}
	return ""
}
