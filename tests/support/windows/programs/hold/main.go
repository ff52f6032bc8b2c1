// Holds a file open, so that nobody can remove or replace it, until it is ended. The arguments are a
// folder and the beginning of the names of files: the first that appears is held.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	folder, prefix := os.Args[1], os.Args[2]
	for {
		entries, _ := os.ReadDir(folder)
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), prefix) && filepath.Ext(entry.Name()) == "" {
				hold(filepath.Join(folder, entry.Name()))
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func hold(file string) {
	name, err := syscall.UTF16PtrFromString(file)
	if err != nil {
		return
	}
	const share = syscall.FILE_SHARE_READ | syscall.FILE_SHARE_WRITE
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ, share, nil, syscall.OPEN_EXISTING, 0, 0)
	if err == nil {
		fmt.Println("held")
		time.Sleep(time.Hour)
		syscall.CloseHandle(handle)
	}
}
