package discover

import "strings"

// What several providers say.
const (
	appPassword = "The account's own password is not taken: make an app password in its security settings."
	twoFactor   = "With two-factor authentication an app password is needed: make one in the account's security settings."
)

var (
	gmail = []string{
		`Enable POP in Gmail first: Settings, "Forwarding and POP/IMAP". What Gmail does with a message that was retrieved is set there, too.`,
		"The account's own password is not taken: use an app password, which needs 2-Step Verification, or OAuth2. An organisation may permit OAuth2 alone, or no POP.",
		"A session lists about 250 messages, the oldest that were not retrieved yet: run again for the next.",
		"Gmail takes a message for popped, and lists it no more, once a session that retrieved it whole (RETR) has ended with QUIT.",
		`With "recent:" before the user ("recent:user@gmail.com") a session lists all of the last 30 days, also what was popped.`,
	}
	outlook = []string{
		"OAuth2 only: neither passwords nor app passwords are taken.",
		`POP has to be permitted first: at Outlook.com in the settings of Mail ("Let devices and apps use POP"), in an organisation by its administrator.`,
		"The server wants AUTH XOAUTH2 in two lines, the token alone in the second.",
	}
	zoho = []string{
		`Enable POP access first: Settings, "Mail Accounts". Free accounts made since 2019 have none.`,
		twoFactor,
	}
	authorizationCode = []string{"Switch POP3 on in the settings of the web mail: that gives an authorization code, which is the password here."}
)

// providers is the built-in table, which never changes. A domain that is not
// in it is mostly found by its MX record.
var providers = []provider{
	{
		name: "Gmail", domains: []string{"gmail.com", "googlemail.com"}, exchanger: []string{"google.com", "googlemail.com"},
		host: "pop.gmail.com", aliases: []string{"pop.googlemail.com"}, oauth: "google", advice: gmail,
	},
	{
		name: "Outlook", exchanger: []string{"protection.outlook.com", "mx.microsoft"},
		domains: strings.Fields(`outlook.com hotmail.com live.com msn.com windowslive.com
			outlook.at outlook.be outlook.cl outlook.cz outlook.de outlook.dk outlook.es outlook.fr outlook.hu outlook.ie
			outlook.in outlook.it outlook.jp outlook.kr outlook.pt outlook.sa outlook.sg outlook.sk outlook.com.ar
			outlook.com.au outlook.com.br outlook.com.gr outlook.com.tr outlook.com.vn outlook.co.id outlook.co.il outlook.co.th
			hotmail.be hotmail.ca hotmail.de hotmail.dk hotmail.es hotmail.fi hotmail.fr hotmail.gr hotmail.it hotmail.nl
			hotmail.no hotmail.se hotmail.co.jp hotmail.co.kr hotmail.co.uk hotmail.co.za hotmail.com.ar hotmail.com.br
			hotmail.com.tr live.at live.be live.ca live.de live.dk live.fi live.fr live.ie live.it live.jp live.nl live.no
			live.se live.co.uk live.co.za live.com.ar live.com.au live.com.mx live.com.pt`),
		host: "outlook.office365.com", aliases: []string{"outlook.office.com", "pop-mail.outlook.com"},
		oauth: "microsoft", oauthOnly: true, advice: outlook,
	},
	{
		name: "Yahoo Mail", exchanger: []string{"am0.yahoodns.net"},
		// Not yahoo.co.jp, which is another company's.
		domains: strings.Fields(`yahoo.com ymail.com rocketmail.com myyahoo.com yahoo.de yahoo.es yahoo.fr yahoo.it yahoo.se
			yahoo.co.in yahoo.co.nz yahoo.co.uk yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.mx`),
		host: "pop.mail.yahoo.com", advice: []string{appPassword},
	},
	{
		name: "AOL Mail",
		domains: strings.Fields(`aol.com aim.com netscape.net netscape.com compuserve.com cs.com wmconnect.com
			aol.de aol.es aol.fr aol.it aol.se aol.co.nz aol.co.uk aol.com.ar aol.com.au aol.com.br aol.com.mx`),
		host: "pop.aol.com", advice: []string{appPassword},
	},
	{
		name: "AT&T Mail",
		domains: strings.Fields(`att.net ameritech.net bellsouth.net currently.com flash.net nvbell.net pacbell.net
			prodigy.net sbcglobal.net snet.net swbell.net wans.net`),
		host: "inbound.att.net", advice: []string{`The account's own password is not taken: make a "secure mail key" in its settings.`},
	},
	{
		name: "iCloud Mail", domains: []string{"icloud.com", "me.com", "mac.com"}, exchanger: []string{"mail.icloud.com"},
		aliases: []string{"imap.mail.me.com", "pop.mail.me.com", "pop.icloud.com"},
		advice:  []string{"iCloud Mail has IMAP only. It can forward mail to an address that has POP3."},
	},
	{
		name: "Proton Mail", domains: []string{"proton.me", "protonmail.com", "protonmail.ch", "pm.me"}, exchanger: []string{"protonmail.ch"},
		advice: []string{"Proton Mail has IMAP only, through its own program Bridge."},
	},
	{
		name: "Tuta Mail", domains: []string{"tuta.com", "tuta.io", "tutanota.com", "tutanota.de", "tutamail.com", "keemail.me"}, exchanger: []string{"tutanota.de"},
		advice: []string{"Tuta Mail can be read with its own programs only."},
	},
	{
		name: "HEY", domains: []string{"hey.com"}, exchanger: []string{"app.hey.com"},
		advice: []string{"HEY can be read with its own programs only."},
	},
	{
		name: "GMX", domains: []string{"gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.eu", "gmx.org", "gmx.info", "gmx.biz", "mein.gmx", "mail.gmx", "email.gmx"},
		host: "pop.gmx.net", advice: []string{"Permit POP3 first, in the settings of E-Mail on gmx.net (\"POP3/IMAP Abruf\").", twoFactor},
	},
	{
		name: "GMX", domains: []string{"gmx.com", "gmx.us", "gmx.co.uk", "gmx.fr", "gmx.es", "gmx.it", "gmx.ca", "gmx.ie", "gmx.pt", "gmx.se", "gmx.li"},
		host: "pop.gmx.com", advice: []string{"Permit POP3 first, in the settings of E-mail on gmx.com (\"POP3 & IMAP\").", twoFactor},
	},
	{
		name: "WEB.DE", domains: []string{"web.de"}, localUser: true,
		host: "pop3.web.de", advice: []string{
			"Permit POP3 first, in the settings of E-Mail on web.de (\"POP3/IMAP Abruf\").", twoFactor,
			"A free account can be asked every 15 minutes at most; in between the login fails as if the password were wrong.",
		},
	},
	{
		name: "mail.com", domains: []string{"mail.com", "email.com"},
		host: "pop.mail.com", advice: []string{"Permit POP3 first, in the settings of E-mail on mail.com (\"POP3 & IMAP\")."},
	},
	{
		name: "T-Online", domains: []string{"t-online.de", "magenta.de"},
		host: "securepop.t-online.de", advice: []string{"The password of the website is not taken here: set an e-mail password (\"Passwort für E-Mail-Programme\") in the customer centre."},
	},
	{
		name: "1&1", domains: []string{"online.de", "onlinehome.de", "sofortstart.de", "sofort-start.de", "sofortsurf.de", "sofort-surf.de", "go4more.de"},
		host: "pop.1und1.de",
	},
	{name: "IONOS", exchanger: []string{"ionos.de", "kundenserver.de"}, host: "pop.ionos.de"},
	{name: "IONOS", exchanger: []string{"ionos.com"}, host: "pop.ionos.com"},
	{name: "IONOS", exchanger: []string{"ionos.co.uk"}, host: "pop.ionos.co.uk"},
	{name: "IONOS", exchanger: []string{"ionos.fr"}, host: "pop.ionos.fr"},
	{name: "IONOS", exchanger: []string{"ionos.es"}, host: "pop.ionos.es"},
	{name: "STRATO", domains: []string{"strato.de"}, exchanger: []string{"rzone.de"}, host: "pop3.strato.de"},
	{
		name: "Posteo", domains: []string{"posteo.de", "posteo.net", "posteo.org", "posteo.eu", "posteo.at", "posteo.ch"}, exchanger: []string{"posteo.de"},
		host: "posteo.de",
	},
	{
		name: "mailbox.org", domains: []string{"mailbox.org"}, exchanger: []string{"mailbox.org"},
		host: "pop3.mailbox.org", advice: []string{twoFactor},
	},
	{
		name: "Fastmail", domains: []string{"fastmail.com", "fastmail.fm"}, exchanger: []string{"messagingengine.com"},
		host: "pop.fastmail.com", aliases: []string{"mail.messagingengine.com", "pop.messagingengine.com"}, advice: []string{appPassword},
	},
	{name: "Zoho Mail", domains: []string{"zoho.com", "zohomail.com"}, host: "pop.zoho.com", advice: zoho},
	{name: "Zoho Mail", exchanger: []string{"zoho.com"}, host: "poppro.zoho.com", advice: zoho},
	{name: "Zoho Mail", domains: []string{"zoho.eu", "zohomail.eu"}, host: "pop.zoho.eu", advice: zoho},
	{name: "Zoho Mail", exchanger: []string{"zoho.eu"}, host: "poppro.zoho.eu", advice: zoho},
	{name: "Zoho Mail", exchanger: []string{"zoho.in"}, host: "poppro.zoho.in", aliases: []string{"pop.zoho.in"}, advice: zoho},
	{
		name: "Mail.ru", domains: []string{"mail.ru", "inbox.ru", "list.ru", "bk.ru"},
		host: "pop.mail.ru", advice: []string{appPassword},
	},
	{
		name: "Yandex Mail", domains: []string{"yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "ya.ru", "narod.ru"}, exchanger: []string{"mx.yandex.net", "mx.yandex.ru"},
		host: "pop.yandex.com", aliases: []string{"pop.yandex.ru"},
		advice: []string{
			`Permit POP3 first, in the settings of Yandex Mail ("Email clients"), and choose there what it lists.`,
			"Make an app password in the account's security settings: its own password is mostly not taken.",
			"By its help pages Yandex keeps a copy of what a program deletes by POP3.",
		},
	},
	{name: "QQ Mail", domains: []string{"qq.com"}, host: "pop.qq.com", advice: authorizationCode},
	{name: "NetEase Mail", domains: []string{"163.com"}, host: "pop.163.com", advice: authorizationCode},
	{name: "NetEase Mail", domains: []string{"126.com"}, host: "pop.126.com", advice: authorizationCode},
	{
		name: "Naver Mail", domains: []string{"naver.com"},
		host: "pop.naver.com", advice: []string{"Permit POP3 first, in the settings of Naver Mail.", twoFactor},
	},
	{name: "Orange", domains: []string{"orange.fr", "wanadoo.fr"}, host: "pop.orange.fr"},
	{name: "Free", domains: []string{"free.fr"}, host: "pop.free.fr", localUser: true},
}
