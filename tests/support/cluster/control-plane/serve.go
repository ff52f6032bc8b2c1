package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/version"
	"k8s.io/klog/v2"
)

type options struct {
	// nodes is the number of nodes.
	nodes int
	// pace is how long one step of a kubelet takes.
	pace time.Duration
	// registry is the host and port of a registry that is asked over HTTP whether it has the
	// images that name it.
	registry string
	// verbose keeps the logs of the components on the standard error stream.
	verbose bool
}

// ready is what a cluster tells about itself once it can be used.
type ready struct {
	Kubeconfig string `json:"kubeconfig"`
	Version    string `json:"version"`
	Folder     string `json:"folder"`
}

// serve runs a cluster until the context or the commands end.
func serve(ctx context.Context, args []string, commands io.Reader, answers io.Writer) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	if !opts.verbose {
		klog.SetLogger(logr.Discard())
	}
	folder, err := os.MkdirTemp("", "control-plane-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	etcd, err := startEtcd(filepath.Join(folder, "etcd"))
	if err != nil {
		return fmt.Errorf("etcd does not start: %w", err)
	}
	defer etcd.Close()

	secrets, err := writeCredentials(folder)
	if err != nil {
		return err
	}
	api, err := newAPIServer(secrets, etcd.Clients[0].Addr().String(), opts.verbose)
	if err != nil {
		return err
	}
	if err := api.start(ctx); err != nil {
		return err
	}
	defer api.stop()

	manager := newControllers(secrets, api.url(), opts.verbose)
	if err := manager.start(); err != nil {
		return err
	}
	defer manager.stop()

	client, err := kubernetes.NewForConfig(&rest.Config{
		Host:            api.url(),
		BearerToken:     secrets.adminToken,
		TLSClientConfig: rest.TLSClientConfig{CAData: secrets.certificate},
		QPS:             -1,
	})
	if err != nil {
		return err
	}
	if err := startNodes(ctx, client, secrets, opts); err != nil {
		return err
	}
	if err := awaitServiceAccount(ctx, client); err != nil {
		return err
	}

	answer := json.NewEncoder(answers)
	kubeconfig := secrets.kubeconfig(api.url(), secrets.adminToken)
	about := ready{Kubeconfig: kubeconfig, Version: version.Get().GitVersion, Folder: folder}
	if err := answer.Encode(about); err != nil {
		return err
	}
	return obey(ctx, commands, func(command string) error {
		var failed string
		if err := api.obey(ctx, command); err != nil {
			failed = err.Error()
		}
		return answer.Encode(map[string]string{"done": command, "failed": failed})
	})
}

func parse(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("control-plane", flag.ContinueOnError)
	flags.IntVar(&opts.nodes, "nodes", 2, "how many nodes there are")
	flags.DurationVar(&opts.pace, "pace", 50*time.Millisecond, "how long a step of a kubelet takes")
	flags.StringVar(&opts.registry, "registry", "", "`host:port` of a registry that is asked over HTTP for its images")
	flags.BoolVar(&opts.verbose, "verbose", false, "show what the components log")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 {
		return opts, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return opts, nil
}

// obey hands over each line that is read, until there are no more or the context is done.
func obey(ctx context.Context, commands io.Reader, take func(string) error) error {
	lines := make(chan string)
	failed := make(chan error, 1)
	go func() {
		scanner := bufio.NewScanner(commands)
		for scanner.Scan() {
			lines <- strings.TrimSpace(scanner.Text())
		}
		failed <- scanner.Err()
	}()
	for {
		select {
		case line := <-lines:
			if err := take(line); err != nil {
				return err
			}
		case err := <-failed:
			return err
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil
			}
			return ctx.Err()
		}
	}
}
