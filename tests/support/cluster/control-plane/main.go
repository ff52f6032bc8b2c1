// Control-plane runs a Kubernetes control plane for tests: etcd, kube-apiserver,
// kube-controller-manager and a stand-in for the scheduler and the kubelets, on the loopback
// interface alone.
//
// It prints one JSON line when the cluster can be used, takes one command a line on its standard
// input ("stop kube-apiserver", "start kube-apiserver"), answers each with a JSON line, and ends,
// with all that it started and its folder, when that input does.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// components are what this program can be started as, by itself: they keep too much in globals to
// live in one process.
var components = map[string]func() *cobra.Command{
	apiServerName:   apiserver.NewAPIServerCommand,
	controllersName: controllers.NewControllerManagerCommand,
}

func main() {
	if len(os.Args) > 1 {
		if command, known := components[os.Args[1]]; known {
			os.Exit(component(command(), os.Args[2:]))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// component runs one of the components until the process that started it ends.
func component(command *cobra.Command, args []string) int {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	command.SetArgs(args)
	return cli.Run(command)
}
