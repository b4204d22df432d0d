// The whole card and the whole row open the record, as its name does: with Ctrl or the middle button in
// another tab. Buttons, links and fields stay what they are, and text can be selected.

const CARD = '.deal, tbody tr:has(> th[scope=row] a[href])';
const OWN = 'a, button, input, select, textarea, label, summary, details, .tick, [draggable=true]';

let draggedAt = 0;
// A card that was dragged was not pressed.
document.addEventListener('card-dropped', () => {
  draggedAt = Date.now();
});

function linkOf(event) {
  if (event.defaultPrevented || event.target.closest(OWN)) return null;
  const card = event.target.closest(CARD);
  if (!card || Date.now() - draggedAt < 400) return null;
  const selected = getSelection();
  if (selected && !selected.isCollapsed && card.contains(selected.anchorNode)) return null;
  return card.querySelector('h3 a[href], th[scope=row] a[href]');
}

document.addEventListener('click', (event) => {
  const link = linkOf(event);
  if (!link) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) window.open(link.href, '_blank', 'noopener');
  else link.click();
});
document.addEventListener('auxclick', (event) => {
  const link = event.button === 1 && linkOf(event);
  if (!link) return;
  event.preventDefault();
  window.open(link.href, '_blank', 'noopener');
});
