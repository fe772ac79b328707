package luabind

// CallError is an error of a call that a host made in a script's stead, such as
// the login of an account or the QUIT after a rule file, as the script would
// have seen it raised. call is for the message, host for errors of TLS.
func CallError(call, host string, err error) *Error { return callError(call, host, err) }
