// Plotly tells of the point under the pointer; the picture of it is laid beside the pointer.

const AWAY = 16; // pixels between the pointer and the picture
const charts = new WeakSet(); // that are listened to
let drawn = null; // the place where the picture is shown, and what it is told

export default function ({ parentElement, data }) {
  drawn = { box: parentElement.querySelector(".hover"), ...data };
  return () => {
    if (drawn?.box.getRootNode() === parentElement.getRootNode()) drawn = null;
  };
}

// The chart may be drawn anew at any time, so it is looked for where the pointer comes to it.
document.addEventListener("pointerover", ({ target }) => {
  const chart = drawn && target.closest?.(`.st-key-${drawn.chart} .js-plotly-plot`);
  if (!chart || charts.has(chart)) return;
  charts.add(chart);
  chart.on("plotly_hover", show);
  chart.on("plotly_unhover", hide);
  chart.on("plotly_relayouting", hide); // it is being moved or zoomed
  chart.addEventListener("pointerleave", hide);
});

function show({ points: [point], event }) {
  if (!drawn?.box.showPopover) return;
  const { box, address, permit, classes } = drawn;
  const [name, digest, number] = point.customdata;
  const image = box.querySelector("img");
  const source = `${address}/${digest}?permit=${permit}`;
  if (image.getAttribute("src") !== source) {
    image.style.visibility = "hidden"; // rather nothing than the picture before
    image.onload = () => (image.style.visibility = "visible");
    image.src = source;
  }
  box.querySelector("strong").textContent = classes[number];
  box.querySelector("span").textContent = name;
  box.showPopover();
  const { width, height } = box.getBoundingClientRect();
  const right = event.clientX + AWAY;
  box.style.left = `${right + width < innerWidth ? right : Math.max(0, event.clientX - AWAY - width)}px`;
  box.style.top = `${Math.max(0, Math.min(event.clientY - height / 2, innerHeight - height))}px`;
}

function hide() {
  if (drawn?.box.matches(":popover-open")) drawn.box.hidePopover();
}
