// What this browser keeps of people beside words that they typed and did not send (drafts.js, kept.js): My Day,
// where they were last, whom they are calling. It goes when somebody else is signed in, or nobody. Their
// unsent words wait for them; after a month nothing would take them any more.
const DAY = 'seven-day-';
const OF_PEOPLE = /^seven-(?:call:|recent-)(\d+)/;
const UNSENT = 'seven-kept:';
const WAITS_MS = 30 * 24 * 3600 * 1000;

// `me` is the id of who is signed in, '' for nobody.
export async function forgetAllBut(me) {
  try {
    for (const key of Object.keys(localStorage)) {
      const whose = OF_PEOPLE.exec(key)?.[1];
      if ((whose && whose !== me) || isTooOld(key)) localStorage.removeItem(key);
    }
  } catch {
    /* forbidden */
  }
  if (!('caches' in window)) return;
  for (const name of await caches.keys()) {
    if (name.startsWith(DAY) && name !== DAY + me) await caches.delete(name);
  }
}

function isTooOld(key) {
  return key.startsWith(UNSENT) && Date.now() - (JSON.parse(localStorage.getItem(key))?.at ?? 0) > WAITS_MS;
}
