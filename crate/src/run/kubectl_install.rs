//! kubectl at a version: out of the agent's cache, or downloaded into it.

use crate::{
    host::{Effect, Event, http::Url},
    kubectl::{KubectlRelease, NoKubectl, PROGRAM, Published, PublishedError},
    report,
    run::{
        call::Call,
        session::{Effects, Session},
    },
};

/// The most that kubectl can have, in bytes; it has about 60 MB.
const LIMIT: u32 = 256 * 1024 * 1024;
/// How often its download may be sent on: what comes in the end has a checksum.
const MOST_REDIRECTS: u8 = 5;
/// How long its download may take, in milliseconds.
const TIMEOUT_MS: u32 = 600_000;

/// Waits for kubectl.
#[derive(Debug)]
pub(crate) struct KubectlInstall {
    release: KubectlRelease,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// Which version is the newest.
    Newest(Call<Published>),
    /// Whether the cache has it.
    Finding,
    /// The checksum.
    Checksum(Call<Published>),
    /// The program.
    Downloading(Download),
}

/// A download of the program.
#[derive(Debug)]
struct Download {
    /// From where, by now.
    url: String,
    /// The checksum that it has to have.
    sha256: String,
    /// How often it was sent on.
    redirects: u8,
}

impl KubectlInstall {
    pub(crate) fn start(
        release: KubectlRelease,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        match release.newest() {
            Some(url) => {
                let call = Call::start(Published::new(url), session, effects);
                Self { release, step: Step::Newest(call) }
            }
            None => Self::find(release, effects),
        }
    }

    fn find(release: KubectlRelease, effects: &mut Effects) -> Self {
        let version = release.version.clone();
        effects.push(Effect::FindTool { name: PROGRAM, file: release.file(), version });
        Self { release, step: Step::Finding }
    }

    /// Takes what concerns it; gives the path of kubectl once it is there.
    pub(crate) fn handle(
        &mut self,
        event: &Event,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<Result<String, NoKubectl>> {
        match (&mut self.step, event) {
            (_, Event::ToolFound { path }) => {
                effects.push(report::kubectl_used(&self.release.version, path));
                return Some(Ok(path.clone()));
            }
            (Step::Newest(call), event) => match call.handle(event, session, effects)? {
                Ok(version) => {
                    let Some(release) = self.release.at(&version) else {
                        let url = self.release.newest().unwrap_or_default();
                        return Some(Err(NoKubectl::Published(PublishedError::odd(url))));
                    };
                    *self = Self::find(release, effects);
                }
                Err(error) => return Some(Err(NoKubectl::Published(error))),
            },
            (Step::Finding, Event::ToolNotFound { .. }) => {
                let checksum = Published::new(format!("{}.sha256", self.release.url()));
                self.step = Step::Checksum(Call::start(checksum, session, effects));
            }
            (Step::Checksum(call), event) => match call.handle(event, session, effects)? {
                Ok(sha256) if is_sha256(&sha256) => {
                    let url = self.release.url();
                    effects.push(report::kubectl_downloaded(&url));
                    let download = Download { url, sha256, redirects: 0 };
                    effects.push(download.effect(&self.release, session));
                    self.step = Step::Downloading(download);
                }
                Ok(_) => {
                    let url = format!("{}.sha256", self.release.url());
                    return Some(Err(NoKubectl::Published(PublishedError::odd(url))));
                }
                Err(error) => return Some(Err(NoKubectl::Published(error))),
            },
            (Step::Downloading(download), Event::ToolMoved { location }) => {
                let here = Url::parse(&download.url);
                let there = here.and_then(|here| here.sent_on(location));
                let Some(there) = there.filter(|_| download.redirects < MOST_REDIRECTS) else {
                    let error = "it redirects too often, or to a URL without https".to_owned();
                    return Some(Err(NoKubectl::NotDownloaded { url: self.release.url(), error }));
                };
                download.url = there.to_string();
                download.redirects += 1;
                effects.push(download.effect(&self.release, session));
            }
            (Step::Downloading(_), Event::ToolNotFound { error }) => {
                let error = error.clone().unwrap_or_default();
                return Some(Err(NoKubectl::NotDownloaded { url: self.release.url(), error }));
            }
            _ => {}
        }
        None
    }
}

impl Download {
    /// Gets it from where it is by now, by the proxy that stands before that server.
    fn effect(&self, release: &KubectlRelease, session: &Session) -> Effect {
        let network = &session.request.network;
        Effect::GetTool {
            name: PROGRAM,
            file: release.file(),
            version: release.version.clone(),
            url: self.url.clone(),
            sha256: self.sha256.clone(),
            limit: LIMIT,
            timeout_ms: TIMEOUT_MS,
            proxy: Url::parse(&self.url).and_then(|url| network.proxy_for(&url).cloned()),
        }
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
