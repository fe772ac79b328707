package pop3server_test

import (
	"context"
	"fmt"
	"net"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// A client's test against a maildrop in memory.
func ExampleMemory() {
	maildrop := pop3server.NewMemory("ann", "secret", []byte("Subject: hello\r\n\r\nworld\r\n"))
	server := &pop3server.Server{NewSession: maildrop.NewSession, InsecureAllowAuth: true}
	defer server.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go server.Serve(l)

	ctx := context.Background()
	c, err := pop3.Dial(ctx, l.Addr().String(), &pop3.Options{InsecureAllowPlaintext: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Login(ctx, "ann", "secret"))
	fmt.Println(c.Mark(ctx, 1))
	fmt.Println(c.Quit(ctx))
	fmt.Println(len(maildrop.Messages()), "left")
	// Output:
	// <nil>
	// +OK message 1 deleted <nil>
	// +OK signing off (maildrop empty) <nil>
	// 0 left
}
