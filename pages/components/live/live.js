// The camera's picture and what the network says of it, again and again. See `film.js` for the
// camera, `show.js` for what a projector shows, and `given.js` for what becomes of a picture that
// is taken.

const EVERY = 100; // milliseconds between two frames at least
const SLOW = 2000; // after which somebody who waits for an answer is told why
const QUIET = 30_000; // after which a line counts as cut
const LONGEST_PAUSE = 10_000;
const TAKEN = 1280; // pixels of the longer side of a picture that is taken
const STAYS = 3; // frames after which something counts as seen, and not as a flicker
const IN_ORDER = 8; // classes that all have a bar, in the network's order
const BEST = 5; // bars where there are more classes
let live = null;

export default function (component) {
  const root = component.parentElement;
  if (live?.root !== root) {
    live?.leave();
    live = new Live(root);
  }
  const mine = live;
  mine.take(component);
  return () => setTimeout(() => !root.isConnected && mine.leave());
}

class Live {
  constructor(root) {
    this.root = root;
    this.following = false;
    this.asking = null; // of the frame that is on its way
    this.video = this.find("video");
    this.film = new Film(this.video, this.find(".which"), () => this.draw());
    this.show = new Show(this.find(".stage"), () => {
      if (this.show.on) this.settle(null); // what is seen already acts as well
      this.draw();
      // The button that had the focus cannot be seen any more.
      if (this.film.stream) this.find(this.show.on ? ".leave" : ".show").focus();
    });
    this.video.onresize = () => {
      const { videoWidth: width, videoHeight: height } = this.video;
      if (width) this.find(".film").style.setProperty("--ratio", width / height);
    };
    this.find(".start").onclick = async () => {
      if (await this.film.start()) this.find(".show").focus({ preventScroll: true });
    };
    this.find(".stop").onclick = () => {
      this.stop();
      this.find(".start").focus();
    };
    this.find(".show").onclick = () => this.show.begin();
    this.find(".take").onclick = async () => {
      const { videoWidth: width, videoHeight: height } = this.video;
      const taken = await this.film.picture(TAKEN / Math.max(width, height));
      if (taken) giveOver([new File([taken], momentName("taken", ".jpg"), { type: taken.type })]);
    };
    this.find(".leave").onclick = () => this.show.end();
    this.find(".all select").onchange = ({ target }) => {
      this.show.does.fill(target.value);
      this.show.keep();
      this.listClasses();
    };
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // What the page says now: another network perhaps, or other names of its classes.
  take(component) {
    const before = this.data;
    this.data = component.data;
    speak(this.data);
    this.label();
    this.show.read(this.data.show, this.data.classes.length);
    if (JSON.stringify(before?.classes) !== JSON.stringify(this.data.classes)) this.listClasses();
    if (before?.run !== this.data.run) this.forget();
    this.draw();
  }

  label() {
    label(this.root, {
      ".start": say("Watch live"),
      ".keep": say("Point the camera at something: the answer follows. Pictures are kept only if you take one."),
      ".which span": say("Camera"),
      ".show": say("Show mode"),
      ".take": say("Take a picture"),
      ".stop": say("Turn off"),
      ".leave": say("Leave show mode"),
      ".then summary": say("What show mode does when it sees a class"),
      ".all span": say("All classes"),
    });
    label(this.root, { video: say("What the camera sees"), ".bars": say("How sure it is") }, "aria-label");
  }

  draw() {
    const on = this.film.stream !== null;
    const { problem } = this.film;
    this.find(".off").hidden = on;
    this.find(".stage").hidden = this.find(".buttons").hidden = !on;
    this.find(".then").hidden = !on;
    this.find(".square").hidden = this.data.square !== "crop";
    this.find(".leave").hidden = !this.show.on;
    this.find(".stage").classList.toggle("full", this.show.on);
    this.find(".error").hidden = !problem;
    this.find(".error").textContent = problem;
    if (!on) this.show.end();
    else if (!this.following) this.follow();
  }

  stop() {
    this.film.stop();
    this.asking?.abort();
    this.forget();
    this.draw();
  }

  leave() {
    if (live === this) live = null;
    this.stop();
  }

  // One frame at a time: the next is taken when the one before is answered, of what is seen then.
  async follow() {
    this.following = true;
    let pause = 0;
    while (this.film.stream) {
      if (document.hidden) {
        await new Promise((seen) =>
          document.addEventListener("visibilitychange", seen, { once: true }),
        );
        continue;
      }
      const began = performance.now();
      const { run, address } = this.data;
      const { turn } = this.film;
      const frame = await this.film.picture(this.scale());
      if (!frame) {
        await milliseconds(EVERY);
        continue;
      }
      const answer = await this.ask(address, frame);
      // The camera was turned off, perhaps on again, or another network was chosen meanwhile.
      if (turn !== this.film.turn || run !== this.data.run) continue;
      if (answer.status === 404) {
        this.film.problem = answer.error;
        this.stop();
        break;
      }
      if (answer.status === 200) this.say(answer);
      else if (answer.status !== 409) this.interrupted(answer);
      pause = answer.status === 200 ? 0 : Math.min(2 * pause + 500, LONGEST_PAUSE);
      await milliseconds(pause || EVERY - (performance.now() - began));
    }
    this.following = false;
  }

  // Twice what the network sees: the last step is the server's, as with any picture.
  scale() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const fits = this.data.square === "pad" ? Math.max : Math.min;
    return (2 * this.data.size) / fits(width, height);
  }

  async ask(address, frame) {
    const late = setTimeout(() => this.wait(), SLOW);
    this.asking = new AbortController();
    const quiet = setTimeout(() => this.asking.abort(), QUIET);
    try {
      const headers = { "Accept-Language": spoken.language };
      const { signal } = this.asking;
      const answer = await fetch(address, { method: "POST", headers, body: frame, signal });
      const said = await answer.json().catch(() => ({})); // a proxy's, perhaps
      return { ...said, status: answer.status };
    } catch {
      return { status: 0 };
    } finally {
      clearTimeout(late);
      clearTimeout(quiet);
    }
  }

  wait() {
    this.find(".state").textContent = this.seen
      ? say("The answer takes longer than usual: the server is busy.")
      : say("The network is being loaded…");
  }

  interrupted({ status, error }) {
    this.find(".said").classList.add("old");
    this.find(".state").textContent =
      error ??
      (status === 0 || status >= 502
        ? say("The connection is lost. The answers continue once it is back.")
        : say("The server refused it ({status}).", { status }));
  }

  // An answer: see ANSWER in core/results/prediction.py.
  say({ label: name, confidence, top, known, sure }) {
    const place = this.data.classes.findIndex((each) => each.name === name);
    const shown = this.shown(name);
    const share = percent(confidence);
    const counts = known !== false && sure !== false;
    const alone = this.data.classes.length === 1; // the only class has all of it
    let [title, note] = [shown, alone ? "" : say("{share} sure", { share })];
    if (known === false) {
      title = say("None of these");
      note = alone
        ? say("Doesn't look like anything it was taught")
        : say("Of its classes, {name} comes nearest, {share} sure.", { name: shown, share });
    } else if (sure === false) {
      title = say("Not sure enough to say");
      note = say("Its best guess is {name}, {share} sure.", { name: shown, share });
    }
    this.find(".said").classList.remove("old");
    this.find(".said").classList.toggle("nothing", !counts);
    this.find(".name").textContent = title;
    this.find(".name").style.setProperty("--letters", Math.max(6, [...title].length));
    this.find(".note").textContent = note;
    this.find(".state").textContent = "";
    this.find(".bars").hidden = alone;
    this.bars(top);
    const what = counts ? `class ${name}` : known === false ? "stranger" : "unsure";
    this.hold(what, title, counts ? place : null);
  }

  // What stays for some frames is read out, and does what was chosen for it.
  hold(what, title, place) {
    const same = this.seen?.what === what; // a class may be called as strangers are
    this.seen = { what, frames: same ? this.seen.frames + 1 : 1 };
    if (this.seen.frames < STAYS || this.settled === what) return;
    this.settle(what, title);
    this.show.act(place, this.data.classes[place]?.name);
  }

  settle(what, title = "") {
    this.settled = what;
    if (what !== null) this.find(".aloud").textContent = title;
  }

  forget() {
    this.seen = null;
    this.settle(null);
    for (const each of [".name", ".note", ".state", ".aloud"]) this.find(each).textContent = "";
    this.find(".bars").replaceChildren();
    this.show.paint(null);
  }

  shown(name) {
    return this.data.classes.find((each) => each.name === name)?.shown ?? name;
  }

  // A bar for each class, always in the same place; where there are too many, the best.
  bars(top) {
    const { classes } = this.data;
    const sure = new Map(top);
    const called = new Set(classes.map(({ name }) => name));
    const asBefore = top.every(([name]) => called.has(name)); // else one was renamed meanwhile
    const names =
      asBefore && classes.length <= IN_ORDER
        ? classes.map(({ name }) => name)
        : top.slice(0, BEST).map(([name]) => name);
    const list = this.find(".bars");
    while (list.children.length > names.length) list.lastChild.remove();
    while (list.children.length < names.length) list.append(emptyBar());
    names.forEach((name, place) => {
      const share = sure.get(name) ?? 0;
      const row = list.children[place];
      row.querySelector("bdi").textContent = this.shown(name);
      row.querySelector(".share").textContent = percent(share);
      row.querySelector("i").style.width = `${100 * share}%`;
      row.classList.toggle("best", name === top[0][0]);
    });
  }

  // For each class what show mode does when it sees it.
  listClasses() {
    const { classes } = this.data;
    const ways = [
      [NOTHING, say("Nothing")],
      [COLOUR, say("A colour")],
      [SOUND, say("A sound")],
      ...("speechSynthesis" in window ? [[SPEECH, say("Its name, spoken")]] : []),
    ];
    const options = () => ways.map(([value, text]) => new Option(text, value));
    const all = this.find(".all select");
    const [first] = this.show.does;
    all.replaceChildren(...options());
    all.value = this.show.does.every((each) => each === first) ? first : "";
    this.find(".all").hidden = classes.length < 2;
    this.find(".then ul").replaceChildren(
      ...classes.map(({ name, shown }, place) => {
        const row = document.createElement("li");
        const [title, select, colour] = ["bdi", "select", "input"].map((each) =>
          document.createElement(each),
        );
        title.textContent = shown;
        select.append(...options());
        select.value = this.show.does[place];
        select.setAttribute("aria-label", say("When it sees {name}", { name: shown }));
        colour.type = "color";
        colour.value = this.show.colours[place];
        colour.hidden = select.value !== COLOUR;
        colour.setAttribute("aria-label", say("Colour of {name}", { name: shown }));
        select.onchange = () => {
          this.show.does[place] = select.value;
          this.show.keep();
          colour.hidden = select.value !== COLOUR;
          all.value = "";
          this.show.play(place, name); // so that it is heard what was chosen
        };
        colour.onchange = () => {
          this.show.colours[place] = colour.value;
          this.show.keep();
        };
        row.append(title, select, colour);
        return row;
      }),
    );
  }
}

function emptyBar() {
  const row = document.createElement("li");
  row.innerHTML =
    '<bdi></bdi> <span class="share"></span><span class="bar" aria-hidden="true"><i></i></span>';
  return row;
}

// As words.sure: never 100 % or 0 %.
function percent(share) {
  const bounded = Math.min(Math.max(share, 0.01), 0.99);
  const text = bounded.toLocaleString(spoken.language, { style: "percent" });
  if (share >= 0.995) return `> ${text}`;
  return share < 0.005 ? `< ${text}` : text;
}

function milliseconds(count) {
  return new Promise((over) => setTimeout(over, Math.max(0, count)));
}
