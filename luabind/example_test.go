package luabind_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// Any program that embeds gopher-lua can offer the modules over package pop3.
func ExamplePreload() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go answer(server)

	var open []luabind.Session // what scripts may have left open
	grants := &luabind.Grants{
		Dial: func(ctx context.Context, r luabind.DialRequest) (luabind.Session, error) {
			o := &pop3.Options{InsecureAllowPlaintext: true} // for this example: passwords go in the clear
			if err := r.Apply(o, os.ReadFile); err != nil {
				return nil, err
			}
			dial := pop3.Dial
			if r.TLS {
				dial = pop3.DialTLS
			}
			client, err := dial(ctx, r.Address(), o)
			if err != nil {
				return nil, err
			}
			open = append(open, client)
			return client, nil
		},
	}

	L := lua.NewState()
	defer L.Close()
	luabind.Preload(L, grants)
	L.SetGlobal("port", lua.LNumber(server.Addr().(*net.TCPAddr).Port))
	err = L.DoString(`
		local pop3 = require "pop3"
		local M = pop3.POP3{host = "127.0.0.1", port = port}
		M:user("guido")
		M:pass_("python")
		print(M:stat())
		local e = select(2, pop3.try(M.retr, M, 3))
		print(e, e.code, pop3.is(e, pop3.error_proto))
		M:retr(4)
	`)
	if e := luabind.ErrorFrom(err); e != nil {
		fmt.Println(e.Where, e, e.Temporary)
	}
	for _, session := range open {
		session.Close()
	}
	// Output:
	// 2	320
	// error_proto: -ERR [SYS/TEMP] try later	SYS/TEMP	true
	// <string>:9 error_proto: -ERR no such message false
}

// answer plays a server to one client.
func answer(l net.Listener) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "+OK POP3 ready\r\n")
	lines := bufio.NewScanner(conn)
	for _, reply := range []string{"+OK", "+OK", "+OK 2 320", "-ERR [SYS/TEMP] try later", "-ERR no such message"} {
		if !lines.Scan() {
			return
		}
		fmt.Fprint(conn, reply+"\r\n")
	}
}
