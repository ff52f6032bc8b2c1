package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// evicted is the reason of a pod that the kubelet has ended for what it used.
const evicted = "Evicted"

// idle is for a pod that has nothing to wait for but a change.
const idle = 24 * time.Hour

// worker brings one pod forward. What it reports of it is kept here and written whole.
type worker struct {
	*kubelet
	drop    context.CancelFunc
	changed chan struct{}
	// number is the worker's own.
	number int
	status corev1.PodStatus
	// memory is what is known of a container beyond its status, by its name.
	memory map[string]*container
	// pod is the newest, guarded by the kubelet's mutex.
	pod *corev1.Pod
}

func newWorker(owner *kubelet, pod *corev1.Pod, number int) *worker {
	return &worker{
		kubelet: owner,
		changed: make(chan struct{}, 1),
		number:  number,
		memory:  map[string]*container{},
		pod:     pod,
	}
}

// wake has the worker look at once.
func (w *worker) wake() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *worker) run(ctx context.Context) {
	for {
		w.mutex.Lock()
		pod := w.pod
		w.mutex.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-w.changed:
		case <-time.After(w.step(ctx, pod)):
		}
	}
}

// step takes the pod one step further, and tells when to look again.
func (w *worker) step(ctx context.Context, pod *corev1.Pod) time.Duration {
	switch {
	case pod.DeletionTimestamp != nil:
		return w.end(ctx, pod)
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return idle
	case pod.Spec.NodeName == "":
		return w.bind(ctx, pod)
	case w.status.StartTime == nil:
		return w.admit(ctx, pod)
	default:
		return w.advance(ctx, pod)
	}
}

// bind does the scheduler's part.
func (w *worker) bind(ctx context.Context, pod *corev1.Pod) time.Duration {
	if anyOf(pod.Spec.Containers, func(does behaviour) bool { return does.unschedulable }) {
		all := fmt.Sprintf("0/%d nodes are available: %d", len(w.nodes), len(w.nodes))
		message := all + " Insufficient cpu. preemption: " + all + " No preemption victims found for incoming pod."
		w.tellScheduler(pod, corev1.EventTypeWarning, "FailedScheduling", "Scheduling", message)
		w.status = *pod.Status.DeepCopy()
		setCondition(&w.status, corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, message)
		w.report(ctx, pod)
		return 50 * w.pace
	}
	node := wantedNode(pod)
	if node == "" {
		node = w.nodes[w.number%len(w.nodes)]
	}
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: node},
	}
	bound := w.persist(ctx, func() error {
		return w.client.CoreV1().Pods(pod.Namespace).Bind(ctx, binding, metav1.CreateOptions{})
	})
	if bound {
		message := fmt.Sprintf("Successfully assigned %s/%s to %s", pod.Namespace, pod.Name, node)
		w.tellScheduler(pod, corev1.EventTypeNormal, "Scheduled", "Binding", message)
	}
	return idle
}

// wantedNode is the node that a pod of a daemon set is for.
func wantedNode(pod *corev1.Pod) string {
	affinity := pod.Spec.Affinity
	if affinity == nil || affinity.NodeAffinity == nil {
		return ""
	}
	required := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return ""
	}
	for _, term := range required.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			if field.Key == "metadata.name" && len(field.Values) == 1 {
				return field.Values[0]
			}
		}
	}
	return ""
}

// admit is the kubelet's first report of a pod.
func (w *worker) admit(ctx context.Context, pod *corev1.Pod) time.Duration {
	now := metav1.Now()
	w.status = *pod.Status.DeepCopy()
	w.status.StartTime = &now
	w.status.HostIP = "127.0.0.1"
	w.status.HostIPs = []corev1.HostIP{{IP: "127.0.0.1"}}
	w.status.PodIP = fmt.Sprintf("10.244.%d.%d", w.number>>8&255, w.number&255)
	w.status.PodIPs = []corev1.PodIP{{IP: w.status.PodIP}}
	setCondition(&w.status, corev1.PodScheduled, corev1.ConditionTrue, "", "")
	waiting := "ContainerCreating"
	if len(pod.Spec.InitContainers) > 0 {
		waiting = "PodInitializing"
	}
	w.status.InitContainerStatuses = notStarted(pod.Spec.InitContainers, waiting)
	w.status.ContainerStatuses = notStarted(pod.Spec.Containers, waiting)
	w.report(ctx, pod)
	return w.pace
}

// advance takes the containers whose turn it is a step further.
func (w *worker) advance(ctx context.Context, pod *corev1.Pod) time.Duration {
	next := idle
	inits := w.status.InitContainerStatuses
	for at := range inits {
		if succeeded(&inits[at]) {
			continue
		}
		next = min(next, w.containerOf(pod, pod.Spec.InitContainers[at], &inits[at], true).advance(ctx))
		if succeeded(&inits[at]) {
			next = w.pace
		}
		w.report(ctx, pod)
		return next
	}
	for at := range w.status.ContainerStatuses {
		status := &w.status.ContainerStatuses[at]
		next = min(next, w.containerOf(pod, pod.Spec.Containers[at], status, false).advance(ctx))
		if status.Ready && behaviourOf(pod.Spec.Containers[at].Image).evicted {
			w.evict(pod)
			next = idle
		}
	}
	w.report(ctx, pod)
	return next
}

// evict ends a pod that has used more than its own volumes may hold; it stays, as Failed.
func (w *worker) evict(pod *corev1.Pod) {
	message := `Usage of EmptyDir volume "cache" exceeds the limit "10Mi". `
	w.tell.Event(pod, corev1.EventTypeWarning, evicted, message)
	w.stop(pod, 137, "Error")
	w.status.Reason, w.status.Message = evicted, message
}

// stop has the containers end that run.
func (w *worker) stop(pod *corev1.Pod, exitCode int32, reason string) {
	for at := range w.status.ContainerStatuses {
		status := &w.status.ContainerStatuses[at]
		if status.State.Running == nil {
			continue
		}
		w.tell.Event(fieldOf(pod, "containers", status.Name), corev1.EventTypeNormal, "Killing", "Stopping container "+status.Name)
		terminate(status, exitCode, reason)
	}
}

// containerOf is the container as it is remembered, with what is wanted of it now.
func (w *worker) containerOf(pod *corev1.Pod, spec corev1.Container, status *corev1.ContainerStatus, init bool) *container {
	known := w.memory[spec.Name]
	if known == nil {
		known = &container{worker: w, init: init, image: spec.Image, due: time.Now()}
		w.memory[spec.Name] = known
	}
	known.pod, known.spec, known.status = pod, spec, status
	return known
}

// end finishes the deletion of a pod.
func (w *worker) end(ctx context.Context, pod *corev1.Pod) time.Duration {
	if anyOf(pod.Spec.Containers, func(does behaviour) bool { return does.stays }) {
		return idle
	}
	if pod.Spec.NodeName != "" && w.status.StartTime != nil {
		w.stop(pod, 0, "Completed")
		w.report(ctx, pod)
	}
	select {
	case <-ctx.Done():
		return idle
	case <-time.After(w.pace):
	}
	now := int64(0)
	gone := metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(pod.UID))}
	w.persist(ctx, func() error {
		return w.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, gone)
	})
	return idle
}

// report writes what is known of the pod, with its phase and conditions.
func (w *worker) report(ctx context.Context, pod *corev1.Pod) {
	if w.status.StartTime != nil {
		summarise(&w.status, pod)
	}
	told := pod.DeepCopy()
	told.ResourceVersion = ""
	told.Status = *w.status.DeepCopy()
	w.persist(ctx, func() error {
		_, err := w.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, told, metav1.UpdateOptions{})
		return err
	})
}

// persist does something with the pod until the server has taken it; false when there is nothing
// to do it with.
func (w *worker) persist(ctx context.Context, do func() error) bool {
	taken := false
	_ = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(context.Context) (bool, error) {
		err := do()
		taken = err == nil
		over := taken || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsInvalid(err)
		return over, nil
	})
	return taken
}
