package luastd

import (
	"bytes"
	"math"
	"strconv"
)

// formatFloat appends what C's printf writes for %e, %f and %g.
func formatFloat(out []byte, v float64, s spec) []byte {
	upper := 'A' <= s.verb && s.verb <= 'Z'
	sign := s.sign(math.Signbit(v))
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return s.pad(out, sign, notFinite(v, upper), false)
	}
	if s.precision < 0 {
		s.precision = 6
	}
	var room [64]byte
	digits := s.digits(room[:0], math.Abs(v))
	if upper {
		digits = bytes.ToUpper(digits)
	}
	return s.pad(out, sign, string(digits), s.zero)
}

func notFinite(v float64, upper bool) string {
	switch {
	case math.IsNaN(v) && upper:
		return "NAN"
	case math.IsNaN(v):
		return "nan"
	case upper:
		return "INF"
	}
	return "inf"
}

// digits appends a number that is not negative.
func (s spec) digits(out []byte, v float64) []byte {
	switch s.verb | 0x20 {
	case 'e':
		return s.point(strconv.AppendFloat(out, v, 'e', s.precision, 64))
	case 'f':
		return s.point(strconv.AppendFloat(out, v, 'f', s.precision, 64))
	}
	// %g: the precision counts digits, and the exponent decides the form.
	precision := max(s.precision, 1)
	out = strconv.AppendFloat(out, v, 'e', precision-1, 64)
	e := bytes.IndexByte(out, 'e')
	exponent, _ := strconv.Atoi(string(out[e+1:]))
	if exponent >= -4 && exponent < precision {
		out = strconv.AppendFloat(out[:0], v, 'f', precision-1-exponent, 64)
	}
	if s.sharp {
		return s.point(out)
	}
	return trimZeros(out)
}

// point puts a decimal point where there is none, if the flag "#" wants it.
func (s spec) point(number []byte) []byte {
	if !s.sharp || bytes.IndexByte(number, '.') >= 0 {
		return number
	}
	e := bytes.IndexByte(number, 'e')
	if e < 0 {
		return append(number, '.')
	}
	exponent := string(number[e:])
	return append(append(number[:e], '.'), exponent...)
}

// trimZeros takes away the zeros that end a fraction.
func trimZeros(number []byte) []byte {
	if bytes.IndexByte(number, '.') < 0 {
		return number
	}
	exponent := ""
	if e := bytes.IndexByte(number, 'e'); e >= 0 {
		exponent = string(number[e:])
		number = number[:e]
	}
	number = bytes.TrimSuffix(bytes.TrimRight(number, "0"), []byte("."))
	return append(number, exponent...)
}
