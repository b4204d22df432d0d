// What can be done with the deal that somebody stands on, by one key: on a card, in a row, in the panel
// that shows it, on a hit. Each opens the sheet of its verb; the next stage is gone to at once.
import { editCell } from './cells.js';
import { focused } from './focused.js';

const SHEETS = {
  d: 'done',
  h: 'later',
  s: 'move',
  a: 'edit/value',
  t: 'edit/close',
  o: 'hand-over',
  w: 'win',
  x: 'stop',
};

// What a row lets one change in its cell.
const CELLS = { a: 'value', t: 'close', o: 'owner' };

// The version that is shown goes along, so that nobody changes what has changed meanwhile.
export function askSheet(href, source = document.body) {
  window.htmx.ajax('GET', href, { source, target: '#sheet', swap: 'innerHTML' }).catch(() => {});
}

export function advance(deal, { version, stage }, source) {
  const values = { to: Number(stage) + 1, version };
  window.htmx
    .ajax('POST', `/deals/${deal}/advance/`, { source, target: '#sheet', swap: 'innerHTML', values })
    .catch(() => {});
}

// True where there is such a verb for what one stands on.
export function onDealKey(key) {
  const place = focused()?.closest('[data-deal]');
  return Boolean(place) && !place.matches('[data-ro]') && doOn(place, key);
}

export function doOn(place, key) {
  const cell = CELLS[key] && place.querySelector(`[data-edit=${CELLS[key]}]`);
  if (cell?.checkVisibility()) {
    editCell(cell);
    return true;
  }
  const { deal, v: version, stage } = place.dataset;
  if (key === ']' && stage && Number(stage) < 7) advance(deal, { version, stage }, place);
  else if (key === 's' && place.querySelector('.mv[href]')) place.querySelector('.mv').click();
  else if (SHEETS[key]) askSheet(`/deals/${deal}/${SHEETS[key]}/?version=${version}`, place);
  else return false;
  return true;
}
