local function run(messages, ...)
  return run_script("attachments.lua", messages, { args = { ... } })
end

-- with returns a message with a text and one attachment, in base64.
local function with(name, octets, kind)
  return {
    mime_version = "1.0", content_type = "multipart/mixed; boundary=b",
    body = "--b\r\n\r\nHello.\r\n--b\r\nContent-Type: " .. (kind or "application/pdf") ..
      "\r\nContent-Disposition: attachment; filename=\"" .. name .. "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" ..
      base64.encode(("x"):rep(octets)) .. "\r\n--b--\r\n",
  }
end

function test_a_line_for_each_attachment()
  local plan = run { with("bill.pdf", 3000), { subject = "none", body = "Hello." }, with("cat.png", 20, "image/png") }
  assert_equal(plan.printed, [[
1       3000 octets  application/pdf           bill.pdf
3         20 octets  image/png                 cat.png
2 attachments, 3020 octets
]])
  assert_equal(plan.decisions, {})
end

function test_sizes()
  local mails = { with("a", 1023), with("b", 1024), with("c", 5000) }
  assert_match(run(mails, "1K").printed, "^2 .* b\n3 .* c\n2 attachments, 6024 octets\n$")
  assert_equal(run(mails, "1M").printed, "0 attachments, 0 octets\n")
  assert_match(run(mails, "5000").printed, "^3 .* c\n1 attachments, 5000 octets\n$")
end

-- What is too small to have one is not retrieved.
function test_small_messages_are_not_read()
  local plan = run({ { subject = "x" }, with("c", 5000) }, "2K")
  for _, command in ipairs(plan.commands) do
    assert_not_equal(command, "RETR 1")
  end
end

-- Some servers take RETR and QUIT for read.
function test_it_does_not_quit()
  assert_false(run({ with("a", 1) }).committed)
end

function test_names()
  assert_match(run({ with("", 3) }).printed, "%(no name%)\n")
  local plan = run { with("../../etc/\27[2Jpasswd\7", 3, "image/\27[31mpng"), with("=?utf-8?q?a=0Ab=E2=80=AEfdp.exe?=", 3) }
  assert_nil(plan.printed:match("[%z\1-\9\11-\31\127]"))
  assert_nil(plan.printed:find("\226\128\174", 1, true), "what turns the direction of text")
  assert_match(plan.printed, "^1 [^\n]* %S*passwd\n2 [^\n]*\n2 attachments, 6 octets\n$")
end

function test_broken_mail()
  local plan = run {
    "", "no header", "\0",
    { content_type = "multipart/mixed", body = "--b\r\n" },
    { content_type = "multipart/mixed; boundary=b", body = "--b\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!" },
  }
  assert_match(plan.printed, "attachments, %d+ octets\n$")
end

function test_empty_maildrop()
  assert_equal(run({}).printed, "0 attachments, 0 octets\n")
end

function test_arguments()
  for _, args in ipairs { { "x" }, { "-1" }, { "" }, { "1.5M" }, { "1MB" }, { "1", "M" }, { ("9"):rep(30) } } do
    assert_raises("SIZE must be a whole number, or one with K, M or G, as in: %-%- 1M", run, {}, unpack(args))
  end
end
