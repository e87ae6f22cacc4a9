import { randomBytes, timingSafeEqual } from 'node:crypto'

/** Milliseconds a one-time link stays good. */
const LINK_MS = 5 * 60_000
/** Wrong tokens before the door stays shut for a while. */
const MAX_WRONG = 20
const SHUT_MS = 60_000
const MAX_COOKIES = 32

export const COOKIE = 'cloche'

/** Who may talk to the loopback server: whoever redeemed a one-time link, by cookie. */
export interface Access {
  /** A token for one link. */
  issue(): string
  /** The cookie's value when the token is good; it is good once. */
  redeem(token: string): string | null
  isKnown(cookieHeader: string | undefined): boolean
  /** Exact Host, and exact Origin where the browser sends one. */
  isOurs(headers: { host?: string | undefined; origin?: string | undefined }): boolean
}

export function createAccess(origins: () => readonly string[], nowMs: () => number): Access {
  const links = new Map<string, number>()
  const cookies: string[] = []
  let wrong = 0
  let shutUntilMs = 0

  return {
    issue: () => {
      const token = randomBytes(32).toString('base64url')
      links.set(token, nowMs() + LINK_MS)
      return token
    },
    redeem: (token) => {
      if (nowMs() < shutUntilMs) return null
      for (const [known, untilMs] of links) if (untilMs < nowMs()) links.delete(known)
      const match = [...links.keys()].find((known) => isSame(known, token))
      if (match === undefined) {
        wrong++
        if (wrong >= MAX_WRONG) {
          wrong = 0
          shutUntilMs = nowMs() + SHUT_MS
        }
        return null
      }
      links.delete(match)
      const cookie = randomBytes(32).toString('base64url')
      cookies.push(cookie)
      if (cookies.length > MAX_COOKIES) cookies.shift()
      return cookie
    },
    isKnown: (header) => {
      const value = (header ?? '')
        .split(';')
        .map((part) => part.trim())
        .find((part) => part.startsWith(`${COOKIE}=`))
        ?.slice(COOKIE.length + 1)
      return value !== undefined && cookies.some((cookie) => isSame(cookie, value))
    },
    isOurs: ({ host, origin }) => {
      const allowed = origins()
      const hosts = allowed.map((item) => new URL(item).host)
      if (host === undefined || !hosts.includes(host)) return false
      return origin === undefined || allowed.includes(origin)
    },
  }
}

/** Same length of work whatever differs. */
export function isSame(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
