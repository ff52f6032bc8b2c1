// taskkill /T /F /PID n, which Wine has since version 9 only.
package main

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

func main() {
	var pids []uint32
	var tree, force bool
	for at, arg := range os.Args {
		switch strings.ToUpper(arg) {
		case "/T":
			tree = true
		case "/F":
			force = true
		case "/PID":
			pid, err := strconv.ParseUint(os.Args[at+1], 10, 32)
			if err != nil {
				os.Exit(1)
			}
			pids = append(pids, uint32(pid))
		}
	}
	if !tree || !force {
		os.Exit(1)
	}
	code := 128
	for _, pid := range withDescendants(pids) {
		if process, err := syscall.OpenProcess(syscall.PROCESS_TERMINATE, false, pid); err == nil {
			if syscall.TerminateProcess(process, 1) == nil {
				code = 0
			}
			syscall.CloseHandle(process)
		}
	}
	os.Exit(code)
}

func withDescendants(pids []uint32) []uint32 {
	snapshot, err := syscall.CreateToolhelp32Snapshot(syscall.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		os.Exit(1)
	}
	defer syscall.CloseHandle(snapshot)
	children := map[uint32][]uint32{}
	entry := syscall.ProcessEntry32{Size: uint32(unsafe.Sizeof(syscall.ProcessEntry32{}))}
	for err := syscall.Process32First(snapshot, &entry); err == nil; err = syscall.Process32Next(snapshot, &entry) {
		children[entry.ParentProcessID] = append(children[entry.ParentProcessID], entry.ProcessID)
	}
	for at := 0; at < len(pids); at++ {
		for _, child := range children[pids[at]] {
			if !slices.Contains(pids, child) {
				pids = append(pids, child)
			}
		}
	}
	return pids
}
