// My Day of this morning, for where there is no line. Pages come from the server whenever it answers; only
// where nothing answers at all, the copy of whoever looked at the day last in this browser, for a day. There
// is one copy, of one person: it goes when somebody else's page or the one to sign in is shown (left_behind.js),
// and with signing out (kept_day.js).
const DAY = 'seven-day-';
const FILES = 'seven-files';
const LASTS_MS = 24 * 3600 * 1000;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (pathname === '/day/') event.respondWith(day(event, search));
  } else if (pathname.startsWith('/static/')) event.respondWith(file(request));
});

async function day(event, search) {
  try {
    const answer = await fetch(event.request);
    // It leads to where one signs in: the session has ended.
    if (answer.type === 'opaqueredirect') event.waitUntil(forgetDays());
    const reader = answer.ok && !search && answer.headers.get('Seven-Reader');
    if (reader) event.waitUntil(keep(reader, answer.clone()));
    return answer;
  } catch (none) {
    const copy = await copyOfDay();
    if (copy) return copy;
    throw none;
  }
}

async function forgetDays(but) {
  for (const other of await caches.keys()) {
    if (other.startsWith(DAY) && other !== but) await caches.delete(other);
  }
}

async function keep(reader, answer) {
  const name = DAY + reader;
  await forgetDays(name);
  const copy = await caches.open(name);
  await copy.put('/day/', answer);
}

async function copyOfDay() {
  const name = (await caches.keys()).find((each) => each.startsWith(DAY));
  const copy = name && (await (await caches.open(name)).match('/day/'));
  if (!copy) return null;
  const at = Date.parse(copy.headers.get('Date'));
  if (!(Date.now() - at < LASTS_MS)) {
    await caches.delete(name);
    return null;
  }
  // The page says itself of when it is.
  const html = (await copy.text()).replace('<body ', `<body data-loaded-at="${at}" `);
  return new Response(html, { headers: copy.headers });
}

async function file(request) {
  try {
    return await fetch(request);
  } catch (none) {
    const kept = await (await caches.open(FILES)).match(request.url.split('#')[0]);
    if (kept) return kept;
    throw none;
  }
}
