package luabind_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// benchmarkScript runs one call in a loop of Lua.
func benchmarkScript(b *testing.B, s luabind.Session, call string) {
	L := lua.NewState()
	defer L.Close()
	luabind.Preload(L, &luabind.Grants{Dial: func(context.Context, luabind.DialRequest) (luabind.Session, error) {
		return s, nil
	}})
	if err := L.DoString(`local M = pop3.POP3("host") function loop(n) for i = 1, n do ` + call + ` end end`); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := L.CallByParam(lua.P{Fn: L.GetGlobal("loop"), Protect: true}, lua.LNumber(b.N)); err != nil {
		b.Fatal(err)
	}
}

func listing(lines int) string {
	var text strings.Builder
	for i := range lines {
		fmt.Fprintf(&text, "%d %d\r\n", i+1, 4000+i)
	}
	return text.String()
}

// message is one megabyte in lines of 78 octets.
func message() string { return strings.Repeat(strings.Repeat("x", 76)+"\r\n", 1<<20/78) }

func BenchmarkCall(b *testing.B)  { benchmarkScript(b, &fake{}, `M:noop()`) }
func BenchmarkField(b *testing.B) { benchmarkScript(b, &fake{}, `local _ = M.closed`) }
func BenchmarkRefusal(b *testing.B) {
	benchmarkScript(b, &fake{err: &pop3.Error{}}, `pcall(M.noop, M)`)
}
func BenchmarkList1000(b *testing.B) { benchmarkScript(b, &fake{text: listing(1000)}, `M:list()`) }
func BenchmarkRetr1MB(b *testing.B) {
	b.SetBytes(1 << 20)
	benchmarkScript(b, &fake{text: message()}, `M:retr(1)`)
}
func BenchmarkPreload(b *testing.B) {
	for range b.N {
		L := lua.NewState(lua.Options{SkipOpenLibs: true})
		luabind.Preload(L, nil)
		L.Close()
	}
}

// Over loopback, beside a reader that discards: what the mirror adds.
func BenchmarkWire1MB(b *testing.B) {
	reply := []byte("+OK\r\n" + message() + ".\r\n")
	b.Run("discard", func(b *testing.B) {
		b.SetBytes(1 << 20)
		c := dialBench(b, reply)
		for range b.N {
			text, err := c.CmdText(context.Background(), "RETR", "1")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("lua", func(b *testing.B) {
		b.SetBytes(1 << 20)
		benchmarkScript(b, dialBench(b, reply), `M:retr(1)`)
	})
}

// dialBench connects to a server that has one reply.
func dialBench(b *testing.B, reply []byte) *pop3.Client {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, "+OK\r\n")
		command := make([]byte, 512)
		for {
			n, err := conn.Read(command)
			if err != nil || !bytes.HasSuffix(command[:n], []byte("\r\n")) {
				return
			}
			if _, err := conn.Write(reply); err != nil {
				return
			}
		}
	}()
	c, err := pop3.Dial(context.Background(), l.Addr().String(), &pop3.Options{InsecureAllowPlaintext: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

// What the modules for text make of a megabyte. gopher-lua's own s:gsub("\n", "")
// is quadratic: it takes half a minute.
func BenchmarkText1MB(b *testing.B) {
	for name, call := range map[string]string{
		"re.test literal": `re.test(s, "absent")`,
		"re.test":         `re.test(s, "[0-9]+@[a-z]+")`,
		"re.gsub":         `re.gsub(s, "\n", "")`,
		"re.split":        `re.split(s, "\r\n")`,
		"text.split":      `text.split(s, "\r\n")`,
		"text.lines":      `for line in text.lines(s) do end`,
		"text.upper":      `text.upper(s)`,
		"text.wrap":       `text.wrap(s, 60)`,
		"hash.sha256":     `hash.sha256(s)`,
		"base64":          `base64.decode(base64.encode(s))`,
		"json":            `json.decode(json.encode(lines))`,
	} {
		b.Run(name, func(b *testing.B) {
			L := lua.NewState()
			defer L.Close()
			luabind.Preload(L, nil)
			L.SetGlobal("s", lua.LString(message()))
			if err := L.DoString(`lines = text.split(s, "\r\n") function loop(n) for i = 1, n do ` + call + ` end end`); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(1 << 20)
			b.ReportAllocs()
			b.ResetTimer()
			if err := L.CallByParam(lua.P{Fn: L.GetGlobal("loop"), Protect: true}, lua.LNumber(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}
