// What somebody stands on: a card, a row, a hit of the find box or the side panel that shows a deal says
// which one by `data-deal`. A box that only points at its hits names the one by `aria-activedescendant`.

export function focused() {
  const at = document.activeElement;
  const pointed = at?.getAttribute('aria-activedescendant');
  return (pointed && document.getElementById(pointed)) || at;
}

// The id of the deal that somebody stands on, or null.
export const focusedDeal = () => focused()?.closest('[data-deal]')?.dataset.deal ?? null;
