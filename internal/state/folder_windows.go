package state

// folderSynced judges the error of a folder's fsync, which Windows does not have.
func folderSynced(error) error { return nil }
