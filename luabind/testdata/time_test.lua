-- The module time.

local time = require "time"

local moment = 1789373520 -- Mon, 14 Sep 2026 08:12:00 UTC

function test_now()
  local now = time.now()
  assert_equal(now, math.floor(now))
  assert_equal(now > 1700000000, true)
end

function test_parse()
  assert_equal(time.parse("Mon, 14 Sep 2026 10:12:00 +0200"), moment)
  assert_equal(time.parse("Mon Sep 14 08:12:00 2026"), moment)
  local seconds, reason = time.parse("the day before yesterday")
  assert_equal(seconds, nil)
  assert_contains(reason, "the day before yesterday")
  assert_contains(assert_raises("ValueError", time.parse).message, "time.parse: date must be a string, got nil")
  assert_raises('did you mean "parse"?', function() return time.pars end)
end

function test_format()
  assert_equal(time.format(moment), "2026-09-14T08:12:00Z")
  assert_equal(time.format(moment, nil, "Europe/Berlin"), "2026-09-14T10:12:00+02:00")
  assert_equal(time.parse(time.format(moment, nil, "+05:30")), moment)
  assert_equal(time.format(moment + 0.9), "2026-09-14T08:12:00Z", "fractions are cut")
  assert_equal(time.format(-0.5), "1969-12-31T23:59:59Z")
  assert_equal(time.format(0, "%s"), "0")
  for layout, want in pairs {
    ["%Y-%m-%d %H:%M:%S %z %Z"] = "2026-09-14 10:12:00 +0200 CEST",
    ["%a %A %b %B"] = "Mon Monday Sep September",
    ["%e|%j|%y|%I %p|%u|%w"] = "14|257|26|10 AM|1|1",
    ["%F %T %R %D"] = "2026-09-14 10:12:00 10:12 09/14/26",
    ["%c|%x|%X"] = "Mon Sep 14 10:12:00 2026|09/14/26|10:12:00",
    ["100%% %%Y %n%t ä"] = "100% %Y \n\t ä",
    ["%s"] = tostring(moment),
  } do
    assert_equal(time.format(moment, layout, "Europe/Berlin"), want)
  end
  assert_equal(time.format(time.parse("1 Jan 2026 00:05:09 +0000"), "%e %I:%M %p %w %u %j"), " 1 12:05 AM 4 4 001")
end

function test_zones()
  assert_equal(time.format(moment, "%H", "utc"), "08")
  assert_equal(time.format(moment, "%H:%M", "-0330"), "04:42")
  assert_equal(time.format(moment, "%H", "+02"), "10")
  assert_equal(time.format(moment, "%Z", "+02:00"), "+02:00")
  assert_equal(time.format(moment, "%Z", "America/New_York"), "EDT")
  assert_equal(#time.format(moment, "%H", "local"), 2)
  for _, zone in ipairs { "Europe/Berlni", "", "../etc/passwd", "/etc/localtime", "+2", "+0260", "+02:0", ("x"):rep(65) } do
    assert_contains(assert_raises("ValueError", time.format, moment, nil, zone).message, "is not known here; use ")
  end
end

function test_parse_layout()
  local function parse(date, layout, zone, want)
    assert_equal(time.parse(date, layout, zone), want, date .. " by " .. layout)
  end
  parse("2026-09-14 08:12:00", "%Y-%m-%d %H:%M:%S", nil, moment)
  parse("2026-09-14 10:12:00", "%F %T", "Europe/Berlin", moment)
  parse("2026-09-14 10:12:00 +02:00", "%F %T %z", "America/New_York", moment)
  parse("monday, 14. SEPTEMBER 2026, 8:12 am UTC", "%A, %d. %B %Y, %I:%M %p %Z", nil, moment)
  parse("12 am 12/31/69", "%I %p %D", nil, -86400)
  parse("12 pm", "%I %p", nil, 43200)
  parse("2026-257T08:12", "%Y-%jT%R", nil, moment)
  parse("1789373520", "%s", nil, moment)
  parse("-1", "%s", nil, -1)
  parse("29 Feb 2024", "%d %b %Y", nil, 1709164800)
  parse("a%b", "a%%b", nil, 0)
  parse("  5", "%n%e", nil, 4 * 86400)
end

function test_parse_layout_fails()
  for _, c in ipairs {
    { "2026-13-01", "%Y-%m-%d", 'date "2026-13-01": octet 6: want %m' },
    { "2026-09", "%Y-%m-%d", 'date "2026-09": octet 8: want "-"' },
    { "2026x", "%Y", 'date "2026x": octet 5: the layout ends here' },
    { "29 Feb 2025", "%d %b %Y", "there is no such day" },
    { "366 2025", "%j %Y", "there is no such day" },
    { "99999999999999999999", "%s", "want %s" },
    { "10 CET", "%H %Z", "want %Z" },
    { "+2", "%z", "want %z" },
    { "noday", "%a", "want %a" },
    { "", "%Y", "want %Y" },
  } do
    local seconds, reason = time.parse(c[1], c[2])
    assert_nil(seconds)
    assert_contains(reason, c[3])
  end
end

function test_layouts_refused()
  assert_raises('time.format: layout has the verb "%Q", which is not known', time.format, 0, "%Q")
  assert_raises("time.parse: layout has a % at its end", time.parse, "x", "%Y%")
  assert_raises("time.format: layout must have 1 to 1024 octets, got 1025", time.format, 0, ("x"):rep(1025))
  assert_raises("time.format: layout must have 1 to 1024 octets, got 0", time.format, 0, "")
  assert_raises("time.parse: zone needs a layout", time.parse, "2026-09-14", nil, "Europe/Berlin")
end

function test_add()
  local function add(date, amounts, zone, want)
    local got = time.add(time.parse(date), amounts, zone)
    assert_equal(time.format(got, nil, zone), want)
  end
  assert_equal(time.add(0, { days = 1, hours = 1, minutes = 1, seconds = 1.5 }), 90061)
  assert_equal(time.add(0, { weeks = -1 }), -604800)
  assert_equal(time.add(7, {}), 7)
  add("2024-01-31", { months = 1 }, "UTC", "2024-02-29T00:00:00Z")
  add("2024-02-29", { years = 1 }, "UTC", "2025-02-28T00:00:00Z")
  add("2024-01-31", { months = 1, days = 1 }, "UTC", "2024-03-01T00:00:00Z")
  add("2024-03-31", { months = -13 }, "UTC", "2023-02-28T00:00:00Z")
  -- The night in which the clocks go forward: a day has 23 hours.
  add("28 Mar 2026 12:00:00 +0100", { days = 1 }, "Europe/Berlin", "2026-03-29T12:00:00+02:00")
  add("28 Mar 2026 12:00:00 +0100", { hours = 24 }, "Europe/Berlin", "2026-03-29T13:00:00+02:00")
end

function test_add_refuses()
  assert_raises([[time.add has no argument "dayz"; did you mean "days"?]], time.add, 0, { dayz = 1 })
  assert_raises("time.add: days must be an integer, at most 10000000, got 1.5", time.add, 0, { days = 1.5 })
  assert_raises("time.add: days must be an integer, at most 10000000, got 10000001", time.add, 0, { days = 10000001 })
  assert_raises("time.add: hours must be a number, got NaN", time.add, 0, { hours = 0 / 0 })
  assert_raises("time.add: the moment is not in the years 0 to 9999", time.add, 0, { years = 9000 })
  assert_raises("time.add: the moment is not in the years 0 to 9999", time.add, 0, { seconds = 1e300 })
  assert_raises("time.add: wants named arguments in a table, such as {years=...}, got 3", time.add, 0, 3)
end

function test_date()
  assert_equal(time.date(moment, "Europe/Berlin"), {
    year = 2026, month = 9, day = 14, hour = 10, min = 12, sec = 0,
    wday = 2, yday = 257, zone = "CEST", offset = 7200,
  })
  assert_equal(time.date(0).zone, "UTC")
  assert_raises("time.date: seconds must be a number, got NaN", time.date, 0 / 0)
  assert_raises("time.date: seconds must be a number, got nil", time.date)
  assert_raises("time.date: seconds must be in the years 0 to 9999, got 1000000000000000000", time.date, 1e18)
end
