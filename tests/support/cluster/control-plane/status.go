package main

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// summarise sets the pod's phase and conditions from its containers.
func summarise(status *corev1.PodStatus, pod *corev1.Pod) {
	status.ObservedGeneration = pod.Generation
	status.Phase = phaseOf(status, pod)
	var incomplete, unready []string
	for at := range status.InitContainerStatuses {
		if each := &status.InitContainerStatuses[at]; !succeeded(each) {
			incomplete = append(incomplete, each.Name)
		}
	}
	for _, each := range status.ContainerStatuses {
		if !each.Ready {
			unready = append(unready, each.Name)
		}
	}
	initialized := "containers with incomplete status: [%s]"
	report(status, corev1.PodInitialized, "ContainersNotInitialized", initialized, incomplete)
	ready := "containers with unready status: [%s]"
	report(status, corev1.ContainersReady, "ContainersNotReady", ready, unready)
	report(status, corev1.PodReady, "ContainersNotReady", ready, unready)
	var shut []string
	for _, gate := range gatesOf(pod) {
		if gate.Status == "" {
			shut = append(shut, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate.Type))
			continue
		}
		setCondition(status, gate.Type, gate.Status, gate.Reason, gate.Message)
		if gate.Status != corev1.ConditionTrue {
			shut = append(shut, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %s", gate.Type, gate.Status))
		}
	}
	if len(unready) == 0 && len(shut) > 0 {
		setCondition(status, corev1.PodReady, corev1.ConditionFalse, "ReadinessGatesNotReady", strings.Join(shut, ", "))
	}
}

// gatesOf are the conditions that the pod waits for, as others have set them; those that nobody has set
// have no status.
func gatesOf(pod *corev1.Pod) []corev1.PodCondition {
	var gates []corev1.PodCondition
	for _, gate := range pod.Spec.ReadinessGates {
		known := corev1.PodCondition{Type: gate.ConditionType}
		for _, each := range pod.Status.Conditions {
			if each.Type == gate.ConditionType {
				known = each
			}
		}
		gates = append(gates, known)
	}
	return gates
}

// phaseOf is Pending until every container has been started once.
func phaseOf(status *corev1.PodStatus, pod *corev1.Pod) corev1.PodPhase {
	if status.Reason == evicted {
		return corev1.PodFailed
	}
	ended, failed := 0, false
	for _, each := range status.ContainerStatuses {
		if each.State.Waiting != nil && each.LastTerminationState.Terminated == nil {
			return corev1.PodPending
		}
		if over := each.State.Terminated; over != nil {
			ended++
			failed = failed || over.ExitCode != 0
		}
	}
	switch over := ended == len(status.ContainerStatuses) && pod.DeletionTimestamp != nil; {
	case over && failed:
		return corev1.PodFailed
	case over:
		return corev1.PodSucceeded
	default:
		return corev1.PodRunning
	}
}

// report sets a condition, which holds when there are none that it is waiting for.
func report(status *corev1.PodStatus, kind corev1.PodConditionType, reason, message string, names []string) {
	if len(names) == 0 {
		setCondition(status, kind, corev1.ConditionTrue, "", "")
		return
	}
	setCondition(status, kind, corev1.ConditionFalse, reason, fmt.Sprintf(message, strings.Join(names, " ")))
}

func setCondition(status *corev1.PodStatus, kind corev1.PodConditionType, holds corev1.ConditionStatus, reason, message string) {
	next := corev1.PodCondition{
		Type:               kind,
		Status:             holds,
		Reason:             reason,
		Message:            message,
		LastTransitionTime: metav1.Now(),
	}
	for at, before := range status.Conditions {
		if before.Type != kind {
			continue
		}
		if before.Status == holds {
			next.LastTransitionTime = before.LastTransitionTime
		}
		status.Conditions[at] = next
		return
	}
	status.Conditions = append(status.Conditions, next)
}
