import type { Fact } from '../../shared/domain/timeline.ts'
import { assertNever } from '../../shared/result.ts'
import { wordsOfChange, wordsOfWatching } from './files.ts'
import { formatBytes, formatTime, plural } from './format.ts'
import { NETWORK_MODES } from './network-mode.ts'
import { isInForce, LIMITS, sumUpLimits } from './limits.ts'
import { sumUpChanges } from './spec-changes.ts'
import { wordsOfDecision, wordsOfExit } from './outcomes.ts'
import { wordsOfOutcome, wordsOfTool } from './questions.ts'
import { joinArgv, revealText } from './reveal.ts'
import { wordsOfCarried, wordsOfExchange } from './traffic.ts'

const hostOf = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`

/** One line for the list of events. Agent-controlled parts are revealed and capped. */
export function wordsOfFact(fact: Fact): string {
  switch (fact.type) {
    case 'session/created':
      return `Session created for ${fact.session.agentName}`
    case 'session/started':
      return `Session started, pid ${fact.rootPid}`
    case 'session/failed':
      return 'Session did not start'
    case 'session/stopping':
      return fact.by === 'person' ? 'Stop asked for by you' : 'Stopping with Cloche'
    case 'session/ended':
      return `Session ${wordsOfExit(fact.exit)}`
    case 'session/interrupted':
      return `Session interrupted: ${fact.reason}`
    case 'session/renamed':
      return `Renamed to “${fact.title}”`
    case 'review/opened':
      return fact.from === null
        ? `Copied the workspace: ${plural(fact.files, 'file')}, ${formatBytes(fact.bytes)}${fact.leftOut > 0 ? `, ${fact.leftOut} left out` : ''}`
        : 'Works on the copy of the session before'
    case 'review/applied':
      return `Applied ${plural(fact.count, 'file')} to the folder${fact.refused > 0 ? `, ${fact.refused} not` : ''}`
    case 'review/closed':
      return fact.by === 'person' ? 'Copy discarded by you' : 'Copy removed: nothing differed'
    case 'isolation/reported':
      return `Isolation probed: ${fact.axes.filter((axis) => axis.proven === 'enforced').length} of ${fact.axes.length} axes proven`
    case 'isolation/restored':
      return fact.was === 'socket'
        ? `Hidden: ${fact.path}, a socket that was made outside`
        : `Covered again: ${fact.path}, which was replaced from outside`
    case 'isolation/changed':
      return `Started again: ${sumUpChanges(fact.changes)}`
    case 'limits/changed':
      return `Limits set: ${sumUpLimits(fact.limits)}`
    case 'network/switched':
      return `Network ${NETWORK_MODES[fact.mode].name.toLowerCase()}${fact.untilMs === null ? '' : `, until ${formatTime(fact.untilMs)}`}${fact.by === 'clock' ? ', as the time was over' : ''}`
    case 'isolation/planned':
      return `Boundary planned: ${plural(fact.policy.sentences.length, 'rule')}`
    case 'limits/reported':
      return `Limits in force: ${fact.limits.filter(isInForce).length} of ${fact.limits.filter(({ value }) => value !== null).length} asked for`
    case 'limits/reached':
      return `Limit reached, ${LIMITS[fact.limit].name.toLowerCase()}: ${fact.detail}`
    case 'terminal/active':
      return `${formatBytes(fact.bytes)} of output${fact.terminal ? ' in a further terminal' : ''}`
    case 'terminal/opened':
      return `Terminal ${fact.number} opened`
    case 'terminal/ended':
      return `A further terminal ${wordsOfExit(fact.exit)}`
    case 'terminal/resized':
      return `Terminal resized to ${fact.cols} × ${fact.rows}`
    case 'proc/started':
      return `${revealText(fact.node.name, 40)} (${fact.node.pid}) started`
    case 'proc/exec':
      return `${fact.key.split(':')[0]} became ${revealText(joinArgv(fact.argv), 100)}`
    case 'proc/reparented':
      return `${fact.key.split(':')[0]} has a new parent`
    case 'proc/sampled':
      return `${plural(fact.samples.length, 'process', 'processes')} sampled`
    case 'proc/ended':
      return `${fact.key.split(':')[0]} ${wordsOfExit(fact.exit)}`
    case 'proc/watching':
      return fact.source === 'connector'
        ? `Every process is seen${fact.reason ? `: ${fact.reason}` : ''}`
        : `Processes are sampled: ${fact.reason ?? 'the kernel does not tell of them'}`
    case 'proc/controlled':
      return `${plural(fact.affected, 'process', 'processes')}: ${fact.action}${fact.remained > 0 ? `, ${fact.remained} remained` : ''}`
    case 'proc/orphaned':
      return `${plural(fact.keys.length, 'process', 'processes')} outlived the session`
    case 'net/requested':
      return `${fact.requester ? revealText(fact.requester.process.name, 40) : 'A process'} wants ${hostOf(fact.destination)}`
    case 'net/malformed':
      return `A request without a usable destination was refused: ${fact.reason}`
    case 'net/resolved':
      return `The address of ${revealText(fact.name, 253)} was asked for; a stand-in was given`
    case 'net/datagrams':
      return `${plural(fact.count, 'datagram')} found nobody: only connections (TCP) have a way out`
    case 'net/decided':
      return wordsOfDecision(fact.decision)
    case 'net/opened':
      return `Connected to ${fact.address}`
    case 'net/failed':
      return `Connection failed: ${fact.reason}`
    case 'net/carried':
      return `Connection carries ${wordsOfCarried(fact)}`
    case 'net/refused':
      return `Connection ended: ${fact.reason}`
    case 'net/exchange':
      return wordsOfExchange(fact.exchange)
    case 'net/closed':
      return `Connection closed, ${formatBytes(fact.bytesUp)} up, ${formatBytes(fact.bytesDown)} down`
    case 'file/watching':
      return wordsOfWatching(fact)
    case 'file/changed':
      return wordsOfChange(fact)
    case 'file/needed':
      return fact.outcome === 'read'
        ? `Opened ${revealText(fact.path, 200)}`
        : `Looked for ${revealText(fact.path, 200)}, which is not let in`
    case 'file/missed':
      return 'Files changed faster than could be read: some changes are not recorded'
    case 'port/opened':
      return `Port ${fact.port} inside can be reached at localhost:${fact.localPort}`
    case 'port/closed':
      return `Port ${fact.port} inside can no longer be reached`
    case 'files/copied': {
      const way = fact.direction === 'in' ? 'into the container' : 'out of the container'
      const done = fact.isDone ? 'Copied' : 'Not copied'
      return `${done} ${way}: ${revealText(fact.from, 200)} to ${revealText(fact.to, 200)}`
    }
    case 'prompt/raised':
      return `Prompt: ${hostOf(fact.request.destination)}`
    case 'prompt/joined':
      return 'Another connection waits on the same prompt'
    case 'prompt/answered':
      return wordsOfDecision(fact.decision)
    case 'question/asked':
      return `The agent asks to use ${wordsOfTool(fact.question)}`
    case 'question/settled':
      return wordsOfOutcome(fact.question, fact.outcome)
    case 'rule/added':
      return `Rule added: ${fact.rule.action} ${fact.rule.host}`
    case 'rule/removed':
      return 'Rule revoked'
    case 'recording/damaged':
      return `Recording damaged: ${fact.part}`
    default:
      return assertNever(fact, 'fact')
  }
}
