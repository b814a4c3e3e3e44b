/** One run: every row it changed, before and after, by table; and the way back. */
import { get, post } from '../api.js';
import { el, fill } from '../dom.js';
import { confirmed, doing, empty, grouped, heading, outcome, tally, when } from '../parts.js';
import { link } from '../route.js';
import { name, nodes } from '../verbatim.js';
import { counted, number, tableName } from '../words.js';
import { kindName, stateName } from './sleep.js';

/** @typedef {import('../types.js').Change} Change */
/** @typedef {import('../types.js').Run} Run */
/** @typedef {import('../types.js').Visit} Visit */

/** What people read first; the rest is the memory's own bookkeeping. */
const FIRST = ['facts', 'acts', 'claims', 'lessons', 'summaries', 'rooms', 'places', 'evidence'];
const PAGE = 30;
/** @type {Record<string, [string, string]>} */
const SIGNS = { insert: ['+', 'added'], update: ['~', 'changed'], delete: ['−', 'removed'] };

/** @param {Visit} visit @returns {Promise<Node>} */
export async function run(visit) {
  const one = await get(`/v1/runs/${encodeURIComponent(visit.path[1] ?? '')}`, {}, visit.signal);
  const changes = /** @type {Change[]} */ (one.changes);
  const tables = [...grouped(changes, (change) => change.table)].sort(([a], [b]) => place(a) - place(b));
  const all = one.counts.changed ?? changes.length;
  return el('div', {},
    el('nav', { class: 'crumbs', 'aria-label': 'Where you are' }, el('a', { href: link('sleep', { scope: visit.scope }), 'data-up': true, text: 'Sleep' }), el('span', { 'aria-hidden': 'true', text: '/' }), el('span', { 'aria-current': 'page', text: `run ${one.run}` })),
    heading(`${kindName(one)} ${one.run}`, el('p', { class: 'byline' }, when(one.started_at), el('span', { text: `in ${one.reach}` }), stateName(one) && el('span', { class: 'badge', text: stateName(one) }))),
    tally(one.counts), back(one),
    changes.length ? tables.map(([table, rows], index) => section(table, rows, index < 2))
      : empty(one.state === 'undone' ? 'It was undone' : 'It changed nothing', one.state === 'undone' ? 'What it had changed is as it was before.' : 'There was nothing new to consolidate.'),
    all > changes.length && changes.length > 0 && el('p', { class: 'quiet', text: `The first ${number(changes.length)} of ${number(all)} rows are shown.` }));
}

/** @param {string} table */
function place(table) {
  return FIRST.includes(table) ? FIRST.indexOf(table) : FIRST.length;
}

/** @param {Run} one */
function back(one) {
  const line = outcome();
  if (one.state !== 'done') return null;
  const button = /** @type {HTMLButtonElement} */ (el('button', { type: 'button', class: 'danger', text: 'Undo this run …', onclick: async () => {
    const sure = await confirmed({ title: `Undo run ${one.run}?`, act: 'Undo it', danger: true, words: el('p', { text: 'Every row it changed is put back as it was. Episodes are not touched. If something later changed the same rows, nothing happens and you are told.' }) });
    if (!sure) return;
    await doing(line, button, async () => {
      const undone = await post(`/v1/runs/${one.run}/undo`, {});
      button.remove();
      return `Undone: ${counted(undone.changed, 'row')} are as they were before.`;
    });
  } }));
  return el('div', { class: 'bed' }, button, line);
}

/** @param {string} table @param {Change[]} rows @param {boolean} open */
function section(table, rows, open) {
  const of = (/** @type {string} */ kind) => rows.filter((row) => row.kind === kind).length;
  const list = el('ul', { class: 'diff' });
  const more = el('button', { type: 'button', text: 'Show more' });
  let shown = 0;
  const add = () => {
    rows.slice(shown, shown + PAGE).forEach((row) => list.append(change(row)));
    shown += PAGE;
    more.hidden = shown >= rows.length;
  };
  more.addEventListener('click', add);
  add();
  return el('details', { class: 'table', open: open || null },
    el('summary', {}, el('b', { text: tableName(table) }), Object.entries(SIGNS).map(([kind, [sign, word]]) => of(kind) > 0 && el('span', { class: `sign ${kind}`, title: word }, `${sign}${number(of(kind))}`, el('span', { class: 'unseen', text: ` ${word}` })))),
    list, more);
}

/** @param {Change} row */
function change(row) {
  const [sign, word] = SIGNS[row.kind] ?? ['?', row.kind];
  const said = row.about || row.after.statement || row.before.statement || key(row);
  const body = el('div');
  const opened = el('details', { ontoggle: () => { if (!body.firstChild) fill(body, columns(row)); } },
    el('summary', {}, el('span', { class: `sign ${row.kind}`, 'aria-label': word, text: sign }), name(String(said))), body);
  return el('li', {}, opened);
}

/** @param {Change} row */
function key(row) {
  return Object.entries({ ...row.before, ...row.after }).slice(0, 3).map(([column, value]) => `${column} ${shown(column, value)}`).join(', ');
}

/** Each column, before and after. @param {Change} row */
function columns(row) {
  const all = [...new Set([...Object.keys(row.before), ...Object.keys(row.after)])];
  const cell = (/** @type {Record<string, unknown>} */ of, /** @type {string} */ column) => (column in of ? nodes(shown(column, of[column])) : '');
  const two = row.kind === 'update';
  return el('div', { class: 'scroll' }, el('table', {},
    el('thead', {}, el('tr', {}, ['Column', ...(two ? ['Before', 'After'] : [row.kind === 'delete' ? 'Before' : 'After'])].map((one) => el('th', { scope: 'col', text: one })))),
    el('tbody', {}, all.map((column) => el('tr', {}, el('th', { scope: 'row', text: column.replace(/_us$/, '').replaceAll('_', ' ') }),
      (two || row.kind === 'delete') && el('td', { class: 'before' }, cell(row.before, column)),
      (two || row.kind === 'insert') && el('td', { class: 'after' }, cell(row.after, column)))))));
}

/** Times are kept in microseconds since 1970. @param {string} column @param {unknown} value */
function shown(column, value) {
  if (value === null || value === undefined) return '–';
  if (column.endsWith('_us') && typeof value === 'number') {
    const at = new Date(value / 1000);
    return Number.isNaN(at.getTime()) ? String(value) : at.toISOString().replace('.000Z', 'Z');
  }
  return String(typeof value === 'object' ? JSON.stringify(value) : value).slice(0, 2000);
}
