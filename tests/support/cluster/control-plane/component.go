package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// process is a component in a process of its own: this program, under another name.
type process struct {
	name    string
	args    []string
	verbose bool

	command *exec.Cmd
	// input keeps the component alive: it ends when this closes.
	input io.WriteCloser
	// ended is closed once the component has.
	ended chan struct{}
	log   *tail
}

func (p *process) start() error {
	if p.command != nil {
		return fmt.Errorf("%s runs already", p.name)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(program, append([]string{p.name}, p.args...)...)
	p.log = &tail{}
	command.Stderr = p.log
	if p.verbose {
		command.Stderr = os.Stderr
	}
	input, err := command.StdinPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("%s does not start: %w", p.name, err)
	}
	p.command, p.input, p.ended = command, input, make(chan struct{})
	go func(ended chan struct{}) {
		_ = command.Wait()
		close(ended)
	}(p.ended)
	return nil
}

// stop kills the component, as a machine does that fails.
func (p *process) stop() {
	if p.command == nil {
		return
	}
	_ = p.command.Process.Kill()
	<-p.ended
	_ = p.input.Close()
	p.command = nil
}

// failure is what the component said before it ended.
func (p *process) failure() error {
	return errors.New(p.name + " ended:\n" + p.log.String())
}
