// A person's own keys. Scripts and templates know each key by what it is at first ("c" for a new deal);
// `keyOf` says which one somebody has meant, so that whoever has put another in its place presses that.
// Single keys get in the way of speech input: they can be switched off (WCAG 2.1.4), and are dead
// where one types.
// Kept as "c=q, g b=k".
const kept = document.body.dataset.keys?.split(', ') ?? [];
const own = Object.fromEntries(kept.map((pair) => [pair.slice(0, -2), pair.slice(-1)]));
const swapped = (table) => Object.fromEntries(Object.entries(table).map(([key, mine]) => [mine, key]));
const after = (prefix) =>
  Object.fromEntries(
    Object.entries(own)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, mine]) => [key.slice(prefix.length), mine]),
  );
const AFTER_G = 'g ';
const alone = Object.fromEntries(Object.entries(own).filter(([key]) => key.length === 1));
const tables = { '': [alone, swapped(alone)], [AFTER_G]: [after(AFTER_G), swapped(after(AFTER_G))] };

// The key that is meant by an event, after "g" with `goes`; "" for one that was given away.
export function keyOf(event, goes = false) {
  const [mine, meant] = tables[goes ? AFTER_G : ''];
  const { key } = event;
  if (key in meant) return meant[key];
  return key in mine ? '' : key;
}

// The key that somebody presses for what is "z" at first.
export const ownKey = (key) => own[key] ?? key;

export const keysAreOn = () => document.body.dataset.keysOff === undefined;

export const isTyping = (element) =>
  Boolean(element.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]'));

// As the one that it stands for is written: Z for z.
const inCase = (mine, said) => (said === said.toLowerCase() ? mine : mine.toUpperCase());

// What is shown as a key says one's own.
function showOwn(root) {
  if (!Object.keys(own).length) return;
  for (const shown of root.querySelectorAll('kbd:not([data-own])')) {
    const said = shown.textContent.trim();
    const mine = own[said] ?? own[said.toLowerCase()];
    if (mine) shown.textContent = said.startsWith(AFTER_G) ? `${own.g ?? 'g'} ${mine}` : inCase(mine, said);
    shown.dataset.own = '';
  }
}
showOwn(document);
document.addEventListener('htmx:load', ({ detail }) => showOwn(detail.elt));
