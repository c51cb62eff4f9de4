// Pictures in the clipboard.

// Those that a paste brings, under names that differ. A text field keeps its text, also where a
// picture of it comes along, as from a word processor.
function pastedPictures(event) {
  const [target] = event.composedPath();
  const writing = target.isContentEditable || typeof target.selectionStart === "number";
  if (writing || event.defaultPrevented) return [];
  const files = [...(event.clipboardData?.files ?? [])];
  const pictures = files.filter(({ type }) => type.startsWith("image/"));
  if (pictures.length) event.preventDefault();
  return pictures.map((file, place) => {
    const generic = /^image\.\w+$/.test(file.name); // as browsers call what has no name
    return generic ? new File([file], momentName("pasted", file.name, place), file) : file;
  });
}

// No number at its end: pictures whose names differ in that alone count as a series.
function momentName(what, file, place = 0) {
  const two = (number) => String(number).padStart(2, "0");
  const now = new Date();
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map(two).join("-");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(".");
  const number = place ? ` ${place + 1}` : "";
  return `${day} ${time}${number} ${what}${file.slice(file.lastIndexOf("."))}`;
}
