//! What kubeconfigs say of the cluster that kubectl goes to: enough to name it, and to know the
//! namespace that kubectl takes where it is given none.

mod text;
pub mod yaml;

use serde_json::{Value, json};

pub use text::{KubeconfigError, KubeconfigText, Written, recognize};
pub(crate) use text::{between_quotes, credentials};

/// The kubeconfigs that kubectl reads, merged as it merges them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kubeconfig {
    files: Vec<Value>,
}

/// Where a context leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destination {
    /// The URL of the API server, as the kubeconfig has it; empty where it has none.
    pub server: String,
    /// The context's name; empty where there is none.
    pub context: String,
    /// The namespace of the context, where it names one.
    pub namespace: Option<String>,
}

impl Kubeconfig {
    /// Adds a kubeconfig, which comes after those that were added before.
    ///
    /// # Errors
    /// The text is no YAML that can be read; see [`yaml::parse`].
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        self.files.push(yaml::parse(text)?);
        Ok(())
    }

    /// Where the context of this name leads to, or the current one.
    ///
    /// Of a name that stands in several files the first one counts, and the first current context
    /// (k8s.io/client-go, `clientcmd.ClientConfigLoadingRules`).
    #[must_use]
    pub fn destination(&self, context: Option<&str>) -> Destination {
        let current = self.files.iter().map(|file| text(&file["current-context"]));
        let current = || current.clone().find(|name| !name.is_empty());
        let name = context.or_else(current).unwrap_or_default();
        let context = &self.named("contexts", name)["context"];
        let cluster = &self.named("clusters", text(&context["cluster"]))["cluster"];
        let namespace = text(&context["namespace"]);
        Destination {
            server: text(&cluster["server"]).to_owned(),
            context: name.to_owned(),
            namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        }
    }

    /// The whole of it, as JSON, where one file alone was added.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        match self.files.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether nothing was added that says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file["contexts"].as_array().is_none_or(Vec::is_empty))
    }

    fn named(&self, list: &str, name: &str) -> &Value {
        let entries = self.files.iter().filter_map(|file| file[list].as_array()).flatten();
        entries
            .filter(|_| !name.is_empty())
            .find(|entry| entry["name"] == name)
            .unwrap_or(&Value::Null)
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A kubeconfig of one context, with a cluster and a user that are given as JSON. JSON is YAML.
pub(crate) fn write(context: &str, cluster: &str, user: &str) -> String {
    let context = json!(context);
    format!(
        r#"{{"apiVersion":"v1","kind":"Config","clusters":[{{"name":"cluster","cluster":{cluster}}}],"users":[{{"name":"user","user":{user}}}],"contexts":[{{"name":{context},"context":{{"cluster":"cluster","user":"user"}}}}],"current-context":{context}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::{Destination, Kubeconfig};

    const FIRST: &str = "
apiVersion: v1
kind: Config
current-context: ''
clusters:
- {name: shop, cluster: {server: 'https://shop.example:6443'}}
contexts:
- {name: shop, context: {cluster: shop, user: robot, namespace: web}}
";
    const SECOND: &str = "
current-context: pay
clusters:
- {name: shop, cluster: {server: 'https://other.example'}}
- {name: pay, cluster: {server: 'https://pay.example'}}
contexts:
- name: pay
  context: {cluster: pay, user: robot}
";

    fn destination(files: &[&str], context: Option<&str>) -> [String; 3] {
        let mut kubeconfig = Kubeconfig::default();
        for file in files {
            kubeconfig.add(file).unwrap();
        }
        let Destination { server, context, namespace } = kubeconfig.destination(context);
        [server, context, namespace.unwrap_or_default()]
    }

    #[test]
    fn the_first_file_that_says_something_counts() {
        assert_eq!(destination(&[FIRST, SECOND], None), ["https://pay.example", "pay", ""]);
        let shop = ["https://shop.example:6443", "shop", "web"];
        assert_eq!(destination(&[FIRST, SECOND], Some("shop")), shop);
    }

    #[test]
    fn what_is_not_there_is_empty() {
        assert_eq!(destination(&[], None), ["", "", ""]);
        assert_eq!(destination(&[FIRST], None), ["", "", ""]);
        assert_eq!(destination(&["contexts: 3", "- a"], Some("x")), ["", "x", ""]);
        let odd = "contexts: [{name: x, context: {cluster: y, namespace: [1]}}]";
        assert_eq!(destination(&[odd], Some("x")), ["", "x", ""]);
    }
}
