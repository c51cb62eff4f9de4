// The camera of the person at the page: on or off, which of several, and why there is none.

let preferred = null; // the camera that was chosen last

class Film {
  // which: the label around the list of cameras. changed() is called whenever something may look
  // different, stopped() whenever the picture ends.
  constructor(video, which, changed, stopped = () => {}) {
    this.video = video;
    this.which = which;
    this.changed = changed;
    this.stopped = stopped;
    this.stream = null;
    this.problem = "";
    this.turn = 0; // of two requests for the camera, the later one counts
    this.list.onchange = () => {
      preferred = this.list.value;
      this.start();
    };
  }

  get list() {
    return this.which.querySelector("select");
  }

  // Whether the camera was off before and is on now.
  async start() {
    const again = this.stream !== null;
    this.stop();
    this.problem = "";
    this.changed();
    if (!navigator.mediaDevices?.getUserMedia) {
      this.problem = say("Browsers allow the camera only on this computer itself or over https. Ask the person who runs this server for an https address, or drop pictures instead.");
      this.changed();
      return false;
    }
    const { turn } = this;
    const wanted = preferred ? { deviceId: { exact: preferred } } : { facingMode: "environment" };
    const size = { width: { ideal: 1280 }, height: { ideal: 960 } };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { ...wanted, ...size } });
      if (!this.video.isConnected || turn !== this.turn) {
        stream.getTracks().forEach((track) => track.stop());
        return false;
      }
      await this.show(stream);
      return !again;
    } catch (error) {
      if (turn !== this.turn) return false; // it was turned off, or on anew, meanwhile
      this.stop();
      preferred = null;
      this.problem = whyNone(error.name);
      this.changed();
      return false;
    }
  }

  async show(stream) {
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.onended = () => {
      this.stop();
      this.problem = say("The camera was unplugged or turned off. Turn it on again.");
      this.changed();
    };
    const { deviceId, facingMode } = track.getSettings();
    this.video.classList.toggle("mirrored", facingMode !== "environment"); // as people know it
    this.video.srcObject = stream;
    this.changed();
    await this.video.play();
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === "videoinput");
    this.which.hidden = cameras.length < 2;
    const name = ({ label }, place) => label || say("Camera {number}", { number: place + 1 });
    this.list.replaceChildren(
      ...cameras.map((each, place) => new Option(name(each, place), each.deviceId)),
    );
    this.list.value = deviceId;
  }

  stop() {
    this.turn += 1;
    this.stopped();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.video.srcObject = null;
  }

  // What the camera sees now as a JPEG, smaller by a factor and not mirrored; null before it sees.
  async picture(scale, quality = 0.9) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return null;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * Math.min(1, scale)));
    canvas.height = Math.max(1, Math.round(height * Math.min(1, scale)));
    const drawing = canvas.getContext("2d");
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return new Promise((made) => canvas.toBlob(made, "image/jpeg", quality));
  }
}

// Why there is no camera, by the name of the browser's error.
function whyNone(name) {
  switch (name) {
    case "NotAllowedError":
      return say("The camera is not allowed for this page. Allow it with the camera or lock icon beside the address, then turn it on again.");
    case "NotFoundError":
    case "OverconstrainedError":
      return say("No camera was found. Plug one in and turn it on again, or drop pictures instead.");
    default:
      return say("The camera does not respond. Perhaps another program is using it: close that, then turn it on again.");
  }
}
