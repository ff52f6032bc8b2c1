/** The page of a run, to its frame: it answers the extension SDK with JSON-RPC by messages. */
const given = JSON.parse(document.getElementById("given").textContent);
const frame = document.querySelector("iframe");
const functions = {};
let handshakeToken;

/** A function that the frame can call. */
function lent(call) {
  const id = Object.keys(functions).length + 1;
  functions[`proxy${id}`] = call;
  return { __proxyFunctionId: id, _channelId: 1 };
}

function send(message) {
  frame.contentWindow.postMessage(JSON.stringify({ handshakeToken, ...message }), "*");
}

function call(instanceId, methodName, ...params) {
  send({ id: 1000, instanceId, methodName, params });
}

/** Tells the tab that its run has changed. */
let changed = () => call("rollouts", "updateContext", { releaseEnvironment: given.stage });

const onBuildChanged = lent((callback) => {
  changed = () => call("__proxyFunctions", `proxy${callback.__proxyFunctionId}`, given.build);
  changed();
});

const services = {
  "ms.vss-features.location-service": {
    getResourceAreaLocation: lent((area) => given.areas[area]),
  },
  "ms.vss-tfs-web.tfs-page-data-service": {
    getProject: lent(() => given.project),
  },
};

const objects = {
  __proxyFunctions: functions,
  "DevOps.HostControl": {
    initialHandshake: () => ({
      contributionId: "kubectl-set-image.rollouts",
      context: { extension: {}, user: {}, host: {} },
      initialConfig:
        given.of === "build" ? { onBuildChanged } : { releaseEnvironment: given.stage },
      themeData: given.theme,
    }),
    notifyLoadSucceeded: () => {
      document.title = "The tab is there";
      // As the host asks whether to show the tab.
      const state = given.of === "stage" ? { releaseEnvironment: given.stage } : {};
      send({ id: 2000, instanceId: "rollouts", methodName: "isInvisible", params: [state] });
    },
    getAccessToken: () => ({ token: given.token }),
  },
  "DevOps.ServiceManager": { getService: (id) => services[id] },
};

window.addEventListener("message", ({ data, source }) => {
  const { id, instanceId, methodName, params, handshakeToken: token, result } = JSON.parse(data);
  if (source === frame.contentWindow && id === 2000) document.body.dataset.hidden = result;
  if (source !== frame.contentWindow || !instanceId) return;
  handshakeToken = token ?? handshakeToken;
  send({ id, result: objects[instanceId]?.[methodName]?.(...(params ?? [])) });
});

window.addEventListener("click", () => changed());
frame.src = "/tab";
