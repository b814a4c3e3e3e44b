() => [...document.querySelectorAll('a[href], button, input, select, summary')].filter((one) => {
  const name = one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.[0]?.textContent.trim();
  return !name;
}).map((one) => one.outerHTML.slice(0, 120))
