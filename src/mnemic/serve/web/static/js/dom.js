/** Elements. What was remembered enters the page as text nodes only; there is no other way in here. */

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node|string|number|null|undefined|false|Array<any>} Child */

/**
 * An element with attributes and children. Functions among the attributes are listeners (`onclick`),
 * `class` and `text` are what they say; null and false are left out.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  return /** @type {HTMLElement} */ (dress(document.createElement(tag), attributes, children));
}

/**
 * The same for drawings.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  return /** @type {SVGElement} */ (dress(document.createElementNS(SVG, tag), attributes, children));
}

/** @param {Element} element @param {Record<string, any>} attributes @param {Child[]} children */
function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (name === 'text') element.textContent = String(value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  put(element, children);
  return element;
}

/** @param {Node} parent @param {Child} child */
export function put(parent, child) {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) child.forEach((one) => put(parent, one));
  else parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
}

/** Replaces all that an element holds. @param {Element} parent @param {...Child} children */
export function fill(parent, ...children) {
  parent.textContent = '';
  put(parent, children);
}

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** Says a sentence to a screen reader. @param {string} sentence */
export function say(sentence) {
  byId('said').textContent = sentence;
}
