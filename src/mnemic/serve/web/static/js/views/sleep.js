/** Runs of sleep and acts upon facts; a new run is tried dry first. */
import { get, post } from '../api.js';
import { el } from '../dom.js';
import { confirmed, doing, empty, heading, outcome, tally, when } from '../parts.js';
import { link } from '../route.js';
import { counted } from '../words.js';

/** @typedef {import('../types.js').Run} Run */
/** @typedef {import('../types.js').Visit} Visit */
/** @typedef {{run: number, dry: boolean, scopes: number, counts: Record<string, number>, left: number, seconds: number, notes: string[]}} Slept */

const MOST = 200;
const BUDGET_S = 60;

/** @param {Visit} visit @returns {Promise<Node>} */
export async function sleep(visit) {
  const { runs } = await get('/v1/runs', {}, visit.signal);
  const all = /** @type {Run[]} */ (runs);
  return el('div', {}, heading('Sleep', el('p', { class: 'lede', text: 'While it sleeps, the memory draws facts, summaries, lessons and places from what was said. Every run can be looked at and undone.' })),
    bed(visit),
    all.length
      ? el('ol', { class: 'runs', 'data-list': true }, all.slice(0, MOST).map((one) => item(one, visit)))
      : empty('It has not slept yet', 'What was said is kept and can be found all the same. Sleep adds facts and places.'));
}

/** @param {Visit} visit */
function bed(visit) {
  const line = outcome();
  const button = /** @type {HTMLButtonElement} */ (el('button', { type: 'button', class: 'main', text: 'Sleep now …', onclick: async () => {
    /** @type {Slept|null} */
    let dry = null;
    await doing(line, button, async () => {
      dry = await post('/v1/sleep', { scope: visit.scope, dry_run: true, budget_s: BUDGET_S });
      return '';
    });
    const plan = /** @type {Slept|null} */ (dry);
    if (plan && Object.values(plan.counts).some(Boolean)) await offered(plan);
    else if (plan) line.tell(['Nothing is new in this scope: a sleep would change nothing.', plan.notes.map((note) => el('p', { class: 'quiet', text: note }))]);
  } }));
  const offered = async (/** @type {Slept} */ plan) => {
    const sure = await confirmed({ title: 'What this sleep would do', act: 'Sleep', words: [tally(plan.counts), plan.notes.map((note) => el('p', { class: 'quiet', text: note })), el('p', { class: 'quiet', text: `In scope ${visit.scope}; nothing has been changed yet. It can be undone as one.` })] });
    if (!sure) { line.tell('Nothing was changed.'); return; }
    await doing(line, button, async () => {
      const done = /** @type {Slept} */ (await post('/v1/sleep', { scope: visit.scope, budget_s: BUDGET_S }));
      return [el('p', {}, `Slept ${done.seconds.toFixed(1)} s as `, el('a', { href: link(['run', done.run], { scope: visit.scope }), text: `run ${done.run}` }), done.left ? `; ${counted(done.left, 'episode')} wait for the next.` : '.'), tally(done.counts)];
    });
  };
  return el('div', { class: 'bed' }, button, line);
}

/** @param {Run} run */
export function stateName(run) {
  return { done: '', undone: 'undone', running: 'running' }[run.state] ?? run.state;
}

/** @param {Run} run */
export function kindName(run) {
  if (/rem/.test(run.phases)) return 'Sleep';
  return run.phases ? run.phases.charAt(0).toUpperCase() + run.phases.slice(1).replaceAll('_', ' ') : 'Run';
}

/** @param {Run} run @param {Visit} visit */
function item(run, visit) {
  const changed = run.counts.changed ?? 0;
  const parts = Object.entries(run.counts).filter(([label, value]) => value && label !== 'changed').slice(0, 5).map(([label, value]) => `${value.toLocaleString('en-GB')} ${label}`);
  return el('li', { class: `run ${run.state}` },
    el('a', { href: link(['run', run.run], { scope: visit.scope }), 'data-stop': true }, el('b', { text: `${kindName(run)} ${run.run}` })),
    el('p', { class: 'byline' }, when(run.started_at), el('span', { text: run.reach }), el('span', { text: `${counted(changed, 'row')} changed` }), stateName(run) && el('span', { class: 'badge', text: stateName(run) })),
    parts.length > 0 && el('p', { class: 'quiet', text: parts.join(', ') }));
}
