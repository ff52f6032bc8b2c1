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

/// The registry's last word: as a manifest, a repository or a right is missing.
const MISSING: [&str; 11] = [
    "not found",
    "manifest unknown",
    "manifest_unknown",
    "name unknown",
    "name_unknown",
    "does not exist",
    "unauthorized",
    "denied",
    "authorization failed",
    "no basic auth credentials",
    "no match for platform",
];

/// Whether a pull failed for good. The image's own name in the message is no word of it.
pub(super) fn image_is_missing(message: &str, image: &str) -> bool {
    let (name, _) = image.split_once('@').unwrap_or((image, ""));
    let tag = name.rfind(':').filter(|at| !name[*at..].contains('/'));
    let name = &name[..tag.unwrap_or(name.len())];
    let message = if name.is_empty() {
        message.to_ascii_lowercase()
    } else {
        message.replace(image, "").replace(name, "").to_ascii_lowercase()
    };
    !has(&message, &PASSING) && has(&message, &MISSING)
}

/// Whether the API server will say the same again, however many pods go meanwhile.
pub(super) fn refused_for_good(message: &str) -> bool {
    has(message, &["denied the request", "violates PodSecurity", " is invalid: "])
}

/// Whether the node, not the container, is at fault.
pub(super) fn node_is_slow(message: &str) -> bool {
    has(message, &["failed to sync", "context deadline exceeded", "DeadlineExceeded"])
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
}
