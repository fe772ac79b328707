-- Keeps mail of friends, deletes old newsletters and old builds.
local from, list, age, subject = rule.from, rule.list, rule.age, rule.subject

return {
  { name = "friends", rule = from("@example.org", "bob@example.net"), keep = true },
  { name = "old newsletter", rule = list() * age("> 30d"), delete = true },
  { name = "build that went well", rule = from("build@") * subject("is green"), delete = true },
}
