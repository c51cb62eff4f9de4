// Plotly tells of the point under the pointer; the picture of it is laid beside the pointer.

const AWAY = 16; // pixels between the pointer and the picture
const charts = new WeakSet(); // that are listened to
let drawn = null; // the place where the picture is shown, and what it is told
let at = null; // the point that the arrow keys have come to

export default function ({ parentElement, data }) {
  const walk = parentElement.querySelector(".walk");
  speak(data);
  label(parentElement, {
    "#how": say("Keyboard: the arrow keys move from picture to picture, Enter selects one."),
  });
  label(parentElement, { ".walk": say("Move on the map") }, "aria-label");
  drawn = {
    box: parentElement.querySelector(".hover"),
    ring: parentElement.querySelector(".ring"),
    aloud: parentElement.querySelector(".aloud"),
    ...data,
  };
  walk.onkeydown = step;
  walk.onfocus = () => requestAnimationFrame(() => goTo(at ?? {})); // once it is scrolled into view
  walk.onblur = hide;
  return () => {
    if (drawn?.box.getRootNode() === parentElement.getRootNode()) drawn = null;
  };
}

// From the point at hand, the next one in the direction of an arrow key: near, and not far aside.
function step(event) {
  const way = WAYS[event.key];
  const chart = chartAtHand();
  if (!chart || (!way && event.key !== "Enter" && event.key !== " ")) return;
  event.preventDefault();
  const points = placed(chart);
  const here = points.find(({ curve, place }) => curve === at?.curve && place === at.place);
  if (!here) return goTo(points[0]);
  if (!way) {
    chart.emit("plotly_selected", { points: [{ curveNumber: here.curve, pointIndex: here.place }] });
    return;
  }
  let next = null;
  let least = Infinity;
  for (const point of points) {
    const along = (point.x - here.x) * way[0] + (point.y - here.y) * way[1];
    const aside = Math.abs((point.x - here.x) * way[1]) + Math.abs((point.y - here.y) * way[0]);
    if (along > 0 && aside <= along && along + aside < least) {
      least = along + aside;
      next = point;
    }
  }
  if (next) goTo(next);
}

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function chartAtHand() {
  return document.querySelector(`.st-key-${drawn?.chart} .js-plotly-plot`);
}

// Every point of a class that is shown, with where it is drawn in the window.
function placed(chart) {
  const { xaxis, yaxis, _size } = chart._fullLayout;
  const { left, top } = chart.getBoundingClientRect();
  return chart._fullData.flatMap((trace, curve) =>
    trace.visible !== true
      ? []
      : Array.from(trace.x, (x, place) => ({
          curve,
          place,
          x: left + _size.l + xaxis.d2p(x),
          y: top + _size.t + yaxis.d2p(trace.y[place]),
          customdata: trace.customdata[place],
        })),
  );
}

function goTo({ curve, place }) {
  const chart = chartAtHand();
  if (!chart) return;
  const points = placed(chart);
  const point = points.find((each) => each.curve === curve && each.place === place) ?? points[0];
  if (!point) return;
  at = point;
  drawn.ring.style.translate = `${point.x}px ${point.y}px`;
  drawn.ring.showPopover?.();
  show({ points: [point], event: { clientX: point.x, clientY: point.y } });
  const [name, , number] = point.customdata;
  drawn.aloud.textContent = `${drawn.classes[number]}: ${name}`;
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
  const { box, address, query, classes } = drawn;
  const [name, digest, number] = point.customdata;
  const image = box.querySelector("img");
  const source = `${address}/${digest}?${new URLSearchParams(query)}`;
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
  for (const each of [drawn?.box, drawn?.ring]) {
    if (each?.matches(":popover-open")) each.hidePopover();
  }
}
