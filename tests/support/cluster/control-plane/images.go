package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// behaviour is what becomes of a container, by its image.
type behaviour struct {
	// word is what the image has in its name for this to become of it.
	word string
	// readyAfter is how many steps the container takes from its start until it is ready.
	readyAfter time.Duration
	// pull is the registry's refusal.
	pull refusal
	// waiting keeps the container from being created.
	waiting, message string
	// exitCode and reason are how the container ends, again and again, after so many steps.
	exitCode  int32
	reason    string
	endsAfter time.Duration
	// probe is the one that fails: Readiness, or what ends the container.
	probe string
	// hook has its postStart hook fail, which ends it.
	hook bool
	// unschedulable has no node take the pod.
	unschedulable bool
	// evicted has its pod use more than its own volumes may hold.
	evicted bool
	// stays has its pod not end, as on a node that does not answer.
	stays bool
	// log is what the container prints.
	log string
}

var runs = behaviour{readyAfter: 1}

var behaviours = []behaviour{
	{word: "missing", pull: notFound},
	{word: "denied", pull: accessDenied},
	{word: "limited", pull: rateLimited},
	{word: "config", waiting: "CreateContainerConfigError", message: `secret "settings" not found`},
	{word: "crash", exitCode: 1, reason: "Error", endsAfter: 1, log: "connecting\nno database\n"},
	{word: "oom", exitCode: 137, reason: "OOMKilled", endsAfter: 1},
	{word: "liveness", exitCode: 137, reason: "Error", endsAfter: 10, probe: "Liveness"},
	{word: "startup", exitCode: 137, reason: "Error", endsAfter: 10, probe: "Startup"},
	{word: "hook", reason: "Completed", endsAfter: 1, hook: true},
	{word: "unready", probe: "Readiness"},
	{word: "unschedulable", unschedulable: true},
	{word: "evicted", evicted: true},
	{word: "stays", stays: true},
	{word: "slow", readyAfter: 40},
}

// behaviourOf finds what becomes of an image by the path and the tag of its name.
func behaviourOf(image string) behaviour {
	_, name, _ := strings.Cut(qualified(image), "/")
	for _, each := range behaviours {
		if strings.Contains(name, each.word) {
			return each
		}
	}
	return runs
}

// restarts is whether the container ends and is started again.
func (b behaviour) restarts() bool { return b.endsAfter > 0 }

// anyOf is whether one of the containers' images does this.
func anyOf(containers []corev1.Container, does func(behaviour) bool) bool {
	return slices.ContainsFunc(containers, func(each corev1.Container) bool {
		return does(behaviourOf(each.Image))
	})
}

// registry is the one that is asked for its images; its zero value is asked for none.
type registry struct {
	host   string
	client http.Client
}

// pull gives the digest that the registry has for the image, or why the image cannot be pulled, in
// the words of a container runtime.
func (r *registry) pull(ctx context.Context, image string) (digest, refusal string) {
	if refused := behaviourOf(image).pull; refused != nil {
		return "", pullError(image, refused)
	}
	if _, pinned, found := strings.Cut(image, "@"); found {
		digest = pinned
	} else {
		digest = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(image)))
	}
	host, _, _ := strings.Cut(image, "/")
	if r.host == "" || host != r.host {
		return digest, ""
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, "http"+manifest(image)[len("https"):], nil)
	if err != nil {
		return "", pullError(image, notFound)
	}
	request.Header.Set("Accept", strings.Join([]string{
		"application/vnd.oci.image.index.v1+json",
		"application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.docker.distribution.manifest.v2+json",
	}, ", "))
	answer, err := r.client.Do(request)
	if err != nil {
		return "", pullError(image, func(image string) (string, string) {
			return "Unavailable", fmt.Sprintf("failed to do request: %v", err)
		})
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		if named := answer.Header.Get("Docker-Content-Digest"); named != "" {
			digest = named
		}
		return digest, ""
	case http.StatusNotFound:
		return "", pullError(image, notFound)
	case http.StatusUnauthorized, http.StatusForbidden:
		return "", pullError(image, accessDenied)
	default:
		return "", pullError(image, func(image string) (string, string) {
			return "Unknown", fmt.Sprintf("%s: unexpected status from HEAD request to %s: %s",
				resolving(image), manifest(image), answer.Status)
		})
	}
}
