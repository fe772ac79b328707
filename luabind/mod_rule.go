package luabind

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	lua "github.com/yuin/gopher-lua"
)

// newRule makes the module rule: predicates.
func (b *binding) newRule(L *lua.LState) *lua.LTable {
	b.predicate = b.newPredicateMeta(L)
	functions := map[string]lua.LGFunction{
		"from":           b.ruleText(textFrom),
		"to":             b.ruleText(textTo),
		"subject":        b.ruleText(textSubject),
		"header":         b.ruleHeader,
		"size":           b.ruleSize,
		"age":            b.ruleAge,
		"first_seen":     b.ruleFirstSeen,
		"list":           b.ruleList,
		"has_attachment": b.ruleHasAttachment,
		"re":             b.ruleRe,
		"always":         b.ruleAlways,
	}
	var module *lua.LTable
	for name, f := range functions {
		functions[name] = func(L *lua.LState) int {
			if L.GetTop() > 0 && L.Get(1) == module {
				raise(L, KindValueError, fmt.Sprintf("use rule.%s(...), not rule:%s(...)", name, name))
			}
			return f(L)
		}
	}
	module = b.newModule(L, "rule", functions, nil)
	return module
}

// giveLeaf returns a new predicate to Lua.
func (b *binding) giveLeaf(L *lua.LState, l leaf) int {
	return b.givePredicate(L, &predicate{leaf: l, size: 1})
}

// maxTexts bounds the texts of one predicate, in octets.
const maxTexts = 1 << 20

// texts returns the arguments from n on, which must be texts: by themselves or
// in one table.
func (p positional) texts(n int) []string {
	var texts []string
	size := 0
	add := func(v lua.LValue) {
		text, ok := v.(lua.LString)
		if !ok || text == "" {
			p.refuse("text must be a string that is not empty, got %s", describe(v))
		}
		if size += len(text); size > maxTexts {
			p.tooLarge("the texts have more than %d octets", maxTexts)
		}
		texts = append(texts, strings.Clone(string(text)))
	}
	if table, ok := p.Get(n).(*lua.LTable); ok && p.GetTop() == n {
		for i := range table.Len() {
			add(table.RawGetInt(i + 1))
		}
		return texts
	}
	for ; n <= p.GetTop(); n++ {
		add(p.Get(n))
	}
	return texts
}

// ruleText is rule.from, rule.to and rule.subject: (text, ...).
func (b *binding) ruleText(field string) lua.LGFunction {
	return func(L *lua.LState) int {
		p := positional{L, "rule." + field}
		texts := p.texts(1)
		if len(texts) == 0 {
			p.refuse("wants one text or more, such as rule.%s(\"example.org\")", field)
		}
		for _, text := range texts {
			if fault := addressFault(text); fault != "" && field != textSubject {
				p.refuse("%s", fault)
			}
		}
		return b.giveLeaf(L, newTextLeaf(field, "", texts))
	}
}

// ruleHeader is rule.header(name [, text...]).
func (b *binding) ruleHeader(L *lua.LState) int {
	p := positional{L, "rule.header"}
	name, texts := p.fieldName(1, "name"), p.texts(2)
	if len(texts) == 0 && L.GetTop() > 1 {
		p.refuse("the list of texts is empty; rule.header(%q) holds where the field is there", name)
	}
	return b.giveLeaf(L, newTextLeaf(textHeader, name, texts))
}

// fieldName returns argument n, the name of a header field.
func (p positional) fieldName(n int, what string) string {
	name := strings.Clone(p.text(n, what))
	odd := func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, odd) {
		p.refuse("%s must be that of a header field, such as \"X-Spam-Flag\", got %s", what, quote(name))
	}
	return name
}

// ruleSize is rule.size("> 1M").
func (b *binding) ruleSize(L *lua.LState) int {
	p := positional{L, "rule.size"}
	return b.giveLeaf(L, sizeLeaf{p.comparison(1, sizeUnits)})
}

// ruleAge is rule.age("> 30d").
func (b *binding) ruleAge(L *lua.LState) int {
	p := positional{L, "rule.age"}
	return b.giveLeaf(L, ageLeaf{p.comparison(1, ageUnits)})
}

// ruleFirstSeen is rule.first_seen("> 30d").
func (b *binding) ruleFirstSeen(L *lua.LState) int {
	p := positional{L, "rule.first_seen"}
	return b.giveLeaf(L, seenLeaf{p.comparison(1, ageUnits)})
}

// givenText returns the only argument, or "" if there is none. An explicit nil
// or "" is refused: it mostly is an arg[1] that was not given, and without the
// text the predicate holds for much more.
func (p positional) givenText(name string) string {
	if p.GetTop() == 0 {
		return ""
	}
	text := p.text(1, name)
	if text == "" {
		p.refuse("%s must be a string that is not empty, got \"\"; %s() is without it", name, p.call)
	}
	return text
}

// ruleList is rule.list([text]).
func (b *binding) ruleList(L *lua.LState) int {
	text := positional{L, "rule.list"}.givenText("text")
	return b.giveLeaf(L, listLeaf{text: strings.Clone(text), lower: lowerText(text)})
}

// ruleHasAttachment is rule.has_attachment([part of a name]).
func (b *binding) ruleHasAttachment(L *lua.LState) int {
	text := positional{L, "rule.has_attachment"}.givenText("name")
	return b.giveLeaf(L, attachmentLeaf{text: strings.Clone(text), lower: lowerText(text)})
}

// ruleRe is rule.re(field, pattern [, flags]).
func (b *binding) ruleRe(L *lua.LState) int {
	p := positional{L, "rule.re"}
	field := p.searched(1)
	compiled := patternValue(L.Get(2))
	flags := p.textOr(3, "flags", "")
	switch {
	case strings.Trim(flags, "ims") != "":
		p.refuse(`flags must be letters of "ims", got %s`, quote(flags))
	case compiled == nil:
		compiled = b.pattern(p, p.text(2, "pattern"), flags)
	case flags != "":
		p.refuse("flags are those of re.compile")
	}
	if compiled.source == "" {
		p.refuse(`pattern must be a string that is not empty, got ""`)
	}
	return b.giveLeaf(L, reLeaf{binding: b, field: field, pattern: compiled, flags: strings.Clone(flags)})
}

// searched returns argument n, what rule.re looks at: one of its own fields, in
// any case, or a header field, whose name must look like one, so that a slip of
// the pen is none.
func (p positional) searched(n int) string {
	own := []string{textFrom, textTo, textCc, textSubject, textBody}
	field := p.fieldName(n, "field")
	if lower := strings.ToLower(field); slices.Contains(own, lower) {
		return lower
	}
	if strings.Contains(field, "-") || strings.ToLower(field) != field {
		return field
	}
	text := unknownName("re", "field", field, own)
	if strings.HasSuffix(text, "?") {
		text += " A"
	} else {
		text += "; a"
	}
	raise(p.LState, KindValueError, text+` header field is written with a capital, as "Received"`)
	return ""
}

// ruleAlways is rule.always().
func (b *binding) ruleAlways(L *lua.LState) int { return b.giveLeaf(L, alwaysLeaf{}) }

// lowerText is what text.lower makes of s.
func lowerText(s string) string { return strings.Clone(mapRunes(s, unicode.ToLower)) }
