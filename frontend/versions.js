// Nobody is in his or her own way. What changes a record says which version of it the page has shown; what is
// pressed again before the page has got the answer would say that of before. So the very same, while it is under
// way or until the page shows that it was done, is the same press, and goes nowhere. Anything else about
// that record waits, and says the version that the answer told: between the two there was nobody else.
const SAYS_VERSION = ['version', 'seen'];
const OF_THE_PAGE = ['csrfmiddlewaretoken', 'idempotency_key', 'said_at'];
const MOST_DONE = 50;

const asked = new Map(); // by address: what was pressed there last
const underWay = new Map(); // by record: what was pressed, and with which version
const waiting = []; // what is done once that has its answer
const done = []; // what made a new version, the latest last
const became = new Map(); // by record and version: the next one, which came of what was sent from here

const recordOf = (path) => /^\/[a-z]+\/\d+\//.exec(new URL(path, location.href).pathname)?.[0] ?? path;

function saidBy({ elt, etc, triggeringEvent }) {
  const form = elt.closest('form');
  const values = etc?.values ?? (form ? new FormData(form) : {});
  const pairs = [...(values instanceof FormData ? values : Object.entries(values))];
  const button = triggeringEvent?.submitter;
  if (button?.name) pairs.push([button.name, button.value]);
  return pairs.filter(([name, value]) => !OF_THE_PAGE.includes(name) && typeof value !== 'object');
}

document.addEventListener('htmx:confirm', (event) => {
  const { verb, path, issueRequest } = event.detail;
  if (verb !== 'post') return;
  const said = saidBy(event.detail);
  if (!said.some(([name]) => SAYS_VERSION.includes(name))) return;
  const press = `${path} ${JSON.stringify(said)}`;
  const first = underWay.get(recordOf(path));
  if (first?.press === press || done.includes(press)) {
    event.preventDefault();
  } else if (first) {
    event.preventDefault();
    waiting.push({ record: recordOf(path), go: () => issueRequest(true) });
    asked.set(path, press);
  } else asked.set(path, press);
});

document.addEventListener('htmx:configRequest', ({ detail: { verb, path, formData } }) => {
  if (verb !== 'post' || !formData.has('version')) return;
  const record = recordOf(path);
  let version = formData.get('version');
  while (became.has(`${record} ${version}`)) version = became.get(`${record} ${version}`);
  formData.set('version', version);
});

document.addEventListener('htmx:beforeSend', ({ detail: { requestConfig } }) => {
  const { verb, path, formData } = requestConfig;
  if (verb !== 'post' || !SAYS_VERSION.some((name) => formData.has(name))) return;
  const version = formData.get('version');
  underWay.set(recordOf(path), { requestConfig, version, press: asked.get(path) });
});

document.addEventListener('deal-changed', ({ detail }) => {
  const record = `/deals/${detail?.id}/`;
  const sent = underWay.get(record);
  if (sent?.version && Number(detail.version) > Number(sent.version)) {
    became.set(`${record} ${sent.version}`, String(detail.version));
    done.push(sent.press);
    if (done.length > MOST_DONE) done.shift();
  }
});

document.addEventListener('htmx:afterRequest', ({ detail: { requestConfig } }) => {
  const record = recordOf(requestConfig.path);
  const sent = underWay.get(record);
  if (sent?.requestConfig !== requestConfig) return;
  underWay.delete(record);
  const next = waiting.findIndex((one) => one.record === record);
  if (next >= 0) waiting.splice(next, 1)[0].go();
});
