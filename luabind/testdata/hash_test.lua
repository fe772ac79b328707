-- The module hash.

local hash = require "hash"

function test_hashes()
  assert_equal(hash.md5("abc"), "900150983cd24fb0d6963f7d28e17f72") -- RFC 1321, A.5
  assert_equal(hash.sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d")
  assert_equal(hash.sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  assert_equal(hash.sha512("abc"):sub(1, 32), "ddaf35a193617abacc417349ae204131")
  assert_equal(#hash.sha512(""), 128)
  assert_equal(hash.crc32("123456789"), "cbf43926")
  assert_equal(hash.hmac_sha256("Jefe", "what do ya want for nothing?"), -- RFC 4231, 4.3
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
end

function test_wrong_arguments()
  assert_raises("hash.sha256: s must be a string, got nil", hash.sha256)
  assert_raises("hash.hmac_sha256: s must be a string, got nil", hash.hmac_sha256, "key")
  assert_raises("hash.hmac_sha256: key must be a string, got number", hash.hmac_sha256, 1, "s")
  assert_raises('did you mean "sha256"?', function() return hash.sha25 end)
end
