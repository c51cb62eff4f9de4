// What the camera sees, and the pictures taken so far. See `folder.js` and `sending.js` for the rest.

const LONGEST = 640; // pixels of the longer side
const EVERY = 500; // milliseconds between two pictures of a burst
const MOST = 500; // pictures that are kept before they are added
const rolls = new Map(); // what was taken and is not added yet, for each class of each data set
let sending = null; // one upload at a time, which goes on while another page is looked at
let camera = null;
let preferred = null; // the camera that was chosen last

export default function (component) {
  const root = component.parentElement;
  if (camera?.root !== root) {
    camera?.leave();
    camera = new Camera(root);
    if (sending?.upload.stage === "told") sending = null; // it was taken, and this is a new place
  }
  const mine = camera;
  mine.component = component;
  mine.showRoll();
  draw();
  return () => setTimeout(() => !root.isConnected && mine.leave());
}

window.addEventListener("beforeunload", (event) => {
  if (sending?.upload.unfinished || [...rolls.values()].some(({ taken }) => taken.length)) {
    event.preventDefault();
  }
});
document.addEventListener("visibilitychange", () => document.hidden && camera?.endBurst());

class Camera {
  constructor(root) {
    this.root = root;
    this.stream = null;
    this.problem = "";
    this.video = this.find("video");
    this.find(".start").onclick = () => this.start();
    this.find(".stop").onclick = () => {
      this.stop();
      draw();
      this.find(".start").focus();
    };
    this.find(".one").onclick = async () => {
      if (await this.take()) say(`${this.told()}.`);
    };
    this.find(".burst").onclick = () => (this.burst ? this.endBurst() : this.beginBurst());
    this.find(".add").onclick = () => this.add();
    this.find(".cancel").onclick = () => {
      sending?.upload.cancel();
      this.find(".add").focus();
    };
    this.find("select").onchange = (event) => {
      preferred = event.target.value;
      this.start();
    };
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  get meant() {
    const { dataset, origin } = this.component.data;
    return { dataset, origin };
  }

  get roll() {
    const key = JSON.stringify(this.meant);
    if (!rolls.has(key)) rolls.set(key, { taken: [], count: 0, began: null });
    return rolls.get(key);
  }

  told() {
    const { length } = this.roll.taken;
    return length === 1 ? "1 picture taken" : `${length} pictures taken`;
  }

  async start() {
    const again = this.stream !== null;
    this.stop();
    this.problem = "";
    if (!navigator.mediaDevices?.getUserMedia) {
      this.problem =
        "Browsers give the camera only to pages of this very computer or over https. Ask whoever " +
        "runs this server for an https address, or drop pictures instead.";
      return draw();
    }
    const wanted = preferred ? { deviceId: { exact: preferred } } : { facingMode: "environment" };
    try {
      const size = { width: { ideal: 1280 }, height: { ideal: 960 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video: { ...wanted, ...size } });
      if (!this.root.isConnected) return stream.getTracks().forEach((track) => track.stop());
      await this.show(stream);
      if (!again) this.find(".one").focus();
    } catch (error) {
      this.stop();
      preferred = null;
      this.problem = PROBLEMS[error.name] ?? PROBLEMS.NotReadableError;
      draw();
    }
  }

  async show(stream) {
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.onended = () => {
      this.stop();
      this.problem = "The camera was unplugged or turned off. What was taken is still here.";
      draw();
    };
    const { deviceId, facingMode } = track.getSettings();
    this.video.classList.toggle("mirrored", facingMode !== "environment"); // as people know it
    this.video.srcObject = stream;
    draw();
    await this.video.play();
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === "videoinput");
    this.find(".which").hidden = cameras.length < 2;
    const name = ({ label }, place) => label || `Camera ${place + 1}`;
    this.find("select").replaceChildren(
      ...cameras.map((each, place) => new Option(name(each, place), each.deviceId)),
    );
    this.find("select").value = deviceId;
  }

  stop() {
    this.endBurst();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.video.srcObject = null;
  }

  leave() {
    this.stop();
    if (camera === this) camera = null;
  }

  beginBurst() {
    this.burst = setInterval(() => this.take(), EVERY);
    this.take();
    say("Taking a picture every half second.");
    draw();
  }

  endBurst() {
    if (!this.burst) return;
    clearInterval(this.burst);
    this.burst = null;
    say(`${this.told()}.`);
    draw();
  }

  // Whether a picture was taken: as it is, not mirrored as it is seen.
  async take() {
    const { roll, video } = this;
    const { videoWidth: width, videoHeight: height } = video;
    if (!width) return false;
    if (roll.taken.length >= MOST) {
      this.endBurst();
      this.problem = `These are ${MOST} pictures. Add them before you take more.`;
      draw();
      return false;
    }
    roll.began ??= new Date();
    const number = ++roll.count;
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    video.classList.add("taken");
    setTimeout(() => video.classList.remove("taken"), EVERY / 3);
    const blob = await new Promise((made) => canvas.toBlob(made, "image/jpeg", 0.9));
    const name = `camera ${stamp(roll.began)}_${String(number).padStart(3, "0")}.jpg`;
    this.keep(roll, new File([blob], name, { type: "image/jpeg" }), number);
    return true;
  }

  keep(roll, file, number) {
    const picture = { file, item: document.createElement("li") };
    const button = document.createElement("button");
    const image = document.createElement("img");
    button.type = "button";
    button.setAttribute("aria-label", `Drop picture ${number}`);
    button.title = "Drop this picture";
    image.src = URL.createObjectURL(file);
    image.alt = "";
    button.append(image);
    picture.item.append(button);
    button.onclick = () => {
      const next = (picture.item.nextSibling ?? picture.item.previousSibling)?.firstChild;
      this.drop(roll, [picture]);
      (next ?? camera?.find(".one"))?.focus();
      say(`${camera?.told()}.`);
    };
    roll.taken.push(picture);
    if (roll === this.roll) this.find("ul").prepend(picture.item);
    draw();
  }

  drop(roll, pictures) {
    roll.taken = roll.taken.filter((each) => !pictures.includes(each));
    for (const { item } of pictures) {
      URL.revokeObjectURL(item.querySelector("img").src);
      item.remove();
    }
    draw();
  }

  showRoll() {
    const shown = this.roll.taken.map(({ item }) => item).reverse();
    if (this.find("ul").children.length !== shown.length) this.find("ul").replaceChildren(...shown);
  }

  add() {
    this.endBurst();
    const { meant, roll } = this;
    const pictures = [...roll.taken];
    const server = { ...this.component.data };
    const upload = new Upload(
      pictures.length === 1 ? "1 picture" : `${pictures.length} pictures`,
      () => Object.assign(server, camera?.component.data),
      draw,
    );
    sending = { upload, meant, label: server.label, roll, pictures };
    draw();
    upload.fromFolder(pictures.map(({ file }) => ({ path: file.name, file })));
  }
}

const PROBLEMS = {
  NotAllowedError:
    "The camera is not allowed for this page. Allow it at the camera or lock sign beside the " +
    "address, then turn it on again.",
  NotFoundError: "No camera was found. Plug one in and turn it on again, or drop pictures instead.",
  NotReadableError:
    "The camera does not answer. Perhaps another program uses it: close that, then turn it on again.",
};
PROBLEMS.OverconstrainedError = PROBLEMS.NotFoundError;

function draw() {
  if (!camera) return;
  if (sending?.upload.stage === "whole") {
    const { upload, meant, roll, pictures } = sending;
    const told = upload.tell();
    camera.drop(roll, pictures); // draws
    if (!roll.taken.length) Object.assign(roll, { count: 0, began: null });
    camera.component.setStateValue("brought", { ...told, ...meant });
    return;
  }
  const { roll, problem } = camera;
  const upload = sending?.upload;
  const busy = upload?.going || upload?.stage === "told";
  const find = (selector) => camera.find(selector);
  find(".off").hidden = camera.stream !== null;
  find(".on").hidden = camera.stream === null;
  find(".burst").textContent = camera.burst ? "Stop taking pictures" : "Keep taking pictures";
  find(".burst").classList.toggle("running", Boolean(camera.burst));
  find(".roll").hidden = !roll.taken.length || busy;
  find(".roll .told").textContent = camera.told();
  const many = roll.taken.length === 1 ? "1 picture" : `${roll.taken.length} pictures`;
  find(".add").textContent = `Add ${many} to ${quoted(camera.component.data.label)}`;
  find(".going").hidden = !busy;
  if (busy) {
    find(".going .lead").textContent = `Sending ${upload.name} to ${quoted(sending.label)}`;
    find("progress").value = upload.size ? Math.min(1, upload.done / upload.size) : 0;
    find(".cut").textContent = upload.cut
      ? "The connection is gone. It goes on by itself as soon as it is back."
      : "";
  }
  const error = problem || (upload?.error ?? "");
  find(".error").hidden = !error;
  find(".error").textContent = error;
}

function say(text) {
  if (camera) camera.find(".aloud").textContent = text;
}

// 2026-11-26 14.03.22, on the clock of whoever takes the pictures.
function stamp(date) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(".")}`;
}
