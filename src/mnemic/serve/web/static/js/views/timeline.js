/** The timeline of a subject: when facts held, as bars; episodes as dots; and the same as a table. */
import { get } from '../api.js';
import { el, fill } from '../dom.js';
import { drawing } from '../bars.js';
import { empty, heading, meter, when } from '../parts.js';
import { name } from '../verbatim.js';
import { go, link } from '../route.js';
import { counted, relationName, stretch } from '../words.js';

/** @typedef {import('../types.js').Moment} Moment */
/** @typedef {import('../types.js').Visit} Visit */

const NARROW = 640;

/** @param {Visit} visit @returns {Promise<Node>} */
export async function timeline(visit) {
  const about = visit.query.get('about') ?? '';
  const [subjects, told] = await Promise.all([
    get('/v1/profile', { scope: visit.scope }, visit.signal),
    about ? get('/v1/timeline', { about, scope: visit.scope, k: 60 }, visit.signal) : { timeline: [] },
  ]);
  const names = subjects.subjects.map((/** @type {{subject: string}} */ one) => one.subject);
  return el('div', {}, heading(about ? `${about.slice(0, 80)} over time` : 'Timeline'), form(visit, about, names),
    about ? history(visit, about, told.timeline) : unasked(names));
}

/** @param {Visit} visit @param {string} about @param {string[]} names */
function form(visit, about, names) {
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const said = new FormData(/** @type {HTMLFormElement} */ (event.target)).get('about');
    go(link('timeline', { about: said, scope: visit.scope }));
  };
  return el('form', { class: 'ask small', onsubmit: submit },
    el('div', { class: 'line' }, el('input', { name: 'about', value: about, 'aria-label': 'A name or some words', placeholder: 'A name or some words', maxlength: 1000, autocomplete: 'off', required: true }),
      el('button', { text: 'Show' })),
    names.length > 0 && el('p', { class: 'choices' }, names.slice(0, 24).map((one) => el('a', {
      href: link('timeline', { about: one, scope: visit.scope }), 'aria-current': one === about ? 'true' : null,
    }, name(one)))));
}

/** @param {string[]} names */
function unasked(names) {
  return names.length
    ? empty('Whose history?', 'Choose one of those above, or write a name.')
    : empty('No one is known here yet', 'Facts about people and things are found in sleep. Run one under Sleep, or write any word to see what was said of it.');
}

/** @param {Visit} visit @param {string} about @param {Moment[]} moments */
function history(visit, about, moments) {
  if (!moments.length) return empty('Nothing is known of that', 'No fact and no episode of this scope tells of it.');
  const facts = moments.filter((one) => one.fact).length;
  const place = el('div');
  const asTable = visit.query.has('table') ? visit.query.get('table') === '1' : window.innerWidth < NARROW;
  const choose = (/** @type {boolean} */ table) => {
    fill(place, table ? rows(visit, moments) : drawing(moments, visit.scope));
    buttons.forEach((button, index) => button.setAttribute('aria-pressed', String((index === 1) === table)));
  };
  const buttons = ['Drawing', 'Table'].map((label, index) => el('button', { type: 'button', onclick: () => choose(index === 1), text: label }));
  choose(asTable);
  return el('section', {},
    el('div', { class: 'bar-line' }, el('p', { class: 'quiet', text: `${counted(facts, 'fact')}, ${counted(moments.length - facts, 'episode')}` }),
      el('div', { class: 'switch', role: 'group', 'aria-label': `How ${about} is shown` }, buttons)),
    place);
}

/** @param {Visit} visit @param {Moment[]} moments */
function rows(visit, moments) {
  return el('table', { class: 'moments' },
    el('thead', {}, el('tr', {}, ['When', 'What', 'Sure'].map((one) => el('th', { scope: 'col', text: one })))),
    el('tbody', { 'data-list': true }, moments.map((one) => el('tr', { class: one.fact ? 'of-fact' : 'of-episode' },
      el('td', { class: 'at' }, one.start && stretch(one.start, one.end) === '' ? when(one.start) : stretch(one.start, one.end)),
      el('td', {},
        el('a', { href: address(one, visit.scope), 'data-stop': true, class: one.fact ? 'statement' : 'text' }, name(one.text)),
        el('p', { class: 'byline' }, one.relation && el('span', { text: relationName(one.relation) }), one.speaker && el('b', {}, name(one.speaker)),
          one.replaced_by && el('a', { href: link(['fact', one.replaced_by], { scope: visit.scope }), text: 'replaced' }))),
      el('td', {}, one.confidence === null ? null : meter(one.confidence, 'Confidence'))))));
}

/** @param {Moment} moment @param {string} scope */
function address(moment, scope) {
  return moment.fact ? link(['fact', moment.fact], { scope }) : link(['episode', String(moment.episode)], { scope });
}
