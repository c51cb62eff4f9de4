// A grid of pictures, of which one at a time can be reached by Tab, and the large view of one.

const STILL = 150; // milliseconds on a picture until its large one is fetched
const grids = new WeakMap(); // by the place on the page: it stays when other pictures come

export default function (component) {
  const root = component.parentElement;
  if (!grids.has(root)) grids.set(root, new Grid(root));
  grids.get(root).show(component);
}

class Grid {
  constructor(root) {
    this.root = root;
    this.pictures = [];
    this.at = 0; // the picture that Tab comes to
    this.enlarged = 0;
    this.number = 0; // of the last tick
    this.untold = new Map(); // ticks that the server has not heard of: file -> [on, number]
    this.dialog = this.find("dialog");
    this.find(".grid").onkeydown = (event) => this.walk(event);
    this.dialog.onkeydown = (event) => this.leaf(event);
    this.dialog.onclose = () => {
      this.letGo();
      this.cells[this.enlarged]?.button.focus();
    };
    this.dialog.onclick = ({ target }) => target === this.dialog && this.dialog.close(); // beside it
    this.find(".back").onclick = () => this.open(this.at - 1);
    this.find(".on").onclick = () => this.open(this.at + 1);
    this.find(".close").onclick = () => this.dialog.close();
    this.find(".tick").onclick = () => this.tick(this.at);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  show(component) {
    const { pictures, heard, width } = component.data;
    this.component = component;
    speak(component.data);
    label(this.root, { ".close": say("Close") });
    const spokenOnly = {
      dialog: say("Large picture"),
      ".back": say("Previous picture"),
      ".on": say("Next picture"),
      ".grid": this.ticks ? say("Pictures to select") : say("Pictures"),
    };
    label(this.root, spokenOnly, "aria-label");
    this.number = Math.max(this.number, heard);
    for (const [file, [, number]] of this.untold) if (number <= heard) this.untold.delete(file);
    const before = this.drawn;
    this.drawn = JSON.stringify([pictures, component.data.query]);
    if (this.drawn !== before) this.build(pictures);
    this.find(".grid").style.setProperty("--least", `${width}px`);
    this.draw();
  }

  get ticks() {
    return this.component.data.ticked !== null;
  }

  build(pictures) {
    const { file } = this.pictures[this.at] ?? {};
    const held = this.find(".grid").contains(this.root.getRootNode().activeElement);
    this.pictures = pictures;
    const same = pictures.findIndex((each) => each.file === file);
    this.at = same >= 0 ? same : Math.min(this.at, Math.max(pictures.length - 1, 0));
    this.cells = pictures.map((picture, place) => this.cell(picture, place));
    this.find(".grid").replaceChildren(...this.cells.map(({ cell }) => cell));
    if (held) this.cells[this.at]?.button.focus();
    if (!this.dialog.open) return;
    if (same >= 0) this.open(same);
    else this.dialog.close();
  }

  cell(picture, place) {
    const cell = document.createElement("div");
    const button = document.createElement("button");
    const image = document.createElement("img");
    const caption = document.createElement("bdi");
    cell.className = "cell";
    button.type = "button";
    button.className = "picture";
    button.title = picture.told;
    button.setAttribute("aria-label", picture.told); // and not the sign of a tick as well
    image.loading = "lazy";
    image.alt = "";
    image.src = this.source(picture);
    image.onerror = () => image.classList.add("gone");
    caption.dir = "ltr"; // a sentence of Thaw's, in which names are isolated
    caption.textContent = picture.caption;
    caption.setAttribute("aria-hidden", "true");
    button.append(image, caption);
    button.onfocus = () => this.reach(place);
    button.onclick = () => (this.ticks ? this.tick(place) : this.open(place));
    cell.append(button);
    if (this.ticks) {
      button.ondblclick = () => this.open(place); // its two clicks have ticked and unticked it
      cell.append(this.opener(picture, place));
    }
    return { cell, button };
  }

  opener(picture, place) {
    const open = document.createElement("button");
    open.type = "button";
    open.className = "open";
    open.tabIndex = -1; // the Enter key opens
    open.setAttribute("aria-label", say("Enlarge {picture}", { picture: picture.told }));
    open.innerHTML =
      '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7" /></svg>';
    open.onclick = () => this.open(place);
    return open;
  }

  source({ digest }, more = {}) {
    const { address, query } = this.component.data;
    return `${address}/${digest}?${new URLSearchParams({ ...query, ...more })}`;
  }

  isTicked({ file }) {
    return this.untold.get(file)?.[0] ?? this.component.data.ticked?.includes(file) ?? false;
  }

  tick(place) {
    const picture = this.pictures[place];
    const on = !this.isTicked(picture);
    this.number += 1;
    this.untold.set(picture.file, [on, this.number]);
    const changed = Object.fromEntries([...this.untold].map(([file, [ticked]]) => [file, ticked]));
    this.component.setStateValue("ticks", { number: this.number, changed });
    this.find(".aloud").textContent = on
      ? say("{picture} selected", { picture: picture.told })
      : say("{picture} no longer selected", { picture: picture.told });
    this.draw();
  }

  reach(place) {
    this.at = place;
    this.draw();
  }

  // How many pictures stand beside each other.
  get columns() {
    const top = ({ cell }) => cell.offsetTop;
    const next = this.cells.findIndex((each) => top(each) > top(this.cells[0]));
    return next < 0 ? this.cells.length : next;
  }

  walk(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.pictures.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    const to =
      event.key === "Home" ? 0 : event.key === "End" ? last : this.at + (steps[event.key] ?? NaN);
    if (event.key === "Enter") this.open(this.at);
    else if (Number.isNaN(to)) return;
    else (this.cells[to] ?? (event.key === "ArrowDown" && this.cells[last]))?.button?.focus();
    event.preventDefault();
  }

  open(place) {
    const picture = this.pictures[place];
    if (!picture) return;
    this.at = this.enlarged = place;
    const image = this.find("dialog img");
    image.alt = picture.told;
    image.src = this.source(picture); // until the large one has come
    this.letGo();
    this.waiting = setTimeout(() => this.enlarge(picture, image), STILL);
    this.find(".told bdi").textContent = picture.told;
    this.find(".told span").textContent =
      `· ${picture.size} · ${say("{number} of {total}", { number: place + 1, total: this.pictures.length })}`;
    this.draw();
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.dialog.focus();
  }

  // Fetch the large picture of the one that is looked at.
  enlarge(picture, image) {
    const large = (this.large = new Image());
    large.onload = () => this.large === large && (image.src = large.src);
    large.src = this.source(picture, { large: 1 });
  }

  // Fetch none, and give up the one that is on its way.
  letGo() {
    clearTimeout(this.waiting);
    if (this.large && !this.large.complete) this.large.src = "";
    this.large = null;
  }

  leaf(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) this.open(this.at + step);
    else if (event.key === " " && this.ticks && event.target === this.dialog) this.tick(this.at);
    else return;
    event.preventDefault();
  }

  draw() {
    this.cells.forEach(({ button }, place) => {
      button.tabIndex = place === this.at ? 0 : -1;
      if (this.ticks) button.setAttribute("aria-pressed", this.isTicked(this.pictures[place]));
    });
    const picture = this.pictures[this.at];
    const tick = this.find(".tick");
    tick.hidden = !this.ticks || !picture;
    if (picture) {
      tick.textContent = this.isTicked(picture) ? say("Deselect") : say("Select this picture");
    }
    this.find(".back").disabled = this.at === 0;
    this.find(".on").disabled = this.at >= this.pictures.length - 1;
  }
}
