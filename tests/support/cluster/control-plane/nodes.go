package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// startNodes registers the nodes, and runs what stands in for their kubelets and the scheduler.
func startNodes(ctx context.Context, client kubernetes.Interface, secrets *credentials, opts options) error {
	names := make([]string, opts.nodes)
	for at := range names {
		names[at] = fmt.Sprintf("node-%d", at+1)
	}
	kubelets, err := newKubelet(ctx, client, names, opts)
	if err != nil {
		return err
	}
	port, err := serveLogs(ctx, secrets, kubelets.logOf)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := register(ctx, client, name, port); err != nil {
			return err
		}
	}
	return kubelets.start(ctx)
}

func register(ctx context.Context, client kubernetes.Interface, name string, port int32) error {
	resources := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("64"),
		corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods:   resource.MustParse("1000"),
	}
	labels := map[string]string{corev1.LabelHostname: name, corev1.LabelOSStable: "linux"}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Status: corev1.NodeStatus{
			NodeInfo:    corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64"},
			Capacity:    resources,
			Allocatable: resources,
			Addresses:   []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{
				KubeletEndpoint: corev1.DaemonEndpoint{Port: port},
			},
			Conditions: []corev1.NodeCondition{{
				Type:   corev1.NodeReady,
				Status: corev1.ConditionTrue,
				Reason: "KubeletReady",
			}},
		},
	}
	_, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
