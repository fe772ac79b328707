-- Module mail: messages from text.

function test_parse_a_string()
  local text = "From: Bob <bob@example.org>\r\nSubject: hi\r\n\r\nbody\r\n"
  local msg = mail.parse(text)
  assert_equal({ msg.num, msg.uidl, msg.size, msg.subject, msg.from.name }, { 0, "", #text, "hi", "Bob" })
  assert_equal({ msg:raw(), tostring(msg) }, { text, "message (" .. #text .. " octets)" })
  assert_equal(msg:lines(), { "From: Bob <bob@example.org>", "Subject: hi", "", "body" })
  assert_match(msg:text(), "^body")
end

function test_parse_lines()
  local msg = mail.parse{ "Subject: lines", "", "one", "two" }
  assert_equal({ msg.subject, msg:raw() }, { "lines", "Subject: lines\r\n\r\none\r\ntwo\r\n" })
  assert_equal(mail.parse{}.size, 0)
end

function test_it_is_in_no_maildrop()
  local msg = mail.parse("Subject: x\n\n")
  for _, method in ipairs{ "delete", "keep" } do
    assert_contains(assert_raises("ValueError", msg[method], msg).message, "in no maildrop")
  end
  assert_raises("in no maildrop", msg.deliver, msg, "archive")
end

-- Nothing is so broken that it raises.
function test_broken_mail()
  local deep = {}
  for i = 1, 200 do deep[i] = "Content-Type: multipart/mixed; boundary=b" .. i .. "\r\n\r\n--b" .. i .. "\r\n" end
  for _, text in ipairs{
    "", "\r\n", "\0", "no colon", " leading", ": :", "From", "From:", "From: <", "From someone 1970\nSubject: mbox\n\n",
    "Subject: =?utf-8?q?=?=", "Date: 99 Foo 99999\n\n", "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n",
    "Content-Type: text/plain; charset=none\nContent-Transfer-Encoding: base64\n\n!!!", ("x"):rep(100000), ("a:b\n"):rep(20000),
    table.concat(deep),
  } do
    local msg = mail.parse(text)
    for _, field in ipairs{ "subject", "from", "to", "cc", "date", "message_id", "list_id", "age_days", "defects", "auth_results" } do
      local _ = msg[field]
    end
    for _, method in ipairs{ "age", "text", "html", "parts", "attachments", "has_attachment", "raw", "lines" } do
      local _ = msg[method](msg)
    end
    for _, part in ipairs(msg:parts()) do
      local _ = part.name, part.size, part:content(), part:text()
    end
    assert_equal(type(msg.subject), "string")
  end
end

function test_arguments()
  for _, wrong in ipairs{ 5, true, { 1 }, { "a", {} } } do
    assert_raises("ValueError", mail.parse, wrong)
  end
  assert_raises("ValueError", mail.parse)
end
