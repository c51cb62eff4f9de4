// The pictures taken so far. See `film.js`, `folder.js` and `sending.js` for the rest.

const LONGEST = 640; // pixels of the longer side
const EVERY = 500; // milliseconds between two pictures while a class is held
const PAUSE = 5000; // milliseconds without a picture of a class after which its next one is of a new series
const MOST = 500; // pictures that are kept before they are added
const rolls = new Map(); // the pictures of each data set that are not added yet
let sending = null; // the pictures of one class on their way; they go on while another page is open
let camera = null;

export default function (component) {
  const root = component.parentElement;
  const fresh = camera?.root !== root;
  if (fresh) {
    camera?.leave();
    camera = new Camera(root);
  }
  const mine = camera;
  mine.component = component;
  speak(component.data);
  mine.label();
  mine.showRoll();
  mine.showClasses();
  const { dataset, classes, heard, busy } = component.data;
  if (fresh && classes.every(({ count }) => !count)) mine.bringInSight(); // the step that is next
  if (sending?.upload.stage === "told" && !busy) {
    const { upload, meant } = sending;
    // Its pictures are in the data set now, or the page was left before anybody asked.
    if (fresh || heard === upload.place.id || dataset !== meant.dataset) sending = null;
  }
  mine.addNext();
  draw();
  return () => setTimeout(() => !root.isConnected && mine.leave());
}

window.addEventListener("beforeunload", (event) => {
  if (sending?.upload.unfinished || [...rolls.values()].some(({ taken }) => taken.length)) {
    event.preventDefault();
  }
});
document.addEventListener("visibilitychange", () => document.hidden && camera?.release());

class Camera {
  constructor(root) {
    this.root = root;
    this.shutters = new Map(); // the button of each class, by what the class was first called
    this.video = this.find("video");
    this.film = new Film(this.video, this.find(".which"), draw, () => this.release());
    this.find(".start").onclick = () => this.start();
    this.find(".stop").onclick = () => {
      this.film.stop();
      draw();
      this.find(".start").focus();
    };
    this.find(".burst").onclick = () =>
      this.burst ? this.release() : this.hold(this.next);
    this.find(".undo").onclick = () => {
      const last = this.roll.taken.at(-1)?.press;
      this.drop(this.roll, this.roll.taken.filter(({ press }) => press === last));
      sayAloud(`${this.told()}.`);
      if (!this.roll.taken.length) this.firstShutter()?.focus();
    };
    this.find(".add").onclick = () => {
      this.release();
      if (sending?.upload.stage === "failed") sending = null; // try again
      this.roll.wanted = true;
      this.addNext();
      this.firstShutter()?.focus();
    };
    this.find(".cancel").onclick = () => {
      this.roll.wanted = false;
      sending?.upload.cancel();
      sending = null;
      draw();
      this.find(".add").focus();
    };
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  label() {
    label(this.root, {
      ".start": say("Turn on the camera"),
      ".keep": say("Take pictures of every class. They stay in this browser until you add them."),
      ".which span": say("Camera"),
      "#how": say("Press a class to take a picture of it. Hold it down to take many."),
      ".stop": say("Turn off"),
      ".undo": say("Undo last"),
      ".cancel": say("Cancel"),
    });
    const spokenOnly = {
      video: say("What the camera sees"),
      ".classes": say("Take a picture of"),
      progress: say("Upload progress"),
    };
    label(this.root, spokenOnly, "aria-label");
  }

  get roll() {
    const { dataset } = this.component.data;
    if (!rolls.has(dataset)) {
      // wanted: whether the pictures are to be added. last: the class that was taken last.
      rolls.set(dataset, { taken: [], series: new Map(), presses: 0, wanted: false, last: null });
    }
    return rolls.get(dataset);
  }

  told() {
    return several("{count} picture taken", "{count} pictures taken", this.roll.taken.length);
  }

  // A phone that was scrolled down stays so when the page becomes another one.
  bringInSight() {
    requestAnimationFrame(() => this.find(".camera").scrollIntoView({ block: "nearest" }));
  }

  // The class that was taken last, or else the one that the page shows.
  get next() {
    const { classes, origin } = this.component.data;
    const { last } = this.roll;
    return classes.some((each) => each.origin === last) ? last : origin;
  }

  labelOf(origin) {
    return this.component.data.classes.find((each) => each.origin === origin)?.label ?? origin;
  }

  firstShutter() {
    return this.find(".classes button") ?? this.find(".start");
  }

  async start() {
    if (!(await this.film.start())) return;
    this.firstShutter().focus({ preventScroll: true });
    this.bringInSight();
  }

  leave() {
    this.film.stop();
    if (camera === this) camera = null;
  }

  // One button for each class. Those that are there stay, so that one can be held down meanwhile.
  showClasses() {
    const { classes } = this.component.data;
    const buttons = classes.map(({ origin, label }) => {
      if (!this.shutters.has(origin)) this.shutters.set(origin, this.shutter(origin));
      const button = this.shutters.get(origin);
      button.querySelector("bdi").textContent = button.title = label;
      return button;
    });
    const shown = [...this.find(".classes").children];
    if (buttons.length !== shown.length || buttons.some((each, place) => each !== shown[place])) {
      this.find(".classes").replaceChildren(...buttons);
    }
  }

  shutter(origin) {
    const button = document.createElement("button");
    const count = document.createElement("span");
    button.type = "button";
    count.className = "count";
    button.append(document.createElement("bdi"), " ", count);
    button.onpointerdown = (event) => {
      if (event.button) return;
      button.setPointerCapture(event.pointerId);
      this.hold(origin);
    };
    button.onpointerup = button.onpointercancel = () => this.release();
    button.onblur = () => this.burst?.origin === origin && this.release(); // not the one pressed next
    button.oncontextmenu = (event) => event.preventDefault(); // of a long touch
    button.onkeydown = button.onkeyup = (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      if (event.type === "keyup") this.release();
      else if (!event.repeat) this.hold(origin);
    };
    button.onclick = (event) => {
      if (event.detail) return; // of a pointer, which has been dealt with
      this.hold(origin); // of a screen reader or a voice
      this.release();
    };
    return button;
  }

  // Take a picture of a class now, and one every half second until `release`.
  hold(origin) {
    this.release();
    const { roll } = this;
    roll.last = origin;
    const press = ++roll.presses;
    this.burst = { origin, timer: setInterval(() => this.take(origin, press), EVERY) };
    this.take(origin, press);
    draw();
  }

  release() {
    if (!this.burst) return;
    clearInterval(this.burst.timer);
    this.burst = null;
    draw();
    sayAloud(`${this.told()}.`);
  }

  async take(origin, press) {
    const { roll, video } = this;
    if (!video.videoWidth) return;
    if (roll.taken.length >= MOST) {
      this.film.problem = say("You have {count} pictures. Add them before you take more.", { count: MOST });
      return this.release();
    }
    this.film.problem = "";
    video.classList.add("taken");
    setTimeout(() => video.classList.remove("taken"), EVERY / 3);
    const name = nextName(roll, origin);
    const blob = await this.film.picture(LONGEST / Math.max(video.videoWidth, video.videoHeight));
    this.keep(roll, { file: new File([blob], name, { type: "image/jpeg" }), origin, press });
    sayAloud(`${this.told()}.`);
  }

  keep(roll, picture) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const image = document.createElement("img");
    const label = document.createElement("bdi");
    button.type = "button";
    button.title = say("Remove this picture");
    label.textContent = this.labelOf(picture.origin);
    button.setAttribute("aria-label", say("Remove this picture of {name}", { name: quoted(label.textContent) }));
    image.src = URL.createObjectURL(picture.file);
    image.alt = "";
    button.append(image, label);
    button.onclick = () => {
      const next = (item.nextSibling ?? item.previousSibling)?.firstChild;
      camera?.drop(roll, [picture]);
      (next ?? camera?.firstShutter())?.focus();
      sayAloud(`${camera?.told()}.`);
    };
    item.append(button);
    picture.item = item;
    roll.taken.push(picture);
    if (roll === this.roll) this.find("ul").prepend(item);
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

  // Send the pictures of one class; once they are in the data set, those of the next.
  addNext() {
    const { roll } = this;
    if (!roll.wanted || sending || this.component.data.busy) return;
    if (!roll.taken.length) {
      roll.wanted = false;
      return draw();
    }
    const { origin } = roll.taken[0];
    const pictures = roll.taken.filter((each) => each.origin === origin);
    const server = { ...this.component.data };
    const upload = new Upload(
      several("{count} picture", "{count} pictures", pictures.length),
      () => Object.assign(server, camera?.component.data),
      draw,
    );
    const meant = { dataset: server.dataset, origin };
    sending = { upload, meant, label: this.labelOf(origin), roll, pictures };
    draw();
    upload.fromFolder(pictures.map(({ file }) => ({ path: file.name, file })));
  }
}

function draw() {
  if (!camera) return;
  if (sending?.upload.stage === "whole") {
    const { upload, meant, roll, pictures } = sending;
    const told = upload.tell();
    camera.drop(roll, pictures); // draws
    camera.component.setStateValue("brought", { ...told, ...meant });
    return;
  }
  const { roll, film, burst } = camera;
  const { classes } = camera.component.data;
  const upload = sending?.upload;
  const busy = upload?.going || upload?.stage === "told";
  const find = (selector) => camera.find(selector);
  find(".off").hidden = film.stream !== null;
  find(".seen").hidden = find(".shutters").hidden = film.stream === null;
  for (const each of classes) {
    const button = camera.shutters.get(each.origin);
    button.querySelector(".count").textContent = each.count + onTheWay(each.origin);
    button.classList.toggle("running", burst?.origin === each.origin);
  }
  const next = quoted(camera.labelOf(camera.next));
  find(".burst").textContent = burst
    ? say("Stop taking pictures")
    : say("Keep taking pictures of {name}", { name: next });
  find(".burst").classList.toggle("running", Boolean(burst));
  find(".roll").hidden = !roll.taken.length;
  find(".roll .told").textContent = camera.told();
  find(".add").textContent = several("Add {count} picture", "Add {count} pictures", roll.taken.length);
  find(".add").disabled = busy;
  find(".going").hidden = !upload?.going;
  if (upload?.going) {
    find(".going .lead").textContent = say("Sending {name} to {label}", {
      name: upload.name,
      label: quoted(sending.label),
    });
    find("progress").value = upload.size ? Math.min(1, upload.done / upload.size) : 0;
    find(".cut").textContent = upload.cut ? cutOff() : "";
  }
  const error = film.problem || (upload?.error ?? "");
  find(".error").hidden = !error;
  find(".error").textContent = error;
}

// Pictures of a class that the data set does not count yet: taken, or on their way into it.
function onTheWay(origin) {
  const { roll } = camera;
  const sent = sending?.upload.stage === "told" && sending.roll === roll ? sending.pictures : [];
  return [...roll.taken, ...sent].filter((each) => each.origin === origin).length;
}

// Pictures of a class without a pause between them are called alike up to a number, and no others.
function nextName(roll, origin) {
  const now = Date.now();
  let series = roll.series.get(origin);
  if (!series || now - series.last > PAUSE) {
    const latest = Math.max(0, ...[...roll.series.values()].map(({ began }) => began));
    series = { began: Math.max(now, latest + 1000), count: 0 }; // names tell seconds apart
    roll.series.set(origin, series);
  }
  series.last = now;
  series.count += 1;
  return `camera ${stamp(new Date(series.began))}_${String(series.count).padStart(3, "0")}.jpg`;
}

function sayAloud(text) {
  if (camera) camera.find(".aloud").textContent = text;
}

// 2026-11-26 14.03.22, on the clock of whoever takes the pictures.
function stamp(date) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(".")}`;
}
