//! The codes of errors and warnings: one for every cause that has a remedy of its own.
//!
//! docs/troubleshooting.md has a heading for each, with its title, message, cause and fix. A code keeps
//! its meaning for good: one that is no longer used is not given to another cause.

use std::fmt;

/// A code, which prints as `KSI101`. The hundreds group them: 1 inputs, 2 tag strategy, 3 images and
/// plan, 4 kubectl, authentication, API server and, from 450, registries, 5 rollout, 6 rollback, 7
/// handing over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(u16);

/// What an error or a warning is: words, which are its `Display`, and a code. The words are sentences
/// without the last full stop.
pub trait Coded: fmt::Display {
    /// The code under which docs/troubleshooting.md explains it.
    fn code(&self) -> Code;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KSI{}", self.0)
    }
}

/// Declares every code once: as a constant, and in the table of all.
macro_rules! codes {
    ($($number:literal $name:ident $title:literal,)*) => {
        $(#[doc = $title] pub const $name: Code = Code($number);)*

        /// Every code with its title, in ascending order.
        pub const CODES: &[(Code, &str)] = &[$(($name, $title)),*];
    };
}

codes! {
    101 NO_IMAGES "No image to set",
    102 NOT_REPLACED "Variable or expression not replaced",
    103 NOT_SET "Required input not set",
    104 INVALID_CHOICE "Invalid value of an input",
    105 INVALID_NAMESPACE "Invalid namespace",
    106 INVALID_TIMEOUT "Invalid timeout",
    107 INVALID_FAIL_AFTER "Invalid failAfter",
    108 FILE_NOT_READ "File cannot be read",
    109 FILE_TOO_LARGE "File too large",
    110 INVALID_IMAGES_FILE "Invalid images file",
    111 NEWER_IMAGES_FILE "Images file of a newer version",
    112 INVALID_MUTABLE_TAG_LIST "Invalid mutableTagList",
    113 TWO_CONNECTIONS "Two connections",
    114 TWO_KUBECONFIGS "Kubeconfig beside a service connection",
    115 NO_CONTEXTS "Context of a service account connection",
    116 TWO_KUBECTLS "Two kubectls",
    117 INVALID_KUBECTL_VERSION "Invalid kubectlVersion",
    118 INVALID_URL "Invalid URL",
    119 PIN_NEEDS_REGISTRY "pin: digest without the registry check",
    120 NEEDS_CLUSTER "dryRun: client needs the cluster",
    121 NOTHING_TO_COMPUTE "computeTag without a tag strategy",
    122 INVALID_KUBECONFIG "Invalid kubeconfig text",
    123 BYPASS_IGNORED "Proxy bypass entry ignored",
    130 TYPOGRAPHY "Bullets, quotes or dashes in a line",
    131 SHELL_SYNTAX "Shell syntax in a line",
    132 WRONG_SEPARATOR "Wrong separator in a line",
    133 IMAGE_MISSING "Image missing in a line",
    134 WORKLOAD_MISSING "Workload missing in a line",
    135 UNKNOWN_KIND "Unknown kind of workload",
    136 UNSUPPORTED_FLAG "Unsupported flag in a line",
    137 FLAG_WITHOUT_VALUE "Flag without a value",
    138 TWO_NAMESPACES "Two namespaces in a line",
    139 SELECTOR_WITH_NAME "--all or -l with a name",
    140 INVALID_SELECTOR "Invalid label selector",
    141 INVALID_NAME "Invalid name of a workload or container",
    142 WRONG_ORDER "Words of a line in the wrong order",
    143 CONTAINER_TWICE "Container named twice in a line",
    201 BUILD_ID_NOT_SET "Build.BuildId not set",
    202 VARIABLE_NOT_SET "Variable of the tag not set",
    203 OTHER_BUILD "Image of another build",
    204 NOT_A_BUILD "Artifact without a build",
    205 ALIAS_NOT_FOUND "artifactAlias not found",
    206 TRIGGER_UNKNOWN "Triggering resource unknown",
    207 NOT_TRIGGERED "Run without a trigger",
    208 GIT_TAG_WITHOUT_VERSION "Git tag without a version",
    209 VERSION_NOT_SET "Version not set",
    210 INVALID_VERSION "Invalid version",
    211 INVALID_TEMPLATE "Invalid tagTemplate",
    212 TEMPLATE_TOO_LONG "tagTemplate too long",
    213 EMPTY_TOKEN "Token of tagTemplate without a value",
    214 BUILD_DATE_UNKNOWN "Date of the build unknown",
    215 NOTHING_LEFT "Text without a character that a tag can have",
    216 INVALID_TAG_VALUE "Value cannot be a tag",
    217 TWO_TAGS_OF_REPOSITORY "Two tags of one repository",
    218 NOT_IN_IMAGES_FILE "Repository missing in the images file",
    301 MUTABLE_TAG "Mutable tag",
    302 INVALID_REFERENCE "Invalid image reference",
    303 URL_SCHEME "Image reference with a URL scheme",
    304 REPOSITORY_MISSING "Registry without a repository",
    305 TWO_TAGS "Image with two tags",
    306 EMPTY_TAG "Image with an empty tag",
    307 INVALID_TAG "Invalid tag",
    310 WORKLOAD_NOT_FOUND "Workload not found",
    311 NOTHING_SELECTED "Nothing selected",
    312 CONTAINER_NOT_FOUND "Container not found",
    313 IMAGE_NOT_IN_WORKLOAD "Repository not found in the workload",
    314 IMAGE_NOT_FOUND "Repository not found in any workload",
    315 CONTRADICTION "Lines that contradict each other",
    316 UNCHANGED "Image already set",
    317 NO_RESTART "Workload cannot be restarted",
    318 RESTART_WITHOUT_PULL "Restart without a pull",
    319 DOWNGRADE "Older version refused",
    320 ORDER_UNKNOWN "Order of versions unknown",
    321 MANAGED_POD "Pod of a controller",
    322 COMMAND_TOO_LONG "Command line too long",
    323 OWNED "Workload managed by Argo CD or Flux",
    324 OTHER_COMMIT "Image built from another commit",
    325 PLATFORM_MISSING "Image without a platform of the nodes",
    401 NO_KUBECTL "kubectl not found",
    402 KUBECTL_NOT_STARTED "kubectl cannot be started",
    403 KUBECTL_FAILED "kubectl failed",
    404 KUBECTL_ASKS "kubectl asks for credentials",
    405 KUBECTL_TIMED_OUT "kubectl timed out",
    406 KUBECTL_DOWNLOAD "kubectl cannot be downloaded",
    407 VERSION_SKEW "kubectl too old or too new",
    408 TEMPORARY_FILE "Temporary file cannot be written",
    409 KUBECONFIG_NOT_READ "kubeconfig cannot be read",
    410 CONTEXT_NOT_FOUND "Context not found",
    411 UNTRUSTED_CERTIFICATES "Untrusted certificates accepted",
    412 API_UNREACHABLE "API server unreachable",
    413 API_TIMED_OUT "API server timed out",
    414 UNAUTHORIZED "Not authenticated",
    415 FORBIDDEN "Permission missing",
    416 API_REFUSED "API server refused a request",
    417 API_NOT_UNDERSTOOD "Unexpected answer of the API server",
    418 CONNECTION_NOT_FOUND "Service connection not available",
    419 CONNECTION_INCOMPLETE "Service connection incomplete",
    420 CONNECTION_SCHEME "Authentication scheme not supported",
    421 CONNECTION_INVALID "Service connection invalid",
    422 NOT_IN_A_JOB "Workload identity federation outside of a job",
    423 AUTHENTICATION_REFUSED "Authentication refused",
    424 AZURE_UNREACHABLE "Microsoft Entra ID or Azure unreachable",
    425 NO_MANAGED_IDENTITY "No managed identity",
    426 CERTIFICATE_UNUSABLE "Certificate cannot sign",
    427 AZURE_NOT_UNDERSTOOD "Unexpected answer of Microsoft Entra ID or Azure",
    428 CLUSTER_NOT_FOUND "AKS cluster not found",
    429 CLUSTER_FORBIDDEN "No permission to get AKS credentials",
    430 CLUSTER_REFUSED "AKS credentials refused",
    431 TOKEN_NOT_RENEWED "Token cannot be renewed",
    432 PROXY_ENDED "kubectl proxy ended",
    451 NOT_IN_REGISTRY "Image not found in the registry",
    452 REGISTRY_REFUSED "Registry refuses the credentials",
    453 REGISTRY_NEEDS_CREDENTIALS "Registry needs credentials",
    454 REGISTRY_UNREACHABLE "Registry unreachable",
    455 RATE_LIMIT "Rate limit exceeded",
    456 REGISTRY_UNAVAILABLE "Registry unavailable",
    457 REGISTRY_CERTIFICATE "Certificate of the registry not trusted",
    458 REGISTRY_WITHOUT_TLS "Registry without TLS",
    459 REGISTRY_NOT_UNDERSTOOD "Unexpected answer of the registry",
    460 MANIFEST_UNAVAILABLE "Manifest not available",
    461 REGISTRY_DIGEST "Digest mismatch in the registry",
    501 IMAGE_PULL "Image cannot be pulled",
    502 INVALID_IMAGE_NAME "Invalid image name",
    503 CRASH_LOOP "Container crash-looping",
    504 IMAGE_NOT_ON_NODE "Image not on the node",
    505 CONTAINER_CONFIG "Container cannot be created",
    506 OUT_OF_MEMORY "Container out of memory",
    507 PROBE_FAILS "Startup or liveness probe fails",
    508 NOT_READY "Container not ready",
    509 HOOK_FAILS "postStart hook fails",
    510 PODS_REFUSED "Pods cannot be created",
    511 POD_SETUP "Volumes or network not set up",
    512 UNSCHEDULABLE "Pod cannot be scheduled",
    513 EVICTED "Pod evicted",
    514 POD_FAILED "Pod failed",
    515 NODE_NOT_READY "Node not ready",
    516 READINESS_GATE "Readiness gate not met",
    517 TERMINATING "Pod does not terminate",
    518 STUCK_POD "Pod blocks a StatefulSet",
    519 DEADLINE_EXCEEDED "Progress deadline exceeded",
    520 TIMED_OUT "Rollout timed out",
    521 WATCH_LOST "Rollout cannot be watched",
    522 DIGEST_MISMATCH "Digest mismatch in the cluster",
    523 CHANGED_BY_ANOTHER "Changed by another deployment",
    524 DELETED "Workload deleted",
    525 HELD "Image set, pods not replaced",
    526 IMAGE_NOT_SET "Image cannot be set",
    527 API_WARNING "Warning of the API server",
    528 NOT_RECORDED "Change not recorded",
    529 CANCELED "Canceled",
    601 NO_RECORD "No record of a previous image",
    602 INVALID_RECORD "Invalid record",
    603 KEPT_CHANGED "Changed since the release",
    604 KEPT_WITHOUT_CONTAINER "Container removed since the release",
    605 KEPT_REPLACED "Workload deleted since the release",
    606 STATE_UNKNOWN "Current images cannot be read",
    701 IMAGES_FILE_NOT_WRITTEN "Images file cannot be written",
    702 OUTPUT_TOO_LONG "Output variable too long",
    703 FILE_NOT_REMOVED "Temporary file cannot be removed",
    704 TASK_FAILED "Task failed unexpectedly",
    705 NODE_TOO_OLD "Node too old",
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn the_troubleshooting_page_has_a_heading_for_each_code_and_no_other() {
        let page = include_str!("../../../docs/troubleshooting.md");
        let headings: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let codes: Vec<String> =
            CODES.iter().map(|(code, title)| format!("{code}: {title}")).collect();
        assert_eq!(headings, codes);
        assert!(CODES.is_sorted_by(|(a, _), (b, _)| a < b), "ascending, each once");
    }
}
