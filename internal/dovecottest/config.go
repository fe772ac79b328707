package dovecottest

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// rootsMailUser owns the maildrops when tests run as root, since Dovecot gives
// no mail to user 0. It is Debian's nobody; no such account need exist.
const rootsMailUser = 65534

// account is the user and group that own the maildrops.
type account struct{ uid, gid int }

// mailOwner is the account for maildrops: the one running the test, if not root.
func mailOwner() account {
	if os.Geteuid() == 0 {
		return account{rootsMailUser, rootsMailUser}
	}
	return account{os.Geteuid(), os.Getegid()}
}

// general is the configuration for every test: %[1]s is the server's folder,
// %[2]s its name, %[3]s its address, %[4]s yes or no, then the mail owner's
// two numbers and the two ports.
//
// One pop3-login process serves all clients (service_count = 0), so a login
// costs one process, the session's own, and that ends with the session. Anvil
// has no socket (mode = 0) by which it would slow down an address that gave a
// wrong password; what stays is the half second in which Dovecot gathers
// refusals. There is a passwd-file for each user because Dovecot looks only
// once a second whether one has changed.
const general = `
base_dir = %[1]s/base
state_dir = %[1]s/state
log_path = %[1]s/log
instance_name = %[2]s
protocols = pop3
listen = %[3]s
login_greeting = %[2]s ready

auth_mechanisms = plain login cram-md5 apop
auth_failure_delay = 0
auth_username_format = %%u
disable_plaintext_auth = %[4]s
passdb {
  driver = passwd-file
  args = %[1]s/users/%%u
}
userdb {
  driver = passwd-file
  args = %[1]s/users/%%u
}

mail_location = maildir:~/Maildir
mail_uid = %[5]d
mail_gid = %[6]d
first_valid_uid = 1
mail_max_userip_connections = 2000
mail_fsync = never

ssl = yes
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem

service pop3-login {
  inet_listener pop3 {
    port = %[7]d
  }
  inet_listener pop3s {
    port = %[8]d
    ssl = yes
  }
  service_count = 0
  process_min_avail = 1
  process_limit = 1
  client_limit = 2000
}
service pop3 {
  process_limit = 2000
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`

// unprivileged is what an ordinary user needs on top: every part runs as that
// user (%[1]s, group %[2]s), and none can be locked into a folder.
const unprivileged = `
default_internal_user = %[1]s
default_internal_group = %[2]s
default_login_user = %[1]s
service anvil {
  chroot =
}
service pop3-login {
  chroot =
}
service stats {
  chroot =
}
`

// config is the whole of dovecot.conf.
func (s *Server) config() (string, error) {
	refuse := "no"
	if s.options.RefusePlaintext {
		refuse = "yes"
	}
	text := fmt.Sprintf(general, s.root, s.name(), s.host, refuse,
		s.owner.uid, s.owner.gid, s.plain, s.tls)
	if os.Geteuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return "", err
		}
		group, err := user.LookupGroupId(strconv.Itoa(os.Getegid()))
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf(unprivileged, me.Username, group.Name)
	}
	return text + s.options.Extra + "\n", nil
}
