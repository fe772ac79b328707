package house_test

const module = "github.com/popherd/popherd"

// floors lists every package from the ground up. A package imports only
// packages on lower floors. Some are listed before they are built, so that
// whoever builds them finds their floor decided.
var floors = [][]string{
	{"pop3/internal/wire", "internal/atomicfile", "internal/editor", "internal/house", "internal/luastd", "internal/mbox", "internal/message", "internal/policy", "internal/schedule", "internal/secret", "internal/systemd", "internal/worker", "scripts"},
	{"pop3", "internal/maildir", "internal/plan", "internal/state", "internal/oauth", "internal/discover"},
	{"pop3/pop3server", "pop3/pop3test", "luabind", "internal/deliver", "internal/dovecottest", "internal/login", "internal/serverinfo", "internal/tally", "internal/jobs", "internal/oauth/oauthtest"},
	{"luabind/luatest", "internal/deliver/delivertest", "internal/maildrop", "internal/script", "internal/notice", "internal/statuspage", "internal/login/logintest"},
	{"internal/run", "internal/config"},
	{"internal/host"},
	{"internal/doctor"},
	{"internal/cli"},
	{".", "internal/bench"},
}

// testOnly lists the packages that only tests import, and the program that
// measures, which nobody can import. The package luatest is not among them: it
// runs a user's Lua tests as well.
var testOnly = []string{"pop3/pop3test", "internal/deliver/delivertest", "internal/dovecottest", "internal/bench", "internal/login/logintest", "internal/oauth/oauthtest"}

// public lists the packages that other programs may import.
var public = []string{"pop3", "pop3/pop3server", "pop3/pop3test", "luabind", "luabind/luatest"}

// The flow has two sides, and no package of one imports the other: only
// internal/run knows both.
var (
	readingSide = []string{"pop3/internal/wire", "pop3", "internal/message", "luabind"}
	writingSide = []string{"internal/plan", "internal/state", "internal/deliver"}
)

// onlyStandard lists the packages that import nothing from other modules.
var onlyStandard = []string{"pop3/internal/wire", "pop3", "pop3/pop3server", "pop3/pop3test", "internal/plan", "internal/policy"}

// sockets lists the packages that may open a connection.
var sockets = []string{"pop3", "pop3/pop3server", "pop3/pop3test", "internal/deliver", "internal/host", "internal/oauth", "internal/discover", "internal/dovecottest", "internal/bench", "internal/login/logintest", "internal/oauth/oauthtest", "internal/statuspage", "internal/systemd"}

// door is an import that touches the outside, or that must not spread.
type door struct {
	path  string   // of the import; its subpackages are meant too
	shut  []string // the only packages that may use it
	apart []string // subpackages that are not meant
}

var doors = []door{
	// What opens no connection is free: addresses and URLs.
	{"net", sockets, []string{"net/netip", "net/url", "net/mail"}},
	{"golang.org/x/net", sockets, nil},
	{"os/exec", []string{"internal/deliver", "internal/secret", "internal/worker", "internal/editor", "internal/dovecottest", "internal/bench"}, nil},
	{"os/signal", []string{".", "internal/bench"}, nil},
	{"flag", nil, nil},
	{"github.com/spf13/pflag", []string{"internal/cli", "internal/bench"}, nil},
	{"github.com/spf13/cobra", []string{"internal/cli"}, nil},
	{"github.com/yuin/gopher-lua", []string{"luabind", "luabind/luatest", "internal/luastd", "internal/script"}, nil},
	{"github.com/emersion/go-message", []string{"internal/message"}, nil},
	{"modernc.org/sqlite", []string{"internal/state", "internal/jobs"}, nil},
	{"github.com/jackc/pgx", []string{"internal/jobs"}, nil},
	{"github.com/riverqueue/river", []string{"internal/jobs"}, nil},
	{"github.com/zalando/go-keyring", []string{"internal/secret"}, nil},
	{"github.com/pelletier/go-toml", []string{"internal/config"}, nil},
	{"github.com/xdg-go/scram", []string{"internal/login", "internal/login/logintest"}, nil},
	{"golang.org/x/oauth2", []string{"internal/oauth"}, nil},
	{"testing", append([]string{"luabind/luatest"}, testOnly...), nil},
	// No package may go behind the types, and no script gets at Go by reflection.
	{"unsafe", nil, nil},
	{"reflect", nil, nil},
	{"plugin", nil, nil},
	{"C", nil, nil},
}

// use is a way to the outside that is a name in a package which is else free.
type use struct {
	path  string // of the import
	names []string
	only  []string // the only packages that may use it; nil with never
	never []string // or: the packages that may not
}

var uses = []use{
	{"os", []string{
		"Args", "Clearenv", "Environ", "Exit", "ExpandEnv", "Getenv", "LookupEnv", "Setenv", "Stderr", "Stdin", "Stdout",
		"Unsetenv", "UserCacheDir", "UserConfigDir", "UserHomeDir",
	}, append([]string{"."}, testOnly...), nil},
	{"fmt", []string{"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"}, []string{"."}, nil},
	{"crypto/tls", []string{"Dial", "DialWithDialer", "Dialer", "Listen"}, sockets, nil},
	{"os", []string{
		"Create", "CreateTemp", "DirFS", "Mkdir", "MkdirAll", "MkdirTemp", "Open", "OpenFile", "OpenRoot", "ReadDir",
		"ReadFile", "Remove", "RemoveAll", "Rename", "WriteFile",
	}, nil, []string{"pop3/internal/wire", "pop3", "pop3/pop3server", "luabind", "internal/message", "internal/plan", "internal/policy"}},
}

// dependencies lists the modules that may be imported, each chosen for a
// reason. The commit that adds one says why, what was rejected, its weight and
// its upkeep.
var dependencies = []string{
	"github.com/VictoriaMetrics/metrics", "github.com/emersion/go-message",
	"github.com/emersion/go-sasl", "github.com/emersion/go-smtp", "github.com/guptarohit/asciigraph",
	"github.com/inbucket/html2text", "github.com/jackc/pgx/v5", "github.com/jedib0t/go-pretty/v6", "github.com/lmittmann/tint",
	"github.com/pelletier/go-toml/v2", "github.com/peterh/liner",
	"github.com/riverqueue/river", "github.com/schollz/progressbar/v3", "github.com/spf13/cobra",
	"github.com/spf13/pflag", "github.com/xdg-go/scram", "github.com/yuin/gopher-lua",
	"github.com/zalando/go-keyring", "golang.org/x/crypto", "golang.org/x/net", "golang.org/x/oauth2",
	"golang.org/x/sys", "golang.org/x/term", "golang.org/x/text", "modernc.org/sqlite",
}

// testDependencies may be imported by tests and test-only packages.
var testDependencies = []string{
	"github.com/creack/pty", "github.com/google/go-cmp", "github.com/rogpeppe/go-internal",
	"github.com/santhosh-tekuri/jsonschema/v6", "go.uber.org/goleak", "pgregory.net/rapid",
}

// topLevel lists what may stand beside go.mod, and nothing else may.
var topLevel = []string{
	"go.mod", "go.sum", "main.go", "luabind", "pop3", "scripts", "examples", "README.md", "internal",
	"LICENSE", ".gitignore", ".gitattributes", ".ci", ".git",
}
