package main

import (
	"fmt"
	"strings"
)

// refusal is a registry's: the code and the cause as containerd hands them on.
type refusal func(image string) (code, cause string)

func notFound(image string) (code, cause string) {
	return "NotFound", fmt.Sprintf("%s: %s: not found", resolving(image), image)
}

func accessDenied(image string) (code, cause string) {
	return "Unknown", resolving(image) + ": pull access denied, repository does not exist or may " +
		"require authorization: authorization failed: no basic auth credentials"
}

func rateLimited(image string) (code, cause string) {
	return "Unknown", fmt.Sprintf("failed to copy: httpReadSeeker: failed open: unexpected status "+
		"code %s: 429 Too Many Requests - Server message: toomanyrequests: You have reached your "+
		"unauthenticated pull rate limit.", manifest(image))
}

func pullError(image string, refused refusal) string {
	full := qualified(image)
	code, cause := refused(full)
	return fmt.Sprintf("rpc error: code = %s desc = failed to pull and unpack image %q: %s", code, full, cause)
}

func resolving(image string) string { return fmt.Sprintf("failed to resolve reference %q", image) }

// qualified is the image with its registry, which is Docker's unless it is named, and its tag.
func qualified(image string) string {
	first, _, slashed := strings.Cut(image, "/")
	switch {
	case !slashed:
		image = "docker.io/library/" + image
	case first != "localhost" && !strings.ContainsAny(first, ".:"):
		image = "docker.io/" + image
	}
	if strings.ContainsAny(image[strings.LastIndex(image, "/"):], ":@") {
		return image
	}
	return image + ":latest"
}

// manifest is where the registry has the manifest of an image that is qualified.
func manifest(image string) string {
	host, path, _ := strings.Cut(image, "/")
	if name, digest, pinned := strings.Cut(path, "@"); pinned {
		name, _ = nameAndTag(name)
		return fmt.Sprintf("https://%s/v2/%s/manifests/%s", host, name, digest)
	}
	name, tag := nameAndTag(path)
	return fmt.Sprintf("https://%s/v2/%s/manifests/%s", host, name, tag)
}

// nameAndTag splits the path of an image; it has the tag latest when it names none.
func nameAndTag(path string) (name, tag string) {
	if at := strings.LastIndex(path, ":"); at > strings.LastIndex(path, "/") {
		return path[:at], path[at+1:]
	}
	return path, "latest"
}
