package luastd

// class reads one class of octets: "x", "%x", ".", or "[...]".
func (c *compiler) class() (*set, bool) {
	class := &set{}
	first := c.source[c.at]
	c.at++
	switch first {
	case '.':
		class.fill(func(byte) bool { return true })
	case '%':
		if c.at == len(c.source) {
			c.fault("malformed pattern (ends with '%')")
			return nil, false
		}
		class.letter(c.source[c.at])
		c.at++
	case '[':
		return class, c.brackets(class)
	default:
		class[first] = true
	}
	return class, true
}

// brackets reads a class after its "[". As in Lua, a "]" at the start stands
// for itself, and so does a "-" that is not between two octets.
func (c *compiler) brackets(class *set) bool {
	complement := c.at < len(c.source) && c.source[c.at] == '^'
	if complement {
		c.at++
	}
	end := c.bracket(c.at)
	if end < 0 {
		c.fault("malformed pattern (missing ']')")
		return false
	}
	for i := c.at; i < end; i++ {
		octet := c.source[i]
		switch {
		case octet == '%':
			i++
			class.letter(c.source[i])
		case c.source[i+1] == '-' && i+2 < end:
			for o := int(octet); o <= int(c.source[i+2]); o++ {
				class[o] = true
			}
			i += 2
		default:
			class[octet] = true
		}
	}
	c.at = end + 1
	if complement {
		for i := range class {
			class[i] = !class[i]
		}
	}
	return true
}

// bracket finds the "]" that ends the class whose first octet is at i, or -1.
func (c *compiler) bracket(i int) int {
	for {
		if i >= len(c.source) {
			return -1
		}
		if c.source[i] == '%' && i+1 < len(c.source) {
			i++
		}
		i++
		if i < len(c.source) && c.source[i] == ']' {
			return i
		}
	}
}

// letter adds what "%" and a letter stand for; other octets stand for
// themselves.
func (s *set) letter(letter byte) {
	if !isClass(letter) {
		s[letter] = true
		return
	}
	upper := letter < 'a'
	s.fill(func(octet byte) bool { return inClass(letter|0x20, octet) != upper })
}

func (s *set) fill(in func(byte) bool) {
	for i := range s {
		s[i] = s[i] || in(byte(i))
	}
}

// isClass reports whether "%" and this letter stand for a class.
func isClass(letter byte) bool {
	switch letter | 0x20 {
	case 'a', 'c', 'd', 'l', 'p', 's', 'u', 'w', 'x', 'z':
		return 'A' <= letter && letter <= 'Z' || 'a' <= letter && letter <= 'z'
	}
	return false
}

// inClass is C's isalpha and so on, in the C locale.
func inClass(class, octet byte) bool {
	lower := 'a' <= octet && octet <= 'z'
	upper := 'A' <= octet && octet <= 'Z'
	digit := '0' <= octet && octet <= '9'
	switch class {
	case 'a':
		return lower || upper
	case 'c':
		return octet < ' ' || octet == 127
	case 'd':
		return digit
	case 'l':
		return lower
	case 'p':
		return ' ' < octet && octet < 127 && !lower && !upper && !digit
	case 's':
		return octet == ' ' || '\t' <= octet && octet <= '\r'
	case 'u':
		return upper
	case 'w':
		return lower || upper || digit
	case 'x':
		return digit || 'a' <= octet|0x20 && octet|0x20 <= 'f'
	}
	return octet == 0
}
