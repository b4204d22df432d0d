// A field that is changed in the cell of a list: Enter saves, Escape puts back what was there. Who was slower
// is told in the cell, with what was typed kept.
const PATHS = { value: 'edit/value', close: 'edit/close', owner: 'hand-over' };
const before = new WeakMap();

export function editCell(cell) {
  const place = cell.closest('td');
  const row = place.closest('[data-deal]');
  before.set(place, [...place.childNodes]);
  const href = `/deals/${row.dataset.deal}/${PATHS[cell.dataset.edit]}/?in=cell&version=${row.dataset.v}`;
  window.htmx.ajax('GET', href, { source: place, target: place, swap: 'innerHTML' }).catch(() => {});
}

document.addEventListener('htmx:afterSettle', ({ target }) => {
  if (!target.matches?.('td')) return;
  const field = target.querySelector('[data-cell] :is(input:not([type=hidden]), select)');
  field?.focus();
  field?.select?.();
});
document.addEventListener('click', (event) => {
  const cell = event.target.closest('[data-edit]');
  if (cell) editCell(cell);
});
document.addEventListener('keydown', (event) => {
  const place = event.key === 'Escape' && event.target.closest('[data-cell]')?.closest('td');
  if (!place || !before.has(place)) return;
  event.preventDefault();
  place.replaceChildren(...before.get(place));
  place.closest('tr').querySelector('th a').focus();
});
