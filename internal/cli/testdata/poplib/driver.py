"""Does with poplib what driver.lua does with the pop3 module.

Arguments: POP3 or POP3_SSL, the host, the port, the timeout in seconds or
"none", a CA file or "none", then one call each: "top 1 0". In an argument of
a call %0A stands for the octet 0x0A.

A line for the constructor and one for each call: "ok" and what it returned,
or "raise", the kind, and the message. Octets are in hexadecimal.
"""

import poplib
import socket
import ssl
import sys
from urllib.parse import unquote


def encode(value):
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        raise TypeError(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return "x" + value.hex()
    if isinstance(value, tuple):
        return " ".join(encode(v) for v in value)
    if isinstance(value, list):
        return "[" + " ".join(encode(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + " ".join(encode(k) + "=" + encode(value[k]) for k in sorted(value)) + "}"
    raise TypeError(value)


def kind(e):
    for exception, name in (
        (poplib.error_proto, "error_proto"),
        (ValueError, "ValueError"),
        (TimeoutError, "timeout"),
        (ssl.SSLError, "tls"),
        (OSError, "socket"),
    ):
        if isinstance(e, exception):
            return name
    return type(e).__name__


def report(f, *args):
    """Prints what a call comes to; returns it, or None when it raised."""
    try:
        value = f(*args)
    except Exception as e:
        message = e.args[0] if isinstance(e, poplib.error_proto) else str(e)
        print("raise", kind(e), encode(message))
        return None
    print("ok", "session" if isinstance(value, poplib.POP3) else encode(value))
    return value


def main():
    way, host, port, timeout, cafile = sys.argv[1:6]
    context = ssl.create_default_context(cafile=None if cafile == "none" else cafile)
    options = {} if timeout == "none" else {"timeout": float(timeout)}
    if way == "POP3_SSL":
        options["context"] = context
    session = report(lambda: getattr(poplib, way)(host, int(port), **options))
    if session is None:
        return
    for call in sys.argv[6:]:
        name, *args = call.split(" ")
        args = [int(a) if a.isdecimal() else unquote(a) for a in args]
        if name == "stls":
            args = [context]
        report(getattr(session, name), *args)


socket.setdefaulttimeout(60)  # of a driver that hangs
main()
