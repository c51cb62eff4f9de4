// The show mode for a projector: the stage fills the screen, and each class does something.

const NOTHING = "nothing";
const COLOUR = "colour";
const SOUND = "sound";
const SPEECH = "speech";
const STEPS = [0, 2, 4, 7, 9]; // semitones of a scale in which all notes go together
const COLOURS = ["#8466e6", "#3b9ae0", "#f07a2e", "#2fa58a", "#d9a514", "#d1568b"];
let audio = null;

class Show {
  // changed() is called when the show begins or ends.
  constructor(stage, changed) {
    this.stage = stage;
    this.changed = changed;
    this.on = false;
    this.does = [];
    this.colours = [];
    stage.addEventListener("fullscreenchange", () => this.set(this.fills));
    stage.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.end();
    });
  }

  // Whether the browser shows it in full screen.
  get fills() {
    return this.stage.getRootNode().fullscreenElement === this.stage;
  }

  // What each class does is kept in this browser for all networks of a data set, by the class's
  // place in them.
  read(of, count) {
    if (this.of === of && this.does.length === count) return;
    this.of = of;
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(this.key)) ?? {};
    } catch {
      // nothing is kept, or it is not ours
    }
    const places = [...Array(count).keys()];
    const known = [NOTHING, COLOUR, SOUND, SPEECH];
    this.does = places.map((n) => (known.includes(kept.does?.[n]) ? kept.does[n] : COLOUR));
    this.colours = places.map((n) =>
      /^#[0-9a-f]{6}$/.test(kept.colours?.[n]) ? kept.colours[n] : ownColour(n),
    );
  }

  keep() {
    try {
      localStorage.setItem(this.key, JSON.stringify({ does: this.does, colours: this.colours }));
    } catch {
      // the browser keeps nothing; it holds until the page is left
    }
  }

  get key() {
    return `thaw-show-${this.of}`;
  }

  // Browsers without full screen for elements, as on iPhones, have popovers, which fill the window.
  async begin() {
    listen();
    try {
      await this.stage.requestFullscreen();
    } catch {
      this.stage.popover = "manual";
      this.stage.showPopover?.();
      this.set(true);
    }
  }

  end() {
    if (this.fills) document.exitFullscreen();
    else this.set(false);
  }

  set(on) {
    if (this.on === on) return;
    this.on = on;
    if (!on) {
      if (this.stage.popover) this.stage.hidePopover?.();
      this.stage.removeAttribute("popover");
      window.speechSynthesis?.cancel();
      this.paint(null);
    }
    this.changed();
  }

  // A class has come into view and stayed, or null: none of them.
  act(place, name) {
    if (!this.on) return;
    this.paint(this.does[place] === COLOUR ? this.colours[place] : null);
    this.play(place, name);
  }

  // What can be heard of a class.
  play(place, name) {
    if (this.does[place] === SOUND) sound(place);
    if (this.does[place] === SPEECH) speakAloud(name);
  }

  paint(colour) {
    this.stage.classList.toggle("painted", colour !== null);
    this.stage.style.setProperty("--painted", colour ?? "");
    this.stage.style.setProperty("--on-painted", colour ? legible(colour) : "");
  }
}

// As many different ones as there are classes.
function ownColour(place) {
  if (place < COLOURS.length) return COLOURS[place];
  const hue = (place * 137.5) % 360; // the golden angle keeps neighbours apart
  const part = (shift) => {
    const k = (shift + hue / 30) % 12;
    const value = 0.5 - 0.35 * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}

// Black or white, whichever stands out more (WCAG 2, relative luminance).
function legible(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}

// Browsers let a page be heard only once somebody has pressed something on it.
function listen() {
  audio ??= new AudioContext();
  audio.resume();
}

// Each class has a note of its own.
function sound(place) {
  listen();
  const octave = Math.floor(place / STEPS.length) % 3;
  const pitch = 262 * 2 ** (octave + STEPS[place % STEPS.length] / 12); // hertz
  const [tone, volume, now] = [audio.createOscillator(), audio.createGain(), audio.currentTime];
  tone.type = "triangle";
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0, now);
  volume.gain.linearRampToValueAtTime(0.4, now + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, now + 0.6);
  tone.connect(volume).connect(audio.destination);
  tone.start(now);
  tone.stop(now + 0.6);
}

function speakAloud(name) {
  speechSynthesis.cancel(); // what is said of the class before
  const said = new SpeechSynthesisUtterance(name);
  said.lang = spoken.language;
  speechSynthesis.speak(said);
}
