package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

const controllersName = "kube-controller-manager"

// running are the controllers that have to do with workloads and what they stand on.
var running = []string{
	"cronjob-controller",
	"daemonset-controller",
	"deployment-controller",
	"disruption-controller",
	"garbage-collector-controller",
	"job-controller",
	"namespace-controller",
	"replicaset-controller",
	"replicationcontroller-controller",
	"resourcequota-controller",
	"root-ca-certificate-publisher-controller",
	"serviceaccount-controller",
	"serviceaccount-token-controller",
	"statefulset-controller",
}

func newControllers(secrets *credentials, address string, verbose bool) *process {
	kubeconfig := secrets.file("controllers.kubeconfig")
	_ = os.WriteFile(kubeconfig, []byte(secrets.kubeconfig(address, secrets.adminToken)), 0o600)
	return &process{name: controllersName, verbose: verbose, args: []string{
		"--bind-address=127.0.0.1",
		"--controllers=" + strings.Join(running, ","),
		"--kube-api-burst=400",
		"--kube-api-qps=200",
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--profiling=false",
		"--root-ca-file=" + secrets.file("tls.crt"),
		"--secure-port=0",
		"--service-account-private-key-file=" + secrets.file("service-account.key"),
	}}
}

// awaitServiceAccount returns once the controllers have made the account that pods run as.
func awaitServiceAccount(ctx context.Context, client kubernetes.Interface) error {
	const patience = time.Minute
	made := func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, made); err != nil {
		return fmt.Errorf("%s makes no service account in %v", controllersName, patience)
	}
	return nil
}
