//! What the messages of registries, kubelets and admission tell for certain.
//!
//! Kubernetes has no field for it. Where a message says that something may pass, that counts;
//! where it says nothing that is known, it may pass as well.

/// A registry or the way to it is in trouble, not the image.
const PASSING: [&str; 14] = [
    "toomanyrequests",
    "too many requests",
    "rate limit",
    "qps exceeded",
    "timeout",
    "timed out",
    "deadline exceeded",
    "connection refused",
    "connection reset",
    "no such host",
    "unavailable",
    "internal server error",
    "bad gateway",
    "unexpected eof",
];

/// What a node has of an image is in trouble, or a server on the way answered for the registry. Their
/// words end in "not found" as well.
const NOT_OF_REGISTRY: [&str; 5] = [
    "content digest ",
    "extraction snapshot",
    "on snapshotter ",
    "failed to extract layer",
    "unexpected media type",
];

/// The node does not get on with creating a container: it is asked again before it has done what it
/// was asked, its runtime starts anew, or its disk is full.
const SLOW_NODE: [&str; 8] = [
    "failed to sync",
    "context deadline exceeded",
    "DeadlineExceeded",
    "failed to reserve container name",
    "name is reserved",
    "is already in use by container",
    "code = Unavailable",
    "no space left on device",
];

/// What is asked for is not there, as a manifest or a repository.
const ABSENT: [&str; 7] = [
    "not found",
    "manifest unknown",
    "manifest_unknown",
    "name unknown",
    "name_unknown",
    "does not exist",
    "no match for platform",
];

/// The right to it is missing.
const FORBIDDEN: [&str; 4] =
    ["unauthorized", "denied", "authorization failed", "no basic auth credentials"];

/// What refuses a template each time it is asked, in this order: a webhook; a
/// `ValidatingAdmissionPolicy`; the pod security standards; a security context constraint of
/// `OpenShift`; a limit range; a template that is no pod.
const REFUSALS: [&str; 7] = [
    "denied the request",
    "denied request: ",
    "violates PodSecurity",
    "unable to validate against any",
    "usage per Container is",
    "usage per Pod is",
    " is invalid: ",
];

/// Whether a pull failed for good. The image's own name in the message is no word of it.
pub(super) fn image_is_missing(message: &str, image: &str) -> bool {
    let message = without_name(message, image);
    let is_passing = may_pass(&message) || has(&message, &NOT_OF_REGISTRY);
    !is_passing && (has(&message, &ABSENT) || has(&message, &FORBIDDEN))
}

/// Whether the message says of itself that it may be another one the next time.
pub(super) fn may_pass(message: &str) -> bool {
    has(&message.to_ascii_lowercase(), &PASSING)
}

/// Whether a pull failed for nothing but that the image is not there. Where it was seen a moment
/// ago it is only late: registries that are spread over regions copy it from one to the next.
pub(super) fn image_is_late(message: &str, image: &str) -> bool {
    let message = without_name(message, image);
    has(&message, &["not found", "manifest unknown", "manifest_unknown"])
        && !has(&message, &FORBIDDEN)
        && !lacks_platform(&message)
}

/// Whether the image is there, and has nothing for the platform of the node.
pub(super) fn lacks_platform(message: &str) -> bool {
    message.contains("no match for platform")
}

fn without_name(message: &str, image: &str) -> String {
    let (name, _) = image.split_once('@').unwrap_or((image, ""));
    let tag = name.rfind(':').filter(|at| !name[*at..].contains('/'));
    let name = &name[..tag.unwrap_or(name.len())];
    if name.is_empty() {
        message.to_ascii_lowercase()
    } else {
        message.replace(image, "").replace(name, "").to_ascii_lowercase()
    }
}

/// Whether the API server will say the same again, however many pods go meanwhile. A webhook that
/// asks a registry, or another server, also denies what it could not look at.
pub(super) fn refused_for_good(message: &str) -> bool {
    has(message, &REFUSALS) && !may_pass(message)
}

/// Whether the kubelet ended a pod for what the pod itself used, and not for the need of its node:
/// the forms of `pkg/kubelet/eviction/eviction_manager.go`.
pub(super) fn exceeds_own_limit(message: &str) -> bool {
    has(
        message,
        &["exceeds the limit ", "exceeds the total limit ", "exceeded its local ephemeral storage"],
    )
}

/// Whether the node, not the container, is at fault.
pub(super) fn node_is_slow(message: &str) -> bool {
    has(message, &SLOW_NODE)
}

/// Whether a volume is of a ConfigMap or a Secret that is not there.
pub(super) fn volume_source_is_missing(message: &str) -> bool {
    let source = has(message, &["configmap \"", "secret \""]);
    source && message.contains("not found")
}

fn has(message: &str, words: &[&str]) -> bool {
    words.iter().any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_is_in_trouble_says_nothing_of_the_image() {
        let image = "contoso.azurecr.io/shop/denied:4125";
        for (message, missing) in [
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \
                 \"contoso.azurecr.io/shop/denied:4125\": failed to resolve reference \
                 \"contoso.azurecr.io/shop/denied:4125\": contoso.azurecr.io/shop/denied:4125: not found",
                true,
            ),
            ("manifest for contoso.azurecr.io/shop/denied:4125: manifest unknown", true),
            (
                "pull access denied for web, repository does not exist or may require 'docker \
                 login': denied: requested access to the resource is denied",
                true,
            ),
            (
                "failed to fetch anonymous token: unexpected status from GET request to \
                 https://contoso.azurecr.io/oauth2/token: 401 Unauthorized",
                true,
            ),
            ("Error response from daemon: GET contoso.azurecr.io/shop/denied: EOF", false),
            (
                "429 Too Many Requests - Server message: toomanyrequests: You have reached your \
                 unauthenticated pull rate limit",
                false,
            ),
            ("dial tcp: lookup contoso.azurecr.io on 10.0.0.10:53: no such host", false),
            ("proxyconnect tcp: dial tcp 10.1.2.3:3128: i/o timeout", false),
            ("503 Service Unavailable: host not found upstream", false),
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \
                 \"contoso.azurecr.io/shop/denied:4125\": failed to prepare extraction snapshot \
                 \"extract-1 sha256:92\": parent snapshot sha256:0b does not exist: not found",
                false,
            ),
            (
                "failed to unpack image on snapshotter overlayfs: unexpected media type text/html \
                 for sha256:04: not found",
                false,
            ),
            ("failed to get reader from content store: content digest sha256:06: not found", false),
            ("Back-off pulling image \"contoso.azurecr.io/shop/denied:4125\"", false),
            ("", false),
        ] {
            assert_eq!(image_is_missing(message, image), missing, "{message}");
        }
        assert!(image_is_missing(
            "registry.example:5000/web: not found",
            "registry.example:5000/web"
        ));
    }

    #[test]
    fn an_image_that_may_not_be_pulled_is_not_late() {
        for (message, late) in [
            ("failed to resolve reference: web:2: not found", true),
            ("manifest for web:2 not found: manifest unknown: manifest unknown", true),
            ("pull access denied, repository does not exist or may require authorization", false),
            ("unexpected status from HEAD request: 401 Unauthorized: not found", false),
            ("no match for platform in manifest: not found", false),
            ("i/o timeout", false),
        ] {
            assert_eq!(image_is_late(message, "web:2"), late, "{message}");
        }
    }

    #[test]
    fn what_a_policy_says_of_a_template_it_says_each_time() {
        for (message, for_good) in [
            ("admission webhook \"policy.shop\" denied the request: unsigned", true),
            (
                "pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'images' with binding \
                 'images' denied request: only images of contoso.azurecr.io",
                true,
            ),
            ("pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\"", true),
            ("maximum memory usage per Container is 1Gi, but limit is 2Gi", true),
            (
                "admission webhook \"images.shop\" denied the request: failed to verify image: Get \
                 \"https://contoso.azurecr.io/v2/\": net/http: TLS handshake timeout",
                false,
            ),
            ("exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3", false),
            ("failed calling webhook \"policy.shop\": connect: connection refused", false),
            ("error looking up service account shop/web: serviceaccount \"web\" not found", false),
        ] {
            assert_eq!(refused_for_good(message), for_good, "{message}");
        }
    }

    #[test]
    fn a_node_that_does_not_get_on_is_not_the_container() {
        for (message, slow) in [
            ("failed to sync configmap cache: timed out waiting for the condition", true),
            ("context deadline exceeded", true),
            (
                "failed to reserve container name \"app_web_shop_1_0\": name \"app_web_shop_1_0\" is \
                 reserved for \"4f1c\"",
                true,
            ),
            (
                "Kubelet may be retrying requests that are timing out in CRI-O due to system load: \
                 error reserving ctr name k8s_app for id 84: name is reserved",
                true,
            ),
            ("rpc error: code = Unavailable desc = connection error: dial unix", true),
            ("failed to create shim task: mkdir /run/app: no space left on device", true),
            ("secret \"settings\" not found", false),
            ("exec: \"serve\": executable file not found in $PATH", false),
        ] {
            assert_eq!(node_is_slow(message), slow, "{message}");
        }
    }

    #[test]
    fn an_eviction_says_whose_need_it_was() {
        for (message, own) in [
            ("Usage of EmptyDir volume \"cache\" exceeds the limit \"10Mi\". ", true),
            ("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ", true),
            ("Container app exceeded its local ephemeral storage limit \"1Gi\". ", true),
            (
                "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, \
                 available: 900Mi. Container app was using 2Gi, request is 0, has larger \
                 consumption of ephemeral-storage. ",
                false,
            ),
            ("The node had condition: [DiskPressure]. ", false),
            ("", false),
        ] {
            assert_eq!(exceeds_own_limit(message), own, "{message}");
        }
    }
}
