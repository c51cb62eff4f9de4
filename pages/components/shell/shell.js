// Every page lies directly below the app's base path.
const base = new URL("./", location.href).href;
window.__streamlit = { BACKEND_BASE_URL: base };

const AGAIN = 1000; // milliseconds between two questions whether the server is back
const PATIENCE = 5000; // milliseconds until a question counts as not answered
let lost = false; // whether the line to the server is cut

// Streamlit keeps one line open to the server. When it is cut, the server is asked whether it is
// still there; nothing is asked before.
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("close", look);
  }
};

async function look() {
  if (lost) return;
  lost = true;
  for (let times = 0; lost; times++) {
    const status = await ask();
    // Another token, or the login of a proxy has run out: a page of theirs asks for it.
    if (status === 401 || status === 403) return location.reload();
    lost = status !== 200;
    cover(lost && times > 0); // a page that is being left loses its line as well
    if (lost) await new Promise((over) => setTimeout(over, AGAIN));
  }
}

async function ask() {
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const options = { cache: "no-store", redirect: "manual", signal };
    const answer = await fetch(`${base}_stcore/host-config`, options);
    return answer.type === "opaqueredirect" ? 401 : answer.status; // a proxy's way to its login
  } catch {
    return 0;
  }
}

function cover(shown) {
  const before = document.getElementById("thaw-stopped");
  if (!shown) return before?.remove();
  if (before) return;
  const panel = document.createElement("dialog");
  panel.id = "thaw-stopped";
  panel.setAttribute("role", "alertdialog");
  panel.setAttribute("aria-labelledby", "thaw-stopped-title");
  panel.dataset.reactAriaTopLayer = "true"; // Streamlit's own dialog leaves it alone
  panel.innerHTML = `<h1 id="thaw-stopped-title" tabindex="-1" autofocus></h1>
    <p class="safe"></p><p class="how"></p><pre><code></code></pre><p class="then"></p>`;
  const chosen = new URLSearchParams(location.search).get("language") ?? navigator.language;
  const language = chosen.split("-")[0];
  speak({ language, texts: THAW.texts[language] ?? {} });
  label(panel, {
    h1: say("Thaw has stopped"),
    ".safe": say("Your data sets and networks are safe, and a running training continues."),
    ".how": say("To start Thaw again, open a terminal in its folder and type:"),
    code: THAW.start,
    ".then": say("This page then continues by itself. If Thaw runs on another computer, also check that this one is connected to it."),
  });
  panel.onclose = () => lost && panel.showModal(); // Escape does not start the server
  document.body.append(panel);
  panel.showModal();
}
