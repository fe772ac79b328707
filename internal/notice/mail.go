package notice

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// Mail returns the notice as a message of RFC 5322, with CR LF and nothing but
// ASCII octets, the text in UTF-8 as quoted-printable: every server takes it.
// From is an address; what is none, or not in ASCII, stands for popherd at the
// node, which is the name of this machine. To are the addresses to name in it;
// those that are none are left out. Moments are in the zone of now.
func (n Notice) Mail(from, node string, now time.Time, to ...string) []byte {
	id := n.id()
	n, node = n.safe(), host(node)
	if from = address(from); from == "" {
		from = "popherd@" + node
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Date: %s\r\n", now.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "From: popherd <%s>\r\n", from)
	if named := addresses(to); named != "" {
		fmt.Fprintf(&b, "To: %s\r\n", named)
	}
	fmt.Fprintf(&b, "Subject: %s\r\n", encoded(n.subject()))
	fmt.Fprintf(&b, "Message-ID: <popherd.%s@%s>\r\n", id, node)
	// RFC 3834 section 5: no autoresponder answers.
	b.WriteString("Auto-Submitted: auto-generated\r\n" +
		"MIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n")
	body := quotedprintable.NewWriter(&b) // makes CR LF of LF; a buffer takes everything
	_, _ = body.Write([]byte(n.text(node, now.Location())))
	_ = body.Close()
	return b.Bytes()
}

// address returns an address that can stand between < and >, or "".
func address(text string) string {
	a, err := mail.ParseAddress("<" + text + ">")
	if err != nil || a.Address != text || len(text) > 254 || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return text
}

// addresses lists addresses, each on a line of its own.
func addresses(list []string) string {
	var named []string
	for _, text := range list {
		if a := address(text); a != "" {
			named = append(named, "<"+a+">")
		}
	}
	return strings.Join(named, ",\r\n ")
}

// host makes a name of a machine such that it can stand behind an @.
func host(name string) string {
	name = strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-':
			return c
		}
		return '-'
	}, name[:min(len(name), 200)])
	labels := strings.FieldsFunc(name, func(c rune) bool { return c == '.' })
	if len(labels) == 0 {
		return "localhost"
	}
	return strings.Join(labels, ".")
}

// encoded returns a text as it stands in a field: as it is if that is short and
// cannot be taken for anything else, otherwise in encoded words (RFC 2047), each
// on a line of its own and of 60 octets.
func encoded(text string) string {
	const short, word = 60, 36 // octets; base64 makes 48 of 36
	plain := !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
	if plain && len(text) <= short && !strings.Contains(text, "=?") {
		return text
	}
	var words []string
	for text != "" {
		end := min(word, len(text))
		for end < len(text) && !utf8.RuneStart(text[end]) { // no letter is cut
			end--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(text[:end]))+"?=")
		text = text[end:]
	}
	return strings.Join(words, "\r\n ")
}
