package config

import (
	"bytes"
	"strconv"
	"strings"
)

// A saying is what the parser says, and what we say instead: the parser repeats
// a letter of the value, which may be of a secret.
type saying struct {
	message string // how it begins
	reason  string // "": it depends on the key
	advice  string // "": how to write the key
	whole   bool   // the fault is where the expression begins: it never ends
}

const (
	single    = "put the text in single quotes, which take everything as it is"
	backslash = "a backslash in double quotes must be doubled"
	number    = "there is no such number"
	date      = "there is no such date"
)

var sayings = []saying{
	{message: "unexpected character"},
	{message: "expected keyword"},
	{message: "strings must be quoted"},
	{message: "expected value"},
	{message: "expected '=' after key", reason: "no = follows the key"},
	{message: "expected newline", reason: "something follows the value", advice: "write each key on a line of its own, a text in quotes, and a comment behind #"},
	{message: "unterminated", reason: "the quotation mark at the end is missing"},
	{message: "basic strings cannot have new lines", reason: "the quotation mark at the end of the line is missing"},
	{message: "literal strings cannot have new lines", reason: "the quotation mark at the end of the line is missing"},
	{message: "multiline basic string not terminated", reason: "the three quotation marks at the end are missing", whole: true},
	{message: "multiline literal string not terminated", reason: "the three quotation marks at the end are missing", whole: true},
	{message: "too many quotes", reason: "there are too many quotation marks"},
	{message: "invalid escape character", reason: backslash, advice: single},
	{message: "invalid hexadecimal digit", reason: backslash, advice: single},
	{message: "unicode escape", reason: backslash, advice: single},
	{message: "escape sequence", reason: backslash, advice: single},
	{message: "need a character after", reason: backslash, advice: single},
	{message: "basic strings cannot have control", reason: "the text holds a control character", advice: "remove it"},
	{message: "literal strings cannot have control", reason: "the text holds a control character", advice: "remove it"},
	{message: "multiline basic strings cannot", reason: "the text holds a control character", advice: "remove it"},
	{message: "multiline literal strings cannot", reason: "the text holds a control character", advice: "remove it"},
	{message: "control characters are not allowed", reason: "the comment holds a control character", advice: "remove it"},
	{message: "carriage return", reason: "a carriage return stands alone", advice: "end the lines with LF, or CR LF"},
	{message: "array is incomplete", reason: "the ] at the end of the list is missing", whole: true},
	{message: "expected ',' or ']'", reason: "a comma is missing in the list, or the ] at its end"},
	{message: "inline table is incomplete", reason: "the } at the end of the table is missing", whole: true},
	{message: "expected ',' or '}'", reason: "a comma is missing in the table, or the } at its end"},
	{message: "unexpected comma", reason: "there is a comma too many", advice: "remove it"},
	{message: "expected ']", reason: "the ] at the end of the table's name is missing", advice: "write [accounts.NAME]: a name has letters a-z, digits, _ and -"},
	{message: "invalid character at start of key", reason: "no key begins like this", advice: "write KEY = VALUE, [TABLE] or # COMMENT"},
	{message: "expected key", reason: "the key is missing", advice: "write KEY = VALUE, [TABLE] or # COMMENT"},
	{message: "integers cannot have leading zeroes", reason: "the number begins with a zero", advice: "remove the zero, or put a text in quotes"},
	{message: "number must", reason: number},
	{message: "decimal", reason: number},
	{message: "exponent", reason: number},
	{message: "hexadecimal number", reason: number},
	{message: "octal number", reason: number},
	{message: "binary number", reason: number},
	{message: "radix", reason: number},
	{message: "sign is", reason: number},
	{message: "need at least one digit", reason: number},
	{message: "unable to parse float", reason: number},
	{message: "expected number after sign", reason: number},
	{message: "arrays and inline tables are nested", reason: "lists are nested too deeply"},
	{message: "impossible date", reason: date},
	{message: "date", reason: date},
	{message: "local date", reason: date},
	{message: "times are", reason: date},
	{message: "hour", reason: date},
	{message: "minutes", reason: date},
	{message: "seconds", reason: date},
	{message: "invalid timezone", reason: date},
	{message: "key ", reason: "is there twice, or is a value and a table", advice: "remove one of them"},
	{message: "table ", reason: "is there twice", advice: "remove one of them"},
}

// said looks a message up.
func said(message string) saying {
	for _, s := range sayings {
		if strings.HasPrefix(message, s.message) {
			return s
		}
	}
	return saying{reason: "is not TOML"}
}

// notValue says what should stand where no value begins, and how to write it.
func notValue(line []byte, at int, key string) (reason, advice string) {
	rest := bytes.TrimSpace(line[min(at, len(line)):])
	switch example := examples[key]; {
	case len(rest) == 0 || rest[0] == '#':
		return "there is no value", write(key)
	case example == "":
		return "the value is not in quotes", ""
	case example[0] == 't' || example[0] == 'f':
		return "the value is neither true nor false", write(key)
	case example[0] == '[':
		return "the value is not a list of texts in quotes", write(key)
	case example[0] == '{':
		return "the value is not a table in braces", write(key)
	case example[0] != '"':
		return "the value is not a number", write(key)
	}
	advice = write(key)
	if !tellsSecret(string(line)) && !bytes.ContainsAny(rest, "\"'#@\\") {
		advice = "write " + key + " = " + strconv.Quote(string(rest))
	}
	return "the text is not in quotes", advice
}
