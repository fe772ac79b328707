package message

// Limits on what is looked at. What lies beyond one is left out and named by a
// defect; nothing fails for it. Together they keep any accessor of a message of
// 30 MB under a second and, the message included, under 64 MB.
const (
	MaxHeader    = 1 << 20  // octets of a header in which fields are looked for
	MaxFields    = 10_000   // fields of a header that can be asked for
	MaxValue     = 64 << 10 // octets of a field's value that are decoded
	MaxAddresses = 1000     // addresses of one field name
	MaxResults   = 200      // results of all Authentication-Results fields
	MaxDepth     = 50       // multiparts inside each other
	MaxParts     = 1000     // leaves of a message
	MaxText      = 4 << 20  // octets of a text that is made from a body
	MaxHTML      = 1 << 20  // octets of HTML that are made into text
	MaxTags      = 20_000   // tags of HTML that shape the text made from it
	MaxName      = 150      // octets of an attachment's name
	MaxDefects   = 20       // kinds of defects that are named
)
