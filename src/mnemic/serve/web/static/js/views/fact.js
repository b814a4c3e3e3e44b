/** One fact: when it holds, how sure, the words it rests on, what came before and after; put it right. */
import { get, post } from '../api.js';
import { el } from '../dom.js';
import { confirmed, doing, factLine, heading, meter, outcome, quotes, when } from '../parts.js';
import { link } from '../route.js';
import { name, nodes } from '../verbatim.js';
import { counted, reasonName, relationName, statusName, validity } from '../words.js';

/** @typedef {import('../types.js').Fact} Fact */
/** @typedef {import('../types.js').Visit} Visit */

/** @param {Visit} visit @returns {Promise<Node>} */
export async function fact(visit) {
  const one = /** @type {Fact} */ (await get(`/v1/facts/${encodeURIComponent(visit.path[1] ?? '')}`, { scope: visit.scope }, visit.signal));
  const [history, before] = await Promise.all([kin(one, visit), kin(one, visit, moment(one.believed_from))]);
  const others = history.filter((other) => other.id !== one.id);
  const past = before.filter((other) => !history.some((now) => now.id === other.id && now.valid_to === other.valid_to));
  const title = heading(one.statement);
  const h1 = title.querySelector('h1');
  if (h1) h1.replaceChildren(el('bdi', {}, nodes(one.statement)));
  return el('article', { class: 'page' },
    el('div', { class: 'reading' },
      el('nav', { class: 'crumbs', 'aria-label': 'Where you are' }, el('a', { href: link('facts', { scope: visit.scope }), 'data-up': true, text: 'Facts' }), el('span', { 'aria-hidden': 'true', text: '/' }),
        el('a', { href: link('timeline', { about: one.subject, scope: one.scope }) }, name(one.subject))),
      title, one.denied && el('p', { class: 'badge-line' }, el('span', { class: 'badge', text: 'denied' }), ' It was said that this is not so.'),
      el('section', {}, el('h2', { text: 'It rests on' }), quotes(one)),
      others.length > 0 && el('section', {}, el('h2', { text: 'Before and after' }), others.map((other) => factLine(other, { struck: other.successor !== null }))),
      past.length > 0 && el('section', {}, el('h2', {}, 'What was believed until ', when(one.believed_from, true)), past.map((other) => factLine(other)))),
    el('aside', { 'aria-label': 'About this fact' }, particulars(one), acts(one)));
}

/** Just before a moment. @param {string} at */
function moment(at) {
  return new Date(Date.parse(at) - 1000).toISOString();
}

/** Facts of the same subject and relation. @param {Fact} one @param {Visit} visit @param {string} [believed] @returns {Promise<Fact[]>} */
async function kin(one, visit, believed) {
  const found = await get('/v1/facts', { about: one.subject.slice(0, 1000), scope: one.scope, history: 'true', believed_at: believed }, visit.signal);
  return found.facts.filter((/** @type {Fact} */ other) => other.subject === one.subject && other.relation === one.relation);
}

/** @param {Fact} one */
function particulars(one) {
  const rows = [
    ['About', name(one.subject)], ['Relation', relationName(one.relation)], ['Value', el('b', {}, name(one.object))],
    ['Holds', validity(one)],
    ['Ended', one.reason && one.valid_to && [reasonName(one.reason), one.successor && [' – ', el('a', { href: link(['fact', one.successor], { scope: one.scope }), text: 'what came after' })]]],
    ['Believed', [one.believed_to ? 'from ' : 'since ', when(one.believed_from, true), one.believed_to && [' to ', when(one.believed_to, true)]]],
    ['Confidence', meter(one.confidence, 'Confidence')],
    ['Standing', statusName(one.status)],
    ['Told by', counted(one.witnesses, 'witness', 'witnesses')],
    ['Scope', name(one.scope)], ['Id', el('code', { text: one.id })],
  ];
  return el('section', {}, el('h2', { text: 'Particulars' }), el('dl', { class: 'particulars' }, rows.filter(([, value]) => value).map(([label, value]) => [el('dt', { text: label }), el('dd', {}, value)])));
}

/** @param {Fact} one */
function acts(one) {
  const line = outcome();
  const base = `/v1/facts/${one.id}`;
  const field = /** @type {HTMLInputElement} */ (el('input', { id: 'value', name: 'value', maxlength: 4000, autocomplete: 'off', required: true, placeholder: one.object.slice(0, 80) }));
  const set = /** @type {HTMLButtonElement} */ (el('button', { class: 'main', text: 'Correct' }));
  const form = el('form', { class: 'correct', onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void doing(line, set, async () => {
      const now = /** @type {Fact} */ (await post(`${base}/correct`, { value: field.value, scope: one.scope }));
      field.value = '';
      return [el('p', { text: 'Put right. What was believed before stays known.' }), factLine(now), undo(one)];
    });
  } }, el('label', { for: 'value', class: 'stack' }, 'What is true instead', field), set);
  const yes = /** @type {HTMLButtonElement} */ (el('button', { type: 'button', text: 'Confirm', onclick: () => doing(line, yes, async () => {
    const now = /** @type {Fact} */ (await post(`${base}/confirm`, { scope: one.scope }));
    return [el('p', { text: 'Confirmed.' }), factLine(now), undo(one)];
  }) }));
  const no = /** @type {HTMLButtonElement} */ (el('button', { type: 'button', class: 'danger', text: 'Reject …', onclick: async () => {
    const sure = await confirmed({ title: 'This never was true?', act: 'Reject it', danger: true, words: [el('p', {}, name(one.statement)), el('p', { text: 'It is shown no more, now or in the past. The episodes it was read from stay. It can be undone under Sleep.' })] });
    if (sure) await doing(line, no, async () => { await post(`${base}/reject`, { scope: one.scope }); return [el('p', { text: 'Rejected: it is no longer held.' }), undo(one)]; });
  } }));
  return el('section', {}, el('h2', { text: 'Put it right' }), form, el('div', { class: 'acts' }, yes, no), line);
}

/** @param {Fact} one */
function undo(one) {
  return el('p', { class: 'quiet' }, 'It can be undone under ', el('a', { href: link('sleep', { scope: one.scope }), text: 'Sleep' }), '.');
}
