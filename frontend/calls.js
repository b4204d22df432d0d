// Whoever comes back from a call is asked how it went. A number that is pressed leaves the page for the
// telephone; iPhones and Androids tell of the way back by different events, and some load the page anew,
// so that the call is kept in this browser until it was asked for.
const me = (document.body.dataset.reader ?? '').split(':')[0];
const KEY = `seven-call:${me}`;
const ASKED_WITHIN_MS = 2 * 3600 * 1000;
// Later than this, it was not the call for which the page was left.
const LEAVES_WITHIN_MS = 60_000;
const PLACES = { deals: 'deal', companies: 'company', contacts: 'contact' };

function called() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function keep(call) {
  try {
    if (call) localStorage.setItem(KEY, JSON.stringify(call));
    else localStorage.removeItem(KEY);
  } catch {
    /* forbidden */
  }
}

// Of the deal, company or person that the number stands with; else of the page that it stands on.
function placeOf(link) {
  const deal = link.closest('[data-deal]')?.dataset.deal;
  if (deal) return { at_deal: deal };
  const row = link.closest('tr, li')?.querySelector('a[href^="/contacts/"], a[href^="/companies/"]');
  for (const path of [row?.getAttribute('href'), location.pathname]) {
    const [, kind, id] = path?.match(/^\/(deals|companies|contacts)\/(\d+)\//) ?? [];
    if (id) return { [`at_${PLACES[kind]}`]: id };
  }
  return {};
}

document.addEventListener('click', ({ target }) => {
  const link = target.closest?.('a[href^="tel:"]');
  if (!link || me === '') return;
  const onPage = location.pathname.match(/^\/deals\/(\d+)\//)?.[1];
  const place = onPage ? { at_deal: onPage } : placeOf(link);
  const who = link.dataset.who ?? link.closest('[data-who]')?.dataset.who;
  keep({ at: Date.now(), place, who });
});

function leave() {
  const call = called();
  if (!call || call.left) return;
  keep(Date.now() - call.at < LEAVES_WITHIN_MS ? { ...call, left: true } : null);
}

function comeBack() {
  const call = called();
  if (!call?.left || document.visibilityState !== 'visible') return;
  keep(null);
  if (Date.now() - call.at < ASKED_WITHIN_MS) ask(call);
}

function ask({ at, place, who }) {
  // A row of My Day asks it already.
  const row = document.querySelector('[data-day-open]');
  if (row) {
    row.querySelector('[data-outcome] input')?.focus();
    row.scrollIntoView({ block: 'nearest' });
    return;
  }
  const said = { ...place, kind: 'call', called: 1, said_at: at };
  if (who) said.who = who;
  said.fixed = who ? 'kind,who' : 'kind';
  const address = `/log/?${new URLSearchParams(said)}`;
  window.htmx.ajax('GET', address, { target: '#sheet', swap: 'innerHTML' }).catch(() => {});
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') leave();
  else comeBack();
});
window.addEventListener('pagehide', leave);
window.addEventListener('pageshow', comeBack);
