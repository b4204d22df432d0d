// What proves a step has one place: a file is dropped on it, pasted into it or chosen, or a link is. What is
// dropped on a step of the page is sent at once, as it can be taken back; a sheet waits for its button.
const ZONE = '[data-evidence]';
const fileOf = (zone) => zone.querySelector('input[type=file]');
const linkOf = (zone) => zone.querySelector('input[type=url]');

function show(zone) {
  const name = fileOf(zone).files[0]?.name ?? '';
  zone.querySelector('[data-name]').textContent = name;
  zone.querySelector('[data-words]').hidden = Boolean(name);
  for (const part of zone.querySelectorAll('[data-name], [data-empty]')) part.hidden = !name;
}

function tell(input) {
  for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind, { bubbles: true }));
}

// What somebody holds over the place or has in the clipboard, put where it belongs; false if it is neither.
function take(zone, data) {
  const input = fileOf(zone);
  if (data.files.length) {
    const first = new DataTransfer();
    first.items.add(data.files[0]);
    input.files = first.files;
    tell(input);
    return input.files.length > 0;
  }
  const link = (data.getData('text/uri-list') || data.getData('text')).trim().split('\n')[0].trim();
  if (!linkOf(zone) || !/^https?:\/\/\S+$/.test(link)) return false;
  linkOf(zone).value = link;
  tell(linkOf(zone));
  return true;
}

const send = (zone) => {
  if (!zone.closest('.sheet')) zone.closest('form').requestSubmit();
};

// The whole step is the place; what falls beside it must not take the page away.
const placeOf = (event) => event.target.closest?.(`.askrow, .ask, ${ZONE}`);
const zoneAt = (event) => {
  const place = placeOf(event);
  return place?.matches(ZONE) ? place : place?.querySelector(ZONE);
};
const isMeant = (event) => event.dataTransfer.types.includes('Files') && document.querySelector(ZONE);

for (const kind of ['dragenter', 'dragover']) {
  document.addEventListener(kind, (event) => {
    const zone = zoneAt(event);
    if (zone || isMeant(event)) event.preventDefault();
    zone?.classList.add('over');
  });
}
document.addEventListener('dragleave', (event) => {
  if (!placeOf(event)?.contains(event.relatedTarget)) zoneAt(event)?.classList.remove('over');
});
document.addEventListener('drop', (event) => {
  const zone = zoneAt(event);
  if (zone || isMeant(event)) event.preventDefault();
  zone?.classList.remove('over');
  if (zone && take(zone, event.dataTransfer)) send(zone);
});
document.addEventListener('change', ({ target }) => {
  const zone = target.type === 'file' && target.closest(ZONE);
  if (zone) show(zone);
});
document.addEventListener('click', (event) => {
  const zone = event.target.closest('[data-empty]') && zoneAt(event);
  if (!zone) return;
  const input = fileOf(zone);
  input.value = '';
  tell(input);
  input.focus();
});

// A place of the page or of the sheet takes what is pasted while nothing is written elsewhere.
document.addEventListener('paste', (event) => {
  const data = event.clipboardData;
  const isWriting = event.target.matches?.('input:not([type=file], [type=radio], [type=checkbox]), textarea, [contenteditable]');
  const zone = zoneAt(event) ?? (isWriting ? null : document.querySelector(`#sheet ${ZONE}`));
  // A link is pasted into its own field by the browser.
  if (!zone || (isWriting && !data.files.length) || !take(zone, data)) return;
  event.preventDefault();
});
