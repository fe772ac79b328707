package systemd

import "strings"

// Where a service of the system lives.
const (
	account  = "popherd"
	stateDir = "/var/lib/popherd"
)

// mostCredentials is how many accounts a unit shows a line for.
const mostCredentials = 20

// surround writes who the service is, what it is given, and what it can reach.
func (o UnitOptions) surround(u *unit) {
	if o.User {
		if o.StateHome != "" {
			u.set("Environment", quote("XDG_STATE_HOME="+o.StateHome))
		}
	} else {
		u.WriteByte('\n')
		u.set("User", account)
		u.set("StateDirectory", "popherd")
		u.set("StateDirectoryMode", "0700")
		u.set("Environment", "XDG_STATE_HOME=/var/lib")
	}
	if !o.User { // whose systemd hands over none before version 256
		o.credentials(u)
	}
	u.WriteByte('\n')
	u.note("What the service can reach, and the commands of the configuration with it: no",
		"program gets other rights than its caller's, such as sendmail of Postfix, for which",
		"there is smtp://127.0.0.1.")
	u.set("NoNewPrivileges", "yes")
	if !o.User { // whose systemd may not mount
		o.files(u)
	}
	calls(u)
}

// credentials shows how systemd can hand passwords over.
func (o UnitOptions) credentials(u *unit) {
	if len(o.Credentials) == 0 {
		return
	}
	u.note("Passwords can be handed over by systemd, from files that only it can read:")
	for i, c := range o.Credentials {
		if i == mostCredentials {
			u.note("and so on")
			break
		}
		// The rest of the line is the path, spaces and all.
		u.WriteString("#LoadCredential=popherd." + c.Account + ":" + strings.ReplaceAll(c.File, "%", "%%") + "\n")
	}
}

// files writes what of the disk is seen and written to.
func (o UnitOptions) files(u *unit) {
	u.set("CapabilityBoundingSet", "")
	u.set("ProtectSystem", "strict")
	first := true
	for _, dir := range o.Writes {
		if inside(dir, []string{stateDir}) {
			continue // StateDirectory= makes it
		}
		if first {
			first = false
			u.note("These must be there before the service starts, and be " + account + "'s to write to.")
		}
		u.set("ReadWritePaths", quote(dir))
	}
	used := append([]string{o.Program}, append(o.Reads, o.Writes...)...)
	if in(used, homes) {
		u.note("The configuration names files in homes; else it were yes.")
		u.set("ProtectHome", "read-only")
	} else {
		u.set("ProtectHome", "yes")
	}
	if in(append(used, o.Config), temps) {
		u.note("The configuration is in a folder of temporary files, or names one; else it were yes.")
		u.set("PrivateTmp", "no")
	} else {
		u.set("PrivateTmp", "yes")
	}
	u.note("There is no ProtectProc= here: the daemon watches the memory of its workers, whose",
		"/proc it would hide.")
	for _, key := range []string{"PrivateDevices", "ProtectClock", "ProtectHostname", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups"} {
		u.set(key, "yes")
	}
}

// calls writes what can be asked of the kernel, in such ways as need no rights.
func calls(u *unit) {
	u.set("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX AF_NETLINK")
	for _, key := range []string{"RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute"} {
		u.set(key, "yes")
	}
	u.set("SystemCallArchitectures", "native")
	u.note("@resources stays in: a worker lowers its own limits.")
	u.set("SystemCallFilter", "@system-service")
	u.set("SystemCallErrorNumber", "EPERM")
	u.set("UMask", "0077")
	u.set("LimitCORE", "0")
	u.note("A worker that is ended for want of memory is not the end of the others.")
	u.set("OOMPolicy", "continue")
}

func in(files, folders []string) bool {
	for _, file := range files {
		if inside(file, folders) {
			return true
		}
	}
	return false
}
