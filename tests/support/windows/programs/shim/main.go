// Stands in front of another program, as package managers for Windows put one into a folder on Path:
// it starts the program of its own name in the folder `real` beside it, and waits for it.
package main

import (
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	self, err := os.Executable()
	if err != nil {
		os.Exit(101)
	}
	real := exec.Command(filepath.Join(filepath.Dir(self), "real", filepath.Base(self)), os.Args[1:]...)
	real.Stdin, real.Stdout, real.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := real.Run(); err != nil && real.ProcessState == nil {
		os.Exit(101)
	}
	os.Exit(real.ProcessState.ExitCode())
}
