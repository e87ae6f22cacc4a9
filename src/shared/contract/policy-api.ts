import { z } from 'zod'
import { PolicyFile, PolicyHash, PolicyProblem, WorkspacePolicy } from '../domain/policy-file.ts'
import {
  ImportedPolicy,
  ImportProblem,
  ImportSource,
  ReadFormat,
  SettingsFile,
  WriteFormat,
  WrittenPolicy,
} from '../domain/policy-formats.ts'
import { Profile, ProfileName } from '../domain/profile.ts'
import { command, query } from './define.ts'

const PolicyText = z.string().max(262_144)

/** Policies that folders keep, profiles, and what other tools make of them. */
export const policyApi = {
  /** Those that come with Cloche, then the person's own. */
  profiles: query({ input: z.null(), output: z.array(Profile) }),
  /** One of the same name is replaced. */
  saveProfile: command({
    input: z.strictObject({ name: ProfileName, policy: PolicyFile }),
    output: z.null(),
    error: z.strictObject({ type: z.literal('unwritable'), detail: z.string() }),
  }),
  /** A text of the person's own, as it stands. One of the same name stays as it is. */
  keepProfile: command({
    input: z.strictObject({ name: ProfileName, text: PolicyText }),
    output: z.null(),
    error: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('taken') }),
      z.strictObject({ type: z.literal('wrong'), ...PolicyProblem.shape }),
      z.strictObject({ type: z.literal('unwritable'), detail: z.string() }),
    ]),
  }),
  /** What is wrong with a text; null: it is a policy. */
  check: query({
    input: z.strictObject({ text: PolicyText }),
    output: PolicyProblem.nullable(),
  }),
  /** Settings of other tools that are on this machine. */
  settings: query({ input: z.null(), output: z.array(SettingsFile) }),
  /** A policy made of them; it is kept nowhere. `format`: null: it is found out. */
  import: command({
    input: z.strictObject({ source: ImportSource, format: ReadFormat.nullable() }),
    output: ImportedPolicy,
    error: ImportProblem,
  }),
  /** A policy as settings of another tool. */
  export: query({
    input: z.strictObject({ policy: PolicyFile, format: WriteFormat }),
    output: WrittenPolicy,
  }),
  /** The policy that a folder keeps; null: it has none. */
  look: query({
    input: z.strictObject({ workspace: z.string().max(4096) }),
    output: WorkspacePolicy.nullable(),
  }),
  /** A person read this very text: it may widen sessions of this folder too. */
  trust: command({
    input: z.strictObject({ workspace: z.string().max(4096), hash: PolicyHash }),
    output: z.null(),
    error: z.strictObject({ type: z.literal('changed') }),
  }),
  /** A person wrote it: it is trusted. `replaces`: hash of what was there; null: nothing. */
  save: command({
    input: z.strictObject({
      workspace: z.string().max(4096),
      text: PolicyText,
      replaces: PolicyHash.nullable(),
    }),
    output: z.null(),
    error: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('changed') }),
      z.strictObject({ type: z.literal('wrong'), ...PolicyProblem.shape }),
      z.strictObject({ type: z.literal('unwritable'), detail: z.string() }),
    ]),
  }),
  forget: command({
    input: z.strictObject({ workspace: z.string().max(4096) }),
    output: z.null(),
    error: z.never(),
  }),
} as const
