/** Health: whether the server can answer, what the store holds, what is missing. */
import { Trouble, get, key, keep, look } from '../api.js';
import { el } from '../dom.js';
import { failed, heading, sentence, when } from '../parts.js';
import { link } from '../route.js';
import { name } from '../verbatim.js';
import { counted, number, size } from '../words.js';

/** @typedef {import('../types.js').Visit} Visit */

/** Figures of the server worth a look, and what they say. @type {Array<[RegExp, string]>} */
const METRICS = [
  [/^mnemic_requests?_total/, 'requests answered'], [/^mnemic_(requests_)?refused_total|^mnemic_.*429/, 'asked to wait'],
  [/^mnemic_.*(in_flight|inflight|waiting)/, 'in flight'], [/^process_resident_memory_bytes/, 'memory of the process'],
];

/** @param {Visit} visit @returns {Promise<Node>} */
export async function health(visit) {
  const [ready, stats, metrics] = await Promise.all([
    look('/readyz', visit.signal), optional(get('/v1/stats', {}, visit.signal)), optional(look('/metrics', visit.signal)),
  ]);
  const well = ready.status === 200;
  return el('div', {}, heading('Health', el('p', { class: `lede state-of ${well ? 'well' : 'ill'}` }, el('span', { class: 'lamp', 'aria-hidden': 'true' }), well ? 'Ready: the store answers and takes what it is given.' : notReady(ready))),
    stats instanceof Trouble ? withheld(stats) : told(stats),
    metrics instanceof Trouble || metrics.status !== 200 ? null : figures(metrics.text),
    keyNote());
}

/** @param {Promise<any>} asked @returns {Promise<any>} */
async function optional(asked) {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Trouble && error.status !== 401 && error.status !== 0) return error;
    throw error;
  }
}

/** @param {{status: number, text: string}} ready */
function notReady(ready) {
  if (ready.status === 404) return 'The server answers; it does not tell whether it is ready.';
  try {
    const said = JSON.parse(ready.text);
    return `Not ready: ${sentence(String(said.detail ?? said.status ?? ready.status))}`;
  } catch {
    return `Not ready: the server answered ${ready.status}.`;
  }
}

/** @param {Trouble} trouble */
function withheld(trouble) {
  if (trouble.status === 403 || trouble.status === 404) return el('div', { class: 'state' }, el('h2', { text: 'Counts are not for this key' }), el('p', { text: 'Only a key that may “admin” everywhere sees what the whole store holds.' }));
  return failed(trouble);
}

/** @param {any} stats */
function told(stats) {
  const at = (/** @type {number} */ us) => (us ? when(new Date(us / 1000).toISOString(), true) : '–');
  const ill = [stats.shallow_keys_stale && 'Keys of words are out of date: run “mnemic rebuild”.', stats.embedder_note, stats.uses_error, stats.deep_keys_error].filter(Boolean);
  const scopes = Object.entries(stats.scopes ?? {}).sort(([, one], [, other]) => Number(other) - Number(one));
  return [
    ill.length > 0 && el('ul', { class: 'notes' }, ill.map((one) => el('li', {}, name(sentence(String(one)))))),
    el('dl', { class: 'figures' },
      [['episodes', number(stats.episodes)], ['sessions', number(stats.sessions ?? 0)], ['scopes', number(scopes.length)], ['on disk', size(stats.bytes)]].map(([label, value]) => el('div', {}, el('dt', { text: label }), el('dd', { text: value })))),
    el('section', {}, el('h2', { text: 'The store' }), el('dl', { class: 'particulars' },
      [['From', at(stats.first_said_us)], ['To', at(stats.last_said_us)], ['Engine', stats.engine], ['Embedder', stats.embedder ?? 'none; words only']].map(([label, value]) => [el('dt', { text: label }), el('dd', {}, value)]))),
    (stats.spaces ?? []).length > 0 && el('section', {}, el('h2', { text: 'Spaces' }), el('table', { class: 'plain-table' },
      el('thead', {}, el('tr', {}, ['Space', 'Numbers', 'State', 'To be made'].map((one) => el('th', { scope: 'col', text: one })))),
      el('tbody', {}, stats.spaces.map((/** @type {any} */ one) => el('tr', {}, el('th', { scope: 'row' }, name(one.name)), el('td', { text: one.dimension }), el('td', { text: one.state }), el('td', { text: number(one.pending) })))))),
    scopes.length > 0 && el('section', {}, el('h2', { text: 'Scopes' }), el('ul', { class: 'plain-list', 'data-list': true }, scopes.slice(0, 100).map(([scope, count]) => el('li', {}, el('a', { href: link('search', { scope }), 'data-stop': true }, name(scope)), el('span', { class: 'quiet', text: ` ${counted(Number(count), 'episode')}` }))))),
  ];
}

/** @param {string} text as Prometheus reads it */
function figures(text) {
  const sums = new Map();
  for (const line of text.split('\n').slice(0, 5000)) {
    const known = line.startsWith('#') ? undefined : METRICS.find(([pattern]) => pattern.test(line));
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    if (known && Number.isFinite(value)) sums.set(known[1], (sums.get(known[1]) ?? 0) + value);
  }
  if (!sums.size) return null;
  return el('section', {}, el('h2', { text: 'Since it started' }), el('dl', { class: 'particulars' }, [...sums].map(([label, value]) => [el('dt', { text: label }), el('dd', { text: label.startsWith('memory') ? size(value) : number(value) })])));
}

function keyNote() {
  const held = key() !== null;
  return el('section', {}, el('h2', { text: 'Keys' }),
    el('p', { class: 'quiet' }, held ? 'This tab uses a key; it is forgotten when the tab closes. ' : 'This server asks for no key: it listens to this machine only. ', 'Make keys with ', el('code', { text: 'mnemic key create --scope "acme/*" --may read,write' }), '.'),
    held && el('div', { class: 'acts' }, el('button', { type: 'button', onclick: () => { keep(null); location.reload(); }, text: 'Forget the key' })));
}
