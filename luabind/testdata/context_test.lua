-- TLS contexts.

local pop3 = require "pop3"

function test_defaults()
  local c = pop3.create_default_context()
  assert_equal({ c.verify, c.check_hostname, c.min_version }, { true, true, "1.2" })
  assert_equal({ c.cafile, c.certfile, c.keyfile, c.fingerprint }, {})
  assert_equal(tostring(c), "TLS context")
end

function test_fields()
  local c = pop3.create_default_context { cafile = "a", certfile = "b", keyfile = "c", min_version = "1.3", verify = true }
  assert_equal({ c.cafile, c.certfile, c.keyfile, c.min_version }, { "a", "b", "c", "1.3" })
  assert_equal(pop3.create_default_context { min_version = 1.2 }.min_version, "1.2")
  assert_raises('TLS context has no field "cafiles"; did you mean "cafile"?', function() return c.cafiles end)
end

function test_checks_cannot_be_switched_off()
  local c = pop3.create_default_context()
  for _, name in ipairs { "verify", "check_hostname" } do
    local e = assert_raises("policy", pop3.create_default_context, { [name] = false })
    assert_contains(e.message, "certificates are always verified")
    assert_contains(e.message, "fingerprint=")
    assert_raises("policy", function() c[name] = false end)
    assert_raises("ValueError", pop3.create_default_context, { [name] = 0 })
  end
  assert_raises("policy", function() c.verify_mode = 0 end)
  assert_raises("read-only", function() c.cafile = "x" end)
end

function test_versions()
  for _, old in ipairs { "1.0", "1.1", 1.1, 1 } do
    assert_raises("policy", pop3.create_default_context, { min_version = old })
  end
  for _, odd in ipairs { "1.4", "TLSv1.2", {}, true } do
    assert_raises("min_version must be", pop3.create_default_context, { min_version = odd })
  end
end

function test_fingerprints()
  local colons = FINGERPRINT:sub(8):gsub("..", "%0:"):sub(1, -2):upper()
  assert_equal(pop3.create_default_context { fingerprint = "SHA256:" .. colons }.fingerprint, FINGERPRINT)
  for _, odd in ipairs { "", "sha256:", "md5:00", FINGERPRINT .. "00", FINGERPRINT:sub(1, -2) .. "g", FINGERPRINT:sub(8), 1 } do
    assert_raises("ValueError", pop3.create_default_context, { fingerprint = odd })
  end
end

function test_arguments()
  assert_raises('create_default_context has no argument "ca_file"; did you mean "cafile"?', pop3.create_default_context, { ca_file = "x" })
  assert_raises("ValueError", pop3.create_default_context, "x")
  assert_raises("ValueError", pop3.create_default_context, { "x" })
  assert_raises("ValueError", pop3.create_default_context, { cafile = 1 })
  assert_raises("certfile must be specified", pop3.create_default_context, { keyfile = "x" })
end

-- A fingerprint trusts one certificate, for whatever name.
function test_pinned()
  local port = dummy { tls = true }
  local c = pop3.create_default_context { fingerprint = FINGERPRINT }
  pop3.POP3_SSL { host = "127.0.0.1", port = port, context = c }:quit()
  c = pop3.create_default_context { fingerprint = "sha256:" .. ("0"):rep(64) }
  local e = assert_raises("tls", pop3.POP3_SSL, { host = "localhost", port = port, context = c })
  assert_contains(e.message, FINGERPRINT)
  -- with authorities, both must hold
  c = pop3.create_default_context { fingerprint = FINGERPRINT, cafile = CAFILE }
  pop3.POP3_SSL { host = "localhost", port = port, context = c }:quit()
  assert_raises("tls", pop3.POP3_SSL, { host = "127.0.0.1", port = port, context = c })
  c = pop3.create_default_context { fingerprint = "sha256:" .. ("0"):rep(64), cafile = CAFILE }
  assert_raises("tls", pop3.POP3_SSL, { host = "localhost", port = port, context = c })
end

function test_stls_by_context()
  local M = pop3.POP3("localhost", dummy())
  M:stls(pop3.create_default_context { fingerprint = FINGERPRINT })
  M:quit()
end

function test_files_that_do_not_serve()
  local port = dummy { tls = true }
  for _, name in ipairs { "cafile", "certfile" } do
    local c = pop3.create_default_context { [name] = NOFILE }
    local e = assert_raises("tls", pop3.POP3_SSL, { host = "localhost", port = port, context = c })
    assert_contains(e.message, name .. " " .. NOFILE)
  end
  local c = pop3.create_default_context { certfile = CAFILE } -- no key in it
  assert_raises("tls", pop3.POP3_SSL, { host = "localhost", port = port, context = c })
end
