/** What is held of people and things: lasting and recent, or all that held at some time. */
import { get } from '../api.js';
import { el } from '../dom.js';
import { empty, factTable, grouped, heading, tooMany } from '../parts.js';
import { go, link } from '../route.js';
import { name } from '../verbatim.js';
import { counted } from '../words.js';

/** @typedef {import('../types.js').Fact} Fact */
/** @typedef {import('../types.js').Visit} Visit */
/** @typedef {{subject: string, parts: Array<[string, Fact[]]>}} Held */

const [SUBJECTS, EACH] = [60, 100];
const FIELDS = ['about', 'as_of', 'believed_at', 'history', 'all'];

/** @param {Visit} visit @returns {Promise<Node>} */
export async function facts(visit) {
  const plain = !FIELDS.some((one) => visit.query.get(one));
  const held = plain ? await lasting(visit) : await asked(visit);
  const body = held.length
    ? el('div', { class: 'subjects', 'data-list': true }, held.slice(0, SUBJECTS).map((one) => subject(one, visit)), held.length > SUBJECTS && tooMany(held.length - SUBJECTS, 'subject'))
    : plain
      ? empty('Nothing is held yet', 'Facts are drawn from what was said while the memory sleeps. Run one under ', el('a', { href: link('sleep', { scope: visit.scope }), text: 'Sleep' }), '.')
      : empty('No fact answers to that', 'Take fewer words, another date, or include what holds no more.');
  return el('div', {}, heading('Facts', el('p', { class: 'lede', text: plain ? 'What is held to be true now: what lasts, and what is recent.' : 'What is held, as you asked for it.' })), form(visit), body);
}

/** @param {Visit} visit @returns {Promise<Held[]>} */
async function lasting(visit) {
  const found = await get('/v1/profile', { scope: visit.scope }, visit.signal);
  return found.subjects.map((/** @type {{subject: string, static: Fact[], recent: Fact[]}} */ one) => {
    const known = new Set(one.static.map((fact) => fact.id));
    return { subject: one.subject, parts: [['Lasting', one.static], ['Recent', one.recent.filter((fact) => !known.has(fact.id))]] };
  });
}

/** @param {Visit} visit @returns {Promise<Held[]>} */
async function asked(visit) {
  const of = (/** @type {string} */ field) => visit.query.get(field) || undefined;
  const found = await get('/v1/facts', {
    about: of('about'), scope: visit.scope, as_of: end(of('as_of')), believed_at: end(of('believed_at')), history: of('history') ? 'true' : undefined,
  }, visit.signal);
  return [...grouped(/** @type {Fact[]} */ (found.facts), (one) => one.subject)].map(([who, ones]) => ({ subject: who, parts: [['', ones]] }));
}

/** The end of a day, with the reader's offset. @param {string|undefined} date */
function end(date) {
  if (!date) return undefined;
  const at = new Date(`${date}T23:59:59`);
  return Number.isNaN(at.getTime()) ? date : at.toISOString();
}

/** @param {Visit} visit */
function form(visit) {
  const of = (/** @type {string} */ field) => visit.query.get(field) ?? '';
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const said = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    go(link('facts', { ...said, all: 1, scope: visit.scope }));
  };
  return el('form', { class: 'ask small', onsubmit: submit },
    el('div', { class: 'fields' },
      el('label', { class: 'stack wide' }, 'About', el('input', { name: 'about', value: of('about'), maxlength: 1000, placeholder: 'everything', autocomplete: 'off' })),
      el('label', { class: 'stack' }, 'As of', el('input', { type: 'date', name: 'as_of', value: of('as_of') })),
      el('label', { class: 'stack' }, 'As believed on', el('input', { type: 'date', name: 'believed_at', value: of('believed_at') })),
      el('label', { class: 'check' }, el('input', { type: 'checkbox', name: 'history', value: '1', checked: of('history') ? true : null }), 'also what holds no more'),
      el('button', { text: 'Show' }),
      FIELDS.some((one) => of(one)) && el('a', { class: 'quiet-link', href: link('facts', { scope: visit.scope }), text: 'Back to the profile' })));
}

/** @param {Held} held @param {Visit} visit */
function subject(held, visit) {
  const count = held.parts.reduce((sum, [, ones]) => sum + ones.length, 0);
  const section = el('section', { class: 'subject' },
    el('header', {}, el('h2', {}, name(held.subject)), el('span', { class: 'quiet', text: counted(count, 'fact') }),
      el('a', { class: 'quiet-link', href: link('timeline', { about: held.subject, scope: visit.scope }), text: 'over time' })),
    held.parts.filter(([, ones]) => ones.length).map(([label, ones]) => el('div', { class: 'part' }, label && el('h3', { text: label }), factTable(ones.slice(0, EACH)), ones.length > EACH && tooMany(ones.length - EACH, 'fact'))));
  section.querySelectorAll('a.statement').forEach((one) => one.setAttribute('data-stop', ''));
  return section;
}
