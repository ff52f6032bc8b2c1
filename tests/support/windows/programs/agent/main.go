// Runs a step as the agent does on Windows: in a console of its own that nobody sees, to which it
// sends Ctrl+C when the step is canceled.
//
// The arguments are those of the program that STEP_PROGRAM names. The step is canceled when the file
// that STEP_CANCEL names appears.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const createNoWindow = 0x08000000

var (
	kernel32                 = syscall.NewLazyDLL("kernel32.dll")
	attachConsole            = kernel32.NewProc("AttachConsole")
	freeConsole              = kernel32.NewProc("FreeConsole")
	generateConsoleCtrlEvent = kernel32.NewProc("GenerateConsoleCtrlEvent")
	setConsoleCtrlHandler    = kernel32.NewProc("SetConsoleCtrlHandler")
)

func main() {
	step := exec.Command(os.Getenv("STEP_PROGRAM"), os.Args[1:]...)
	step.Stdout = forward{os.Stdout}
	step.Stderr = step.Stdout
	// What outlives the step may hold its streams.
	step.WaitDelay = 2 * time.Second
	step.SysProcAttr = &syscall.SysProcAttr{CreationFlags: createNoWindow}
	if err := step.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(101)
	}
	if file := os.Getenv("STEP_CANCEL"); file != "" {
		go cancel(file, step.Process.Pid)
	}
	err := step.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(101)
	}
	os.Exit(step.ProcessState.ExitCode())
}

// forward keeps a stream from being inherited: the step writes into a pipe, as under the agent, which
// logs both streams alike.
type forward struct{ io.Writer }

func cancel(file string, pid int) {
	for {
		if _, err := os.Stat(file); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	freeConsole.Call()
	// Who is attached keeps the console from ending.
	defer freeConsole.Call()
	if done, _, err := attachConsole.Call(uintptr(pid)); done == 0 {
		fmt.Fprintln(os.Stderr, "AttachConsole:", err)
		return
	}
	setConsoleCtrlHandler.Call(0, 1)
	if done, _, err := generateConsoleCtrlEvent.Call(syscall.CTRL_C_EVENT, 0); done == 0 {
		fmt.Fprintln(os.Stderr, "GenerateConsoleCtrlEvent:", err)
	}
}
