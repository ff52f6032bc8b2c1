//! A run of the core as a conversation: what kubectl answers, what the core does then.
#![allow(dead_code, reason = "each test program plays a part of it")]

use std::{collections::BTreeMap, fmt::Write};

use kubectl_set_image::{
    Agent, Core, Effect, Event, Stream,
    host::{Launch, http::Answer},
};
use serde_json::{Value, json};

/// 2026-11-24T04:00:00Z, in milliseconds since 1970.
const START: i64 = 1_795_492_800_000;

/// A core, the clock it is told, and the transcript of what was said.
pub(crate) struct Conversation {
    core: Core,
    now: i64,
    transcript: String,
    running: Vec<(u32, String)>,
    timers: Vec<(u32, u32)>,
    calls: Vec<(u32, String)>,
    begun: Vec<u32>,
}

impl Conversation {
    /// Starts a step with these inputs in a classic release of build 4125.
    pub(crate) fn start(inputs: &[(&str, &str)]) -> Self {
        let variables = [
            ("System.HostType", "release"),
            ("Release.EnvironmentName", "Production"),
            ("Build.BuildId", "4125"),
        ];
        Self::start_with(inputs, &variables)
    }

    /// Starts a step with these inputs where the pipeline has these variables. No registry is asked
    /// unless the inputs say so.
    pub(crate) fn start_with(inputs: &[(&str, &str)], variables: &[(&str, &str)]) -> Self {
        Self::start_on(inputs, variables, Agent::default())
    }

    /// The same, on an agent that hands over service connections.
    pub(crate) fn start_on(
        inputs: &[(&str, &str)],
        variables: &[(&str, &str)],
        agent: Agent,
    ) -> Self {
        let inputs = &[&[("verifyImage", "off"), ("namespace", "shop")], inputs].concat()[..];
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
        };
        let event = Event::Started {
            inputs: owned(inputs),
            variables: owned(variables),
            agent: Box::new(agent),
        };
        let mut conversation = Self {
            core: Core::new(),
            now: START,
            transcript: String::new(),
            running: Vec::new(),
            timers: Vec::new(),
            calls: Vec::new(),
            begun: Vec::new(),
        };
        conversation.tell(&event);
        conversation
    }

    /// kubectl's proxy takes connections, and the API server tells its version.
    pub(crate) fn opens(&mut self) -> &mut Self {
        let process = self.process("proxy");
        self.tell(&Event::GateOpened { process });
        let chunk = b"    User-Agent: kubectl/v1.33.1 (linux/amd64)\n".to_vec();
        self.tell(&Event::Output { process, stream: Stream::Stderr, chunk });
        self.api_answers("/version", &json!({"gitVersion": "v1.33.4"}))
    }

    /// The API server answers the newest request that has this in its method and path.
    pub(crate) fn api_answers(&mut self, request: &str, object: &Value) -> &mut Self {
        self.api_says(request, 200, &object.to_string())
    }

    /// It answers with a list.
    pub(crate) fn api_lists(&mut self, request: &str, items: &[Value]) -> &mut Self {
        let list = json!({"kind": "List", "metadata": {"resourceVersion": "10"}, "items": items});
        self.api_answers(request, &list)
    }

    /// It says no.
    pub(crate) fn api_refuses(
        &mut self,
        request: &str,
        code: u16,
        reason: &str,
        message: &str,
    ) -> &mut Self {
        let status = json!({"kind": "Status", "code": code, "reason": reason, "message": message});
        self.api_says(request, code, &status.to_string())
    }

    /// It answers with this text.
    pub(crate) fn api_says(&mut self, request: &str, status: u16, text: &str) -> &mut Self {
        let call = self.call(request);
        self.begin(call, status);
        let chunk = text.as_bytes().to_vec();
        self.tell(&Event::ResponseChunk { call, chunk });
        self.tell(&Event::ResponseEnded { call, error: None })
    }

    /// Its watch with this in its path tells an event.
    pub(crate) fn api_tells(&mut self, watch: &str, event: &Value) -> &mut Self {
        let is_it =
            |(_, path): &&(u32, String)| path.contains(watch) && path.contains("watch=true");
        let found = self.calls.iter().rev().find(is_it);
        let call = found.unwrap_or_else(|| panic!("no watch {watch:?} in {:?}", self.calls)).0;
        if !self.begun.contains(&call) {
            self.begin(call, 200);
        }
        let chunk = format!("{event}\n").into_bytes();
        self.tell(&Event::ResponseChunk { call, chunk })
    }

    /// The connection of the newest request that has this in its method and path ends, or breaks.
    pub(crate) fn api_ends(&mut self, request: &str, error: Option<&str>) -> &mut Self {
        let call = self.call(request);
        self.tell(&Event::ResponseEnded { call, error: error.map(str::to_owned) })
    }

    fn begin(&mut self, call: u32, status: u16) {
        self.begun.push(call);
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        self.tell(&Event::ResponseBegan { call, status, headers });
    }

    /// The running kubectl whose command line begins like this writes a text.
    pub(crate) fn writes_text(&mut self, command: &str, text: &str) -> &mut Self {
        let process = self.process(command);
        let chunk = text.as_bytes().to_vec();
        self.tell(&Event::Output { process, stream: Stream::Stdout, chunk })
    }

    /// It complains.
    pub(crate) fn complains(&mut self, command: &str, text: &str) -> &mut Self {
        let process = self.process(command);
        let chunk = text.as_bytes().to_vec();
        self.tell(&Event::Output { process, stream: Stream::Stderr, chunk })
    }

    /// It ends.
    pub(crate) fn exits(&mut self, command: &str, code: i32) -> &mut Self {
        let process = self.process(command);
        self.running.retain(|(id, _)| *id != process);
        self.tell(&Event::Exited { process, code: Some(code) })
    }

    /// It cannot be started at all.
    pub(crate) fn is_missing(&mut self, command: &str) -> &mut Self {
        let process = self.process(command);
        self.tell(&Event::NotStarted { process, error: None })
    }

    /// The server of the newest request whose URL begins like this answers.
    pub(crate) fn server_answers(&mut self, url: &str, status: u16, body: &str) -> &mut Self {
        let call = self.call(url);
        let answer = Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() };
        self.tell(&Event::Answered { call, answer })
    }

    /// The registry of the newest question that begins like this has the image, with this digest.
    pub(crate) fn registry_has(&mut self, url: &str, digest: &str) -> &mut Self {
        let call = self.call(url);
        let headers = vec![("docker-content-digest".to_owned(), digest.to_owned())];
        self.tell(&Event::Answered {
            call,
            answer: Answer { status: 200, headers, ..Answer::default() },
        })
    }

    /// It gives a manifest of this digest.
    pub(crate) fn registry_gives(&mut self, url: &str, digest: &str, body: &str) -> &mut Self {
        let call = self.call(url);
        let sha256 = digest.trim_start_matches("sha256:").to_owned();
        let answer =
            Answer { status: 200, sha256, body: body.as_bytes().to_vec(), ..Answer::default() };
        self.tell(&Event::Answered { call, answer })
    }

    /// It gives no answer.
    pub(crate) fn server_is_silent(&mut self, url: &str, error: &str) -> &mut Self {
        let call = self.call(url);
        self.tell(&Event::NotAnswered { call, error: error.to_owned() })
    }

    /// The assertion is signed.
    pub(crate) fn assertion_is_signed(&mut self, assertion: &str) -> &mut Self {
        let call = self.call("sign");
        self.tell(&Event::Signed { call, assertion: assertion.into() })
    }

    /// The tool is there.
    pub(crate) fn tool_is_found(&mut self, path: &str) -> &mut Self {
        self.tell(&Event::ToolFound { path: path.to_owned() })
    }

    /// The server of the tool sends on.
    pub(crate) fn tool_is_moved(&mut self, location: &str) -> &mut Self {
        self.tell(&Event::ToolMoved { location: location.to_owned() })
    }

    /// The tool is not there.
    pub(crate) fn tool_is_not_found(&mut self, error: Option<&str>) -> &mut Self {
        self.tell(&Event::ToolNotFound { error: error.map(str::to_owned) })
    }

    /// Time passes.
    pub(crate) fn after(&mut self, millis: i64) -> &mut Self {
        self.now += millis;
        self
    }

    /// As much time passes as the newest timer of this length waits for, and it fires.
    pub(crate) fn wakes_after(&mut self, millis: u32) -> &mut Self {
        let timer = self.timers.iter().rposition(|(_, after_ms)| *after_ms == millis);
        let timer = timer.unwrap_or_else(|| panic!("no timer of {millis} ms: {:?}", self.timers));
        let (timer, _) = self.timers.remove(timer);
        self.now += i64::from(millis);
        self.tell(&Event::Woken { timer })
    }

    /// The running kubectl ends whose command line begins like this, having written this text.
    pub(crate) fn answers(&mut self, command: &str, text: &str) -> &mut Self {
        self.writes_text(command, text).exits(command, 0)
    }

    /// The file that was asked for is read.
    pub(crate) fn file_is_read(&mut self, content: &str) -> &mut Self {
        self.tell(&Event::FileRead { content: content.to_owned() })
    }

    /// It cannot be read.
    pub(crate) fn file_is_not_read(&mut self, error: &str) -> &mut Self {
        self.tell(&Event::FileNotRead { error: error.to_owned() })
    }

    /// The file cannot be written.
    pub(crate) fn file_is_not_written(&mut self, error: &str) -> &mut Self {
        self.tell(&Event::NotWritten { error: error.to_owned() })
    }

    /// The file is written.
    pub(crate) fn file_is_written(&mut self, path: &str) -> &mut Self {
        self.tell(&Event::Written { path: path.to_owned() })
    }

    /// The agent cancels the step.
    pub(crate) fn is_canceled(&mut self) -> &mut Self {
        self.tell(&Event::Canceled)
    }

    /// All that the core did, an effect a line.
    pub(crate) fn transcript(&self) -> &str {
        &self.transcript
    }

    fn call(&mut self, url: &str) -> u32 {
        let at = self.calls.iter().rposition(|(_, called)| called.contains(url));
        let at = at.unwrap_or_else(|| panic!("no {url:?} in {:?}", self.calls));
        self.calls.remove(at).0
    }

    fn process(&self, command: &str) -> u32 {
        let running = self.running.iter().rev();
        let mut matching = running.filter(|(_, line)| line.starts_with(command));
        matching.next().unwrap_or_else(|| panic!("no {command:?} in {:?}", self.running)).0
    }

    fn launched(&mut self, Launch { process, program, args, env }: Launch) -> String {
        self.running.push((process, args.join(" ")));
        let program = program.map(|path| format!(" {path}")).unwrap_or_default();
        let env: BTreeMap<_, _> = env.iter().map(|(n, v)| (n, v.reveal())).collect();
        format!("{process}{program} {env:?}")
    }

    fn tell(&mut self, event: &Event) -> &mut Self {
        for effect in self.core.handle(self.now, event) {
            let line = match effect {
                Effect::Log { style, text } => format!("{style:?}: {text}"),
                Effect::SetVariable { name, value } => format!("variable {name}: {value:?}"),
                Effect::Spawn(launch) => format!("spawn {}", self.launched(launch)),
                Effect::OpenGate(launch) => format!("open {}", self.launched(launch)),
                Effect::Send { call, request } => {
                    let line = format!("{} {} {}", request.method, request.path, request.body);
                    self.calls.push((call, line.clone()));
                    format!("send {}", line.trim())
                }
                Effect::Abort { call } => {
                    self.calls.retain(|(id, _)| *id != call);
                    format!("abort {call}")
                }
                Effect::SetProgress { percent } => format!("progress {percent}"),
                Effect::Summarise { markdown } => format!("summary {markdown}"),
                Effect::Attach { kind, name, content } => format!("attach {kind} {name} {content}"),
                Effect::Mask { secret } => format!("mask {:?}", secret.reveal()),
                Effect::WriteFile { path, content } => {
                    let path = path.map(|path| format!("{path}: ")).unwrap_or_default();
                    format!("write {path}{:?}", content.reveal())
                }
                Effect::Fetch { call, request } => {
                    self.calls.push((call, request.url.clone()));
                    let headers = request.headers.iter().map(|(n, v)| (n, v.reveal()));
                    let headers: BTreeMap<_, _> = headers.collect();
                    let body = request.body.reveal();
                    format!("{} {} {headers:?} {body}", request.method, request.url)
                }
                Effect::Sign { call, assertion } => {
                    self.calls.push((call, "sign".into()));
                    format!("sign {} {}", assertion.issuer, assertion.audience)
                }
                Effect::FindTool { name, version, .. } => format!("find {name} {version}"),
                Effect::GetTool { name, file, version, url, sha256, proxy, .. } => {
                    let proxy = proxy.map(|proxy| format!(" by {}", proxy.reveal()));
                    let proxy = proxy.unwrap_or_default();
                    format!("get {name} {version} as {file} from {url}{proxy}, {sha256}")
                }
                Effect::ReadFile { path, limit } => format!("read {path}, {limit} bytes"),
                Effect::SaveFile { path, content } => format!("save {path}: {content:?}"),
                Effect::AddBuildTag { tag } => format!("build tag {tag}"),
                Effect::UpdateBuildNumber { number } => format!("build number {number}"),
                Effect::Kill { process } => format!("kill {process}"),
                Effect::Wake { timer, after_ms } => {
                    self.timers.push((timer, after_ms));
                    format!("wake {timer} after {after_ms}")
                }
                Effect::Finish { result, message } => format!("finish {result:?}: {message}"),
            };
            writeln!(self.transcript, "{line}").expect("a string takes every line");
        }
        self
    }
}
