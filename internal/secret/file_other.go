//go:build !unix

package secret

import "io/fs"

const withoutWaiting = 0

// ours: the modes that Go shows on Windows say nothing. What a user's profile
// holds only the user and administrators can read, unless somebody shared it.
func ours(string, fs.FileInfo) error { return nil }

func handed(string, fs.FileInfo) error { return nil }

// syncFolder: on Windows a folder cannot be synced; NTFS keeps a journal of names.
func syncFolder(string) error { return nil }
