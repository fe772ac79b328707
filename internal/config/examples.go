package config

// examples has a value for every key that is known, as TOML, for advice.
var examples = map[string]string{
	// of accounts
	"user":             `"anna@example.org"`,
	"host":             `"pop.example.org"`,
	"port":             `995`,
	"tls":              `"implicit"`,
	"auth":             `"auto"`,
	"password_env":     `"MAIL_PASSWORD"`,
	"password_command": `["pass", "show", "mail/anna"]`,
	"password_file":    `"secrets/anna"`,
	"password":         `"..."`,
	"keyring":          `true`,
	"netrc":            `"~/.netrc"`,
	"oauth":            `{ provider = "google", client_id = "..." }`,
	"ca_file":          `"ca.pem"`,
	"fingerprint":      `"sha256:..."`,
	"client_cert":      `"anna.pem"`,
	"client_key":       `"anna.key"`,
	"min_tls":          `"1.2"`,
	"server_name":      `"pop.example.org"`,
	"proxy":            `"socks5://127.0.0.1:1080"`,
	"source_address":   `"192.0.2.7"`,
	"address_family":   `"any"`,
	"read_ahead":       `true`,
	"pipelining":       `false`,
	"connect_timeout":  `"30s"`,
	"command_timeout":  `"60s"`,
	// of their oauth
	"provider":      `"google"`,
	"client_id":     `"..."`,
	"client_secret": `"..."`,
	"device_url":    `"https://login.example.org/device"`,
	"auth_url":      `"https://login.example.org/authorize"`,
	"token_url":     `"https://login.example.org/token"`,
	"scopes":        `["https://mail.example.org/pop"]`,
	"token_command": `["oama", "access", "anna@example.org"]`,
	// of [policy]
	"allow_net":    `["pop.example.org:995"]`,
	"allow_delete": `"10%"`,
	"allow_write":  `["~/Attachments"]`,
	"backup":       `"~/Mail/backup"`,
	"backup_days":  `90`,
	"backup_max":   `"2G"`,
	"state_dir":    `"/var/lib/popherd"`,
	"quarantine":   `3`,
	"lib":          `["lib"]`,
	"timeout":      `"10m"`,
	"max_memory":   `"256M"`,
	"max_cpu":      `"60s"`,
	"max_steps":    `1_000_000_000`,
	"max_output":   `"1G"`,
	"parallel":     `4`,
	// of jobs
	"script":      `"@older-than"`,
	"args":        `["30"]`,
	"accounts":    `["work"]`,
	"schedule":    `"0 4 * * *"`,
	"zone":        `"Europe/Berlin"`,
	"jitter":      `"15m"`,
	"deadline":    `"10m"`,
	"catch_up":    `"once"`,
	"first_run":   `"dry"`,
	"retries":     `5`,
	"pause_after": `3`,
	"enabled":     `true`,
	"notify":      `{ target = "archive" }`,
	// of their notify
	"on":      `["failure", "over"]`,
	"over":    `100`,
	"command": `["/usr/local/bin/tell", "anna"]`,
	"target":  `"archive"`,
	// of [daemon]
	"db":           `"jobs.db"`,
	"listen":       `"127.0.0.1:8025"`,
	"token":        `"..."`,
	"token_file":   `"secrets/token"`,
	"token_env":    `"POPHERD_TOKEN"`,
	"workers":      `8`,
	"history_days": `90`,
}

// write is the advice for a key that is known.
func write(key string) string {
	if line := example(key); line != "" {
		return "write " + line
	}
	return ""
}

// example is a line for a key that is known, or "".
func example(key string) string {
	if value, ok := examples[key]; ok {
		return key + " = " + value
	}
	return ""
}
