package deliver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
)

// fixed is a password for everybody.
func fixed(password string) func(context.Context, deliver.Spec) (string, error) {
	return func(context.Context, deliver.Spec) (string, error) { return password, nil }
}

// actor answers the connections made to it, each with the next script: a reply
// to each command, "" for hanging up. What a script does not say is "250 ok".
func actor(t *testing.T, hello string, scripts ...map[string]string) (addr string, said func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	done := make(chan bool)
	go func() {
		defer close(done)
		for _, script := range scripts {
			c, err := l.Accept()
			if err != nil {
				return
			}
			play(c, hello, script, lines)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String(), func() []string {
		l.Close()
		<-done
		close(lines)
		var all []string
		for line := range lines {
			all = append(all, line)
		}
		return all
	}
}

func play(c net.Conn, hello string, script map[string]string, lines chan<- string) {
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "220 here\r\n")
	for r := bufio.NewScanner(c); r.Scan(); {
		command, _, _ := strings.Cut(strings.ToUpper(r.Text()), " ")
		select {
		case lines <- r.Text():
		default:
		}
		reply, known := script[command]
		switch {
		case !known && (command == "EHLO" || command == "LHLO"):
			reply = hello
		case !known && command == "DATA":
			reply = "354 go on"
		case !known:
			reply = "250 ok"
		}
		if reply == "" {
			return
		}
		fmt.Fprintf(c, "%s\r\n", reply)
		if command == "DATA" && strings.HasPrefix(reply, "354") && !data(c, r, script, lines) {
			return
		}
	}
}

// data takes a message and answers with what the script says of ".".
func data(c net.Conn, r *bufio.Scanner, script map[string]string, lines chan<- string) bool {
	for r.Scan() && r.Text() != "." {
		lines <- r.Text()
	}
	reply, known := script["."]
	if !known {
		reply = "250 taken"
	}
	fmt.Fprintf(c, "%s\r\n", reply)
	return reply != ""
}

const modern = "250-here\r\n250-8BITMIME\r\n250 SIZE 1000"

func TestALostAnswerIsUnknown(t *testing.T) {
	addr, _ := actor(t, modern, map[string]string{".": "25"})
	err := send(t, "smtp://"+addr+"/?rcpt=bob@example.org", deliver.Options{Timeout: 5 * time.Second}, 1)
	wantFault(t, err, true, "may have been accepted")
	if !errors.Is(err, deliver.ErrUnknown) {
		t.Errorf("got error %v, want %v", err, deliver.ErrUnknown)
	}
}

func TestADeadConnectionIsMadeAnew(t *testing.T) {
	// The second message finds that the server has hung up; a third gets 421.
	addr, said := actor(t, modern, map[string]string{"QUIT": "", "NOOP": "", "MAIL": "250 ok"}, map[string]string{})
	_ = said
	target, err := deliver.Open(t.Context(), "smtp://"+addr+"/?rcpt=bob@example.org", deliver.Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	for n := range 3 {
		if err := putLetter(t, target, n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRepliesOfServers(t *testing.T) {
	endless := "250-x\r\n" + strings.Repeat("250-"+strings.Repeat("y", 900)+"\r\n", 100) + "250 end"
	for _, test := range []struct {
		name, hello string
		script      map[string]string
		temporary   bool
		words       string
	}{
		{"mailbox busy", modern, map[string]string{"MAIL": "451 later"}, true, "later"},
		{"sender refused", modern, map[string]string{"MAIL": "550 never"}, false, "never"},
		{"DATA refused", modern, map[string]string{"DATA": "554 no"}, false, "no"},
		{"message refused", modern, map[string]string{".": "554 5.7.1 spam"}, false, "spam"},
		{"message not now", modern, map[string]string{".": "452 4.3.1 full"}, true, "full"},
		{"hangs up", modern, map[string]string{"MAIL": ""}, true, "EOF"},
		{"too large", "250-here\r\n250 SIZE 10", nil, false, "takes 10"},
		{"a reply without end", endless, nil, true, "more than"},
		{"no reply at all", "nonsense", nil, true, ""},
		{"no service", modern, map[string]string{"EHLO": "554 go away", "HELO": "554 go away"}, false, "go away"},
		{"no TLS", modern, map[string]string{"EHLO": "421 not now"}, true, "not now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr, _ := actor(t, test.hello, test.script)
			err := send(t, "smtp://"+addr+"/?rcpt=bob@example.org", deliver.Options{Timeout: 5 * time.Second}, 1)
			wantFault(t, err, test.temporary, test.words)
		})
	}
}

func TestEightBitMailNeedsAServerThatTakesIt(t *testing.T) {
	addr, said := actor(t, "250 here", map[string]string{})
	target, err := deliver.Open(t.Context(), "smtp://"+addr+"/?rcpt=bob@example.org", deliver.Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, putText(t, target, "a1", "Subject: caf\xc3\xa9\r\n\r\n"), false, "8BITMIME")
	if err := putText(t, target, "a2", "Subject: cafe\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	target.Close()
	for _, line := range said() {
		if strings.Contains(line, "caf\xc3\xa9") || strings.Contains(line, "BODY=") {
			t.Errorf("the server was sent %q", line)
		}
	}
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	wantFault(t, send(t, "smtp://"+addr+"/?rcpt=bob@example.org", deliver.Options{}, 1), true, "refused")
	wantFault(t, send(t, "lmtp:unix:"+t.TempDir()+"/none?rcpt=bob", deliver.Options{}, 1), true, "none")
}

// putLetter and putText deliver one message.
func putLetter(t *testing.T, target deliver.Target, n int) error {
	return putText(t, target, fmt.Sprint("letter", n), fmt.Sprintf("Subject: letter %d\r\n\r\nx\r\n", n))
}

func putText(t *testing.T, target deliver.Target, id, text string) error {
	t.Helper()
	d, err := target.Begin(t.Context(), deliver.Envelope{ID: id})
	if err != nil {
		return err
	}
	if _, err := d.Write([]byte(text)); err != nil {
		return errors.Join(err, d.Abort())
	}
	return d.Commit(t.Context())
}
