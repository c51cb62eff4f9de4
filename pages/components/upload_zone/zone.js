// What is on the screen. One upload at a time, which goes on while another page is looked at.

const ARCHIVE = /\.(zip|tar|t?gz|tbz2?|bz2|txz|xz|7z|thaw|tm)$/i;
const PICTURE = /\.(jpe?g|png|gif|bmp|tiff?|webp|avif|hei[cf]|ico|p[bgp]m|jp2)$/i;
let upload = null;
let zone = null;

export default function (component) {
  if (zone?.root !== component.parentElement) {
    zone = new Zone(component.parentElement);
    if (upload?.stage === "told") upload = null; // it was taken, and this is a new zone
  }
  zone.component = component;
  speak(component.data);
  zone.label();
  draw();
  return () => {
    if (zone?.root === component.parentElement) zone = null;
  };
}

class Zone {
  label() {
    label(this.root, {
      "button.pictures": say("Choose pictures"),
      "button.zip": say("Choose a zip file"),
      "button.folder": say("Choose a folder"),
      ".cancel": say("Cancel"),
    });
    const spokenOnly = {
      "input.pictures": say("Pictures"),
      "input.zip": say("Zip file"),
      "input.folder": say("Folder"),
      progress: say("Upload progress"),
    };
    label(this.root, spokenOnly, "aria-label");
  }

  constructor(root) {
    this.root = root;
    this.box = root.querySelector(".zone");
    const send = { pictures: sendPictures, zip: ([file]) => sendFile(file), folder: sendChosenFolder };
    for (const kind of Object.keys(send)) {
      const input = root.querySelector(`input.${kind}`);
      const button = root.querySelector(`button.${kind}`);
      button.onclick = () => input.click();
      input.onchange = () => {
        const files = [...input.files];
        input.value = ""; // so that the same file can be chosen again
        if (files.length) send[kind](files);
      };
      if (kind === "folder" && !("webkitdirectory" in input)) button.hidden = true;
    }
    root.querySelector(".cancel").onclick = () => {
      upload?.cancel();
      root.querySelector(".choose button:not([hidden])").focus();
    };
    this.box.ondragover = (event) => {
      event.preventDefault();
      this.box.classList.add("over");
    };
    this.box.ondragleave = () => this.box.classList.remove("over");
    this.box.ondrop = (event) => {
      event.preventDefault();
      this.box.classList.remove("over");
      if (!upload?.going) sendDropped([...event.dataTransfer.items]);
    };
  }
}

document.addEventListener("paste", (event) => {
  if (!zone?.component.data.label || upload?.going) return;
  const pictures = pastedPictures(event);
  if (pictures.length) sendPictures(pictures);
});

function begin(name) {
  const server = { ...zone.component.data };
  upload = new Upload(name, () => Object.assign(server, zone?.component.data), draw);
  upload.meant = { dataset: server.dataset, origin: server.origin };
  upload.label = server.label;
  draw();
  return upload;
}

// Pictures without folders: they are all of one class, or of classes that are asked for.
function takesPictures() {
  return Boolean(zone.component.data.label || zone.component.data.unlabelled);
}

function sendFile(file) {
  begin(file.name).fromFile(file);
}

function sendPictures(files) {
  const many = several("{count} picture", "{count} pictures", files.length);
  const name = files.length === 1 ? files[0].name : many;
  begin(name).fromFolder(files.map((file) => ({ path: file.name, file })));
}

function sendChosenFolder(files) {
  const found = files.map((file) => ({ path: file.webkitRelativePath, file }));
  begin(found[0].path.split("/")[0]).fromFolder(found);
}

function sendDropped(items) {
  const entries = items.map((item) => item.webkitGetAsEntry()).filter(Boolean);
  if (!entries.length) return; // a piece of text
  const [first] = entries;
  const loose = entries.every((entry) => entry.isFile && PICTURE.test(entry.name));
  if (loose && !takesPictures()) {
    return begin(say("pictures")).fromFolder(Promise.reject(new Refusal(zone.component.data.loose)));
  }
  if (entries.length === 1 && first.isFile) {
    const picture = takesPictures() && !ARCHIVE.test(first.name);
    return first.file(picture ? (file) => sendPictures([file]) : sendFile);
  }
  const found = Promise.all(entries.map((entry) => filesBelow(entry)));
  const name = entries.length === 1 ? first.name : say("pictures");
  begin(name).fromFolder(found.then((each) => each.flat()));
}

function draw() {
  window.onbeforeunload = upload?.unfinished ? (event) => event.preventDefault() : null;
  if (!zone) return;
  const find = (selector) => zone.root.querySelector(selector);
  find("button.pictures").hidden = !takesPictures();
  find(".choose .lead").textContent = takesPictures()
    ? say("Drop pictures, a folder or a zip here")
    : say("Drop a zip or a folder here");
  const waits = !upload || upload.stage === "failed" || upload.stage === "cancelled";
  find(".choose").hidden = !waits;
  find(".going").hidden = waits;
  find(".error").hidden = !upload?.error;
  find(".error").textContent = upload?.error ?? "";
  if (waits) {
    const before = upload ? null : remembered.get();
    const most = say("At most {size}.", { size: size(zone.component.data.limit) });
    const paste = zone.component.data.label ? `${say("You can also paste a picture.")} ` : "";
    find(".hint").textContent = before
      ? say("To continue with {name}, choose it again.", { name: quoted(before.name) })
      : paste + most;
    sayAloud(upload?.stage === "cancelled" ? say("Cancelled.") : "");
    return;
  }
  if (upload.stage === "whole") {
    zone.component.setStateValue("brought", { ...upload.tell(), ...upload.meant });
  }
  const share = upload.size ? Math.min(1, upload.done / upload.size) : 0;
  find(".going .lead").textContent = title();
  find("progress").value = upload.stage === "told" ? 1 : share;
  find(".told").textContent = upload.cut
    ? cutOff()
    : say("{done} of {total}", { done: size(upload.done), total: size(upload.size) }) + left(upload);
  find(".cancel").hidden = !upload.going;
  const tenth = Math.floor(share * 10) * 10;
  sayAloud(upload.cut ? cutOff() : `${title()}: ${tenth} %`);
}

function title() {
  const values = { name: quoted(upload.name), label: quoted(upload.label) };
  if (upload.stage === "reading") return say("Reading {name}", values);
  if (upload.stage === "told") return say("Opening {name}", values);
  return upload.label ? say("Sending {name} to {label}", values) : say("Sending {name}", values);
}

function sayAloud(text) {
  const aloud = zone.root.querySelector(".aloud");
  if (aloud.textContent !== text) aloud.textContent = text;
}

function size(bytes) {
  for (const [unit, worth] of [["GB", 1e9], ["MB", 1e6], ["KB", 1e3]]) {
    const digits = { maximumFractionDigits: unit === "GB" ? 1 : 0 };
    if (bytes >= worth) {
      return `${(bytes / worth).toLocaleString(spoken.language, digits)} ${unit}`;
    }
  }
  return several("{count} byte", "{count} bytes", bytes);
}

function left({ stage, since, done, size: total }) {
  const seconds = since ? (Date.now() - since.time) / 1000 : 0;
  if (stage !== "sending" || seconds < 2 || done <= since.offset) return "";
  const rest = ((total - done) * seconds) / (done - since.offset);
  const written = (value, digits) =>
    value.toLocaleString(spoken.language, { maximumFractionDigits: digits });
  if (rest < 90) return ` · ${say("about {seconds} s left", { seconds: Math.ceil(rest) })}`;
  if (rest < 5400) return ` · ${say("about {minutes} min left", { minutes: written(rest / 60, 0) })}`;
  return ` · ${say("about {hours} h left", { hours: written(rest / 3600, 1) })}`;
}
