package config

import "path/filepath"

// Find returns where the configuration is, whether it is there or not:
// $POPHERD_CONFIG, else $XDG_CONFIG_HOME/popherd/config.toml, else
// ~/.config/popherd/config.toml; on Windows %AppData%\popherd\config.toml. It
// returns "" where nothing says so.
func Find(getenv func(string) string, goos string) string {
	if path := getenv("POPHERD_CONFIG"); path != "" {
		return path
	}
	// The XDG base directory specification has relative paths ignored.
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "popherd", "config.toml")
	}
	if dir := getenv("AppData"); goos == "windows" && dir != "" {
		return filepath.Join(dir, "popherd", "config.toml")
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".config", "popherd", "config.toml")
	}
	return ""
}
