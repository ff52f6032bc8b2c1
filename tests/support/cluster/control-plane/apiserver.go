package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	apiServerName     = "kube-apiserver"
	apiServerPatience = 2 * time.Minute
)

// apiServer is the kube-apiserver, which can be stopped and started again at its address.
type apiServer struct {
	process
	port   int
	client http.Client
}

func newAPIServer(secrets *credentials, etcd string, verbose bool) (*apiServer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(secrets.certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}
	return &apiServer{
		port:   port,
		client: http.Client{Transport: transport, Timeout: 5 * time.Second},
		process: process{name: apiServerName, verbose: verbose, args: []string{
			"--advertise-address=127.0.0.1",
			"--allow-privileged=true",
			"--authorization-mode=RBAC",
			"--bind-address=127.0.0.1",
			// Nobody is here to take away the taint that it would give to new nodes.
			"--disable-admission-plugins=TaintNodesByCondition",
			"--cert-dir=" + secrets.folder,
			"--endpoint-reconciler-type=none",
			"--etcd-servers=http://" + etcd,
			"--kubelet-preferred-address-types=InternalIP",
			"--profiling=false",
			fmt.Sprintf("--secure-port=%d", port),
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + secrets.file("service-account.key"),
			"--service-account-signing-key-file=" + secrets.file("service-account.key"),
			"--service-cluster-ip-range=10.0.0.0/24",
			"--tls-cert-file=" + secrets.file("tls.crt"),
			"--tls-private-key-file=" + secrets.file("tls.key"),
			"--token-auth-file=" + secrets.file("tokens.csv"),
		}},
	}, nil
}

func (a *apiServer) url() string { return fmt.Sprintf("https://127.0.0.1:%d", a.port) }

// start returns once the server is ready.
func (a *apiServer) start(ctx context.Context) error {
	if err := a.process.start(); err != nil {
		return err
	}
	late := time.After(apiServerPatience)
	for !a.ready() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.ended:
			return a.failure()
		case <-late:
			return fmt.Errorf("%s is not ready after %v:\n%s", a.name, apiServerPatience, a.log)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func (a *apiServer) ready() bool {
	answer, err := a.client.Get(a.url() + "/readyz")
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// obey carries out a command of the tests.
func (a *apiServer) obey(ctx context.Context, command string) error {
	verb, name, _ := strings.Cut(command, " ")
	switch {
	case name != a.name:
		return fmt.Errorf("there is no command %q", command)
	case verb == "stop":
		a.stop()
		return nil
	case verb == "start":
		return a.start(ctx)
	default:
		return fmt.Errorf("there is no command %q", command)
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
