import type Docker from 'dockerode'
import { LABEL } from './labels.ts'
import { ownerOf } from './owner.ts'

/** A container that is never started: its files are the image's. The caller removes it. */
export const showImage = async (client: Docker, id: string): Promise<Docker.Container> =>
  client.createContainer({
    ...{ Image: id, Entrypoint: ['/'] },
    Labels: { [LABEL.kind]: 'look', [LABEL.owner]: (await ownerOf(process.pid)) ?? '' },
    HostConfig: { NetworkMode: 'none' },
  })
