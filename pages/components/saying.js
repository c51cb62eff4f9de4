// Sentences in the visitor's language, as `say` and `several` of Python: English is the key, values
// are named, and the browser knows which plural form a count takes. See pages/language/catalogue.py.

const spoken = { language: "en", texts: {} };

// To be called with a component's data before anything is said.
function speak({ language, texts }) {
  Object.assign(spoken, { language, texts });
}

function say(template, values = {}) {
  return filledIn(spoken.texts[template] ?? template, values);
}

function several(one, many, count, values = {}) {
  const forms = spoken.texts[one];
  const template = forms?.[new Intl.PluralRules(spoken.language).select(count)];
  const number = count.toLocaleString(spoken.language);
  return filledIn(template ?? (count === 1 ? one : many), { count: number, ...values });
}

function filledIn(template, values) {
  return template.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

// Texts of elements, or values of an attribute of them, by selector.
function label(root, texts, attribute = null) {
  for (const [selector, text] of Object.entries(texts)) {
    for (const each of root.querySelectorAll(selector)) {
      if (attribute) each.setAttribute(attribute, text);
      else if (each.textContent !== text) each.textContent = text;
    }
  }
}
