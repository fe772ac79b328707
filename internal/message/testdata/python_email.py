"""Says what Python's email package reads in messages: a JSON object a line.

    python3 python_email.py FOLDER < names, one a line

An answer is {"name": ..., and for each field either its value, or
{"raises": the exception}; "defects" has the names of Python's own.
"""
import calendar
import email
import email.policy
import json
import sys

POLICY = email.policy.default


def addresses(message, name):
    found = []
    for field in message.get_all(name, []):
        found += [address.addr_spec for address in field.addresses if address.addr_spec]
    return found


def date(message):
    """Seconds since 1970; a date without a zone is UTC."""
    moment = getattr(message["date"], "datetime", None)
    if moment is None:
        return None
    return calendar.timegm(moment.utctimetuple())


def leaves(part):
    if part.get_content_maintype() == "message" or not part.is_multipart():
        yield part
        return
    for inner in part.iter_parts():
        yield from leaves(inner)


def bodies(message, kind):
    """The text of leaves that are no attachments, joined."""
    texts = []
    for part in leaves(message):
        if part.get_content_type() != kind or part.is_attachment():
            continue
        if part is not message and part.get_filename():
            continue
        texts.append(part.get_content())
    return "\n".join(texts)


QUESTIONS = {
    "subject": lambda m: str(m["subject"] or ""),
    "from": lambda m: addresses(m, "from"),
    "to": lambda m: addresses(m, "to"),
    "cc": lambda m: addresses(m, "cc"),
    "date": date,
    "text": lambda m: bodies(m, "text/plain"),
    "html": lambda m: bodies(m, "text/html"),
}


def read(octets):
    answer = {}
    message = email.message_from_bytes(octets, policy=POLICY)
    for field, question in QUESTIONS.items():
        try:
            answer[field] = question(message)
        except Exception as e:  # what it is depends on the version
            answer[field] = {"raises": type(e).__name__}
    answer["defects"] = sorted({type(d).__name__ for part in message.walk() for d in part.defects})
    return answer


def main():
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    for name in sys.stdin.read().splitlines():
        with open(sys.argv[1] + "/" + name, "rb") as file:
            answer = read(file.read())
        # Octets that Python could not read are half a surrogate pair each.
        print(json.dumps({"name": name, **answer}, ensure_ascii=False))


main()
