// The page: pictures come by choosing, dropping, pasting or the camera, and get their answer here.

const FACTS = JSON.parse(document.getElementById("facts").textContent);
const SAMPLES = JSON.parse(document.getElementById("samples").textContent);
const GERMAN = {
  "Loading the network …": "Das Netz wird geladen …",
  "Choose a picture": "Bild wählen",
  "or drop it here, or paste it": "oder hierher ziehen, oder einfügen",
  "Camera": "Kamera",
  "Stop the camera": "Kamera aus",
  "The camera works on https pages and on this computer alone.":
    "Die Kamera geht nur auf Seiten mit https und auf diesem Computer selbst.",
  "The camera cannot be used. Allow it in the browser, or choose a picture.":
    "Die Kamera ist nicht zu benutzen. Erlaube sie im Browser, oder wähle ein Bild.",
  "This is no picture that the browser can read. Choose a JPEG or a PNG.":
    "Das ist kein Bild, das der Browser lesen kann. Wähle ein JPEG oder PNG.",
  "None of these": "Nichts davon",
  "Not sure": "Nicht sicher",
  "Or try one of these": "Oder probiere eines von diesen",
  "Pictures stay in this browser. Nothing is sent anywhere.":
    "Bilder bleiben in diesem Browser. Es wird nichts verschickt.",
  "Answers here are as in Thaw: {same} of {count} samples.":
    "Die Antworten sind wie in Thaw: {same} von {count} Beispielen.",
  "The network could not be started in this browser. Try a newer one.":
    "Das Netz ließ sich in diesem Browser nicht starten. Versuche einen neueren.",
};
const german = navigator.language.toLowerCase().startsWith("de");
const inWords = (text, values = {}) =>
  Object.entries(values).reduce(
    (said, [name, value]) => said.replace(`{${name}}`, value),
    (german && GERMAN[text]) || text,
  );
const part = (id) => document.getElementById(id);

/** A file of this export: from within the page, or from beside it. */
async function bytes(id, file, packed) {
  const inside = part(id);
  const source = inside ? `data:application/octet-stream;base64,${inside.textContent}` : file;
  const answer = await fetch(source);
  if (!packed) return new Uint8Array(await answer.arrayBuffer());
  const unpacked = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

async function runtime() {
  const inside = part("ort");
  if (!inside) return import(new URL("ort.mjs", document.baseURI).href);
  const code = new Blob([inside.textContent], {type: "text/javascript"});
  return import(URL.createObjectURL(code));
}

let ort, session;

async function start() {
  ort = await runtime();
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await bytes("wasm", "ort.wasm.gz", true);
  const model = await bytes("model", "model.onnx", false);
  session = await ort.InferenceSession.create(model, {executionProviders: ["wasm"]});
}

/** What the network says of a picture: {label, confidence, probabilities, familiar, known, sure}. */
async function predict(picture) {
  const {size, paper} = FACTS.picture;
  const pixels = square(pixelsOf(picture, paper), FACTS.picture);
  const images = new ort.Tensor("uint8", pixels, [1, size, size, 3]);
  const found = await session.run({images});
  const probabilities = [...found.probabilities.data];
  const best = probabilities.indexOf(Math.max(...probabilities));
  const familiar = found.familiar ? found.familiar.data[0] : null;
  return {
    label: FACTS.classes[best],
    confidence: probabilities[best],
    probabilities,
    familiar,
    known: familiar === null || FACTS.threshold == null || familiar >= FACTS.threshold,
    sure: FACTS.cut_off == null || probabilities[best] >= FACTS.cut_off,
  };
}

function tell(answer) {
  let title = answer.label;
  if (!answer.sure) title = inWords("Not sure");
  if (!answer.known) title = inWords("None of these");
  part("label").textContent = title;
  const rows = FACTS.classes.map((name, place) => [name, answer.probabilities[place]]);
  rows.sort((one, other) => other[1] - one[1]);
  part("bars").hidden = rows.length === 1; // the only class has all of it
  part("bars").replaceChildren(
    ...rows.slice(0, 8).map(([name, share]) => {
      const row = document.createElement("li"), text = document.createElement("span");
      const number = document.createElement("span"), bar = document.createElement("progress");
      text.textContent = name;
      number.textContent = `${Math.round(100 * share)} %`;
      bar.value = share;
      row.append(text, number, bar);
      return row;
    }),
  );
}

async function show(blob) {
  let picture;
  try {
    picture = await createImageBitmap(blob, {imageOrientation: "from-image"});
  } catch {
    return warn(inWords("This is no picture that the browser can read. Choose a JPEG or a PNG."));
  }
  warn("");
  stopCamera();
  URL.revokeObjectURL(part("shown").src);
  part("shown").src = URL.createObjectURL(blob);
  part("shown").hidden = false;
  tell(await predict(picture));
}

const warn = (text) => (part("warning").textContent = text);

let film = null;

function stopCamera() {
  film?.getTracks().forEach((track) => track.stop());
  film = null;
  part("film").hidden = true;
  part("camera").textContent = inWords("Camera");
}

async function camera() {
  if (film) return stopCamera();
  if (!navigator.mediaDevices) {
    return warn(inWords("The camera works on https pages and on this computer alone."));
  }
  try {
    film = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
  } catch {
    return warn(inWords("The camera cannot be used. Allow it in the browser, or choose a picture."));
  }
  warn("");
  part("film").srcObject = film;
  await part("film").play();
  part("film").hidden = false;
  part("shown").hidden = true;
  part("camera").textContent = inWords("Stop the camera");
  const own = film;
  while (film === own) {
    tell(await predict(part("film")));
    await new Promise(requestAnimationFrame);
  }
}

/** The samples once more, here: whether this browser answers as Thaw does. */
async function check() {
  let same = 0;
  for (const sample of SAMPLES.pictures) {
    const blob = await (await fetch(sample.url)).blob();
    const found = await predict(await createImageBitmap(blob, {imageOrientation: "from-image"}));
    const apart = FACTS.classes.map((name, place) =>
      Math.abs(found.probabilities[place] - (sample.probabilities[name] ?? 0)));
    same += Math.max(...apart) <= Math.max(sample.tolerance, 0.05);
  }
  part("checked").textContent = inWords("Answers here are as in Thaw: {same} of {count} samples.", {
    same, count: SAMPLES.pictures.length,
  });
}

function words() {
  document.documentElement.lang = german ? "de" : "en";
  for (const each of document.querySelectorAll("[data-say]")) {
    each.textContent = inWords(each.dataset.say);
  }
}

async function main() {
  words();
  part("title").textContent = document.title = FACTS.title;
  part("samples-shown").replaceChildren(
    ...SAMPLES.pictures.map((sample, place) => {
      const button = document.createElement("button"), image = document.createElement("img");
      image.src = sample.url;
      image.alt = `${place + 1}`;
      button.append(image);
      button.onclick = async () => show(await (await fetch(sample.url)).blob());
      return button;
    }),
  );
  try {
    await start();
  } catch (error) {
    console.error(error);
    part("label").textContent = inWords(
      "The network could not be started in this browser. Try a newer one.");
    return;
  }
  part("label").textContent = "";
  part("file").disabled = part("camera").disabled = false;
  part("file").onchange = () => part("file").files[0] && show(part("file").files[0]);
  part("camera").onclick = camera;
  document.ondragover = (event) => event.preventDefault();
  document.ondrop = (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) show(file);
  };
  document.onpaste = (event) => {
    const [file] = event.clipboardData.files;
    if (file) show(file);
  };
  document.body.dataset.ready = "1";
  await check();
  window.thaw = {predict, show};
}

main();
