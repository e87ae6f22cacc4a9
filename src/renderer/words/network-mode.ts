import type { NetworkMode } from '../../shared/domain/network-mode.ts'

/** The effect of each, from the narrowest. */
export const NETWORK_MODES: Readonly<
  Record<NetworkMode, { readonly name: string; readonly effect: string }>
> = {
  closed: { name: 'Closed', effect: 'Nothing leaves, whatever rules allow. What is open is cut.' },
  listed: { name: 'Listed', effect: 'Hosts that rules allow; all others are refused unasked.' },
  ask: { name: 'Ask', effect: 'Hosts that rules allow; all others wait for your answer.' },
  open: {
    name: 'Open',
    effect:
      'Every host on the internet, unasked and recorded. This machine and its networks still ask.',
  },
}
