// Pictures that are pasted or taken come to the place where others are dropped.

document.addEventListener("paste", (event) => {
  if (live) giveOver(pastedPictures(event));
});

function giveOver(pictures) {
  const place = document.querySelector('[data-testid="stFileUploaderDropzoneInput"]');
  if (!pictures.length || !place) return;
  const given = new DataTransfer();
  for (const each of pictures) given.items.add(each);
  place.files = given.files;
  place.dispatchEvent(new Event("change", { bubbles: true }));
}
