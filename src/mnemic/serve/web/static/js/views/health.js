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
  [/^mnemic_requests_total\{/, 'Requests'], [/^mnemic_requests_total\{.*operation="recall"/, 'Recalls'],
  [/^mnemic_requests_total\{.*status="500"/, 'Failures'], [/^mnemic(_long|_recall)?_running /, 'Under way'],
  [/^mnemic(_long|_recall)?_waiting /, 'Waiting'], [/^mnemic(_long|_recall)?_refused /, 'Refused, busy'],
  [/^mnemic_sleeps_total\{/, 'Sleeps by itself'],
];

/** What is counted, and how many. @param {string} one @param {number} count @returns {[string, string]} */
const some = (one, count) => [count === 1 ? one : `${one}s`, number(count)];

/** @param {Visit} visit @returns {Promise<Node>} */
export async function health(visit) {
  const [ready, stats, metrics] = await Promise.all([
    look('/readyz', visit.signal), optional(get('/v1/stats', {}, visit.signal)), optional(look('/metrics', visit.signal)),
  ]);
  const well = ready.status === 200;
  return el('div', {}, heading('Health', el('p', { class: `lede state-of ${well ? 'well' : 'ill'}` }, el('span', { class: 'lamp', 'aria-hidden': 'true' }), well ? `Ready: the store answers.${asleep(ready)}` : notReady(ready))),
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

/** @param {{text: string}} ready */
function asleep(ready) {
  try {
    return JSON.parse(ready.text).sleeping ? ' It is asleep just now.' : '';
  } catch {
    return '';
  }
}

/** @param {{status: number, text: string}} ready */
function notReady(ready) {
  if (ready.status === 404) return 'The server answers; it does not tell whether it is ready.';
  try {
    const said = JSON.parse(ready.text);
    if (said.store === 'ok' && said.warm === false) return 'Warming up: the first answers may take a moment.';
    if (said.status === 'closing') return 'Closing: what runs is finished, nothing new is taken.';
    return `Not ready: the store says ${sentence(String(said.store ?? said.status ?? ready.status))}`;
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
      [some('episode', stats.episodes), some('session', stats.sessions ?? 0), some('scope', scopes.length), ['on disk', size(stats.bytes)]].map(([label, value]) => el('div', {}, el('dt', { text: label }), el('dd', { text: value })))),
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
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    if (line.startsWith('#') || !Number.isFinite(value)) continue;
    for (const [pattern, label] of METRICS) if (pattern.test(line)) sums.set(label, (sums.get(label) ?? 0) + value);
  }
  if (!sums.size) return null;
  const took = mean(text, 'recall');
  const rows = METRICS.filter(([, label]) => sums.has(label)).map(([, label]) => [label, number(sums.get(label))]);
  if (took !== null) rows.push(['A recall takes', `${took.toFixed(took < 10 ? 1 : 0)} ms on average`]);
  return el('section', {}, el('h2', { text: 'Since it started' }), el('dl', { class: 'particulars' }, rows.map(([label, value]) => [el('dt', { text: label }), el('dd', { text: value })])));
}

/** @param {string} text @param {string} operation @returns {number|null} milliseconds */
function mean(text, operation) {
  const of = (/** @type {string} */ what) => Number(text.match(new RegExp(`^mnemic_request_seconds_${what}\\{operation="${operation}"\\} (\\S+)$`, 'm'))?.[1] ?? NaN);
  const [sum, count] = [of('sum'), of('count')];
  return count > 0 ? (1000 * sum) / count : null;
}

function keyNote() {
  const held = key() !== null;
  return el('section', {}, el('h2', { text: 'Keys' }),
    el('p', { class: 'quiet' }, held ? 'This tab uses a key; it is forgotten when the tab closes. ' : 'This server asks for no key: it listens to this machine only. ', 'Make keys with ', el('code', { text: 'mnemic key create --scope "acme/*" --may read,write' }), '.'),
    held && el('div', { class: 'acts' }, el('button', { type: 'button', onclick: () => { keep(null); location.reload(); }, text: 'Forget the key' })));
}
