"""What popherd's scripts do, with poplib.

Arguments: retr, top, rules or delete, the host, the port, the user, the
password, and for TLS the file of the CA.
"""
import poplib
import re
import ssl
import sys


def header(lines):
    """The first field of each name, by its name in lower case."""
    fields, name = {}, None
    for line in lines:
        if line[:1] in (" ", "\t"):
            if name:
                fields[name] += line
            continue
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name in fields:
            name = None
            continue
        fields[name] = value.strip()
    return fields


RULES = [
    lambda h: "@deals.example" in h.get("from", ""),
    lambda h: "@shop.example" in h.get("from", ""),
    lambda h: re.search(r"\.news\.example>?$", h.get("from", "")),
    lambda h: "no-reply@social.example" in h.get("from", ""),
    lambda h: re.search(r"bounce-\d+@", h.get("from", "")),
    lambda h: "weekly deals" in h.get("subject", ""),
    lambda h: h.get("subject", "").startswith("[SPAM]"),
    lambda h: re.search(r"\d+% off", h.get("subject", "")),
    lambda h: "unsubscribe" in h.get("subject", ""),
    lambda h: h.get("subject", "").endswith("!!!"),
    lambda h: "<announce." in h.get("list-id", ""),
    lambda h: "<dev." in h.get("list-id", ""),
    lambda h: h.get("precedence") == "bulk",
    lambda h: h.get("x-spam-flag") == "YES",
    lambda h: h.get("x-spam-level", "").startswith("*****"),
    lambda h: "MassMail" in h.get("x-mailer", ""),
    lambda h: h.get("auto-submitted", "no") != "no",
    lambda h: "old-address@example.org" in h.get("to", ""),
    lambda h: h.get("return-path") == "<>",
    lambda h: h.get("received", "").startswith("from unknown"),
]


def main(work, host, port, user, password, ca=None):
    if ca:
        m = poplib.POP3_SSL(host, int(port), context=ssl.create_default_context(cafile=ca))
    else:
        m = poplib.POP3(host, int(port))
    m.user(user)
    m.pass_(password)
    count, _ = m.stat()
    octets, hits = -1, -1
    if work == "retr":
        octets = 0
        for i in range(1, count + 1):
            octets += m.retr(i)[2]
    elif work == "top":
        for i in range(1, count + 1):
            m.top(i, 0)
    else:
        hits = 0
        for i in range(1, count + 1):
            lines = [line.decode("latin-1") for line in m.top(i, 0)[1]]
            fields = header(lines)
            if any(rule(fields) for rule in RULES):
                hits += 1
                if work == "delete":
                    m.dele(i)
    m.quit()
    print("tally", count, octets, hits)


main(*sys.argv[1:])
