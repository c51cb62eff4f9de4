// Streamlit opens a popover at the end of the document and leaves the focus on its button, so that
// the keyboard would not get in. Here the focus moves in, and stays there until Escape closes it.

const POPOVER = '[data-testid="stPopoverBody"]';
const STOPS = "a[href], button, input, select, textarea, [tabindex]";
let watched = false;

export default function () {
  if (watched) return;
  watched = true;
  new MutationObserver(moveIn).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("keydown", stayIn, true);
}

const entered = new WeakSet();

function moveIn() {
  for (const popover of document.querySelectorAll(POPOVER)) {
    const first = stops(popover)[0];
    if (!first || entered.has(popover)) continue;
    entered.add(popover);
    first.focus();
  }
}

function stayIn(event) {
  const popover = event.key === "Tab" && document.activeElement?.closest(POPOVER);
  if (!popover) return;
  const all = stops(popover);
  const [from, to] = event.shiftKey ? [all.at(0), all.at(-1)] : [all.at(-1), all.at(0)];
  if (document.activeElement !== from) return;
  event.preventDefault();
  to.focus();
}

function stops(popover) {
  return [...popover.querySelectorAll(STOPS)].filter(
    (each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility(),
  );
}
