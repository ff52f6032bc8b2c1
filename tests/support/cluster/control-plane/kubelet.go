package main

import (
	"context"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
)

const schedulerName = "default-scheduler"

// kubelet stands in for the scheduler and the kubelets of all nodes: each pod has a worker that
// brings it forward, a step at a time.
type kubelet struct {
	client   kubernetes.Interface
	nodes    []string
	pace     time.Duration
	registry registry
	// tell and schedule are what the kubelets and the scheduler record events with.
	tell     record.EventRecorder
	schedule events.EventRecorder

	mutex   sync.Mutex
	workers map[types.UID]*worker
	numbers int
	// copies are the digests that nodes have of images, by node and image.
	copies map[string]string
}

func newKubelet(ctx context.Context, client kubernetes.Interface, nodes []string, opts options) (*kubelet, error) {
	told := record.NewBroadcaster(record.WithContext(ctx))
	told.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: client.CoreV1().Events("")})
	scheduled := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	if err := scheduled.StartRecordingToSinkWithContext(ctx); err != nil {
		return nil, err
	}
	return &kubelet{
		client:   client,
		nodes:    nodes,
		pace:     opts.pace,
		registry: registry{host: opts.registry},
		tell:     told.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet"}),
		schedule: scheduled.NewRecorder(scheme.Scheme, schedulerName),
		workers:  map[types.UID]*worker{},
		copies:   map[string]string{},
	}, nil
}

// start has it look after the pods, those that are there and those that come.
func (k *kubelet) start(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(k.client, 0)
	pods := factory.Core().V1().Pods().Informer()
	if _, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { k.take(ctx, object.(*corev1.Pod)) },
		UpdateFunc: func(_, object any) { k.take(ctx, object.(*corev1.Pod)) },
		DeleteFunc: k.drop,
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	return nil
}

// take hands a pod to its worker, if it is not as the worker knows it.
func (k *kubelet) take(ctx context.Context, pod *corev1.Pod) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	known := k.workers[pod.UID]
	if known == nil {
		k.numbers++
		known = newWorker(k, pod, k.numbers)
		k.workers[pod.UID] = known
		var own context.Context
		own, known.drop = context.WithCancel(ctx)
		go known.run(own)
		return
	}
	if !sameWish(known.pod, pod) {
		known.pod = pod
		known.wake()
	}
}

// sameWish is whether nothing else is wanted of the pod than before, and its gates are as they were.
func sameWish(before, after *corev1.Pod) bool {
	return before.DeletionTimestamp.Equal(after.DeletionTimestamp) &&
		equality.Semantic.DeepEqual(before.Spec, after.Spec) &&
		equality.Semantic.DeepEqual(gatesOf(before), gatesOf(after))
}

// pull gives the digest that a node runs for an image, or why it cannot be pulled: the node takes its
// copy where it has one and need not look.
func (k *kubelet) pull(ctx context.Context, image, node string, policy corev1.PullPolicy) (digest, refusal string) {
	place := node + " " + image
	k.mutex.Lock()
	digest, known := k.copies[place]
	k.mutex.Unlock()
	if known && policy != corev1.PullAlways {
		return digest, ""
	}
	digest, refusal = k.registry.pull(ctx, image)
	if refusal == "" {
		k.mutex.Lock()
		k.copies[place] = digest
		k.mutex.Unlock()
	}
	return digest, refusal
}

func (k *kubelet) drop(object any) {
	if last, missed := object.(cache.DeletedFinalStateUnknown); missed {
		object = last.Obj
	}
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if known := k.workers[pod.UID]; known != nil {
		known.drop()
		delete(k.workers, pod.UID)
	}
}

// logOf is what a container has printed.
func (k *kubelet) logOf(namespace, pod, container string) string {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for _, known := range k.workers {
		if known.pod.Namespace != namespace || known.pod.Name != pod {
			continue
		}
		for _, each := range slices.Concat(known.pod.Spec.InitContainers, known.pod.Spec.Containers) {
			if each.Name == container {
				return behaviourOf(each.Image).log
			}
		}
	}
	return ""
}

// tellScheduler records an event of the scheduler.
func (k *kubelet) tellScheduler(pod *corev1.Pod, kind, reason, action, message string) {
	k.schedule.Eventf(pod, nil, kind, reason, action, "%s", message)
}
