// My Day as it was loaded stays readable without a line (worker.js): who may see the copy, what it needs to
// be drawn, and what it says of itself. Browsers offer this under TLS and on localhost only.
import { flush } from './kept.js';
import { forgetAllBut } from './left_behind.js';
import { note } from './say.js';

const me = (document.body.dataset.reader ?? '').split(':')[0];
const DAY = 'seven-day-';
const FILES = 'seven-files';
const words = (name, n = '') => document.getElementById('kept-list').dataset[name].replace('{n}', n);
const isOffered = 'caches' in window && 'serviceWorker' in navigator && me !== '';
// Then the worker has kept this very page.
const isWatched = isOffered && Boolean(navigator.serviceWorker.controller);
const loadedAt = Number(document.body.dataset.loadedAt ?? 0);

async function forgetAll() {
  for (const name of await caches.keys()) await caches.delete(name);
}

// The files of this page, and no more: those of the version before go.
async function keepFiles() {
  const used = performance.getEntriesByType('resource').map((entry) => entry.name);
  for (const one of document.querySelectorAll('use, link[href], script[src]')) {
    used.push(new URL(one.getAttribute('href') ?? one.src, location.href).href);
  }
  const wanted = new Set(
    used.map((url) => url.split('#')[0]).filter((url) => url.startsWith(`${location.origin}/static/`)),
  );
  const files = await caches.open(FILES);
  for (const request of await files.keys()) {
    if (!wanted.has(request.url)) await files.delete(request);
  }
  await files.addAll([...wanted]);
}

async function begin() {
  if (location.pathname !== '/day/' || loadedAt) return;
  await navigator.serviceWorker.register('/worker.js', { scope: '/day/' });
  await keepFiles();
  // Shown before there was a worker to keep it.
  if (!isWatched) {
    const copy = await caches.open(DAY + me);
    await copy.add('/day/');
  }
  document.documentElement.dataset.dayIsKept = '';
}

function sayWhenItWas() {
  const at = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: 'short', hourCycle: 'h23' });
  const strip = document.createElement('p');
  strip.className = 'kept-strip';
  strip.setAttribute('role', 'status');
  strip.textContent = words('dayCopy', at.format(loadedAt));
  document.getElementById('main').prepend(strip);
  window.addEventListener('online', async () => {
    await flush();
    // Nobody loses what is being written.
    if (!document.querySelector('#sheet > *, dialog[open]')) location.reload();
  });
}

if (me) forgetAllBut(me).catch(() => {});
if (isOffered) {
  // Kept or not, the page works: a full disk or a private window costs only the copy.
  window.addEventListener('load', () => begin().catch(() => {}));
  if (loadedAt) sayWhenItWas();
  document.addEventListener('submit', ({ target, defaultPrevented }) => {
    if (target.matches('form[action="/accounts/logout/"]') && !defaultPrevented) forgetAll().catch(() => {});
  });
}

// Where there is no line, a link would lead to the browser's own page, away from what can be read.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href]');
  if (navigator.onLine || event.defaultPrevented || !link || link.matches('[hx-get], [data-log], [data-find]')) return;
  if (link.origin !== location.origin || link.target || link.getAttribute('href').startsWith('#')) return;
  if (!/^https?:$/.test(link.protocol) || link.pathname === '/day/') return;
  event.preventDefault();
  note(words('needsLine'), 'bad');
});
