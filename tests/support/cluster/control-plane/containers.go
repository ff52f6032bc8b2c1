package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// probed is what a failing probe says.
	probed = "probe failed: HTTP probe failed with statuscode: 503"
	// failureThreshold is how often a probe fails before the kubelet ends the container.
	failureThreshold = 3
	// backOffSteps are the steps of the first back-off; each further one is twice as long.
	backOffSteps = 5
)

// container is one of a pod's at one moment, and what is remembered of it.
type container struct {
	worker *worker
	pod    *corev1.Pod
	spec   corev1.Container
	status *corev1.ContainerStatus
	init   bool

	// image is the one that the status is about.
	image string
	// pulls counts the pulls that failed.
	pulls   int
	pulled  bool
	started time.Time
	// due is when the next step is to be taken.
	due time.Time
}

// advance takes the next step if it is due, and tells when to look again.
func (c *container) advance(ctx context.Context) time.Duration {
	if c.image != c.spec.Image {
		c.wait(c.replaceImage())
	} else if left := time.Until(c.due); left <= 0 {
		c.wait(c.step(ctx))
	}
	return max(0, time.Until(c.due))
}

func (c *container) wait(duration time.Duration) { c.due = time.Now().Add(duration) }

func (c *container) step(ctx context.Context) time.Duration {
	switch state := c.status.State; {
	case state.Running != nil:
		return c.runOn()
	case state.Terminated != nil:
		return c.backOff(ctx)
	default:
		return c.start(ctx)
	}
}

func (c *container) replaceImage() time.Duration {
	if c.status.State.Running != nil {
		c.tell(corev1.EventTypeNormal, "Killing",
			fmt.Sprintf("Container %s definition changed, will be restarted", c.spec.Name))
		terminate(c.status, 0, "Completed")
		c.status.LastTerminationState = c.status.State
		c.status.RestartCount++
	}
	c.image, c.pulls, c.pulled = c.spec.Image, 0, false
	c.status.Image, c.status.ImageID = c.image, ""
	c.status.State = waiting("ContainerCreating", "")
	return c.worker.pace
}

func (c *container) start(ctx context.Context) time.Duration {
	does, pace := behaviourOf(c.image), c.worker.pace
	if does.waiting != "" {
		c.tell(corev1.EventTypeWarning, "Failed", "Error: "+does.message)
		c.status.State = waiting(does.waiting, does.message)
		return 50 * pace
	}
	digest, refused := c.worker.pull(ctx, c.image, c.pod.Spec.NodeName, c.spec.ImagePullPolicy)
	if refused != "" {
		return c.failToPull(refused)
	}
	if before := c.status.State.Waiting; before != nil && before.Reason == "CrashLoopBackOff" {
		c.status.RestartCount++
	}
	if c.pulled {
		c.tell(corev1.EventTypeNormal, "Pulled",
			fmt.Sprintf("Container image %q already present on machine", c.image))
	} else {
		c.tell(corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", c.image))
		c.tell(corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Successfully pulled image %q in 20ms "+
			"(20ms including waiting). Image size: 1048576 bytes.", c.image))
	}
	c.tell(corev1.EventTypeNormal, "Created", "Created container: "+c.spec.Name)
	c.tell(corev1.EventTypeNormal, "Started", "Started container "+c.spec.Name)
	c.pulled, c.started = true, time.Now()
	name, _, _ := strings.Cut(qualified(c.image), "@")
	name, _ = nameAndTag(name)
	c.status.Image = qualified(c.image)
	c.status.ImageID = name + "@" + digest
	c.status.ContainerID = fmt.Sprintf("containerd://%x", sha256.Sum256([]byte(rand.Text())))
	c.status.State = corev1.ContainerState{
		Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()},
	}
	up := does.probe != "Startup"
	c.status.Started = &up
	c.status.Ready = !c.init && up && does.restarts()
	if does.restarts() {
		return does.endsAfter * pace
	}
	return max(1, does.readyAfter) * pace
}

func (c *container) failToPull(message string) time.Duration {
	if before := c.status.State.Waiting; before != nil && before.Reason == "ErrImagePull" {
		c.tell(corev1.EventTypeNormal, "BackOff", fmt.Sprintf("Back-off pulling image %q", c.image))
		c.tell(corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
		c.status.State = waiting("ImagePullBackOff",
			fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", c.image, message))
		c.pulls++
		return c.delay(c.pulls - 1)
	}
	c.tell(corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", c.image))
	c.tell(corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", c.image, message))
	c.tell(corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
	c.status.State = waiting("ErrImagePull", message)
	return c.worker.pace
}

func (c *container) runOn() time.Duration {
	does, pace := behaviourOf(c.image), c.worker.pace
	switch {
	case does.restarts():
		if does.probe != "" {
			for range failureThreshold {
				c.tell(corev1.EventTypeWarning, "Unhealthy", does.probe+" "+probed)
			}
			c.tell(corev1.EventTypeNormal, "Killing", fmt.Sprintf("Container %s failed %s probe, will be restarted",
				c.spec.Name, strings.ToLower(does.probe)))
		}
		if does.hook {
			c.tell(corev1.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed")
			c.tell(corev1.EventTypeNormal, "Killing", "FailedPostStartHook")
		}
		terminate(c.status, does.exitCode, does.reason)
		return pace
	case c.init:
		terminate(c.status, 0, "Completed")
		c.status.Ready = true
		return idle
	case does.probe == "Readiness":
		c.tell(corev1.EventTypeWarning, "Unhealthy", "Readiness "+probed)
		return 25 * pace
	default:
		c.status.Ready = true
		return idle
	}
}

// backOff starts a container again: at once after its first end, later after each further one.
func (c *container) backOff(ctx context.Context) time.Duration {
	c.status.LastTerminationState = c.status.State
	if c.status.RestartCount == 0 {
		c.status.RestartCount = 1
		c.status.State = waiting("ContainerCreating", "")
		return c.start(ctx)
	}
	name := fmt.Sprintf("%s_%s(%s)", c.pod.Name, c.pod.Namespace, c.pod.UID)
	failures := int(c.status.RestartCount) - 1
	c.tell(corev1.EventTypeWarning, "BackOff",
		fmt.Sprintf("Back-off restarting failed container %s in pod %s", c.spec.Name, name))
	seconds := min(300, 10<<min(failures, 5))
	c.status.State = waiting("CrashLoopBackOff", fmt.Sprintf("back-off %v restarting failed container=%s pod=%s",
		time.Duration(seconds)*time.Second, c.spec.Name, name))
	return c.delay(failures)
}

// delay is longer after each failure, as the kubelet's is.
func (c *container) delay(failures int) time.Duration {
	return c.worker.pace * backOffSteps << min(failures, 6)
}

func (c *container) tell(kind, reason, message string) {
	list := "containers"
	if c.init {
		list = "initContainers"
	}
	c.worker.kubelet.tell.Event(fieldOf(c.pod, list, c.spec.Name), kind, reason, message)
}

// terminate has the container ended.
func terminate(status *corev1.ContainerStatus, exitCode int32, reason string) {
	now, started, up := metav1.Now(), metav1.Now(), false
	if status.State.Running != nil {
		started = status.State.Running.StartedAt
	}
	status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode:    exitCode,
		Reason:      reason,
		StartedAt:   started,
		FinishedAt:  now,
		ContainerID: status.ContainerID,
	}}
	status.Ready, status.Started = false, &up
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
	}
}

func succeeded(status *corev1.ContainerStatus) bool {
	ended := status.State.Terminated
	return ended != nil && ended.ExitCode == 0
}

func notStarted(containers []corev1.Container, reason string) []corev1.ContainerStatus {
	statuses := make([]corev1.ContainerStatus, len(containers))
	for at, each := range containers {
		started := false
		statuses[at] = corev1.ContainerStatus{
			Name: each.Name, Image: each.Image, Started: &started, State: waiting(reason, ""),
		}
	}
	return statuses
}

// fieldOf is the container as an event names it.
func fieldOf(pod *corev1.Pod, list, name string) *corev1.ObjectReference {
	return &corev1.ObjectReference{
		APIVersion: "v1",
		Kind:       "Pod",
		Namespace:  pod.Namespace,
		Name:       pod.Name,
		UID:        pod.UID,
		FieldPath:  fmt.Sprintf("spec.%s{%s}", list, name),
	}
}
