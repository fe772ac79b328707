-- The module base64.

local base64 = require "base64"

function test_encode()
  -- RFC 4648, section 10
  for s, want in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy" } do
    assert_equal(base64.encode(s), want)
    assert_equal(base64.decode(want), s)
  end
  assert_equal(base64.encode("\251\255\0"), "+/8A")
  assert_equal(base64.encode("\251\255", "url"), "-_8")
end

function test_decode_tolerates()
  assert_equal(base64.decode("Zm9v\r\n\tYm Fy\r\n"), "foobar")
  assert_equal(base64.decode("Zm9vYg"), "foob", "no padding")
  assert_equal(base64.decode("-_8+"), "\251\255>", "both alphabets")
end

function test_decode_fails()
  for s, want in pairs {
    ["Zm9v!"] = 'octet 5: "!" is not base64',
    ["Zg==Zg=="] = "octet 5: something follows the padding",
    ["Zm9v="] = "octet 6: the padding is wrong",
    ["Zg==="] = "octet 6: the padding is wrong",
    ["Z"] = "octet 2: the text ends within an octet",
    ["\0"] = 'octet 1: "\\x00" is not base64',
  } do
    local octets, reason = base64.decode(s)
    assert_nil(octets)
    assert_equal(reason, want)
  end
end

function test_wrong_arguments()
  assert_raises("base64.encode: s must be a string, got nil", base64.encode)
  assert_raises('base64.encode: variant must be "url" or nil, got "mime"', base64.encode, "a", "mime")
  assert_raises("base64.decode: s must be a string, got table", base64.decode, {})
  assert_raises("limit: base64.encode: ", base64.encode, ("x"):rep(13e6))
end
