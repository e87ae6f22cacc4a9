/**
 * xterm writes its styles as text of <style> elements and as `style` attributes, both of which our
 * CSP refuses (no 'unsafe-inline'). The terminal is therefore given this view of the document: it
 * makes the same elements, but their styles go through the CSSOM, which a CSP does not touch.
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

function createElement(tag: string): HTMLElement {
  const element = document.createElement(tag)
  if (tag === 'style') adoptStyles(element)
  else if (tag === 'span') element.setAttribute = setAttribute
  return element
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value
  else Element.prototype.setAttribute.call(this, name, value)
}

/** The element stays empty; its text lives in a sheet of the document for as long as it does. */
function adoptStyles(element: HTMLElement): void {
  const sheet = new CSSStyleSheet()
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  Object.defineProperty(element, 'textContent', {
    set: (text: string) => sheet.replaceSync(text),
    get: () => '',
  })
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((item) => item !== sheet)
    Element.prototype.remove.call(element)
  }
}
