/**
 * xterm writes its styles as text of <style> elements and as `style` attributes, both of which our
 * CSP refuses (no 'unsafe-inline'). The terminal is therefore given this view of the document: it
 * makes the same elements, but their styles go through the CSSOM, which a CSP does not touch.
 * The cells that it draws without WebGL are spans made from the page's document whatever it was given:
 * for them see `styleSpansByCssom`.
 */
export function createCspDocument(): Document {
  return new Proxy(document, {
    get: (target, property) => {
      if (property === 'createElement') return createElement
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, property, value) => Reflect.set(target, property, value, target),
  })
}

/**
 * xterm makes one style element of its own from the page's document whatever it was given, while
 * it opens. For exactly that long the page's document makes them our way as well.
 */
export function openUnderCsp(open: () => void): void {
  document.createElement = createElement as typeof document.createElement
  try {
    open()
  } finally {
    Reflect.deleteProperty(document, 'createElement')
  }
}

const createElement = (tag: string): HTMLElement =>
  tag === 'style' ? createStyle() : Document.prototype.createElement.call(document, tag)

/** For every span of the page: as a `style` attribute all of them would be refused. */
export function styleSpansByCssom(): void {
  HTMLSpanElement.prototype.setAttribute = function (name, value) {
    if (name === 'style') this.style.cssText = value
    else Element.prototype.setAttribute.call(this, name, value)
  }
}

/**
 * Stands for a <style> element, which even when empty is reported: an inert one, whose text lives
 * in a sheet of the document for as long as it does.
 */
function createStyle(): HTMLElement {
  const element = Document.prototype.createElement.call(document, 'template')
  const sheet = new CSSStyleSheet()
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  Object.defineProperty(element, 'textContent', {
    set: (text: string) => {
      sheet.replaceSync(text)
    },
    get: () => '',
  })
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((item) => item !== sheet)
    Element.prototype.remove.call(element)
  }
  return element
}
