// One upload on its way: in blocks, each of which may be sent again. See core/web/uploads.py.

const QUIET = 30_000; // milliseconds without a byte after which a line counts as cut
const LONGEST_PAUSE = 15_000;

function cutOff() {
  return say("The connection is lost. The upload continues by itself once it is back.");
}

// A message for the person who sends.
class Refusal extends Error {}

// What this tab was sending, also after a reload: {key, name, id, secret}. The name under which it is
// remembered stands before this script.
const remembered = {
  get: () => JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "null"),
  set: (value) => sessionStorage.setItem(REMEMBERED, JSON.stringify(value)),
  forget: () => sessionStorage.removeItem(REMEMBERED),
};

class Upload {
  // changed() is called whenever something may look different.
  constructor(name, server, changed) {
    this.name = name;
    this.server = server;
    this.changed = changed;
    this.stage = "reading"; // then "sending", "whole" and "told"; or "failed" or "cancelled"
    this.size = 0;
    this.done = 0; // bytes, of the stage
    this.cut = false; // whether the line is cut at the moment
    this.error = null;
  }

  get going() {
    return this.stage === "reading" || this.stage === "sending";
  }

  // found: a promise of [{path, file}].
  async fromFolder(found) {
    await this.#ending(async () => {
      const files = await found;
      if (!files.length) throw new Refusal(say("This folder is empty. Choose one with pictures in it."));
      files.sort((one, other) => (one.path < other.path ? -1 : 1));
      this.size = files.reduce((sum, { file }) => sum + file.size, 0);
      const changed = files.reduce((last, { file }) => Math.max(last, file.lastModified), 0);
      const zip = await folderAsZip(files, (bytes) => {
        if (!this.going) throw new Refusal();
        this.#progress(this.done + bytes);
      });
      await this.#send(zip, `${this.name}.zip`, `${files.length} ${changed}`);
    });
  }

  async fromFile(file) {
    await this.#ending(() => this.#send(file, file.name, file.lastModified));
  }

  // Whether leaving the tab would lose it.
  get unfinished() {
    return this.going || this.stage === "whole";
  }

  // The app hears of it; returns what it is told.
  tell() {
    this.stage = "told";
    remembered.forget();
    return { id: this.place.id, secret: this.place.secret };
  }

  cancel() {
    this.stage = "cancelled";
    this.request?.abort();
    this.#wake?.();
    if (this.place) this.#ask("DELETE", { "Upload-Secret": this.place.secret });
    remembered.forget();
    this.changed();
  }

  #wake;

  async #ending(work) {
    try {
      await work();
    } catch (error) {
      if (this.stage === "cancelled") return;
      this.stage = "failed";
      this.error =
        error instanceof Refusal
          ? error.message
          : say("These files can no longer be read. Were they moved or changed? Choose them again.");
    }
    this.changed();
  }

  async #send(blob, fileName, mark) {
    this.stage = "sending";
    this.size = blob.size;
    const key = `${fileName} ${blob.size} ${mark}`;
    const before = remembered.get();
    if (before?.key === key) this.place = before;
    else if (before) this.#ask("DELETE", { "Upload-Secret": before.secret }, null, before.id);
    let offset = null; // not known
    let pause = 1000;
    while (this.going) {
      const answer = await this.#next(blob, fileName, key, offset);
      if (!this.going) return;
      this.cut = answer.status === 0 || [408, 429, 502, 503, 504].includes(answer.status);
      if (this.cut) {
        if (offset !== null) await blob.slice(offset, offset + PIECE).arrayBuffer(); // throws if gone
        offset = null;
        this.since = null;
        this.changed();
        await this.#pause(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
        continue;
      }
      pause = 1000;
      if (answer.status === 404) this.place = null;
      if (answer.status === 404 || answer.status === 409) offset = null;
      else if (answer.status >= 400) {
        throw new Refusal(answer.error ?? say("The server refused it ({status}).", { status: answer.status }));
      } else offset = answer.offset ?? 0;
      this.#progress(offset ?? 0);
      if (offset === blob.size) {
        this.stage = "whole"; // still remembered, until the app has been told
      }
    }
  }

  // The one request that comes next.
  async #next(blob, fileName, key, offset) {
    if (!this.place) {
      const told = JSON.stringify({ name: fileName, size: blob.size });
      const answer = await this.#ask("POST", { "Upload-Permit": this.server().permit }, told);
      if (answer.id) {
        this.place = { key, name: fileName, id: answer.id, secret: answer.secret };
        if (this.going) remembered.set(this.place);
        else this.#ask("DELETE", { "Upload-Secret": answer.secret }); // cancelled meanwhile
      }
      return answer;
    }
    const headers = { "Upload-Secret": this.place.secret };
    if (offset === null) return this.#ask("GET", headers);
    this.since ??= { time: Date.now(), offset };
    headers["Upload-Offset"] = offset;
    const block = blob.slice(offset, offset + this.server().block);
    return this.#ask("PATCH", headers, block, this.place.id, (sent) => this.#progress(offset + sent));
  }

  #ask(method, headers, body = null, id = this.place?.id, onSent = () => {}) {
    return new Promise((answer) => {
      const request = new XMLHttpRequest();
      if (method !== "DELETE") this.request = request;
      let quiet;
      const wait = () => {
        clearTimeout(quiet);
        quiet = setTimeout(() => request.abort(), QUIET);
      };
      const { address } = this.server();
      request.open(method, method === "POST" ? address : `${address}/${id}`);
      request.setRequestHeader("Accept-Language", spoken.language); // of a refusal
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => {
        wait();
        onSent(event.loaded);
      };
      request.onloadend = () => {
        clearTimeout(quiet);
        let said = {};
        try {
          said = JSON.parse(request.responseText);
        } catch {
          // not our server's answer: a proxy's, or none
        }
        answer({ ...said, status: request.status });
      };
      wait();
      request.send(body);
    });
  }

  // Ends early when the network is back.
  #pause(milliseconds) {
    return new Promise((over) => {
      this.#wake = over;
      window.addEventListener("online", over, { once: true });
      setTimeout(over, milliseconds);
    });
  }

  #progress(done) {
    this.done = done;
    this.changed();
  }
}
