//go:build !unix

package secret

func forbidCore() {}
