-- Messages: what they have, when it is read, and what is decided about them.

local function text(fields, body)
  return table.concat(fields, "\r\n") .. "\r\n\r\n" .. (body or "Hello.\r\n")
end

local shop = text{
  'From: =?utf-8?q?Sh=C3=B6p?= <News@SHOP.example>',
  "To: me@example.org, Bob <bob@example.org>",
  "Cc: carol@example.org",
  "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= and",
  "  deals",
  "Date: Thu, 01 Jan 1970 00:01:40 +0000",
  "Message-ID: <1@shop.example>",
  "List-Id: Deals <deals.shop.example>",
  "Received: first",
  "Received: second",
  "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=shop.example",
}
local bare = text{"X-Nothing: here"}

local function first(M)
  for msg in M:messages() do return msg end
end

function test_listing_asks_for_no_message()
  local M, saw = maildrop{shop, bare}
  local seen = {}
  for msg in M:messages() do
    table.insert(seen, { msg.num, msg.size, #msg.uidl > 0, tostring(msg) })
  end
  assert_equal(seen, {
    { 1, #shop, true, "message 1 (" .. #shop .. " octets)" },
    { 2, #bare, true, "message 2 (" .. #bare .. " octets)" },
  })
  assert_equal(saw.commands(), { "LIST", "UIDL" })
end

function test_header_fields()
  grant{now=100 + 86400}
  local M, saw = maildrop{shop}
  local msg = first(M)
  assert_equal(msg.subject, "Grüße and deals")
  assert_equal({ msg.from.name, msg.from.address, msg.from.domain }, { "Shöp", "News@SHOP.example", "shop.example" })
  assert_equal(tostring(msg.from), "Shöp <News@SHOP.example>")
  assert_equal("from " .. msg.from, "from Shöp <News@SHOP.example>")
  assert_equal(tostring(msg.to), "me@example.org, Bob <bob@example.org>")
  assert_equal({ #msg.to, msg.to[2].name, msg.to[1].address }, { 2, "Bob", "me@example.org" })
  assert_equal("cc: " .. msg.cc, "cc: carol@example.org")
  assert_equal({ msg.date, msg:age(), msg.age_days }, { 100, 86400, 1 })
  assert_equal({ msg.message_id, msg.list_id }, { "<1@shop.example>", "deals.shop.example" })
  assert_equal(msg:header("received"), "first")
  assert_equal(msg:headers("Received"), { "first", "second" })
  assert_equal(msg:raw_header("Subject"), "=?utf-8?q?Gr=C3=BC=C3=9Fe?= and\r\n  deals")
  assert_equal(msg.auth_results[1].method .. "=" .. msg.auth_results[1].result, "spf=pass")
  assert_equal(msg.auth_results[1].properties["smtp.mailfrom"], "shop.example")
  assert_equal(msg.defects, {})
  assert_equal(saw.commands(), { "LIST", "UIDL", "TOP 1 0" })
end

function test_what_is_not_there()
  local msg = first(maildrop{bare})
  assert_equal({ msg.subject, tostring(msg.from), msg.from.name, msg.from.address, msg.from.domain }, { "", "", "", "", "" })
  assert_equal({ #msg.to, tostring(msg.to), #msg.cc }, { 0, "", 0 })
  assert_nil(msg.date)
  assert_nil(msg.message_id)
  assert_nil(msg.list_id)
  assert_nil(msg:header("Subject"))
  assert_nil(msg:raw_header("Subject"))
  assert_equal(msg:headers("Subject"), {})
  assert_equal({ msg:age(), msg.age_days }, { 0, 0 })
  assert_equal(msg.auth_results, {})
end

function test_age_falls_back_to_received()
  grant{now=1000}
  local M = maildrop{
    text{"Date: one day", "Received: by a; Thu, 01 Jan 1970 00:10:00 +0000", "Received: by b; Thu, 01 Jan 1970 00:00:00 +0000"},
    text{"Date: Thu, 01 Jan 1970 01:00:00 +0000"},
  }
  local ages = {}
  for msg in M:messages() do table.insert(ages, msg:age()) end
  assert_equal(ages, { 400, -2600 }, "of a message from the future it is negative")
end

function test_body_is_retrieved_once()
  local M, saw = maildrop{shop}
  local msg = first(M)
  assert_equal(msg:text():match("^Hello%."), "Hello.")
  assert_equal(msg:raw(), shop)
  assert_equal(msg:lines()[1], "From: =?utf-8?q?Sh=C3=B6p?= <News@SHOP.example>")
  assert_equal(select(2, M:retr(1)), msg:lines())
  assert_equal(msg:html(), "")
  assert_equal(msg.subject, "Grüße and deals", "the header needs no TOP any more")
  assert_equal(saw.commands(), { "LIST", "UIDL", "RETR 1", "RETR 1" })
end

local mixed = text({
  "From: a@example.org", "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"',
}, "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n" ..
   '--b\r\nContent-Type: application/pdf; name="../../a.pdf"\r\nContent-Disposition: attachment; filename="../../a.pdf"\r\n' ..
   "Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n")

function test_parts()
  local msg = first(maildrop{mixed})
  assert_true(msg:has_attachment())
  local parts, attachments = msg:parts(), msg:attachments()
  assert_equal({ #parts, #attachments }, { 2, 1 })
  local pdf = attachments[1]
  assert_equal({ pdf.name, pdf.type, pdf.size, pdf:content() }, { "a.pdf", "application/pdf", 4, "%PDF" })
  assert_equal({ pdf.encoding, pdf.disposition, pdf.content_id, pdf.charset }, { "base64", "attachment", "", "" })
  assert_equal(tostring(pdf), 'part application/pdf "a.pdf"')
  assert_contains(parts[1]:text(), "Grüße")
  assert_equal(parts[1].charset, "utf-8")
  assert_contains(assert_raises("ValueError", function() return pdf.content() end).message, "use part:content()")
  assert_contains(assert_raises("ValueError", function() return pdf.nam end).message, 'did you mean "name"?')
  assert_raises("read-only", function() pdf.name = "x" end)
end

-- The header alone shows that a message of one part has no attachment.
function test_has_attachment_of_one_part_needs_no_body()
  local M, saw = maildrop{bare, text{"Content-Type: application/pdf"}, text{"Content-Type: text/html"}}
  local has = {}
  for msg in M:messages() do table.insert(has, msg:has_attachment()) end
  assert_equal(has, { false, true, false })
  assert_equal(saw.commands(), { "LIST", "UIDL", "TOP 1 0", "TOP 2 0", "TOP 3 0" })
end

function test_defects_of_the_body_once_it_was_read()
  local msg = first(maildrop{text({"From: a@example.org", "no colon here", "Content-Transfer-Encoding: base64"}, "!!!!\r\n")})
  local before = #msg.defects
  assert_true(before > 0)
  msg:text()
  assert_true(#msg.defects >= before)
  assert_equal(type(msg.defects[1]), "string")
end

function test_a_server_without_top()
  local M, saw = maildrop({shop, bare, shop}, {top="none"})
  local subjects = {}
  for msg in M:messages() do table.insert(subjects, msg.subject) end
  assert_equal(subjects, { "Grüße and deals", "", "Grüße and deals" })
  assert_equal(saw.commands(), { "LIST", "UIDL", "TOP 1 0", "RETR 1", "TOP 2 0", "RETR 2", "RETR 3" }, "TOP is tried twice")
end

function test_a_server_with_empty_top()
  local M, saw = maildrop({shop, bare}, {top="empty"})
  for msg in M:messages() do assert_not_nil(msg:header("X-Nothing") or msg:header("From")) end
  assert_equal(saw.commands(), { "LIST", "UIDL", "TOP 1 0", "RETR 1", "RETR 2" })
end

function test_a_server_whose_top_is_everything()
  local M, saw = maildrop({shop, bare}, {top="whole"})
  local n = 0
  for msg in M:messages() do n = n + #msg.subject end
  assert_equal(n, #"Grüße and deals")
  assert_equal(saw.commands(), { "LIST", "UIDL", "RETR 1", "RETR 2" })
end

function test_a_message_without_a_header()
  local M, saw = maildrop{"\r\njust a body\r\n", shop, "\r\nanother\r\n"}
  local subjects = {}
  for msg in M:messages() do table.insert(subjects, msg.subject) end
  assert_equal(subjects, { "", "Grüße and deals", "" })
  assert_equal(saw.commands(), { "LIST", "UIDL", "TOP 1 0", "RETR 1", "TOP 2 0", "TOP 3 0" },
    "TOP was right, and is believed once it has shown a header")
end

local function numbers(M, options)
  local list = {}
  for msg in M:messages(options) do table.insert(list, msg.num) end
  return list
end

function test_which_messages()
  local M = maildrop{bare, bare, bare, bare, bare}
  for _, case in ipairs{
    { nil, { 1, 2, 3, 4, 5 } },
    { {}, { 1, 2, 3, 4, 5 } },
    { { order="newest" }, { 5, 4, 3, 2, 1 } },
    { { order="oldest", new=false, body=false }, { 1, 2, 3, 4, 5 } },
    { { from=2, to=4 }, { 2, 3, 4 } },
    { { from=4 }, { 4, 5 } },
    { { from="4" }, { 4, 5 } },
    { { to=2 }, { 1, 2 } },
    { { from=-2 }, { 4, 5 } },
    { { from=-100 }, { 1, 2, 3, 4, 5 } },
    { { to=-2 }, { 1, 2, 3, 4 } },
    { { to=-100 }, {} },
    { { from=-2, to=-2 }, { 4 } },
    { { from=4, to=2 }, {} },
    { { from=6 }, {} },
    { { from=-3, order="newest" }, { 5, 4, 3 } },
  } do
    assert_equal(numbers(M, case[1]), case[2])
  end
  M:dele(3)
  assert_equal(numbers(M), { 1, 2, 4, 5 })
  assert_equal(numbers(M, { from=-3 }), { 2, 4, 5 }, "the last three that are left")
  assert_equal(numbers((maildrop{})), {})
end

function test_messages_arguments()
  local M = maildrop{bare}
  assert_contains(assert_raises("ValueError", M.messages, M, { form=1 }).message, 'did you mean "from"?')
  assert_contains(assert_raises("ValueError", M.messages, M, { order="newst" }).message, 'did you mean "newest"?')
  for _, wrong in ipairs{ { from=0 }, { to=1.5 }, { from="x" }, { body=1 }, { new="yes" }, { order=1 }, 5 } do
    assert_raises("ValueError", M.messages, M, wrong)
  end
end

function test_new_messages()
  grant{now=1000}
  local M, saw = maildrop({ bare, bare, bare, bare, bare }, { seen={ [1]=100, [3]=200 } })
  for _, case in ipairs{
    { { new=true }, { 2, 4, 5 } },
    { { new=true, order="newest" }, { 5, 4, 2 } },
    { { new=true, from=-2 }, { 4, 5 } },
    { { new=true, from=3 }, { 4, 5 } },
    { { new=true, to=-2 }, { 2, 4 } },
    { { new=false }, { 1, 2, 3, 4, 5 } },
  } do
    assert_equal(numbers(M, case[1]), case[2])
  end
  M:dele(4)
  assert_equal(numbers(M, { new=true }), { 2, 5 })
  assert_equal(numbers((maildrop({ bare }, { seen={ [1]=0 } })), { new=true }), {})
  assert_equal(#saw.commands(), 14, "nothing but listings")
end

function test_new_needs_a_journal()
  for _, M in ipairs{ (maildrop{ bare }), (maildrop({ bare }, { seen={}, plain=true })) } do
    local e = assert_raises("ValueError", M.messages, M, { new=true })
    assert_equal(e.message, "messages: new=true needs a journal, and this session has none; run the script with --state-dir DIR")
    assert_nil(first(M).first_seen)
    assert_nil(M:message(1).first_seen)
  end
end

function test_first_seen()
  grant{now=1000}
  local M, saw = maildrop({ bare, bare, bare }, { seen={ [1]=100, [3]=-5 } })
  local seen = {}
  for msg in M:messages() do seen[msg.num] = msg.first_seen end
  assert_equal(seen, { 100, 1000, -5 }, "what is new is seen now")
  assert_equal(saw.commands(), { "LIST", "UIDL" })
  assert_nil(mail.parse("Subject: x\n\n").first_seen)
end

-- A message by its number asks for all of the listing, once, and is of it.
function test_first_seen_of_one_message()
  grant{now=1000}
  local M, saw = maildrop({ bare, bare, bare }, { seen={ [1]=100, [2]=200 } })
  local third = M:message(3)
  M:dele(3)
  assert_equal({ M:message(1).first_seen, M:message(2).first_seen, M:message(2).first_seen }, { 100, 200, 200 })
  assert_equal(saw.commands(), { "LIST", "UIDL" })
  assert_equal(third.first_seen, 1000, "the listing that found it says so")
  assert_raises("marked", M.message, M, 3)
  M:rset()
  assert_equal(third.first_seen, 1000)
  third = M:message(3)
  M:quit()
  assert_equal(third.first_seen, 1000, "that is known already")
end

function test_first_seen_outlives_the_session()
  grant{now=1000}
  local M = maildrop({ bare }, { seen={} })
  local msg = M:message(1)
  M:close()
  assert_equal(msg.first_seen, 1000)
end

function test_save()
  local M, saw = maildrop({ mixed }, { seen={} })
  local pdf, text = first(M):attachments()[1], first(M):parts()[1]
  assert_equal(pdf:save("invoices"), "a.pdf")
  assert_equal(text:save("texts"), "attachment")
  assert_equal(saw.saved(), { "invoices a.pdf %PDF", "texts attachment Grüße" })
end

function test_save_refused()
  local part = mail.parse(mixed):attachments()[1]
  assert_contains(assert_raises("policy", part.save, part, "invoices").message, "save: saving files is not granted; allow it with --allow-write=DIR")
  for _, wrong in ipairs{ "", 1, {}, "a\nb", ("x"):rep(201) } do
    assert_raises("ValueError", part.save, part, wrong)
  end
  assert_raises("target must be a string, got nil", part.save, part)
  assert_contains(assert_raises("ValueError", function() return part.save("x") end).message, "use part:save()")
  grant{fullstate=true}
  local e = assert_raises("limit", part.save, part, "x")
  assert_equal({ e.message, e.fatal }, { "save: the disk is full", false })
  grant{brokenstate=true}
  e = assert_raises("internal", part.save, part, "x")
  assert_equal({ e.message, e.fatal }, { "save: the disk is gone", false })
end

function test_one_message()
  local M, saw = maildrop{bare, shop}
  local msg = M:message(2)
  assert_equal({ msg.num, msg.size, msg.uidl ~= "" }, { 2, #shop, true })
  assert_equal(msg.subject, "Grüße and deals")
  assert_equal(M:message("2").uidl, msg.uidl)
  assert_raises("no such message", M.message, M, 3)
  for _, wrong in ipairs{ 0, -1, 1.5, "x", {} } do
    assert_raises("ValueError", M.message, M, wrong)
  end
  assert_raises("ValueError", M.message, M)
end

-- What is read in order is expected; a message here and there is not.
function test_expected_headers()
  local many = {}
  for i = 1, 40 do many[i] = bare end
  local M, saw = maildrop(many, { expecter=true })
  for msg in M:messages{from=36} do local _ = msg.subject, msg.from end
  assert_equal(saw.expected(), { "0 [36 37 38 39 40]" })

  M, saw = maildrop(many, { expecter=true })
  for msg in M:messages() do
    if msg.num % 20 == 0 then local _ = msg.subject end
  end
  assert_equal(saw.expected(), {}, "two of forty")

  M, saw = maildrop(many, { expecter=true })
  for msg in M:messages() do
    if msg.num < 3 or msg.num == 40 then local _ = msg.subject end
  end
  assert_contains(saw.expected()[1], "0 [1 2 3 ")
  assert_equal({ #saw.expected(), saw.expected()[2] }, { 2, "0 []" }, "taken back when the rule looks no more")
end

function test_expected_bodies()
  local M, saw = maildrop({ bare, bare }, { expecter=true })
  for msg in M:messages{body=true} do local _ = msg.subject, msg:text() end
  assert_equal(saw.expected(), { "-1 [1 2]" })
  assert_equal(saw.commands(), { "LIST", "UIDL", "RETR 1", "RETR 2" })
  M:read_ahead(true)
  M:read_ahead(false)
  assert_equal({ saw.expected()[2], saw.expected()[3] }, { "allowed true", "allowed false" })
  assert_raises("ValueError", M.read_ahead, M)
  maildrop{bare}:read_ahead(true)
end

function test_decisions()
  local M, saw = maildrop{bare, bare}
  local msg = first(M)
  assert_equal(select("#", msg:delete("too old")), 0)
  msg:keep("no, not so old")
  msg:delete()
  msg:delete("twice")
  msg:deliver("archive")
  msg:deliver("archive", "because")
  local decided = saw.decided()
  assert_match(decided[3], "^1 delete delete at .*message_test.lua:%d+$")
  assert_match(decided[5], "^1 deliver archive deliver at .*message_test.lua:%d+$")
  assert_equal({ decided[1], decided[2], decided[4], decided[6] },
    { "1 delete too old", "1 keep no, not so old", "1 delete twice", "1 deliver archive because" })
  for _, wrong in ipairs{ {}, 5, true } do
    assert_raises("ValueError", msg.delete, msg, wrong)
    assert_raises("ValueError", msg.deliver, msg, wrong)
  end
  for _, target in ipairs{ "", "a\nb", "\255", ("x"):rep(201) } do
    assert_raises("target must be a name", msg.deliver, msg, target)
  end
  msg:delete(("ä"):rep(1000))
  decided = saw.decided()
  assert_equal(decided[#decided], "1 delete " .. ("ä"):rep(250) .. "...")
end

function test_decisions_without_a_plan()
  local M, saw = maildrop({ bare, bare }, { plain=true })
  local msg = M:message(1)
  msg:keep()
  msg:delete()
  msg:delete()
  assert_equal(#saw.decided(), 1, "one DELE")
  assert_equal((M:stat()), 1)
  assert_raises("M:rset()", msg.keep, msg)
  local e = assert_raises("policy", msg.deliver, msg, "archive")
  assert_contains(e.message, "--target archive=")
  M:rset()
  msg:keep()
  M:dele(1)
  msg:delete()
  assert_equal((M:stat()), 1)
end

function test_the_session_is_over()
  local M = maildrop{shop, bare}
  local msg, other = M:message(1), M:message(2)
  assert_equal(msg.subject, "Grüße and deals")
  M:quit()
  assert_equal(msg.subject, "Grüße and deals", "what was read stays")
  assert_equal(msg.size, #shop)
  assert_contains(assert_raises("closed", msg.text, msg).message, "text: ")
  assert_raises("closed", function() return other.subject end)
  assert_raises("closed", msg.delete, msg)
  assert_raises("closed", msg.keep, msg)
  assert_raises("closed", msg.deliver, msg, "x")
end

function test_a_marked_message()
  local M = maildrop{shop}
  local msg = M:message(1)
  msg:delete("x")
  assert_equal(msg.subject, "Grüße and deals", "a session that is a Reader still gives it")
  assert_contains(msg:text(), "Hello.")
  M = maildrop({shop}, { plain=true })
  msg = M:message(1)
  msg:delete("x")
  assert_raises("error_proto", function() return msg.subject end)
end

-- Lists have no names, and say what has.
function test_lists()
  local msg = first(maildrop{mixed})
  for want, f in pairs{
    ["msg.to is a list: msg.to[1].address"] = function() return msg.to.address end,
    ["msg.cc is a list: msg.cc[1].address"] = function() return msg.cc.adress end,
    ["msg.to is a list: its text is tostring(msg.to)"] = function() return msg.to:find("x") end,
    ["msg.defects is a list: msg.defects[1]"] = function() return msg.defects.find end,
    ["msg.auth_results is a list: msg.auth_results[1].method"] = function() return msg.auth_results.method end,
    ["msg:parts() is a list: msg:parts()[1].name"] = function() return msg:parts().name end,
    ["msg:attachments() is a list: msg:attachments()[1].name"] = function() return msg:attachments().name end,
  } do
    assert_contains(assert_raises("ValueError", f).message, want)
  end
  local M = maildrop{shop}
  local names = {}
  for i, a in ipairs(first(M).to) do names[i] = a.address end
  assert_equal({ names, #first(M).to, first(M).to[3] }, { { "me@example.org", "bob@example.org" }, 2 })
  assert_equal({ #msg.defects, msg.defects[1], #msg.to, msg.to[1] }, { 0, nil, 0 })
  for _ in pairs(msg.to) do error("there is none") end
end

-- Years that no mail has are no dates: time.format must take what msg.date is.
function test_dates_of_no_mail()
  for _, date in ipairs{ "31 Dec 1899 23:59:59 +0000", "1 Jan 0001 00:00:00", "31 Dec 9999 23:30:00 -0100", "0000-01-01" } do
    assert_nil(mail.parse("Date: " .. date .. "\n\n").date, date)
  end
  assert_equal(time.format(mail.parse("Date: 1 Jan 1900 00:00:00\n\n").date), "1900-01-01T00:00:00Z")
  assert_equal(time.format(mail.parse("Date: 31 Dec 9999 23:59:59\n\n").date), "9999-12-31T23:59:59Z")
  assert_equal(time.format(time.parse("0001-01-01T00:00:00Z")), "0001-01-01T00:00:00Z", "what format writes")
end

function test_wrong_names()
  local msg = maildrop{shop}:message(1)
  assert_contains(assert_raises("ValueError", function() return msg.subjet end).message, 'did you mean "subject"?')
  assert_contains(assert_raises("ValueError", function() return msg:attachment() end).message, 'did you mean "attachments"?')
  assert_contains(assert_raises("ValueError", function() return msg[1] end).message, "message has no method or field")
  assert_contains(assert_raises("ValueError", function() return msg.header("From") end).message, "use msg:header(), not msg.header()")
  assert_raises("read-only", function() msg.subject = "x" end)
  assert_raises("ValueError", msg.header, msg)
  assert_contains(assert_raises("ValueError", function() return msg.from:find("x") end).message, "tostring(msg.from)")
  assert_contains(assert_raises("ValueError", function() return msg.from.adress end).message, 'did you mean "address"?')
  assert_raises("read-only", function() msg.from.name = "x" end)
  assert_equal({ getmetatable(msg), getmetatable(msg.from), getmetatable(msg.to) }, { "message", "address", "addresses" })
end

function test_account()
  local M = maildrop{bare}
  assert_equal({ M.host, M.port, tostring(M) }, { "pop.example.org", 995, "POP3 session with pop.example.org:995" })
  local n = pop3.with(pop3.account("work"), function(M) return (M:stat()) end)
  assert_equal(n, 1)
  for _, wrong in ipairs{ "", 5, {}, ("x"):rep(201) } do
    assert_raises("ValueError", pop3.account, wrong)
  end
  grant{noaccount=true}
  local e = assert_raises("policy", pop3.account)
  assert_true(e.fatal)
end

function test_no_account()
  assert_contains(assert_raises("policy", pop3.account).message, "--maildrop")
end

function test_a_real_connection()
  local port, heard = serve("+OK\r\n", {
    "+OK\r\n1 20\r\n2 x\r\n.\r\n",
  })
  local M = pop3.POP3("localhost", port)
  assert_raises("2 x", M.messages, M)
  assert_raises("closed", M.messages, M)
  port, heard = serve("+OK\r\n", {
    "+OK\r\n1 20 more\r\n3 20\r\n2 20\r\n2 30\r\n.\r\n", "-ERR no UIDL\r\n", "+OK\r\nSubject: one\r\n\r\n.\r\n",
    "+OK\r\nSubject: two\r\n\r\n.\r\n", "-ERR gone\r\n",
  })
  M = pop3.POP3("localhost", port)
  local seen = {}
  local fault = assert_raises("error_proto", function()
    for msg in M:messages() do table.insert(seen, msg.num .. msg.uidl .. msg.subject) end
  end)
  assert_equal(seen, { "1one", "2two" })
  assert_equal(fault.message, "-ERR gone")
  assert_equal(heard(), { "LIST", "UIDL", "TOP 1 0", "TOP 2 0", "TOP 3 0" })
end
