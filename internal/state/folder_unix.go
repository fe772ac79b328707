//go:build unix

package state

// folderSynced judges the error of a folder's fsync.
func folderSynced(err error) error { return err }
