//! Logins, request by request: what Azure is asked, what kubectl is given, and what is said when
//! there is no way in.

mod conversation;

use conversation::Conversation;
use insta::assert_snapshot;
use kubectl_set_image::{
    Agent, AgentProxy,
    host::{Connection, http::base64},
};
use proptest::prelude::*;

const ENTRA: &str = "https://login.contoso.test/t-1/oauth2/v2.0/token";
const MANAGER: &str = "https://management.contoso.test/subscriptions";
const TOKEN: &str = r#"{"access_token": "hush-of-entra", "expires_in": 3599}"#;

const VARIABLES: [(&str, &str); 7] = [
    ("System.HostType", "release"),
    ("Build.BuildId", "4125"),
    ("System.CollectionUri", "https://dev.contoso.test/shop/"),
    ("System.TeamProjectId", "p-1"),
    ("System.PlanId", "plan-1"),
    ("System.JobId", "job-1"),
    ("Release.EnvironmentName", "Production"),
];

fn connection(scheme: &str, parameters: &[(&str, &str)], data: &[(&str, &str)]) -> Connection {
    Connection {
        id: "c-1".into(),
        url: "https://management.contoso.test/".into(),
        scheme: scheme.into(),
        parameters: parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).into())).collect(),
        data: data.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
    }
}

fn azure(scheme: &str, parameters: &[(&str, &str)]) -> Connection {
    let whole = [&[("TenantId", "t-1"), ("ServicePrincipalId", "app-1")], parameters].concat();
    let data =
        [("SubscriptionId", "s-1"), ("ActiveDirectoryAuthority", "https://login.contoso.test/")];
    connection(scheme, &whole, &data)
}

fn secret() -> Connection {
    azure("ServicePrincipal", &[("AuthenticationType", "spnKey"), ("ServicePrincipalKey", "hush")])
}

fn agent(input: &str, connection: Connection) -> Agent {
    Agent {
        connections: [(input.to_owned(), connection)].into(),
        system: Some(self::connection("OAuth", &[("AccessToken", "hush-of-the-job")], &[])),
        os: "linux".into(),
        arch: "x64".into(),
        ..Agent::default()
    }
}

/// A step that logs in to a cluster of Azure by this connection.
fn aks(login: Connection) -> Conversation {
    let inputs = [
        ("images", "deployments/web app=contoso.azurecr.io/app"),
        ("connectionType", "azureResourceManager"),
        ("azureSubscriptionEndpoint", "c-1"),
        ("azureResourceGroup", "shop & co"),
        ("kubernetesCluster", "shop"),
    ];
    Conversation::start_on(&inputs, &VARIABLES, agent("azureSubscriptionEndpoint", login))
}

/// What Azure Resource Manager answers for the kubeconfig of a cluster.
fn credential(kubeconfig: &str) -> String {
    let value = base64(kubeconfig.as_bytes());
    format!(r#"{{"kubeconfigs": [{{"name": "clusterUser", "value": "{value}"}}]}}"#)
}

/// The kubeconfig of a cluster with Entra ID.
fn with_kubelogin(more: &str) -> String {
    let args = format!(r#"["get-token", "--server-id", "server-1"{more}]"#);
    format!(
        r#"{{"clusters": [{{"name": "shop", "cluster": {{"server": "https://shop.contoso.test", "certificate-authority-data": "Q0E="}}}}],
        "users": [{{"name": "me", "user": {{"exec": {{"command": "kubelogin", "args": {args}}}}}}}],
        "contexts": [{{"name": "shop", "context": {{"cluster": "shop", "user": "me"}}}}],
        "current-context": "shop"}}"#
    )
}

#[test]
fn a_secret_leads_to_the_cluster_and_its_token_is_renewed() {
    let mut run = aks(secret());
    run.server_answers(ENTRA, 200, TOKEN)
        .server_answers(MANAGER, 200, &credential(&with_kubelogin("")))
        .file_is_written("/temp/kubeconfig")
        .server_answers(
            ENTRA,
            200,
            r#"{"access_token": "hush-of-the-cluster", "expires_in": "900"}"#,
        )
        .file_is_written("/temp/token")
        .file_is_written("/temp/kubeconfig-with-token")
        .opens()
        .wakes_after(600_000)
        .server_answers(ENTRA, 200, r#"{"access_token": "hush-the-second", "expires_in": 3599}"#)
        .file_is_written("/temp/token")
        .api_refuses("/deployments/web", 403, "Forbidden", "no");
    assert_snapshot!(run.transcript());
}

#[test]
fn a_token_that_cannot_be_written_is_not_called_renewed() {
    let mut run = aks(secret());
    run.server_answers(ENTRA, 200, TOKEN)
        .server_answers(MANAGER, 200, &credential(&with_kubelogin("")))
        .file_is_written("/temp/kubeconfig")
        .server_answers(ENTRA, 200, r#"{"access_token": "hush", "expires_in": 900}"#)
        .file_is_written("/temp/token")
        .file_is_written("/temp/kubeconfig-with-token")
        .opens()
        .wakes_after(600_000)
        .server_answers(ENTRA, 200, r#"{"access_token": "hush-the-second", "expires_in": 900}"#)
        .file_is_not_written("no space left on device")
        .wakes_after(60_000)
        .server_answers(ENTRA, 200, r#"{"access_token": "hush-the-third", "expires_in": 900}"#)
        .file_is_written("/temp/token");
    let said: Vec<&str> =
        run.transcript().lines().filter(|line| line.contains("token for")).collect();
    assert_eq!(
        said,
        [
            "Warning: The token for the cluster expires soon and cannot be renewed: no space left \
             on device. [KSI431]",
            "Plain: Renewed the token for the cluster",
        ]
    );
}

#[test]
fn a_token_that_no_header_takes_is_none() {
    let mut run = aks(secret());
    run.server_answers(ENTRA, 200, r#"{"access_token": "hush\r\nX: y", "expires_in": 900}"#);
    assert!(
        run.transcript().ends_with(
            "unexpected answer of login.contoso.test: the token is missing. [KSI427]\nfinish \
             Failed: Nothing was changed in the cluster\n"
        ),
        "{}",
        run.transcript()
    );
}

#[test]
fn a_certificate_signs_an_assertion() {
    let login = azure(
        "ServicePrincipal",
        &[("AuthenticationType", "spnCertificate"), ("ServicePrincipalCertificate", "hush-PEM")],
    );
    let mut run = aks(login);
    run.assertion_is_signed("hush.signed.jwt")
        .server_answers(ENTRA, 200, TOKEN)
        .server_answers(MANAGER, 200, &credential(&with_kubelogin(r#", "--pop-enabled""#)))
        .file_is_written("/temp/kubeconfig")
        .file_is_written("/temp/certificate")
        .complains("proxy", "error: exec plugin: kubelogin not found\n")
        .exits("proxy", 1);
    assert_snapshot!(run.transcript());
}

#[test]
fn azure_devops_vouches_for_the_job() {
    let mut run = aks(azure("WorkloadIdentityFederation", &[]));
    run.server_answers("https://dev.contoso.test/", 200, r#"{"oidcToken": "hush-of-the-word"}"#)
        .server_answers(ENTRA, 200, TOKEN)
        .server_answers(MANAGER, 200, &credential(&with_kubelogin(r#", "--pop-enabled""#)))
        .file_is_written("/temp/kubeconfig")
        .is_canceled();
    assert_snapshot!(run.transcript());
}

#[test]
fn the_machine_has_an_identity() {
    let managed = connection(
        "ManagedServiceIdentity",
        &[("tenantId", "t-1")],
        &[("subscriptionId", "s-1"), ("msiClientId", "identity/1")],
    );
    let mut run = aks(managed);
    run.server_answers("http://169.254.169.254/", 503, "")
        .wakes_after(500)
        .server_is_silent("http://169.254.169.254/", "connect EHOSTUNREACH")
        .wakes_after(2000)
        .server_is_silent("http://169.254.169.254/", "connect EHOSTUNREACH");
    assert_snapshot!(run.transcript());
}

#[test]
fn what_azure_refuses_is_told_with_what_to_do() {
    let mut told = String::new();
    for (status, body) in [
        (
            401,
            r#"{"error": "invalid_client", "error_codes": [7000222], "error_description": "AADSTS7000222: Keys are expired. Trace ID: 1"}"#,
        ),
        (
            400,
            r#"{"error": "invalid_request", "error_codes": [90002], "error_description": "AADSTS90002: No tenant.\r\n##vso[task.complete]"}"#,
        ),
        (403, "<html>"),
        (200, r#"{"token_type": "Bearer"}"#),
    ] {
        told.push_str(last_error(aks(secret()).server_answers(ENTRA, status, body)));
    }
    for (status, body) in [
        (404, r#"{"error": {"code": "ResourceNotFound", "message": "none"}}"#),
        (404, r#"{"error": {"code": "ResourceGroupNotFound", "message": "none"}}"#),
        (403, r#"{"error": {"code": "AuthorizationFailed", "message": "no"}}"#),
        (400, r###"{"error": {"code": "BadRequest", "message": "##vso[task.complete]"}}"###),
        (418, ""),
        (200, r#"{"kubeconfigs": []}"#),
        (200, r#"{"kubeconfigs": [{"name": "x", "value": "no base64!"}]}"#),
    ] {
        let mut run = aks(secret());
        told.push_str(last_error(
            run.server_answers(ENTRA, 200, TOKEN).server_answers(MANAGER, status, body),
        ));
    }
    let mut run = aks(secret());
    run.server_answers(ENTRA, 200, TOKEN)
        .server_answers(MANAGER, 200, &credential("{}"))
        .file_is_not_written("no space left on device");
    told.push_str(last_error(&run));
    let mut run = aks(secret());
    run.server_answers(ENTRA, 200, TOKEN)
        .server_answers(MANAGER, 200, &credential(r#"{"kind": "Config", "clusters": null}"#))
        .file_is_written("/temp/kubeconfig");
    told.push_str(last_error(&run));
    assert_snapshot!(told);
}

fn last_error(run: &Conversation) -> &str {
    let from = run.transcript().rfind("Error: ").expect("there is an error");
    &run.transcript()[from..]
}

#[test]
fn a_service_account_goes_by_the_proxy() {
    let login = Connection {
        url: "https://shop.contoso.test".into(),
        ..connection(
            "Token",
            &[("apiToken", "aHVzaA=="), ("serviceAccountCertificate", "Q0E=")],
            &[("authorizationType", "ServiceAccount")],
        )
    };
    let proxy = AgentProxy {
        url: "http://proxy.contoso.test:8080".into(),
        bypass: vec![r".*\.contoso\.local".into()],
        ..AgentProxy::default()
    };
    let agent = Agent { proxy: Some(proxy), ..agent("kubernetesServiceEndpoint", login) };
    let inputs = [
        ("images", "deployments/web app=contoso.azurecr.io/app"),
        ("kubernetesServiceEndpoint", "c-1"),
    ];
    let mut run = Conversation::start_on(&inputs, &VARIABLES, agent);
    run.file_is_written("/temp/kubeconfig").is_canceled();
    assert_snapshot!(run.transcript());
}

#[test]
fn kubectl_is_looked_for_and_downloaded() {
    let inputs =
        [("images", "deployments/web app=contoso.azurecr.io/app"), ("kubectlVersion", "1.34")];
    let agent = Agent { os: "win32".into(), arch: "x64".into(), ..Agent::default() };
    let mut run = Conversation::start_on(&inputs, &VARIABLES, agent);
    run.server_answers("https://dl.k8s.io/release/stable-1.34.txt", 200, "v1.34.3")
        .tool_is_not_found(None)
        .server_answers(
            "https://dl.k8s.io/release/v1.34.3/",
            200,
            &format!("{}\n", "0a".repeat(32)),
        )
        .tool_is_found(r"C:\tools\kubectl\1.34.3\x64\kubectl.exe")
        .is_canceled();
    assert_snapshot!(run.transcript());
}

/// A step that downloads kubectl by a proxy, as far as the download of the program.
fn downloading(url: &str) -> Conversation {
    downloading_by(url, AgentProxy::default())
}

/// The same with a login at the proxy.
fn downloading_by(url: &str, login: AgentProxy) -> Conversation {
    let proxy = AgentProxy {
        url: "http://proxy.contoso.test:8080".into(),
        bypass: vec!["*.contoso.local".into()],
        ..login
    };
    let agent =
        Agent { os: "linux".into(), arch: "x64".into(), proxy: Some(proxy), ..Agent::default() };
    let inputs = [
        ("images", "deployments/web app=contoso.azurecr.io/app"),
        ("kubectlVersion", "1.34.3"),
        ("kubectlDownloadUrl", url),
    ];
    let mut run = Conversation::start_on(&inputs, &VARIABLES, agent);
    run.tool_is_not_found(None).server_answers(url, 200, &"0a".repeat(32));
    run
}

/// From where kubectl was got, and by which proxy.
fn downloads(run: &Conversation) -> Vec<&str> {
    let lines = run.transcript().lines().filter_map(|line| line.strip_prefix("get kubectl "));
    lines.filter_map(|line| line.split_once(" from ")?.1.rsplit_once(", ")).map(|l| l.0).collect()
}

#[test]
fn a_download_that_is_sent_on_goes_by_the_proxy_of_each_host() {
    let mut run = downloading("https://mirror.contoso.local/kubectl");
    run.tool_is_moved("https://downloads.contoso.test/kubectl?sig=1")
        .tool_is_moved("/files/kubectl")
        .tool_is_moved("//cache.contoso.local:8443/kubectl");
    assert_eq!(
        downloads(&run),
        [
            "https://mirror.contoso.local/kubectl/v1.34.3/bin/linux/amd64/kubectl",
            "https://downloads.contoso.test/kubectl?sig=1 by http://proxy.contoso.test:8080",
            "https://downloads.contoso.test/files/kubectl by http://proxy.contoso.test:8080",
            "https://cache.contoso.local:8443/kubectl",
        ]
    );
}

#[test]
fn a_download_is_sent_on_five_times_and_never_out_of_tls() {
    let refused = "Error: kubectlVersion: https://mirror.contoso.test/v1.34.3/bin/linux/amd64/\
                   kubectl cannot be downloaded: it redirects too often, or to a URL without https.";
    let mut run = downloading("https://mirror.contoso.test");
    for _ in 0..5 {
        run.tool_is_moved("/again");
    }
    assert_eq!(downloads(&run).len(), 6);
    run.tool_is_moved("/again");
    assert!(run.transcript().contains(refused), "{}", run.transcript());
    for location in ["http://mirror.contoso.test/", "ftp://x/", "https://user@x/", ""] {
        let mut run = downloading("https://mirror.contoso.test");
        run.tool_is_moved(location);
        assert!(run.transcript().contains(refused), "{location}: {}", run.transcript());
        assert_eq!(downloads(&run).len(), 1);
    }
}

/// Starts a release with this in the input `kubeconfig`.
fn with_kubeconfig(text: &str) -> Conversation {
    let inputs = [("images", "deployments/web app=contoso.azurecr.io/app"), ("kubeconfig", text)];
    Conversation::start_with(&inputs, &VARIABLES)
}

#[test]
fn the_credentials_in_the_file_of_a_kubeconfig_are_masked() {
    let mut run = with_kubeconfig("drop/config");
    run.file_is_read("kind: Config\nusers:\n- user: {token: hush-hush}\n").is_canceled();
    assert!(run.transcript().contains("mask \"hush-hush\""), "{}", run.transcript());
}

#[test]
fn a_kubeconfig_that_is_no_file_and_no_text_is_refused() {
    let mut run = with_kubeconfig("drop/config");
    run.file_is_not_read("ENOENT: no such file or directory");
    assert!(
        run.transcript().contains(
            "Error: kubeconfig: drop/config cannot be read: ENOENT: no such file or directory."
        ),
        "{}",
        run.transcript()
    );
    assert!(run.transcript().ends_with("finish Failed: Nothing was changed in the cluster\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn whatever_a_download_is_sent_on_to_the_login_at_the_proxy_is_in_no_effect_but_its_own(
        password in "[a-zA-Z0-9]{12,24}",
        locations in prop::collection::vec(
            prop_oneof![
                Just("https://downloads.contoso.test/kubectl".to_owned()),
                Just("https://cache.contoso.local/kubectl".to_owned()),
                Just("http://downloads.contoso.test/".to_owned()),
                "(//|/|https://)?[a-z./:@?]{0,20}",
                any::<String>(),
            ],
            0..8,
        ),
    ) {
        let login = AgentProxy {
            username: "robot".into(),
            password: password.as_str().into(),
            ..AgentProxy::default()
        };
        let mut run = downloading_by("https://mirror.contoso.test/kubectl", login);
        for location in &locations {
            run.tool_is_moved(location);
        }
        run.tool_is_found("/tools/kubectl").is_canceled();
        for line in run.transcript().lines().filter(|line| line.contains(&password)) {
            let is_meant = ["mask ", "get kubectl ", "open "].iter().any(|of| line.starts_with(of));
            prop_assert!(is_meant, "{line}");
            prop_assert!(!line.contains("from https://cache.contoso.local"), "{line}");
        }
    }

    #[test]
    fn whatever_form_a_kubeconfig_has_its_credential_is_in_no_effect_but_its_own(
        token in "[a-zA-Z0-9+/=._-]{12,40}",
        form in 0usize..7,
        cut in prop::option::of(20usize..400),
    ) {
        let yaml = format!("apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- user:\n    \
                            token: '{token}'\n");
        let text = match form {
            0 => yaml.clone(),
            1 => yaml.replace('\n', " "),
            2 => yaml.replace('\n', ""),
            3 => base64(yaml.as_bytes()),
            4 => base64(base64(yaml.as_bytes()).as_bytes()),
            5 => yaml.replace('\n', "\\n"),
            _ => serde_json::to_string(&yaml).unwrap(),
        };
        let text = cut.and_then(|cut| text.get(..cut)).filter(|_| form != 4).unwrap_or(&text);
        let run = with_kubeconfig(text);
        for line in run.transcript().lines() {
            let is_meant = line.starts_with("mask ") || line.starts_with("write ");
            prop_assert!(is_meant || !line.contains(&token), "{line}");
            prop_assert!(!line.starts_with("spawn") && !line.starts_with("read"), "{line}");
        }
    }
}
